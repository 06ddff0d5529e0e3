"""What an owner fills in about a partner: what it may do, in which warehouses, from where, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from inventory.models import Warehouse
from operators.bilingual import say
from partners.models import Connection, Partner
from partners.scopes import PROFILE, SCOPES
from storefronts.models import Storefront

OVERLAPS = {"0": ("立即", "at once"), "1": ("1 天后", "in a day"), "7": ("7 天后", "in 7 days")}
_CHOICES = [
    (name, say(f"{zh}（{name}）", f"{en} ({name})")) for name, (en, zh) in SCOPES.items() if name != PROFILE
]


class ScopesForm(forms.Form):
    """Which scopes."""

    scopes = forms.MultipleChoiceField(
        label=say("权限范围", "scopes"), choices=_CHOICES, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )


def served_form(row: Connection) -> type[forms.Form]:
    """Which scopes, and in which warehouses of the storefront."""
    return type("ServedForm", (ScopesForm,), {"warehouses": warehouses_of([row.storefront_id])})


def warehouses_of(shops: list[int]) -> forms.Field:
    """Those of these storefronts, one of several named with it."""
    rows = Warehouse.objects.filter(storefront__in=shops).order_by("storefront", "position", "code")
    named = {
        f"{row.storefront_id}:{row.code}": f"{row.storefront} · {row}" if len(shops) > 1 else str(row)
        for row in rows.select_related("storefront")
    }
    return forms.MultipleChoiceField(
        label=say("限定仓库（不选为全部）", "only these warehouses; none: all"),
        choices=list(named.items()),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )


def served_codes(values: Mapping[str, Any], shop: Storefront) -> list[str]:
    """The codes of those that were ticked; a partner is limited to another storefront's by no word."""
    ticked = [one.split(":", 1) for one in values["warehouses"]]
    if any(int(where) != shop.pk for where, _ in ticked):
        raise PermissionDenied
    return [code for _, code in ticked]


class CallingForm(forms.Form):
    """From where, how often, and whether at all."""

    networks = forms.CharField(
        label=say("允许的 IP 或网段（每行一个，留空不限）", "addresses or networks, one a line; none: any"),
        required=False,
        max_length=4_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    per_minute = forms.IntegerField(
        label=say("每分钟请求上限", "calls a minute"),
        min_value=1,
        max_value=60_000,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    state = forms.ChoiceField(
        label=say("状态", "state"),
        choices=[
            (Partner.State.ACTIVE, say("启用", "may call")),
            (Partner.State.SUSPENDED, say("停用", "suspended")),
        ],
        widget=UnfoldAdminSelectWidget,
    )


class OverlapForm(forms.Form):
    """When the old one ends."""

    overlap = forms.ChoiceField(
        label=say("原凭据失效时间", "the old one ends"),
        choices=[(days, say(*words)) for days, words in OVERLAPS.items()],
        initial="7",
        widget=UnfoldAdminSelectWidget,
    )
