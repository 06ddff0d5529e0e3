"""Orders as a partner sees them: paid ones, and no personal data, which is asked for apart by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from customs.models import Declaration
from customs.states import DECLARATION
from kernel.documents import Text, answers, in_path
from logistics.models import Shipment
from logistics.services.receiver_for_partner import GIVEN, PURPOSES, give_receiver
from logistics.states import SHIPMENT
from orders.models import Order, OrderLine
from orders.states import ORDER
from partner_api.changes import Changed, ChangeQuery, Changes, FieldsQuery
from partner_api.door import Json, MissingScope, PartnerDoor, marked
from partner_api.pages import Sparse, paged, sparse
from partners.models import Acknowledgement
from partners.queries import head_of
from partners.services.acknowledging import acknowledge, note_all_acknowledged

READ, WRITE = "orders:read", "orders:write"


class OrderQuery(ChangeQuery):
    """Which orders."""

    state = serializers.ChoiceField(ORDER.states, required=False, default="")
    acknowledged = serializers.BooleanField(
        required=False,
        default=None,
        help_text="true: those alone that you have acknowledged; false: those that you have not; absent: all",
    )


class AcknowledgeBody(serializers.Serializer[Any]):
    """Under which number the partner has it."""

    reference = serializers.CharField(required=False, default="", max_length=60)


class ReceiverQuery(serializers.Serializer[Any]):
    """What for."""

    purpose = serializers.ChoiceField(PURPOSES)


class LineOut(serializers.Serializer[Any]):
    """A line, with what of each sum is its own."""

    position = serializers.IntegerField()
    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()
    price_fen = serializers.IntegerField(help_text="of one piece, without tax")
    goods_fen = serializers.IntegerField()
    discount_fen = serializers.IntegerField()
    freight_fen = serializers.IntegerField()
    duty_fen = serializers.IntegerField()
    vat_fen = serializers.IntegerField()
    excise_fen = serializers.IntegerField()


class ItsShipment(serializers.Serializer[Any]):
    """How far its parcel is."""

    state = serializers.ChoiceField(SHIPMENT.states)
    ship_by = serializers.DateField(allow_null=True, help_text="the promised day")


class ItsDeclaration(serializers.Serializer[Any]):
    """How far its declaration is."""

    state = serializers.ChoiceField(DECLARATION.states)
    list_no = serializers.CharField(allow_null=True, help_text="清单编号")


class ItsAcknowledgement(serializers.Serializer[Any]):
    """That you have it."""

    reference = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class OrderOut(Sparse):
    """A paid order, without personal data; with `fields` those alone."""

    number = serializers.CharField()
    state = serializers.ChoiceField(ORDER.states)
    changed_at = serializers.DateTimeField()
    placed_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    trade_mode = serializers.CharField(help_text="1210, 9610, 1239 or 0110")
    warehouse = serializers.CharField()
    currency = serializers.CharField()
    goods_fen = serializers.IntegerField()
    freight_fen = serializers.IntegerField()
    discount_fen = serializers.IntegerField()
    tax_fen = serializers.IntegerField()
    total_fen = serializers.IntegerField()
    lines = serializers.ListField(child=LineOut())
    shipment = ItsShipment(allow_null=True)
    declaration = ItsDeclaration(allow_null=True)
    acknowledged = ItsAcknowledgement(allow_null=True)


class AcknowledgedOut(serializers.Serializer[Any]):
    """Under which number you have it, since when."""

    number = serializers.CharField()
    reference = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class AddressOut(serializers.Serializer[Any]):
    """Where it goes."""

    division_code = serializers.CharField(help_text="行政区划代码")
    region = serializers.ListField(child=serializers.CharField())
    street = serializers.CharField()


class ReceiverOut(Sparse):
    """To whom it goes, as far as your personal scopes go."""

    name = serializers.CharField()
    phone = serializers.CharField()
    address = AddressOut()


NUMBER = in_path("number", "of the order")
LIST = Changes("orders", kind="order", by="number", shape=OrderOut)


class Orders(PartnerDoor):
    """Orders, in the order in which they last changed."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[OrderQuery], responses=answers(200, paged(OrderOut), 422))
    def get(self, request: Request) -> Json:
        """Orders, in the order in which they last changed. `next` stands also at the end: ask again with it
        for what changes from now on."""
        asked = self.asked(OrderQuery).validated_data
        mine = asked["acknowledged"]
        rows, kept = seen(self), Exists(_mine(self).filter(number=OuterRef("number")))
        if mine is not None:
            rows = rows.filter(kept if mine else ~kept)
        if asked["state"]:
            rows = rows.filter(state=asked["state"])
        if mine is not False:
            found = LIST.behind(self, asked, rows)
        else:  # what is known to be acknowledged is not looked through again, however often this is asked
            known, head = self.connection.acknowledged_to, head_of(self.storefront.pk)
            found = LIST.behind(self, asked, rows, known=known)
            if not (asked["cursor"] or asked["changed_since"] or asked["state"]):
                to = found[0].position - 1 if found else head
                note_all_acknowledged(connection=self.connection, to=to)
        return LIST.page(asked, found, partial(shown, self))


