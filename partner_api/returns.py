"""Returns as a warehouse sees them: what is expected, and what came of it. Nothing personal is in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import Text, answers, in_path
from kernel.errors import Missing
from partner_api.changes import Changed, ChangeQuery, Changes
from partner_api.door import Json, PartnerDoor, marked
from partner_api.pages import Sparse, paged
from returns.models import ReturnGrade, ReturnLine, ReturnRequest
from returns.reasons import REASONS, Kind
from returns.services.arrive import left_of_lots, lots_of, paid_and_here
from returns.states import RETURN, RETURN_LINE

READ, WRITE = "returns:read", "returns:write"
KIND = "return"
NUMBER = in_path("number", "number of the return 退货单号")


class ReturnQuery(ChangeQuery):
    """Which returns."""

    state = serializers.ChoiceField(RETURN.states, required=False, default="")
    warehouse = serializers.SlugField(required=False, default="", max_length=40)


class GradeOut(serializers.Serializer[Any]):
    """How so many pieces were found, and where they went."""

    grade = serializers.ChoiceField(ReturnGrade.Grade.choices)
    place = serializers.ChoiceField(ReturnGrade.Place.choices)
    quantity = serializers.IntegerField()
    lot = serializers.CharField(allow_null=True, help_text="none: it was not there, or is not ours")
    inbound_list = serializers.CharField(allow_null=True, help_text="核注清单编号")


class ReturnLineOut(serializers.Serializer[Any]):
    """A SKU of it: how many pieces are asked for, and how they were found."""

    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()
    state = serializers.ChoiceField(RETURN_LINE.states)
    found = serializers.ListField(child=GradeOut(), help_text="empty before it is inspected")


class SoldLotOut(serializers.Serializer[Any]):
    """A lot of which pieces left with the order."""

    lot = serializers.CharField(allow_blank=True)
    inbound_list = serializers.CharField(allow_null=True, help_text="核注清单编号")
    expires_on = serializers.DateField(allow_null=True)
    left = serializers.IntegerField(help_text="pieces that can still come back")


class InspectedLineOut(ReturnLineOut):
    """A line with the lots that its pieces can be of."""

    lots = serializers.ListField(child=SoldLotOut())


class ReturnOut(Sparse):
    """A return; with `fields` those alone."""

    number = serializers.CharField()
    order = serializers.CharField(help_text="number of its order")
    state = serializers.ChoiceField(RETURN.states)
    changed_at = serializers.DateTimeField()
    warehouse = serializers.CharField()
    kind = serializers.ChoiceField([(one.value, one.value) for one in Kind])
    reason = serializers.ChoiceField(list(REASONS))
    goods_back = serializers.BooleanField(help_text="whether goods come back before any money goes")
    to_inspect = serializers.BooleanField(help_text="its goods are here and wait to be inspected")
    carrier = serializers.CharField(allow_null=True)
    waybill = serializers.CharField(allow_null=True, help_text="of the way back")
    sent_at = serializers.DateTimeField(allow_null=True)
    arrive_by = serializers.DateField(allow_null=True, help_text="customs' last day; none: not known")
    received_at = serializers.DateTimeField(allow_null=True)
    refund_by = serializers.DateTimeField(allow_null=True, help_text="when the money goes at the latest")
    lines = serializers.ListField(child=ReturnLineOut())


class WholeReturnOut(ReturnOut):
    """A return, its lines with the lots that their pieces can be of."""

    lines = serializers.ListField(child=InspectedLineOut())


LIST = Changes("returns", KIND, by="number", shape=ReturnOut)


class Returns(PartnerDoor):
    """Returns, in the order in which they last changed."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[ReturnQuery], responses=answers(200, paged(ReturnOut), 422))
    def get(self, request: Request) -> Json:
        """Returns that were agreed to: with `state=on_the_way` what is expected. `next` stands also
        at the end: ask again with it for what changes from now on."""
        asked = self.asked(ReturnQuery).validated_data
        rows = seen(self)
        if asked["state"]:
            rows = rows.filter(state=asked["state"])
        if asked["warehouse"]:
            rows = rows.filter(order__warehouse=self.warehouse(asked["warehouse"]))
        return LIST.page(asked, LIST.behind(self, asked, rows), shown)


