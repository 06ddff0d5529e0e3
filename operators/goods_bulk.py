"""SKUs, or all of chosen products, change together: shown first, then confirmed; one wish is one event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import (
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.importing.changes import Change
from catalog.importing.columns import MAX_YUAN
from catalog.models import Variant
from catalog.services.edit_products import MOST, SHARED
from catalog.services.import_products import ChangedSince
from catalog.services.price_changes import plan_prices, raised
from kernel.clock import now
from kernel.errors import Problem
from kernel.money import yuan
from operators import once
from operators.bilingual import say
from operators.goods_steps import SHOWN, changes_table, column_name, edit, form_of
from operators.scope import scope_of
from operators.steps import Preview
from operators.tables import Table

_EMPTIED = (
    *("legal_unit_2", "legal_quantity_2", "net_content", "net_content_unit"),
    *("e_label_zh", "return_exclusion", "classes", "customs_note"),
)
_STEPS = (("1", say("分", "fen")), ("10", say("角", "0.10")), ("100", say("元", "yuan")))
_HOW = (
    ("percent", say("按百分比增减", "by percent, more or less")),
    ("amount", say("按金额增减（元）", "by an amount, more or less (CNY)")),
    ("set", say("统一设为（元）", "to the same price (CNY)")),
)
_MOST_PERCENT = 1_000  # beyond it, it is a slip of the finger
Take = Callable[[list[Variant], Mapping[str, Any], datetime], Preview | list[Table] | None]


def _choice(label: Any, choices: tuple[tuple[str, Any], ...]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=UnfoldAdminSelectWidget(choices=choices))


class PriceForm(forms.Form):
    """How the prices change, to what they are rounded, and from when on."""

    how = _choice(say("方式", "how"), _HOW)
    value = forms.DecimalField(
        label=say("数值", "value"),
        max_digits=12,
        decimal_places=2,
        help_text=say("降价填负数，如 -10。", "Below zero to lower, as -10."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )
    step = _choice(say("四舍五入到", "rounded to"), _STEPS)
    starts_at = forms.DateTimeField(
        label=say("生效时间（北京时间）", "in force from (Beijing time)"),
        required=False,
        help_text=say("留空即刻生效；生效前可取消。", "Empty is at once; until then it can be called off."),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("starts_at") and values["starts_at"] <= now():
            raise forms.ValidationError(say("生效时间须晚于现在。", "It must be later than now."))
        percent = values.get("how") == "percent"
        most = _MOST_PERCENT if percent else MAX_YUAN
        if "value" in values and not (-100 if percent else -most) <= values["value"] <= most:
            zh, en = f"百分比须在 -100 至 {most:,} 之间。", f"A percentage is from -100 to {most:,}."
            if not percent:
                zh, en = f"金额不得超过 {most:,} 元。", f"An amount is at most {most:,} yuan."
            self.add_error("value", say(zh, en))
        return values

    def price(self, before: int) -> int:
        """What a price becomes."""
        told, step = self.cleaned_data, int(self.cleaned_data["step"])
        if told["how"] == "percent":
            return raised(before, percent=told["value"], step_fen=step)
        amount = int(told["value"].scaleb(2))
        wanted = amount if told["how"] == "set" else before + amount
        return raised(wanted, percent=Decimal(0), step_fen=step)


class Bulk:
    """The two actions of a list of SKUs, and of one of products: then their SKUs are meant, all of them."""

    @admin.action(description=say("批量修改", "Edit together"), permissions=["write"])
    def edit_many(self, request: HttpRequest, rows: QuerySet[Any]) -> Any:
        return edit_page(self, request, rows)

    @admin.action(description=say("批量调价", "Change prices"), permissions=["write"])
    def price_many(self, request: HttpRequest, rows: QuerySet[Any]) -> Any:
        return price_page(self, request, rows)


def edit_page(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
    """What several have in common is changed together."""
    made = form_of(SHARED, blank=say("不改", "as it is"))
    choices = [(name, column_name(name)) for name in _EMPTIED]
    emptied = forms.MultipleChoiceField(
        label=say("清空", "make empty"),
        choices=choices,
        required=False,
        widget=UnfoldAdminSelectMultipleWidget(choices=choices),
    )
    form = _form(type("BulkForm", (made,), {"emptied": emptied}), request, "edit_many", rows)

    def take(chosen: list[Variant], told: Mapping[str, Any], at: datetime) -> Any:
        values = {name: told[name] for name in SHARED if told[name]} | dict.fromkeys(told["emptied"], "")
        return edit(
            storefront_id=chosen[0].storefront_id,
            skus=[v.sku for v in chosen],
            values=values,
            seen=told["seen"],
            by=request.user.get_username(),
            at=at,
        )

    hint = say("留空的不改；先预览，再确认。", "What is left empty stays. It is shown first, then confirmed.")
    return _page(page, request, rows, form, take, {"title": say("批量修改", "Edit together"), "hint": hint})


def price_page(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
    """Prices are raised, lowered or set together, at once or from an instant on."""
    form = _form(PriceForm, request, "price_many", rows)

    def take(chosen: list[Variant], told: Mapping[str, Any], at: datetime) -> Any:
        seen = {v.sku: v.price_fen for v in chosen}
        prices = {sku: form.price(before) for sku, before in seen.items()}
        pairs = sorted((sku, seen[sku], prices[sku]) for sku in seen)
        digest = sha256(orjson.dumps(pairs)).hexdigest()
        if told["seen"] and told["seen"] != digest:
            raise ChangedSince()
        with transaction.atomic():
            plan_prices(
                storefront_id=chosen[0].storefront_id,
                prices=prices,
                starts_at=told["starts_at"],
                by=request.user.get_username(),
                now=at,
                seen=seen,
            )
            if told["seen"]:
                return None
            transaction.set_rollback(True)  # tried, so that what stands against it is told with the preview
        cells = [Change(0, sku, "price", yuan(a), yuan(b)) for sku, a, b in pairs]
        table = changes_table(cells[:SHOWN], max(0, len(cells) - SHOWN))
        return Preview([table], {"seen": digest}, say("确认调价", "Confirm"))

    hint = say("价格为不含税价；先预览，再确认。", "Without tax. They are shown first, then confirmed.")
    return _page(page, request, rows, form, take, {"title": say("批量调价", "Change prices"), "hint": hint})


def _form(base: Any, request: HttpRequest, action: str, rows: QuerySet[Any]) -> Any:
    """The form with what Django's list needs to come back to the same action and rows."""
    chosen = [(str(pk), str(pk)) for pk in rows.values_list("pk", flat=True)[: MOST + 1]]
    kept = {
        "action": forms.CharField(widget=forms.HiddenInput, initial=action),
        ACTION_CHECKBOX_NAME: forms.MultipleChoiceField(
            choices=chosen, initial=[pk for pk, _ in chosen], widget=forms.MultipleHiddenInput
        ),
    }
    made = type("Chosen", (base,), kept)
    return made(request.POST if "seen" in request.POST else None)


