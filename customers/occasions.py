"""What a consumer may be told of an order, when they are asked, and what the fields of a message can hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from wechat.subscribe import kind_of

MOMENTS = ("payment", "shipping", "return")


class Occasion(models.TextChoices):
    """What has become of an order, or of a return of it."""

    SHIPPED = "shipped", "已发货 · shipped"
    CLEARED = "cleared", "已清关 · cleared by customs"
    DELIVERED = "delivered", "已签收 · delivered"
    DECIDED = "decided", "退换货已审核 · return decided"
    CAME_BACK = "came_back", "退货已收到 · goods are back"
    REFUNDED = "refunded", "退款已到账 · refunded"


# When a consumer is asked (wx.requestSubscribeMessage takes three templates at once).
ASKED_AT: Mapping[str, tuple[Occasion, ...]] = {
    "payment": (Occasion.SHIPPED, Occasion.CLEARED, Occasion.DELIVERED),
    "shipping": (Occasion.CLEARED, Occasion.DELIVERED),
    "return": (Occasion.DECIDED, Occasion.CAME_BACK, Occasion.REFUNDED),
}
# What a field may hold, in which kinds of field, and of which occasions it is known. No name, no address.
_HOLDS: Mapping[str, frozenset[str]] = {
    "order": frozenset({"character_string"}),
    "return": frozenset({"character_string"}),
    "at": frozenset({"time", "date"}),
    "carrier": frozenset({"thing"}),
    "says": frozenset({"phrase", "thing"}),
    "shop": frozenset({"thing"}),
}
_KNOWN: Mapping[str, frozenset[Occasion]] = {
    "carrier": frozenset({Occasion.SHIPPED, Occasion.DELIVERED}),
    "return": frozenset(ASKED_AT["return"]),
}


def unfit(occasion: str, fields: Any) -> str:
    """What is wrong with the fields of a template, or nothing."""
    if not isinstance(fields, dict) or not fields:
        return "字段映射不能为空 · name what each field holds"
    for name, holds in fields.items():
        kinds = _HOLDS.get(str(holds), frozenset())
        known = holds not in _KNOWN or occasion in _KNOWN[holds]
        if kind_of(str(name)) not in kinds or not known:
            return f"字段不适用 · {name} cannot hold {holds}"
    return ""


def zh(occasion: str) -> str:
    """The occasion in Chinese, as messages say it."""
    return str(Occasion(occasion).label).partition(" · ")[0]


def en(occasion: str) -> str:
    """The occasion in English."""
    return str(Occasion(occasion).label).partition(" · ")[2]
