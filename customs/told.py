"""What a consumer reads of their goods at customs: each step that was taken, in their words, and when.

What is between the house and customs, as a list that is told anew or mended, is told as what it means for
them: it is being looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from customs.states import DECLARATION
from kernel.models import Event


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the clearance, and when it was taken."""

    state: str
    zh: str
    en: str
    at: datetime


SAYS: Mapping[str, tuple[str, str]] = {
    "documents": (
        "订单与运单信息已发送海关",
        "order and waybill have been told to customs",
    ),
    "listed": ("已向海关申报清单", "the list has been declared to customs"),
    "accepted": ("海关已接受申报", "customs has accepted the declaration"),
    "review": ("海关审核中", "customs is reviewing it"),
    "inspection": ("海关查验中", "customs is inspecting the goods"),
    "detained": ("海关暂扣，等待处理", "customs has detained the goods for now"),
    "rejected": (
        "海关退单，店铺正在处理，您无需操作",
        "customs has sent the declaration back; the shop sees to it, you need do nothing",
    ),
    "blocked": (
        "申报信息核对中，店铺正在处理，您无需操作",
        "the declaration is being checked; the shop sees to it, you need do nothing",
    ),
    "cancelling": ("正在向海关申请撤单", "customs is being asked to withdraw the declaration"),
    "cancelled": ("海关已同意撤单", "customs has withdrawn the declaration"),
    "released": ("海关已放行", "customs has released the goods"),
    "turned_back": ("海关要求退运", "customs has turned the goods back"),
}
STATES = tuple(SAYS)


def clearance(*, key: str) -> list[Step]:
    """The steps of an order (its event key) at customs, the oldest first, in one statement."""
    prefix = f"{DECLARATION.name}."
    rows = Event.objects.filter(key=key, name__in=[prefix + state for state in SAYS]).order_by("seq")
    steps = [(name.removeprefix(prefix), at) for name, at in rows.values_list("name", "at")]
    return [Step(state, *SAYS[state], at) for state, at in steps]
