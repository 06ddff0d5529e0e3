"""What changed behind a place, in the order of the storefront's notices: who reads on misses no change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from kernel.errors import Missing
from partner_api.door import PartnerDoor
from partners.models import Latest


@dataclass(frozen=True, slots=True)
class Changed:
    """A row and the place and instant of its last change."""

    position: int
    at: datetime
    pk: int


def changed(
    door: PartnerDoor,
    *,
    kind: str,
    rows: QuerySet[Any],
    by: str,
    after: int,
    since: datetime | None,
    most: int,
) -> list[Changed]:
    """At most so many of `rows` that changed behind the place `after`, the one that changed first, first.

    `by` is their field that holds the number under which notices of this `kind` are told. One statement.
    """
    found = Latest.objects.filter(storefront=door.storefront, kind=kind, position__gt=after)
    if since is not None:
        found = found.filter(at__gte=since)
    one = rows.filter(storefront=door.storefront, **{by: OuterRef("number")}).values("pk")[:1]
    found = found.annotate(row=Subquery(one)).filter(row__isnull=False).order_by("position")
    return [Changed(*told) for told in found.values_list("position", "at", "row")[:most]]


def change_of(door: PartnerDoor, *, kind: str, number: str, rows: QuerySet[Any], by: str) -> Changed:
    """The last change of the one with this number; raises Missing where it is not among `rows`, or was
    never told of."""
    latest = Latest.objects.filter(storefront=door.storefront, kind=kind, number=number[:60]).first()
    pk = rows.filter(storefront=door.storefront, **{by: number[:32]}).values_list("pk", flat=True).first()
    if latest is None or pk is None:
        raise Missing()
    return Changed(latest.position, latest.at, pk)
