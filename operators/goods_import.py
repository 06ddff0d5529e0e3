"""Goods come in as a file: previewed, confirmed, watched; and go home as one that comes back unchanged."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from catalog.importing.cells import HEADER, rows_of
from catalog.importing.changes import Change
from catalog.importing.read import MAX_BYTES, MAX_ROWS
from catalog.models import Variant
from catalog.services import import_jobs
from kernel.clock import now
from kernel.errors import Problem
from kernel.models import Job
from kernel.sheets import Line, Sheet
from operators import once, told
from operators.bilingual import chinese, say
from operators.filters import is_number
from operators.goods_steps import changes_table, column_name
from operators.lists import note_taken
from operators.names import state_name
from operators.scope import READERS, SELLERS, scope_of
from operators.tables import Table, when
from storefronts.models import Storefront

TITLE = say("导入导出商品", "Goods in and out")
KINDS = (import_jobs.CHECK, import_jobs.WRITE)
LAST = 20
_AGAIN = say("系统处理出错，稍后会自动再试一次。", "the system failed; it will try once more by itself.")
_GOING = (Job.State.QUEUED, Job.State.RUNNING)


class FileForm(forms.Form):
    """Which file for which storefront."""

    storefront = forms.ChoiceField(label=say("店铺", "storefront"), widget=UnfoldAdminSelectWidget)
    file = forms.FileField(
        label=say("文件", "file"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.xlsx"}),
        help_text=say(
            f"CSV（UTF-8）或 XLSX，至多 {MAX_ROWS:,} 行、20 MB，不含公式。先导出即得表头与现有内容。",
            f"CSV (UTF-8) or XLSX, at most {MAX_ROWS:,} rows and 20 MB, no formulas."
            " Export first: that gives the columns with what is there.",
        ),
    )

    def __init__(self, *args: Any, shops: list[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["storefront"]
        field.choices, field.widget = shops, UnfoldAdminSelectWidget(choices=shops)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(say("文件超过 20 MB。", "The file is larger than 20 MB."))
        return file


def may(request: HttpRequest) -> bool:
    """Owners and merchandisers."""
    return scope_of(request).may_anywhere(SELLERS)


def show(request: HttpRequest) -> HttpResponse:
    """The form, what can be taken home, and the last imports."""
    if not may(request):
        raise PermissionDenied
    mine = scope_of(request).narrow(Storefront.objects.order_by("code"), "pk", SELLERS)
    shops = [*mine.values_list("pk", "code")]
    posted = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = FileForm(*posted, shops=shops)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]

        def ask() -> str:
            job = import_jobs.ask_check(
                storefront_id=int(form.cleaned_data["storefront"]),
                file_name=given.name,
                content=given.read(),
                by=request.user.get_username(),
                now=now(),
            )
            return _page_of(job)

        try:
            return HttpResponseRedirect(once.once(request, ask))
        except Problem as problem:
            messages.error(request, once.words(problem))
    last = scope_of(request).narrow(Job.objects.filter(kind__in=KINDS), "storefront_id", SELLERS)
    return _page(
        request,
        {
            "form": form,
            "once": once.number(request),
            "exports": [
                (code, f"{reverse('goods_export')}?storefront={pk}&kind={kind}", kind.upper())
                for pk, code in shops
                for kind in ("xlsx", "csv")
            ],
            "story": [_last(last.order_by("-id")[:LAST])],
        },
    )


def one(request: HttpRequest, job: UUID) -> HttpResponse:
    """One preview or import: how far it is, what it says; a preview without faults is confirmed here."""
    if not may(request):
        raise PermissionDenied
    rows = scope_of(request).narrow(Job.objects.filter(kind__in=KINDS), "storefront_id", SELLERS)
    row = rows.filter(public_id=job).first()
    if row is None:
        raise Http404
    if request.method == "POST" and row.kind == import_jobs.CHECK:
        try:
            write = import_jobs.ask_write(check=row, by=request.user.get_username(), now=now())
            return HttpResponseRedirect(_page_of(write))
        except Problem as problem:
            messages.error(request, problem.text("zh" if chinese() else "en"))
    told_ = row.result
    going = row.state in _GOING
    answer = _page(
        request,
        {
            "job": row,
            "going": going,
            "stands": state_name(row.state, row.state, "kernel.Job"),
            "percent": 100 * row.done // row.total if row.total else 0,
            "kind": state_name(row.kind, row.kind),
            "refused": told_.get("refused_zh" if chinese() else "refused", "") or (row.error and _AGAIN),
            "counts": _counts(told_) if "rows" in told_ else [],
            "confirms": row.kind == import_jobs.CHECK
            and row.state == Job.State.DONE
            and not told_["fault_count"]
            and bool(told_["cell_count"])
            and "write" not in told_,
            "unchanged": row.state == Job.State.DONE and not told_["fault_count"] and not told_["cell_count"],
            "written": reverse("goods_import_one", args=[told_["write"]]) if "write" in told_ else "",
            "story": _story(row) if "rows" in told_ else [],
        },
    )
    if going:
        answer["Refresh"] = "2"
    return answer


def export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """All goods of one storefront, as an import reads them."""
    scope, asked = scope_of(request), request.GET.get("storefront", "")
    if not is_number(asked) or not scope.may(int(asked), READERS):
        raise Http404
    rows = Variant.objects.filter(storefront_id=int(asked))
    return taken_home(request, rows, request.GET.get("kind", "xlsx"))


def taken_home(
    request: HttpRequest, variants: QuerySet[Variant], kind: str
) -> HttpResponse | StreamingHttpResponse:
    """The file, of at most as many rows as an import takes."""
    shops = set(variants.order_by().values_list("storefront", flat=True).distinct()[:2])
    shop = shops.pop() if len(shops) == 1 else None
    note_taken(request, Variant._meta.label, min(variants.count(), MAX_ROWS), shop)
    kept = variants.select_related("product__category", "product__brand").defer("product__search")
    rows = rows_of(kept.order_by("product__code", "position", "id")[:MAX_ROWS])
    answer: HttpResponse | StreamingHttpResponse
    if kind == "csv":
        answer = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
    else:
        kind = "xlsx"
        answer = HttpResponse(
            workbook(rows), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        )
    answer["Content-Disposition"] = f'attachment; filename="goods.{kind}"'
    answer["Cache-Control"] = "no-store"
    return answer


def workbook(rows: Iterable[Mapping[str, str]]) -> bytes:
    """A workbook in which every cell is text: codes keep their zeros, and nothing is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("goods")
    sheet.freeze_panes = "A2"
    sheet.append(HEADER)
    for row in rows:
        cells = []
        for name in HEADER:
            cell = WriteOnlyCell(sheet, value=row[name])
            if row[name]:
                cell.data_type, cell.number_format = "s", "@"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _csv(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    sheet = Sheet(Line(), ending="\r\n")
    yield "\ufeff" + sheet.row(HEADER)
    for row in rows:
        yield sheet.row(row[name] for name in HEADER)


def _page_of(job: Job) -> str:
    return reverse("goods_import_one", args=[job.public_id])


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    shown = {**admin.site.each_context(request), "title": TITLE, "content_title": TITLE, **context}
    answer = TemplateResponse(request, "operators/goods_import.html", shown)
    answer["Cache-Control"] = "no-store"
    return answer


def _counts(result: Mapping[str, Any]) -> list[tuple[Any, int]]:
    return [
        (say("行", "rows"), result["rows"]),
        (say("新增商品", "new products"), result["products_new"]),
        (say("更改商品", "changed products"), result["products_changed"]),
        (say("新增 SKU", "new SKUs"), result["variants_new"]),
        (say("更改 SKU", "changed SKUs"), result["variants_changed"]),
        (say("错误", "faults"), result["fault_count"]),
        (say("提醒", "warnings"), result["warning_count"]),
    ]


def _story(job: Job) -> list[Table]:
    result, tables = job.result, []
    for name, title in (
        ("fault", say("错误：修正后重新上传", "Faults: mend them and upload again")),
        ("warning", say("提醒：可导入，但尚不能销售", "Warnings: can be imported, not yet sold")),
    ):
        if result[f"{name}_count"]:
            tables.append(_faults(title, result[f"{name}s"], result[f"{name}_count"]))
    if result["cells"]:
        cells = [Change(*one) for one in result["cells"]]
        tables.append(changes_table(cells, result["cell_count"] - len(cells)))
    return tables


def _faults(title: Any, found: list[dict[str, Any]], count: int) -> Table:
    more = f" (+{count - len(found)})" if count > len(found) else ""
    return {
        "title": f"{title}{more}",
        "headers": [say("行", "row"), say("列", "column"), "", say("原因", "why")],
        "rows": [
            [
                one["row"] if one["line"] in (None, one["row"]) else f"{one['row']} ({one['line']})",
                one["column"] or "-",
                column_name(one["column"]) if one["column"] else "",
                one["message_zh" if chinese() else "message"],
            ]
            for one in found
        ],
    }


def _last(rows: Iterable[Job]) -> Table:
    return {
        "title": say("最近的导入", "The last imports"),
        "headers": [
            say("时间", "time"),
            say("类型", "kind"),
            say("文件", "file"),
            say("状态", "state"),
            say("操作人", "by"),
        ],
        "rows": [
            [
                told.link(reverse("goods_import_one", args=[row.public_id]), when(row.queued_at)),
                state_name(row.kind, row.kind),
                row.arguments.get("name", "-"),
                state_name(row.state, row.state, "kernel.Job"),
                row.asked_by,
            ]
            for row in rows
        ],
    }