def _page(  # noqa: PLR0917  (what a page is made of)
    page: Any, request: HttpRequest, rows: QuerySet[Any], form: Any, take: Take, told: Mapping[str, Any]
) -> HttpResponse | None:
    scope = scope_of(request)
    skus = rows if rows.model is Variant else Variant.objects.filter(product__in=rows)
    chosen = list(skus.order_by("pk")[: MOST + 1])
    mine = [v for v in chosen if scope.may(v.storefront_id, page.writers)]
    if not mine or len(mine) > MOST or len({v.storefront_id for v in mine}) > 1:
        text = say(f"请选择同一店铺的 1 至 {MOST} 个 SKU。", f"Choose 1 to {MOST} SKUs of one storefront.")
        messages.error(request, text)
        return None
    tables: Sequence[Table] = ()
    button = say("预览", "Preview")
    if form.is_bound and form.is_valid():
        came: list[Any] = []

        def do() -> str:
            came.append(take(mine, form.cleaned_data, now()))
            return request.get_full_path() if came[0] is None else ""

        try:
            where = once.once(request, do)
        except Problem as problem:
            page.tell(request, problem)
        else:
            if where:
                messages.success(request, say("已完成。", "Done."))
                return HttpResponseRedirect(where)
            taken = came[0]
            if isinstance(taken, Preview):
                tables, button = taken.tables, taken.button
                again = request.POST.copy()
                again.update(taken.seen)
                again["seen"] = taken.seen["seen"]
                form = type(form)(again)
            else:
                tables = taken
    context = {
        **admin.site.each_context(request),
        **told,
        "subtitle": say(f"{len(mine)} 个 SKU", f"{len(mine)} SKUs"),
        "opts": page.opts,
        "form": form,
        "button": button,
        "tables": tables,
        "confirms": True,
        "once": once.number(request),
    }
    answer = TemplateResponse(request, "operators/form.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
