"""Lists in the order in which things changed, as the storefront's notices have it: who reads misses none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from kernel.errors import Missing
from partner_api.door import Json, PartnerDoor
from partner_api.pages import Instant, PageQuery, cursor_of, page, place_of, sparse_all
from partners.models import Latest


class FieldsQuery(serializers.Serializer[Any]):
    """Of one row."""

    fields = serializers.CharField(  # type: ignore[assignment]
        required=False, default="", max_length=400, help_text="these alone, parted by commas"
    )


class ChangeQuery(FieldsQuery, PageQuery):
    """What every list of changes may be asked."""

    changed_since = Instant(required=False, default=None)


@dataclass(frozen=True, slots=True)
class Changed:
    """A row and the place and instant of its last change."""

    position: int
    at: datetime
    pk: int


@dataclass(frozen=True, slots=True)
class Changes:
    """One such list: its name in cursors, under which `kind` of notice its rows are told, and which of their
    fields holds the number that it names; the shape of a row."""

    name: str
    kind: str
    by: str
    shape: type[serializers.Serializer[Any]]

    def behind(
        self, door: PartnerDoor, asked: dict[str, Any], rows: QuerySet[Any], *, known: int = 0
    ) -> list[Changed]:
        """A page of `rows` that changed behind the cursor that was asked for, the one that changed first,
        first; up to the place `known` none is looked for. Two statements: what changed between them comes
        again behind its new place."""
        after = max(place_of(self.name, asked["cursor"]) or 0, known)
        found = Latest.objects.filter(storefront=door.storefront, kind=self.kind, position__gt=after)
        if asked["changed_since"] is not None:
            found = found.filter(at__gte=asked["changed_since"])
        found = found.filter(number__in=rows.values(self.by)).order_by("position")[: asked["limit"]]
        told = list(found.values_list("position", "at", "number"))
        keys = rows.filter(**{f"{self.by}__in": [number for *_, number in told]}).values_list(self.by, "pk")
        pks = dict(keys)
        return [Changed(place, at, pks[number]) for place, at, number in told if number in pks]

    def page(
        self,
        asked: dict[str, Any],
        found: Sequence[Changed],
        shown: Callable[[Sequence[Changed]], list[dict[str, Any]]],
    ) -> Json:
        """The answer; `next` stands also at the end, for what changes from now on."""
        last = found[-1].position if found else place_of(self.name, asked["cursor"]) or 0
        items = sparse_all(shown(found), asked["fields"], self.shape)
        return Json(page(items, next=cursor_of(self.name, last)))

    def one(self, door: PartnerDoor, number: str, rows: QuerySet[Any]) -> Changed:
        """The last change of the one with this number; raises Missing where it is not among `rows`, or was
        never told of."""
        latest = Latest.objects.filter(storefront=door.storefront, kind=self.kind, number=number[:60]).first()
        pk = rows.filter(**{self.by: number[:32]}).values_list("pk", flat=True).first()
        if latest is None or pk is None:
            raise Missing()
        return Changed(latest.position, latest.at, pk)