class OneOrder(PartnerDoor):
    """An order."""

    scopes = {"GET": READ}

    @extend_schema(parameters=[NUMBER, FieldsQuery], responses=answers(200, OrderOut, 422))
    def get(self, request: Request, number: str) -> Json:
        """The order with its lines and sums, how far its parcel and its declaration are, and its ETag."""
        asked = self.asked(FieldsQuery).validated_data
        row = shown(self, [LIST.one(self, number, seen(self))])[0]
        return marked(sparse(row, asked["fields"]), of=row)


class Acknowledge(PartnerDoor):
    """That a partner has an order."""

    scopes = {"POST": WRITE}

    @extend_schema(request=AcknowledgeBody, parameters=[NUMBER], responses=answers(201, AcknowledgedOut))
    def post(self, request: Request, number: str) -> Json:
        """Say that you have it, under your own number if you like; once and for all."""
        told = self.taken(AcknowledgeBody).validated_data
        LIST.one(self, number, seen(self))
        row = acknowledge(
            connection=self.connection, number=number, reference=told["reference"], now=self.now
        )
        return Json({"number": number, "reference": row.reference, "at": row.at}, status=201)


class Receiver(PartnerDoor):
    """To whom an order goes."""

    scopes = {"GET": READ}
    signed = frozenset({"GET"})

    @extend_schema(parameters=[NUMBER, ReceiverQuery], responses=answers(200, ReceiverOut, 409, 422))
    def get(self, request: Request, number: str) -> Json:
        """Name, telephone and address, as far as your personal scopes go; each answer is on record."""
        asked = self.asked(ReceiverQuery).validated_data
        order = Order.objects.select_related("key").get(pk=LIST.one(self, number, seen(self)).pk)
        allowed = [scope for scope in GIVEN if self.may(scope)]
        if not allowed:
            raise MissingScope(" / ".join(GIVEN))
        told = give_receiver(
            order=order,
            partner=self.caller.partner,
            purpose=asked["purpose"],
            scopes=allowed,
            now=self.now,
        )
        answer = Json(told)
        answer["Cache-Control"] = "no-store"
        return answer


def shown(door: PartnerDoor, changes: Sequence[Changed]) -> list[dict[str, Any]]:
    """The orders of these changes, in their order; five statements, however many."""
    ids = [one.pk for one in changes]
    orders = Order.objects.select_related("warehouse").in_bulk(ids)
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order_id__in=ids).order_by("order_id", "position"):
        lines[line.order_id].append(line)
    shipments = {one.order_id: one for one in Shipment.objects.filter(order_id__in=ids)}
    declared = {one.order_id: one for one in Declaration.objects.filter(order_id__in=ids)}
    numbers = [row.number for row in orders.values()]
    known = {one.number: one for one in _mine(door).filter(number__in=numbers)}
    return [
        _row(
            one,
            order := orders[one.pk],
            lines[order.pk],
            shipment=shipments.get(order.pk),
            declaration=declared.get(order.pk),
            mine=known.get(order.number),
        )
        for one in changes
    ]


def _row(
    change: Changed,
    order: Order,
    lines: list[OrderLine],
    *,
    shipment: Shipment | None,
    declaration: Declaration | None,
    mine: Acknowledgement | None,
) -> dict[str, Any]:
    return {
        "number": order.number,
        "state": order.state,
        "changed_at": change.at,
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "closed_at": order.closed_at,
        "trade_mode": order.trade_mode,
        "warehouse": order.warehouse.code,
        "currency": "CNY",
        "goods_fen": order.goods_fen,
        "freight_fen": order.freight_fen,
        "discount_fen": order.discount_fen,
        "tax_fen": order.tax_fen,
        "total_fen": order.total_fen,
        "lines": [
            {
                "position": line.position,
                "sku": line.sku,
                "name": {"zh": line.name_zh, "en": line.name},
                "quantity": line.quantity,
                "price_fen": line.price_fen,
                "goods_fen": line.goods_fen,
                "discount_fen": line.discount_fen,
                "freight_fen": line.freight_fen,
                "duty_fen": line.duty_fen,
                "vat_fen": line.vat_fen,
                "excise_fen": line.excise_fen,
            }
            for line in lines
        ],
        "shipment": None if shipment is None else {"state": shipment.state, "ship_by": shipment.ship_by},
        "declaration": None
        if declaration is None
        else {"state": declaration.state, "list_no": declaration.list_no or None},
        "acknowledged": None if mine is None else {"reference": mine.reference, "at": mine.at},
    }


def seen(door: PartnerDoor) -> QuerySet[Order]:
    """The orders of the warehouses that the partner serves."""
    return Order.objects.filter(storefront=door.storefront, warehouse__in=door.warehouses())


def _mine(door: PartnerDoor) -> QuerySet[Acknowledgement]:
    """What the partner has acknowledged in this storefront."""
    return Acknowledgement.objects.filter(partner=door.caller.partner, storefront=door.storefront)
