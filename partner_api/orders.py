"""Orders as a partner sees them: paid ones, and no personal data, which is asked for apart by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from customs.models import Declaration
from kernel.errors import Missing
from logistics.models import Shipment
from logistics.services.receiver_for_partner import GIVEN, PURPOSES, give_receiver
from orders.changed import Change, changed
from orders.models import Order, OrderLine
from orders.states import ORDER
from partner_api.door import Json, MissingScope, PartnerDoor
from partner_api.pages import PageQuery, cursor_of, etag, page, place_of, sparse
from partners.models import Acknowledgement, Latest
from partners.services.acknowledging import acknowledge

READ, WRITE = "orders:read", "orders:write"
LIST = "orders"


class OrderQuery(PageQuery):
    """Which orders."""

    state = serializers.ChoiceField(ORDER.states, required=False, default="")
    changed_since = serializers.DateTimeField(required=False, default=None)
    acknowledged = serializers.BooleanField(
        required=False, default=True, help_text="false: those alone that you have not acknowledged"
    )
    fields = serializers.CharField(required=False, default="", max_length=400)  # type: ignore[assignment]


class OneQuery(serializers.Serializer[Any]):
    """Of one order."""

    fields = serializers.CharField(required=False, default="", max_length=400)  # type: ignore[assignment]


class AcknowledgeBody(serializers.Serializer[Any]):
    """Under which number the partner has it."""

    reference = serializers.CharField(required=False, default="", max_length=60)


class ReceiverQuery(serializers.Serializer[Any]):
    """What for."""

    purpose = serializers.ChoiceField(PURPOSES)


class Orders(PartnerDoor):
    """Orders, in the order in which they last changed."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Json:
        """A page of them. `next` stands also at the end: ask again with it for what changes from now on."""
        asked = self.asked(OrderQuery).validated_data
        after = place_of(LIST, asked["cursor"]) or 0
        found = changed(
            storefront_id=self.storefront.pk,
            after=after,
            since=asked["changed_since"],
            state=asked["state"],
            new_to=None if asked["acknowledged"] else self.caller.partner.pk,
            most=asked["limit"],
        )
        rows = shown(self, found)
        last = found[-1].position if found else after
        return Json(page([sparse(row, asked["fields"]) for row in rows], next=cursor_of(LIST, last)))


class OneOrder(PartnerDoor):
    """An order."""

    scopes = {"GET": READ}

    def get(self, request: Request, number: str) -> Json:
        """The order with its lines and sums, how far its parcel and its declaration are, and its ETag."""
        asked = self.asked(OneQuery).validated_data
        row = sparse(shown(self, [_change(self, number)])[0], asked["fields"])
        answer = Json(row)
        answer["ETag"] = etag(row)
        return answer


class Acknowledge(PartnerDoor):
    """That a partner has an order."""

    scopes = {"POST": WRITE}

    def post(self, request: Request, number: str) -> Json:
        """Say that you have it, under your own number if you like; once and for all."""
        told = self.taken(AcknowledgeBody).validated_data
        _change(self, number)
        row = acknowledge(
            connection=self.connection, number=number, reference=told["reference"], now=self.now
        )
        return Json({"number": number, "reference": row.reference, "at": row.at}, status=201)


class Receiver(PartnerDoor):
    """To whom an order goes."""

    scopes = {"GET": READ}
    signed = frozenset({"GET"})

    def get(self, request: Request, number: str) -> Json:
        """Name, telephone and address, as far as your personal scopes go; each answer is on record."""
        asked = self.asked(ReceiverQuery).validated_data
        order = Order.objects.select_related("key").get(pk=_change(self, number).order_id)
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


def shown(door: PartnerDoor, changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The orders of these changes, in their order; five statements, however many."""
    ids = [one.order_id for one in changes]
    orders = Order.objects.select_related("warehouse").in_bulk(ids)
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order_id__in=ids).order_by("order_id", "position"):
        lines[line.order_id].append(line)
    shipments = {one.order_id: one for one in Shipment.objects.filter(order_id__in=ids)}
    declared = {one.order_id: one for one in Declaration.objects.filter(order_id__in=ids)}
    numbers = [row.number for row in orders.values()]
    had = Acknowledgement.objects.filter(
        partner=door.caller.partner, storefront=door.storefront, number__in=numbers
    )
    known = {one.number: one for one in had}
    return [
        _row(
            one,
            order := orders[one.order_id],
            lines[order.pk],
            shipment=shipments.get(order.pk),
            declaration=declared.get(order.pk),
            mine=known.get(order.number),
        )
        for one in changes
    ]


def _row(
    change: Change,
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


def _change(door: PartnerDoor, number: str) -> Change:
    """The last change of an order of this storefront; raises Missing for one that was never paid."""
    latest = Latest.objects.filter(storefront=door.storefront, kind="order", number=number[:60]).first()
    order = Order.objects.filter(storefront=door.storefront, number=number[:32]).values_list("pk").first()
    if latest is None or order is None:
        raise Missing()
    return Change(latest.position, latest.at, order[0])
