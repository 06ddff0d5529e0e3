"""A parcel weighs what its goods do: what differs is refused with both figures, until a colleague has looked.

The two figures and who weighed stand on the case, so that the second look is another person's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from kernel import events
from kernel.cases import open_case, settle_open
from kernel.errors import Conflict
from kernel.models import Case
from kernel.states import WrongState
from kernel.tenancy import tenant
from logistics.models import Parcel, Shipment
from logistics.services.shipments import locked
from logistics.services.standing import WEIGHT, box_key
from orders.models import OrderLine

WEIGHED_IN = ("packing", "labelled", "leaving")


@dataclass(eq=False)
class WeightDiffers(Conflict):
    """The scales say something else than the goods: a piece too many, one missing, or another one."""

    code = "parcel_weight_differs"
    title = "Parcel {parcel} weighs {weighed_g} g; its goods and packing weigh {expected_g} g. Look into it."
    title_zh = "包裹 {parcel} 实重 {weighed_g} 克，应重 {expected_g} 克，请开箱复核。"
    parcel: str
    expected_g: int
    weighed_g: int


class SameEyes(Conflict):
    """Who weighed first does not look a second time."""

    code = "parcel_same_eyes"
    title = "A colleague must take the second look."
    title_zh = "须由另一名同事复核。"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a parcel weighs beside what it should, under its number, which it has before it is packed."""

    parcel: str
    expected_g: int
    weighed_g: int


def expected_g(row: Shipment, contents: Iterable[tuple[OrderLine, Any, int]]) -> int:
    """What these pieces weigh with their packing, in grams."""
    return sum(number * line.variant.weight_g for line, _, number in contents) + row.warehouse.packing_g


def weigh(*, parcel: Parcel, weight_g: int, by: str, now: datetime, second_look: bool = False) -> Parcel:
    """Write what the scales say of a parcel that was packed without them; weighed so before, nothing changes.

    Raises WrongState, WeightDiffers, SameEyes.
    """
    try:
        with transaction.atomic(), tenant(parcel.storefront_id):
            _, shipment = locked(Shipment.objects.get(pk=parcel.shipment_id))
            row = Parcel.objects.select_for_update(of=("self",)).get(pk=parcel.pk)
            if row.weighed_g == weight_g:
                return row
            ended = row.state in ("cancelled", "withdrawing") or row.left_at is not None
            if shipment.state not in WEIGHED_IN or ended:
                raise WrongState(machine="parcel", verb="weigh", state=row.state)
            figures = Figures(row.own_number, row.expected_g, weight_g)
            check(shipment, figures, by=by, second_look=second_look, now=now)
            row.weighed_g = weight_g
            if row.sent_at is None:  # afterwards the carrier has been told, and weighs it itself
                row.weight_g = weight_g
            row.save(update_fields=["weighed_g", "weight_g"])
            events.record(
                storefront_id=row.storefront_id,
                name="parcel.weighed",
                key=row.event_key,
                facts={"by": by, "weighed_g": weight_g, "expected_g": row.expected_g},
                now=now,
            )
            return row
    except WeightDiffers as differs:
        tell(shipment=parcel.shipment, differs=differs, by=by, now=now)
        raise


def check(row: Shipment, figures: Figures, *, by: str, second_look: bool, now: datetime) -> None:
    """Raise WeightDiffers beyond what the warehouse tolerates, unless a colleague found the same before of
    this very parcel."""
    key, expected_g, weighed_g = box_key(figures.parcel), figures.expected_g, figures.weighed_g
    case = Case.objects.filter(kind=WEIGHT, key=key, state=Case.State.OPEN).first()
    tolerated = row.warehouse.tolerated_g(expected_g)
    note = "weighed again"
    if abs(weighed_g - expected_g) > tolerated:
        first = case.facts if case is not None and second_look else None
        if (
            first is None
            or first["expected_g"] != expected_g
            or abs(weighed_g - first["weighed_g"]) > tolerated
        ):
            raise WeightDiffers(parcel=figures.parcel, expected_g=expected_g, weighed_g=weighed_g)
        if first["by"] == by:
            raise SameEyes()
        note = "looked into"
        events.record(
            storefront_id=row.storefront_id,
            name="parcel.weight_accepted",
            key=key,
            facts={"by": by, "weighed_g": weighed_g, "expected_g": expected_g, "first": first["by"]},
            now=now,
        )
    settle_open(kinds=[WEIGHT], key=key, by=by, note=note, now=now)


def tell(*, shipment: Shipment, differs: WeightDiffers, by: str, now: datetime) -> None:
    """Put both figures before an operator, in place of those that someone found before."""
    facts = {
        "order": shipment.number,
        "parcel": differs.parcel,
        "expected_g": differs.expected_g,
        "weighed_g": differs.weighed_g,
        "by": by,
    }
    key = box_key(differs.parcel)
    with tenant(shipment.storefront_id):
        open_ = Case.objects.filter(kind=WEIGHT, key=key, state=Case.State.OPEN)
        if not open_.filter(facts=facts).exists():
            settle_open(kinds=[WEIGHT], key=key, by=by, note="weighed again", now=now)
        open_case(
            storefront_id=shipment.storefront_id,
            kind=WEIGHT,
            key=key,
            title="A parcel does not weigh what its goods do",
            facts=facts,
            now=now,
        )
