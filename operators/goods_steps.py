"""What customs must know of goods, changed with a preview of every cell; by the checks of an import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.importing.cells import of_variant
from catalog.importing.changes import Change
from catalog.importing.faults import Fault
from catalog.models import Variant
from catalog.services.edit_products import SHARED, check_edit, edit_products
from operators.bilingual import chinese, say
from operators.names import named
from operators.scope import SELLERS
from operators.steps import Preview, Step
from operators.tables import Table

SHOWN = 200  # changes that a preview lists
FLAGS = ("active", "is_food", "adult_only", "exclusion_ruled_out", "customs_confirmed")
_LONG = ("e_label_zh", "spec_zh", "customs_note")
_HELP = {
    "hs_code": say("10 位数字", "10 digits"),
    "origin": say("国家代码，如 FR", "ISO country code, as FR"),
    "unit": say("代码或中文名称，如 142 或 瓶", "code or Chinese name, as 142 or 瓶"),
    "net_content_unit": say("ml、g 或 piece", "ml, g or piece"),
    "classes": say("有专门规则的商品类别，以分号分隔", "classes with rules of their own; semicolons between"),
    "return_exclusion": say("法定不适用七日退货的理由", "the law's ground to exclude the 7-day return"),
}
_COLUMNS = {"origin": "origin_iso", "price": "price_fen", "product_code": "code"}


def column_name(column: str) -> str:
    """What a column of an import is called in the reader's language."""
    field = _COLUMNS.get(column, column)
    if column.startswith("options_"):
        return f"{named('field', 'options') or 'options'} {column[-2:]}"
    own = named("field", f"catalog.Variant.{field}") or named("field", field)
    return own or column.replace("_", " ")


def field_of(column: str, *, blank: Any) -> forms.Field:
    """A field that takes what a cell takes; the checks are those of the import, not the form's."""
    label, hint = column_name(column), _HELP.get(column, "")
    offered = {
        **dict.fromkeys(FLAGS, (("yes", say("是", "yes")), ("no", say("否", "no")))),
        "return_exclusion": tuple(
            (value, text.partition(" · ")[0 if chinese() else 2])
            for value, text in Variant.ReturnExclusion.choices
        ),
    }
    if column in offered:
        choices = [("", blank), *offered[column]]
        return forms.ChoiceField(
            label=label,
            required=False,
            help_text=hint,
            choices=choices,
            widget=UnfoldAdminSelectWidget(choices=choices),
        )
    widget = UnfoldAdminTextareaWidget if column in _LONG else UnfoldAdminTextInputWidget
    return forms.CharField(label=label, required=False, max_length=5_000, help_text=hint, widget=widget)


_OWN = tuple(name for name in SHARED if name not in ("category", "brand"))


def form_of(columns: Iterable[str], *, blank: Any = "-", base: type[forms.Form] = forms.Form) -> Any:
    """A form of these columns; `seen` is the preview that was shown."""
    fields = {column: field_of(column, blank=blank) for column in columns}
    return type(
        "EditForm", (base,), {**fields, "seen": forms.CharField(required=False, widget=forms.HiddenInput)}
    )


def changes_table(cells: Iterable[Change], more: int = 0) -> Table:
    """What would change, cell by cell."""
    title = str(say("将要更改", "What would change"))
    return {
        "title": f"{title} (+{more})" if more else title,
        "headers": [
            say("对象", "of"),
            say("字段", "field"),
            say("现为", "before"),
            say("改为", "after"),
        ],
        "rows": [
            [
                c.thing,
                column_name(c.column) if c.column else say("新增", "new"),
                c.before[:300] or "-",
                c.after[:300] or "-",
            ]
            for c in cells
        ],
    }


def faults_table(faults: Iterable[tuple[str, Fault]]) -> Table:
    """What stands against it."""
    return {
        "title": say("无法更改", "This cannot be done"),
        "headers": ["SKU", say("字段", "field"), say("原因", "why")],
        "rows": [
            [sku, column_name(fault.column), fault.message_zh if chinese() else fault.message]
            for sku, fault in faults
        ],
    }


def edit(
    *, storefront_id: int, skus: list[str], values: Mapping[str, str], seen: str, by: str, at: datetime
) -> Preview | list[Table] | None:
    """First shown, then done; a list of tables says why not."""
    if seen:
        edit_products(storefront_id=storefront_id, skus=skus, values=values, by=by, now=at, seen=seen)
        return None
    found = check_edit(storefront_id=storefront_id, skus=skus, values=values, now=at)
    if found.faults:
        return [faults_table(found.faults[:SHOWN])]
    table = changes_table(found.cells[:SHOWN], max(0, len(found.cells) - SHOWN))
    return Preview([table], {"seen": found.digest}, say("确认更改", "Confirm"))


def _customs(row: Variant, values: Mapping[str, Any], who: str, at: datetime) -> Any:
    now_is = of_variant(row)
    changed = {name: values[name] for name in _OWN if (values[name] or "") != now_is[name]}
    return edit(
        storefront_id=row.storefront_id, skus=[row.sku], values=changed, seen=values["seen"], by=who, at=at
    )


CUSTOMS = Step(
    name="customs",
    title=say("修改报关信息", "Change what customs asks"),
    icon="edit_note",
    form=forms.Form,
    form_of=lambda row: form_of(_OWN),
    do=_customs,
    roles=SELLERS,
    start=lambda row: {name: of_variant(row)[name] for name in _OWN},
    hint=say(
        "先预览每一项更改，再确认；检查与导入相同。",
        "Each change is shown first, then confirmed; checked as an import is.",
    ),
    button=say("预览", "Preview"),
    prefilled=("hs_code",),
)