class OneReturn(PartnerDoor):
    """A return."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[NUMBER], responses=answers(200, WholeReturnOut))
    def get(self, request: Request, number: str) -> Json:
        """The return with its pieces, the lots that they can be of, what was found, and its ETag."""
        return answer_of(self, number)


def seen(door: PartnerDoor) -> QuerySet[ReturnRequest]:
    """The returns to the warehouses that the partner serves."""
    return ReturnRequest.objects.filter(storefront=door.storefront, order__warehouse__in=door.warehouses())


def one_return(door: PartnerDoor, number: str) -> ReturnRequest:
    """The return with this number that partners were told of; raises Missing."""
    known = LIST.one(door, number, seen(door))
    row = seen(door).select_related("order", "policy").filter(pk=known.pk).first()
    if row is None:
        raise Missing()
    return row


def answer_of(door: PartnerDoor, number: str) -> Json:
    """The return as it stands, with its mark."""
    change = LIST.one(door, number, seen(door))
    (told,) = shown([change])
    request = ReturnRequest.objects.select_related("order").get(pk=change.pk)
    lots, left = lots_of(request), left_of_lots(request.order)
    lines = request.lines.select_related("line").order_by("line__position")
    for line, row in zip(lines, told["lines"], strict=True):
        row["lots"] = [
            {
                "lot": lot.code,
                "inbound_list": lot.inbound_list or None,
                "expires_on": lot.expires_on,
                "left": max(0, left[lot.pk]),
            }
            for lot in lots.get(line.line.position, [])
        ]
    return marked(told)


def shown(changes: Sequence[Changed]) -> list[dict[str, Any]]:
    """These returns in their order; as many statements for one as for a hundred."""
    ids = [one.pk for one in changes]
    found = ReturnRequest.objects.select_related("order__warehouse").in_bulk(ids)
    lines: dict[int, list[ReturnLine]] = defaultdict(list)
    for line in (
        ReturnLine.objects.filter(request__in=ids)
        .select_related("line")
        .order_by("request", "line__position")
    ):
        lines[line.request_id].append(line)
    grades: dict[int, list[dict[str, Any]]] = defaultdict(list)
    graded = set()
    for one in ReturnGrade.objects.filter(line__request__in=ids).select_related("lot", "line").order_by("pk"):
        grades[one.line_id].append(_grade(one))
        graded.add(one.line.request_id)
    return [
        {
            "number": row.number,
            "order": row.order.number,
            "state": row.state,
            "changed_at": one.at,
            "warehouse": row.order.warehouse.code,
            "kind": row.kind,
            "reason": row.reason,
            "goods_back": row.goods_back,
            "to_inspect": row.state == "received" or (paid_and_here(row) and row.pk not in graded),
            "carrier": row.carrier or None,
            "waybill": row.waybill or None,
            "sent_at": row.sent_at,
            "arrive_by": row.arrive_by,
            "received_at": row.received_at,
            "refund_by": row.refund_by,
            "lines": [
                {
                    "sku": line.line.sku,
                    "name": {"zh": line.line.name_zh, "en": line.line.name},
                    "quantity": line.quantity,
                    "state": line.state,
                    "found": grades[line.pk],
                }
                for line in lines[row.pk]
            ],
        }
        for one in changes
        for row in (found[one.pk],)
    ]


def _grade(one: ReturnGrade) -> dict[str, Any]:
    return {
        "grade": one.grade,
        "place": one.place,
        "quantity": one.quantity,
        "lot": None if one.lot is None else one.lot.code,
        "inbound_list": None if one.lot is None else one.lot.inbound_list or None,
    }
