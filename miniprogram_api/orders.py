"""Placing an order, once per key, and following it: list, detail, cancel."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from compliance.models import PayerCheck
from compliance.states import PAYER
from customs.told import STATES, clearance
from kernel.documents import Text, answers, in_path
from kernel.idempotency import header
from kernel.throttle import Limit
from logistics import queries as logistics
from logistics.stages import STAGES, staged
from miniprogram_api.checkout import place
from miniprogram_api.door import Door, Json
from miniprogram_api.order_acts import ActOut, may
from miniprogram_api.pictured import Shown, pictured
from miniprogram_api.quotes import AmountsOut, ShownLine, WarehouseOut, amounts, taxed_line
from miniprogram_api.refunds import RefundOut, refund_told
from miniprogram_api.returns import ReturnBrief, UnexpectedOut, brief, unexpected
from orders import queries as orders
from orders.models import Order, OrderLine
from orders.services.cancel_paid import cancel_paid, hold_ends_at
from orders.services.closing import CANCELLED, begin_closing
from orders.services.quote import MAX_LINES
from orders.states import ORDER
from payments.models import Payment, Refund
from payments.states import PAYMENT
from returns import queries as returns

NUMBER = in_path("number", "of the order")
_KEY = header("每笔订单一个新值；重试时不变 · a new one for each order, the same one for a retry")


class OrderIn(serializers.Serializer[Any]):
    """The quote to order on, the hash of the risk notice that the consumer confirmed just now, and the SKUs
    whose return within seven days (七日无理由退货) they gave up, each by its own tick, none beforehand."""

    quote = serializers.UUIDField()
    risk_notice = serializers.RegexField(r"^[0-9a-f]{64}$", allow_null=True)
    return_exclusions = serializers.ListField(
        child=serializers.CharField(max_length=64), required=False, max_length=MAX_LINES
    )


class OrderPlaced(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.ChoiceField(ORDER.states)
    total_fen = serializers.IntegerField()
    expires_at = serializers.DateTimeField(help_text="pay before this")


class OrderState(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.ChoiceField(ORDER.states)


class BriefLine(Shown):
    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()
    price_fen = serializers.IntegerField()


class OrderCard(serializers.Serializer[Any]):
    """An order in the list."""

    number = serializers.CharField()
    state = serializers.ChoiceField(ORDER.states)
    stage = serializers.ChoiceField(STAGES, help_text="待付款、待发货、待收货、已收货、已结束")
    placed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    total_fen = serializers.IntegerField()
    pieces = serializers.IntegerField()
    lines = BriefLine(many=True)


class OrderPageOut(serializers.Serializer[Any]):
    items = OrderCard(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class OrderQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(ORDER.states, required=False)
    stage = serializers.ChoiceField(STAGES, required=False)
    cursor = serializers.CharField(max_length=40, required=False, allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=orders.MAX_LIMIT, required=False)


class ConsigneeOut(serializers.Serializer[Any]):
    name_masked = serializers.CharField(allow_blank=True)
    phone_masked = serializers.CharField(allow_blank=True)
    region = serializers.ListField(child=serializers.CharField())
    street_masked = serializers.CharField(allow_blank=True)


class StepOut(serializers.Serializer[Any]):
    state = serializers.ChoiceField(ORDER.states)
    at = serializers.DateTimeField()


class ClearanceStep(serializers.Serializer[Any]):
    """清关进度: a step at customs."""

    state = serializers.ChoiceField(STATES)
    says = Text()
    at = serializers.DateTimeField()


class PaymentOut(serializers.Serializer[Any]):
    """An attempt to pay."""

    state = serializers.ChoiceField(PAYMENT.states)
    created_at = serializers.DateTimeField()
    succeeded_at = serializers.DateTimeField(allow_null=True)


class PayerOut(serializers.Serializer[Any]):
    """Whether the payer is the orderer; “different” can be mended at orders/{number}/orderer until then."""

    state = serializers.ChoiceField(PAYER.states)
    name_until = serializers.DateTimeField(allow_null=True)


class OrderOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.ChoiceField(ORDER.states)
    stage = serializers.ChoiceField(STAGES)
    placed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    trade_mode = serializers.ChoiceField(["1210", "9610", "1239"])
    warehouse = WarehouseOut()
    over_limit = serializers.BooleanField()
    lines = ShownLine(many=True)
    amounts = AmountsOut()
    consignee = ConsigneeOut()
    history = StepOut(many=True)
    clearance = ClearanceStep(many=True, help_text="the oldest first; none before it is declared")
    may = ActOut(many=True, help_text="what the consumer may do now")
    payments = PaymentOut(many=True)
    refunds = RefundOut(many=True)
    returns = ReturnBrief(many=True)
    unexpected = UnexpectedOut(many=True)
    payer = PayerOut(allow_null=True, help_text="支付人核对 · null: not asked yet, or not paid")
    ship_by = serializers.DateField(
        allow_null=True,
        help_text="承诺发货日 · the day by which it leaves the warehouse, counted from the payment",
    )
    cancellable_until = serializers.DateTimeField(
        allow_null=True,
        help_text="until when this paid order can be cancelled or its address mended; null: not at all",
    )


class Orders(Door):
    """订单."""

    sells = frozenset({"POST"})
    own_transaction = frozenset({"POST"})
    limits = {"POST": Limit("orders", 60, 60)}

    @extend_schema(
        operation_id="orders",
        tags=["orders"],
        parameters=[OrderQuery],
        responses=answers(200, OrderPageOut, 401, 404, 422),
    )
    def get(self, request: Request) -> HttpResponse:
        """The customer's orders, the youngest first; follow `next_cursor` for more."""
        wanted = self.asked(OrderQuery).validated_data
        among = staged(wanted.pop("stage", ""))
        page = orders.orders(customer_id=self.own.customer_id, among=among, **wanted)
        shown = pictured(self, (line.sku for lines in page.lines.values() for line in lines))
        return Json(
            {
                "items": [_card(row, page.lines[row.pk], shown) for row in page.items],
                "next_cursor": page.next_cursor,
            }
        )

    @extend_schema(
        operation_id="place_order",
        tags=["orders"],
        request=OrderIn,
        parameters=[_KEY],
        responses=answers(201, OrderPlaced, 400, 401, 403, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request) -> HttpResponse:
        """Place an order at the quote's price, or not at all. Send the same key again after a lost answer."""
        return place(self, request._request)


class OrderView(Door):
    """订单详情."""

    @extend_schema(
        operation_id="order", tags=["orders"], parameters=[NUMBER], responses=answers(200, OrderOut, 401, 404)
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """One order with lines, amounts, consignee (masked), history and payments."""
        row = orders.order(customer_id=self.own.customer_id, number=number)
        held = orders.lines(row)
        shown = pictured(self, (line.sku for line in held))
        lines = [taxed_line(vars(line), row.quote.day) | shown[line.sku] for line in held]
        check = PayerCheck.objects.filter(order_number=row.number).first()
        attempts = Payment.objects.filter(order=row).order_by("id")
        refunds = Refund.objects.filter(order=row).order_by("id")
        return Json(
            {
                "number": row.number,
                "state": row.state,
                "stage": staged().values_list("stage", flat=True).get(pk=row.pk),
                "placed_at": row.placed_at,
                "expires_at": row.expires_at,
                "paid_at": row.paid_at,
                "closed_at": row.closed_at,
                "trade_mode": row.trade_mode,
                "warehouse": {"name": {"zh": row.warehouse.name_zh, "en": row.warehouse.name}},
                "over_limit": row.over_limit,
                "lines": lines,
                "amounts": amounts(row, lines),
                "consignee": consignee_told(row),
                "history": [{"state": step.state, "at": step.at} for step in orders.history(row)],
                "clearance": [
                    {"state": step.state, "says": {"zh": step.zh, "en": step.en}, "at": step.at}
                    for step in clearance(key=row.event_key)
                ],
                "may": may(row, check, self.now),
                "payments": list(attempts.values("state", "created_at", "succeeded_at")),
                "refunds": [refund_told(one) for one in refunds],
                "returns": [brief(one, self.now) for one in returns.of_order(row)],
                "unexpected": [unexpected(one) for one in returns.unexpected(row)],
                "payer": _payer(check),
                "ship_by": logistics.ship_by(row),
                "cancellable_until": hold_ends_at(row),
            }
        )


class CancelOrder(Door):
    """取消订单."""

    limits = {"POST": Limit("cancel", 60, 60)}

    @extend_schema(
        operation_id="cancel_order",
        tags=["orders"],
        parameters=[NUMBER],
        request=None,
        responses=answers(200, OrderState, 401, 404, 409, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Cancel an order: unpaid, WeChat closes the payment first; paid, within the hold after payment, the
        money goes back. What it held comes back in both."""
        row = orders.order(customer_id=self.own.customer_id, number=number)
        if row.paid_at is None:
            begin_closing(order=row, reason=CANCELLED, now=self.now)
        else:
            row = cancel_paid(number=row.number, by="consumer", now=self.now)
        return Json({"number": row.number, "state": row.state})


def consignee_told(row: Order) -> dict[str, Any]:
    """The receiver as JSON, masked, for the customer's own screen."""
    to = orders.consignee(row)
    return {
        "name_masked": to.name_masked,
        "phone_masked": to.phone_masked,
        "region": to.region,
        "street_masked": to.street_masked,
    }


def _payer(check: PayerCheck | None) -> dict[str, Any] | None:
    if check is None:
        return None
    until = check.deadline_at if check.state == "different" else None
    return {"state": check.state, "name_until": until}


def _card(row: Any, lines: list[OrderLine], shown: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "stage": row.stage,
        "placed_at": row.placed_at,
        "expires_at": row.expires_at,
        "total_fen": row.total_fen,
        "pieces": sum(line.quantity for line in lines),
        "lines": [
            {
                "sku": line.sku,
                "name": {"zh": line.name_zh, "en": line.name},
                "quantity": line.quantity,
                "price_fen": line.price_fen,
                **shown[line.sku],
            }
            for line in lines
        ],
    }
