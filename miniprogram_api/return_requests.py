"""Before a return and at its start: what is possible, what it would give, and the request, once a key."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import orjson
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel import receipts
from kernel.documents import Text, answers, in_path
from kernel.idempotency import fingerprint_of, header, key_of, told
from kernel.receipts import Answer
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from miniprogram_api.pictured import Shown, pictured
from miniprogram_api.sayings import A_LINE_ONCE, AN_ID, AN_OBJECT
from orders.services.quote import MAX_LINES, MAX_QUANTITY
from returns import queries as returns
from returns.models import ReturnRequest
from returns.reasons import REASONS, Kind
from returns.services.ask import LONGEST_WORDS, MOST_PICTURES, ask_return
from returns.services.offer import Wished, make_offer
from returns.services.options import KindOption, LineOptions, clocks, options
from returns.services.seen import Stage, look
from returns.services.swap import Swap, swap
from returns.shown import clock_shown, obstacle_shown, offer_shown
from returns.states import RETURN
from returns.told import KINDS, due, says

ORDER_NUMBER = in_path("number", "of the order")
KEY = header("每次申请一个新值；重试时不变 · a new one for each request, the same one for a retry")
KIND_NAMES = [kind.value for kind in Kind]
REASON_NAMES = list(REASONS)
STAGES = [stage.value for stage in Stage]
BEARERS = ["seller", "consumer"]


class ClockOut(serializers.Serializer[Any]):
    """One window: `last` is its last day in China, included."""

    name = serializers.CharField()
    says = Text()
    last = serializers.DateField()
    open = serializers.BooleanField()
    citation = serializers.CharField(allow_blank=True)
    link = serializers.CharField(allow_blank=True)


class ObstacleOut(serializers.Serializer[Any]):
    """What stands against it, with its source; `last` is the day until which it was possible."""

    code = serializers.CharField()
    says = Text()
    citation = serializers.CharField(allow_blank=True)
    link = serializers.CharField(allow_blank=True)
    last = serializers.DateField(allow_null=True)
    positions = serializers.ListField(child=serializers.IntegerField())


class ReasonOut(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(REASON_NAMES)
    says = Text()
    pictures = serializers.IntegerField(help_text="how many it takes at least")
    sends_back = serializers.BooleanField(help_text="whether goods are sent back with it")


class KindOptionOut(serializers.Serializer[Any]):
    """A kind of request and the reasons for which it may be made now; without any, why not."""

    kind = serializers.ChoiceField(KIND_NAMES)
    says = Text()
    reasons = ReasonOut(many=True)
    obstacles = ObstacleOut(many=True)


class LineOptionsOut(Shown):
    position = serializers.IntegerField()
    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()
    left = serializers.IntegerField(help_text="pieces that neither went back nor are asked for")
    kinds = KindOptionOut(many=True)


class OptionsOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    stage = serializers.ChoiceField(STAGES, help_text="where the goods are")
    received_on = serializers.DateField(allow_null=True)
    clocks = ClockOut(many=True)
    lines = LineOptionsOut(many=True)


class PiecesIn(serializers.Serializer[Any]):
    """So many pieces of a line of the order; `wanted` is the SKU in exchange, without it the same goods."""

    default_error_messages = {"invalid": AN_OBJECT}

    position = serializers.IntegerField(min_value=1, max_value=MAX_LINES)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    wanted = serializers.CharField(max_length=64, required=False)


class WishIn(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KIND_NAMES)
    reason = serializers.ChoiceField(REASON_NAMES)
    lines = serializers.ListField(child=PiecesIn(), min_length=1, max_length=MAX_LINES)

    def validate_lines(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each line is named once."""
        if len({line["position"] for line in value}) != len(value):
            raise serializers.ValidationError(str(A_LINE_ONCE))
        return value


class ReturnIn(WishIn):
    """What is asked for; `pictures` are ids that `POST …/returns/pictures` gave for this order."""

    words = serializers.CharField(max_length=LONGEST_WORDS, required=False, allow_blank=True)
    pictures = serializers.ListField(
        child=serializers.UUIDField(error_messages={"invalid": AN_ID}),
        required=False,
        max_length=MOST_PICTURES,
    )


class OfferedLine(serializers.Serializer[Any]):
    """Shares of the pieces, in fen: goods − discount + freight + tax."""

    position = serializers.IntegerField()
    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()
    goods_fen = serializers.IntegerField()
    discount_fen = serializers.IntegerField()
    freight_fen = serializers.IntegerField()
    tax_fen = serializers.IntegerField()


