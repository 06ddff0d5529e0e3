"""A person's years: what is left of each measure, and every movement, their own orders named by number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from catalog.cursors import BadCursor, Place, decode, encode
from compliance import queries as compliance
from compliance.law import Law
from compliance.models import VALUE, AllowanceEntry
from compliance.queries import NOTHING, Taken
from customers import queries as customers
from customers.models import Customer, Identity
from kernel.clock import shanghai_day
from kernel.documents import answers
from miniprogram_api.door import Door, Json
from orders import queries as orders

MAX_LIMIT = 50
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
SORT = "allowance"
HERE, ELSEWHERE, CUSTOMS = "here", "elsewhere", "customs"


class MeasureOut(serializers.Serializer[Any]):
    """One measure of a year. `value` is counted in fen, a group of goods with a limit of its own in grams."""

    measure = serializers.CharField(help_text="value, sugar, rice …")
    unit = serializers.ChoiceField(["fen", "g"])
    limit = serializers.IntegerField()
    used = serializers.IntegerField(allow_null=True, help_text="imported this year · 已使用")
    reserved = serializers.IntegerField(allow_null=True, help_text="held by orders under way · 占用中")
    left = serializers.IntegerField(allow_null=True, help_text="剩余")


class YearOut(serializers.Serializer[Any]):
    year = serializers.IntegerField()
    measures = MeasureOut(many=True)


class MovementOut(serializers.Serializer[Any]):
    """One movement: `amount` is taken from one of left, reserved, used and given to another.

    `where` is `here` for an order of one's own, which `order` names; `elsewhere` for one made under the same
    phone in another shop (其他店铺); `customs` where customs has counted otherwise than we did. What was
    bought with another phone counts in the sums alone: who knows a name and a number need not be its owner.
    """

    year = serializers.IntegerField()
    measure = serializers.CharField()
    kind = serializers.ChoiceField(AllowanceEntry.Kind.values)
    taken_from = serializers.ChoiceField(AllowanceEntry.Bucket.choices)
    given_to = serializers.ChoiceField(AllowanceEntry.Bucket.choices)
    amount = serializers.IntegerField()
    where = serializers.ChoiceField([HERE, ELSEWHERE, CUSTOMS])
    order = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class AllowancePage(serializers.Serializer[Any]):
    """Our estimate of the person's years (年度交易额度) over all shops; customs is authoritative.

    Until the identity is verified only the limits are told: whoever merely states a number must not learn
    what its owner has bought.
    """

    verified = serializers.BooleanField()
    years = YearOut(many=True)
    items = MovementOut(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class AllowanceQuery(serializers.Serializer[Any]):
    cursor = serializers.CharField(max_length=200, required=False, allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, required=False)


class MyAllowance(Door):
    """年度额度."""

    @extend_schema(
        operation_id="allowance",
        tags=["me"],
        parameters=[AllowanceQuery],
        responses=answers(200, AllowancePage, 401, 404, 422),
    )
    def get(self, request: Request) -> HttpResponse:
        """What is left of this year and of the years before, and how it was used, the youngest first."""
        asked = self.asked(AllowanceQuery).validated_data
        until, skip = _place(asked.get("cursor", ""))
        row = self.customer()
        person_id = verified_person(row, customers.profile(row))
        this_year = shanghai_day(self.now).year
        if person_id is None:
            unknown = {"verified": False, "years": [year_shown(self.now, this_year, None)]}
            return Json(unknown | {"items": [], "next_cursor": None})
        years = compliance.allowance_years(person_id=person_id)
        years[this_year] = compliance.taken(person_id=person_id, year=this_year)
        count = asked.get("limit", 20)
        entries = compliance.allowance_entries(person_id=person_id, until=until, skip=skip, count=count + 1)
        page = entries[:count]
        told = orders.told_numbers(customer=row, numbers={entry.order_number for entry in page})
        return Json(
            {
                "verified": True,
                "years": [year_shown(self.now, year, years[year]) for year in sorted(years, reverse=True)],
                "items": [
                    _movement(entry, told.get(entry.order_number, False))
                    for entry in page
                    if not entry.order_number or entry.order_number in told
                ],
                "next_cursor": _cursor(page, until, skip) if len(entries) > count else None,
            }
        )


def verified_person(row: Customer, identity: customers.Profile) -> UUID | None:
    """Whose year may be told: nobody's until the identity is verified."""
    return row.subject.person_id if identity.identity_state == Identity.State.VERIFIED else None


def year_shown(now: datetime, year: int, taken: Mapping[str, Taken] | None) -> dict[str, Any]:
    """A year by the limits of its last day, or of today in the present year; the value first."""
    limits = compliance.limits(Law(min(shanghai_day(now), date(year, 12, 31))))
    return {
        "year": year,
        "measures": [
            _measure(measure, limit, None if taken is None else taken.get(measure, NOTHING))
            for measure, limit in limits.items()
        ],
    }


def _place(cursor: str) -> tuple[datetime | None, int]:
    """Where a page begins: an instant, and how many of its movements were shown before."""
    if not cursor:
        return None, 0
    place = decode(cursor, sort=SORT)
    if not isinstance(place.value, int) or not re.fullmatch(r"[0-9]{1,6}", place.code):
        raise BadCursor()
    try:
        return EPOCH + place.value * MICROSECOND, int(place.code)
    except OverflowError as failure:
        raise BadCursor() from failure


def _cursor(page: list[AllowanceEntry], until: datetime | None, skip: int) -> str:
    last = page[-1].at
    shown = sum(entry.at == last for entry in page) + (skip if last == until else 0)
    return encode(Place(SORT, (last - EPOCH) // MICROSECOND, str(shown)))


def _measure(measure: str, limit: int, taken: Taken | None) -> dict[str, Any]:
    return {
        "measure": measure,
        "unit": "fen" if measure == VALUE else "g",
        "limit": limit,
        "used": taken and taken.used,
        "reserved": taken and taken.reserved,
        "left": taken and max(limit - taken.used - taken.reserved, 0),
    }


def _movement(entry: AllowanceEntry, mine: bool) -> dict[str, Any]:
    return {
        "year": entry.account.year,
        "measure": entry.account.measure,
        "kind": entry.kind,
        "taken_from": entry.source,
        "given_to": entry.target,
        "amount": entry.amount,
        "where": HERE if mine else ELSEWHERE if entry.order_number else CUSTOMS,
        "order": entry.order_number if mine else None,
        "at": entry.at,
    }
