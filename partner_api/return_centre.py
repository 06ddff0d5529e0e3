"""A warehouse receives, grades and keeps apart what came back, by the rules of the brand's return centre."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from inventory.models import Lot
from kernel.clock import shanghai_day
from kernel.documents import answers
from kernel.errors import Missing
from kernel.states import WrongState
from orders.models import Order, OrderLine
from partner_api.door import Json, PartnerDoor
from partner_api.lines import MOST_LINES, line
from partner_api.pages import PageQuery, page, paged, turned
from partner_api.returns import NUMBER, READ, WRITE, WholeReturnOut, answer_of, one_return, seen
from returns.models import ReturnGrade, ReturnRequest, StrayParcel
from returns.services import arrive, strays
from returns.services.arrive import Found
from returns.services.arrive_refusals import BadGrades
from returns.services.holding import hold
from returns.states import RETURN, STRAY

Grade, Place = ReturnGrade.Grade, ReturnGrade.Place
STRAYS = "strays"


class ReceivedBody(serializers.Serializer[Any]):
    """When it came."""

    came_on = serializers.DateField(
        required=False,
        default=None,
        allow_null=True,
        help_text="the day on which it was at your door, where that was yesterday or the day before",
    )


class _LotLine(serializers.Serializer[Any]):
    sku = serializers.CharField(max_length=30)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)
    lot = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=60,
        help_text="as it left; none: its only one",
    )
    inbound_list = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=30, help_text="核注清单编号, if bonded"
    )


class FoundLine(_LotLine):
    """So many pieces that were found alike."""

    grade = serializers.ChoiceField(Grade.choices, help_text="wrong and short ones have no lot and no place")
    place = serializers.ChoiceField(
        Place.choices,
        required=False,
        help_text="none: new ones for sale, others set aside, wrong and short ones nowhere",
    )


class InspectionBody(serializers.Serializer[Any]):
    """How every piece that was asked for was found."""

    lines = serializers.ListField(child=FoundLine(), allow_empty=False, max_length=MOST_LINES)
    deducted_fen = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=10**12,
        help_text="kept back for used or broken goods, as far as the brand's terms go",
    )
    why = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="why it is kept back; the consumer reads it: no personal data",
    )


class StrayLine(_LotLine):
    """Pieces of an order."""

    grade = serializers.ChoiceField([one for one in Grade.choices if one[0] in strays.GRADES])


class StrayBody(serializers.Serializer[Any]):
    """A parcel that no return expects: pieces of an order that is known, or words and a number of pieces."""

    order = serializers.CharField(required=False, default="", allow_blank=True, max_length=32)
    return_number = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=32, help_text="where the parcel names one"
    )
    waybill = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=64, help_text="what stands on the parcel"
    )
    came_on = serializers.DateField(required=False, default=None, allow_null=True)
    lines = serializers.ListField(child=StrayLine(), required=False, default=list, max_length=MOST_LINES)
    contents = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="what else is in it, without personal data",
    )
    pieces = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=1_000_000, help_text="of what else is in it"
    )


class StrayQuery(PageQuery):
    """Which parcels."""

    state = serializers.ChoiceField(STRAY.states, required=False, default="")
    number = serializers.CharField(required=False, default="", max_length=32)


class StrayOut(serializers.Serializer[Any]):
    """A parcel that nobody expected: `kept` lies apart until the brand decides."""

    number = serializers.CharField(help_text="write it on the parcel")
    order = serializers.CharField(allow_null=True)
    return_number = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(STRAY.states)
    came_on = serializers.DateField()
    waybill = serializers.CharField(allow_null=True, help_text="what stood on the parcel")


class Receipt(PartnerDoor):
    """Receiving."""

    scopes = {"POST": WRITE}

    @extend_schema(request=ReceivedBody, parameters=[NUMBER], responses=answers(200, WholeReturnOut, 409))
    def post(self, request: Request, number: str) -> Json:
        """Say that the parcel of a return is here, once: customs' days and the refund's seven run from it.
        What is in it is said by the inspection, what is missing too."""
        told = self.taken(ReceivedBody).validated_data
        row = one_return(self, number)
        arrive.receive(request=row, on=told["came_on"], at_most_ago=arrive.LATELY, by=self.by, now=self.now)
        return answer_of(self, number)


class Inspection(PartnerDoor):
    """Inspecting."""

    scopes = {"POST": WRITE}

    @extend_schema(request=InspectionBody, parameters=[NUMBER], responses=answers(200, WholeReturnOut, 409))
    def post(self, request: Request, number: str) -> Json:
        """Grade every piece of a return that is here, once, and put it away. Where nothing is kept back the
        money goes at once; beyond the brand's limit a colleague there looks first. What is not of the order
        lies apart under a number of its own."""
        told = self.taken(InspectionBody).validated_data
        row = hold(one_return(self, number))
        if row.state != "received" and not arrive.not_graded(row):
            raise WrongState(machine=RETURN.name, verb="inspect", state=row.state)
        lots = arrive.lots_of(row)
        lines = {one.line.sku: one for one in arrive.to_grade(row)}
        found = []
        for nth, one in enumerate(told["lines"], start=1):
            with line(nth):
                if one["sku"] not in lines:
                    raise Missing()
                position = lines[one["sku"]].line.position
                grade = one["grade"]
                there = grade not in (Grade.WRONG, Grade.SHORT)
                lot = _lot(lots.get(position, []), one, position) if there else None
                place = one.get("place") or ReturnGrade.USUALLY[grade]
                found.append(Found(position, grade, place, one["quantity"], lot))
        arrive.inspect(
            request=row,
            found=found,
            by=self.by,
            now=self.now,
            deducted_fen=told["deducted_fen"],
            why=told["why"],
        )
        return answer_of(self, number)


class Unexpected(PartnerDoor):
    """Parcels that nobody expects."""

    scopes = {"GET": READ, "POST": WRITE}

    @extend_schema(parameters=[StrayQuery], responses=answers(200, paged(StrayOut), 422))
    def get(self, request: Request) -> Json:
        """Those that came, the oldest first, each with what the brand decided: `sent_back` to the consumer,
        `refunded`, `ours`, as it was refunded before, or `closed`."""
        asked = self.asked(StrayQuery).validated_data
        rows = _strays(self)
        if asked["state"]:
            rows = rows.filter(state=asked["state"])
        if asked["number"]:
            rows = rows.filter(number=asked["number"])
        items, more = turned(rows, STRAYS, asked)
        return Json(page([_stray(row) for row in items], next=more))

    @extend_schema(request=StrayBody, responses=answers(201, StrayOut, 404, 409))
    def post(self, request: Request) -> Json:
        """Say that one is here: it lies apart under a number, kept from sale, and no money moves; the brand
        decides what becomes of it. A return that is expected is received instead."""
        told = self.taken(StrayBody).validated_data
        row = _named(self, told["return_number"])
        order = row.order if row is not None else _order(self, told["order"])
        if row is not None and told["order"] not in ("", row.order.number):
            raise Missing()
        made = strays.take_in(
            storefront_id=self.storefront.pk,
            order=order,
            request=row,
            found=_pieces(order, told["lines"]),
            waybill=told["waybill"],
            contents=told["contents"],
            pieces=told["pieces"],
            came_on=told["came_on"] or shanghai_day(self.now),
            at_most_ago=arrive.LATELY,
            by=self.by,
            now=self.now,
        )
        return Json(_stray(made), status=201)


def _strays(door: PartnerDoor) -> QuerySet[StrayParcel]:
    """Of orders of the warehouses that the partner serves, and of nobody known those that it took in."""
    theirs = Q(order__warehouse__in=door.warehouses()) | Q(order=None, by=door.by)
    return StrayParcel.objects.filter(theirs, storefront=door.storefront).select_related("order", "request")


def _stray(row: StrayParcel) -> dict[str, Any]:
    return {
        "number": row.number,
        "order": row.order.number if row.order is not None else None,
        "return_number": row.request.number if row.request is not None else None,
        "state": row.state,
        "came_on": row.came_on,
        "waybill": row.waybill or None,
    }


def _named(door: PartnerDoor, number: str) -> ReturnRequest | None:
    """The return that a parcel names, whatever became of it; raises Missing."""
    if not number:
        return None
    row = seen(door).select_related("order").filter(number=number).first()
    if row is None:
        raise Missing()
    return row


def _order(door: PartnerDoor, number: str) -> Order | None:
    if not number:
        return None
    rows = Order.objects.filter(storefront=door.storefront, warehouse__in=door.warehouses(), number=number)
    row = rows.first()
    if row is None:
        raise Missing()
    return row


def _pieces(order: Order | None, lines: list[dict[str, Any]]) -> list[Found]:
    """The pieces of an order that lie in a parcel; a line that cannot be is named."""
    by_sku = {one.sku: one for one in OrderLine.objects.filter(order=order)} if order is not None else {}
    lots = strays.lots_of(order) if order is not None else {}
    found = []
    for nth, one in enumerate(lines, start=1):
        with line(nth):
            if one["sku"] not in by_sku:
                raise Missing()
            sold = by_sku[one["sku"]]
            lot = _lot(list(lots.get(sold.variant_id, {}).values()), one, sold.position)
            found.append(Found(sold.position, one["grade"], Place.QUARANTINE, one["quantity"], lot))
    return found


def _lot(lots: list[Lot], one: dict[str, Any], position: int) -> int:
    """The one that is named of those that left with the order; raises BadGrades."""
    fits = [
        lot.pk
        for lot in lots
        if one["lot"] in ("", lot.code) and one["inbound_list"] in ("", lot.inbound_list)
    ]
    if len(fits) != 1:
        raise BadGrades(position, one["quantity"])
    return fits[0]