class OfferedTax(serializers.Serializer[Any]):
    """`restorable`: customs gives it up where goods are back in time; `kept_fen` does not go back."""

    fen = serializers.IntegerField()
    restorable = serializers.BooleanField()
    kept_fen = serializers.IntegerField()
    kept_late_fen = serializers.IntegerField(help_text="the same, should the goods come too late for customs")


class SwapLine(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()
    price_fen = serializers.IntegerField(help_text="of one piece now, tax excluded")
    on_sale = serializers.BooleanField()


class QuotaOut(serializers.Serializer[Any]):
    """年度额度: the new order takes it before the old one's comes back; `left_fen` is null of an unverified
    person."""

    year = serializers.IntegerField()
    limit_fen = serializers.IntegerField()
    left_fen = serializers.IntegerField(allow_null=True)
    needs_fen = serializers.IntegerField(help_text="by the goods; their freight comes to it")
    enough = serializers.BooleanField(allow_null=True, help_text="null where it hangs on the freight")
    comes_back_fen = serializers.IntegerField(help_text="once customs has taken the old goods back")


class SwapOut(serializers.Serializer[Any]):
    """A new order, paid and declared by itself: `…/replacement` makes its quote with freight and tax. Nothing
    is kept for it until it is placed."""

    lines = SwapLine(many=True)
    goods_fen = serializers.IntegerField()
    quota = QuotaOut()


class OfferOut(serializers.Serializer[Any]):
    """What a return would give. `late_refund_fen` is the refund should its goods be late for customs."""

    kind = serializers.ChoiceField(KIND_NAMES)
    reason = serializers.ChoiceField(REASON_NAMES)
    possible = serializers.BooleanField()
    obstacles = ObstacleOut(many=True)
    remains = serializers.ListField(child=serializers.ChoiceField(KIND_NAMES))
    lines = OfferedLine(many=True)
    goodwill_fen = serializers.IntegerField(
        help_text="given before as goodwill, and taken off: no more goes back than was paid"
    )
    refund_fen = serializers.IntegerField()
    late_refund_fen = serializers.IntegerField()
    tax = OfferedTax()
    quota_fen = serializers.IntegerField(help_text="of the yearly allowance, where the tax is given up")
    goods_back = serializers.BooleanField(help_text="whether goods come back before the money goes")
    way_back_by = serializers.ChoiceField(BEARERS)
    way_back_says = Text(allow_null=True, help_text="null where nothing is sent back")
    freight = serializers.BooleanField(help_text="whether the freight of the way there goes back too")
    clocks = ClockOut(many=True)


class QuotedReturn(OfferOut):
    exchange = SwapOut(allow_null=True, help_text="of an exchange")


class NextOut(serializers.Serializer[Any]):
    """What happens next, and by when."""

    says = Text()
    by = serializers.DateTimeField(allow_null=True)


class ReturnAsked(serializers.Serializer[Any]):
    number = serializers.CharField()
    kind = serializers.ChoiceField(KIND_NAMES)
    state = serializers.ChoiceField(RETURN.states)
    refund_fen = serializers.IntegerField(help_text="as it was quoted")
    next = NextOut()


class ReturnOptions(Door):
    """可申请的售后."""

    @extend_schema(
        operation_id="return_options",
        tags=["returns"],
        parameters=[ORDER_NUMBER],
        responses=answers(200, OptionsOut, 401, 404),
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """What each line of an order may be asked back for now, for which reasons, and until when."""
        order = returns.own_order(customer_id=self.own.customer_id, number=number)
        seen = look(order=order, now=self.now)
        shown = pictured(self, [line.sku for line in seen.lines])
        return Json(
            {
                "number": order.number,
                "stage": seen.stage,
                "received_on": seen.received,
                "clocks": [clock_shown(one) for one in clocks(seen)],
                "lines": [_options(one) | shown[one.line.sku] for one in options(seen)],
            }
        )


class ReturnQuote(Door):
    """退换货试算."""

    limits = {"POST": Limit("return_quotes", 120, 60)}

    @extend_schema(
        operation_id="quote_return",
        tags=["returns"],
        parameters=[ORDER_NUMBER],
        request=WishIn,
        responses=answers(200, QuotedReturn, 400, 401, 404, 415, 422, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """What a return would give, before it is asked for: money, tax, quota, dates, and what stands against
        it. Nothing is written."""
        order = returns.own_order(customer_id=self.own.customer_id, number=number)
        wished = wish_of(self.taken(WishIn).validated_data)
        seen = look(order=order, now=self.now)
        offer = make_offer(seen=seen, wished=wished)
        exchange = None
        if wished.kind is Kind.EXCHANGE:
            found = swap(seen=seen, wished=wished, now=self.now)
            exchange = _swap(found, offer.quota_fen)
        return Json(offer_shown(offer) | {"exchange": exchange})


class AskReturn(Door):
    """申请退换货."""

    limits = {"POST": Limit("returns", 60, 3600)}

    @extend_schema(
        operation_id="ask_return",
        tags=["returns"],
        parameters=[ORDER_NUMBER, KEY],
        request=ReturnIn,
        responses=answers(201, ReturnAsked, 400, 401, 404, 409, 415, 422, 429),
    )
    def post(self, request: Request, number: str) -> HttpResponse:
        """Ask for a refund, a return, an exchange or what a claim gives. What the law gives anyway is
        approved at once. Send the same key again after a lost answer."""
        order = returns.own_order(customer_id=self.own.customer_id, number=number)
        sent = request._request
        key, print_ = key_of(sent), fingerprint_of(sent)
        wanted = self.taken(ReturnIn).validated_data
        source = f"api:{self.own.customer_id}:returns.ask"
        before = receipts.take(source=source, key=key, fingerprint=print_)
        if before is not None:
            return told(before, replayed=True)
        row = ask_return(
            number=order.number,
            wished=wish_of(wanted),
            key=hashlib.sha256(key.encode()).hexdigest(),
            now=self.now,
            words=wanted.get("words", ""),
            pictures=wanted.get("pictures", ()),
        )
        answer = Answer(201, orjson.dumps(asked_told(row, self.now)))
        receipts.keep(source=source, key=key, fingerprint=print_, answer=answer, now=self.now)
        return told(answer)


def asked_told(row: ReturnRequest, now: datetime) -> dict[str, Any]:
    """What is told of a request when it is made."""
    return {
        "number": row.number,
        "kind": row.kind,
        "state": row.state,
        "refund_fen": row.quoted_fen,
        "next": {"says": text_of(says(row, now)), "by": due(row, now)},
    }


def wish_of(wanted: dict[str, Any]) -> Wished:
    """The body as the services take it."""
    lines = wanted["lines"]
    return Wished(
        Kind(wanted["kind"]),
        wanted["reason"],
        {line["position"]: line["quantity"] for line in lines},
        {line["position"]: line["wanted"] for line in lines if line.get("wanted")},
    )


def text_of(one: Any) -> dict[str, str]:
    """Whatever says something in both languages."""
    return {"zh": one.zh, "en": one.en}


def _options(one: LineOptions) -> dict[str, Any]:
    line = one.line
    return {
        "position": line.position,
        "sku": line.sku,
        "name": {"zh": line.name_zh, "en": line.name},
        "quantity": line.quantity,
        "left": one.left,
        "kinds": [_kind(option) for option in one.kinds],
    }


def _kind(one: KindOption) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "says": text_of(KINDS[one.kind]),
        "reasons": [_reason(name, one.kind) for name in one.reasons],
        "obstacles": [obstacle_shown(obstacle) for obstacle in one.obstacles],
    }


def _reason(name: str, kind: Kind) -> dict[str, Any]:
    reason = REASONS[name]
    return {
        "reason": name,
        "says": text_of(reason),
        "pictures": reason.pictures,
        "sends_back": reason.sends and kind is not Kind.REFUND_ONLY,
    }


def _swap(found: Swap, comes_back_fen: int) -> dict[str, Any]:
    return {
        "lines": [
            {
                "position": position,
                "sku": variant.sku,
                "name": {"zh": variant.name_zh, "en": variant.name_en},
                "quantity": pieces,
                "price_fen": variant.price_fen,
                "on_sale": variant.on_sale,
            }
            for position, variant, pieces in found.wanted
        ],
        "goods_fen": found.goods_fen,
        "quota": {
            "year": found.year,
            "limit_fen": found.limit_fen,
            "left_fen": found.left_fen,
            "needs_fen": found.goods_fen,
            "enough": found.enough,
            "comes_back_fen": comes_back_fen,
        },
    }
