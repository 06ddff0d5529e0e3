"""Who alone says that goods are back and how they are does not let much money go by it: others look first.

One pair of eyes received and graded: up to the storefront's limit for refunds that is enough. Beyond it the
money waits for a second one, and for the law's last day at the most, on which it goes by itself; where that
was over, or nearly, when the goods were entered, for two days more. A partner is one pair of eyes, however
many work there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum

from kernel.cases import open_case
from kernel.clock import SHANGHAI
from kernel.errors import Conflict
from kernel.models import Event
from logistics.models import Parcel, TrackingEvent
from logistics.services.tracking import PARTNER
from payments.models import Refund
from returns.models import ReturnGrade, ReturnRequest
from storefronts.services.four_eyes import Verb, apart, limit

SECOND = "return.second_look"


class SameHands(Conflict):
    """Who took goods in and graded them alone does not let their money go."""

    code = "return_same_hands"
    title = (
        "You took these goods in or graded them, and it is beyond the limit: a colleague lets the money go."
    )
    title_zh = "该退货由您收货或验货，且金额超过复核限额，须由另一名同事办理退款。"


@dataclass(eq=False)
class SecondLook(Conflict):
    """A second person of the house looks before the money goes."""

    code = "return_second_look"
    title = "The shop looks at it a second time: the refund goes by {by} at the latest."
    title_zh = "店铺正在复核，最迟在{by}前退款。"
    by: str


def beyond(row: ReturnRequest) -> bool:
    """Whether what goes back of its order is beyond the limit with it."""
    before = (
        Refund.objects.filter(order=row.order_id).exclude(state="closed").aggregate(fen=Sum("amount_fen"))
    )
    size = row.quoted_fen + (before["fen"] or 0)
    return size > limit(storefront_id=row.storefront_id, verb=Verb.REFUND)


def one_pair(row: ReturnRequest, by: Iterable[str]) -> bool:
    """Whether those who grade a held return are the same pair of eyes as who took its goods in, and what goes
    back of its order is beyond the limit with it."""
    took = _took_in(row) if beyond(row) else set[str]()
    return any(not eyes_apart(one, other) for one in took for other in by)


def waits(row: ReturnRequest) -> bool:
    """Whether the money of an inspected return waits for a second pair of eyes."""
    return row.state in ("inspected", "disputed") and one_pair(row, graders(row))


def mind_hands(row: ReturnRequest, by: str) -> None:
    """Go on where somebody else than who took it in and graded it lets the money go; raises SameHands."""
    hands = _took_in(row) | graders(row)
    alone = beyond(row) if row.state == "received" else waits(row)
    if alone and any(not eyes_apart(one, by) for one in hands):
        raise SameHands()


def mind_waiting(row: ReturnRequest) -> None:
    """Go on where nobody has to look first; raises SecondLook."""
    if waits(row):
        assert row.refund_by is not None  # it was received
        raise SecondLook(f"{row.refund_by.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")


def ask_second(row: ReturnRequest, *, by: str, now: datetime) -> None:
    """Put it before somebody else, with whose word it is."""
    open_case(
        storefront_id=row.storefront_id,
        kind=SECOND,
        key=row.event_key,
        title="A return beyond the limit rests on one person's word: look at the goods, let the money go",
        facts={"order": row.order.number, "return": row.number, "by": by, "refund_fen": row.quoted_fen},
        now=now,
    )


def graders(row: ReturnRequest) -> set[str]:
    """Who graded its pieces."""
    return set(ReturnGrade.objects.filter(line__request=row).values_list("by", flat=True))


def eyes_apart(one: str, other: str) -> bool:
    """Whether these are two: what some partner told of a parcel may be any partner's word."""
    if PARTNER in (one, other):
        return not (one.startswith(PARTNER) and other.startswith(PARTNER))
    return apart(one, other)


def _took_in(row: ReturnRequest) -> set[str]:
    """By whose word its goods are here: who received it, or who said that its parcel came back. What a
    carrier tells through its tracker is nobody's of the house."""
    said = _said(Q(key=row.event_key, name="return.received"))
    if row.key == "came-back":
        parcels = Parcel.objects.filter(shipment__order=row.order_id)
        keys = [one.event_key for one in parcels]
        said |= _said(Q(key=row.order.event_key, name="shipment.returned"))
        said |= _said(Q(key__in=keys, name="parcel.found", facts__found="returned"))
        if TrackingEvent.objects.filter(parcel__in=parcels, provider=PARTNER).exists():
            said.add(PARTNER)
    return said - {"system"}


def _said(which: Q) -> set[str]:
    facts = Event.objects.filter(which).values_list("facts", flat=True)
    return {str(one["by"]) for one in facts if one.get("by")}
