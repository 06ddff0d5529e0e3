"""A consumer's returns: the list, and one of them with what happens next and by when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.clock import shanghai_day
from kernel.documents import Text, answers, in_path
from logistics.vocabulary import Code, carriers
from miniprogram_api.door import Door, Json
from miniprogram_api.parcels import PointOut
from miniprogram_api.pictured import Shown, pictured
from miniprogram_api.refunds import RefundOut, refund_told
from miniprogram_api.return_requests import BEARERS, KIND_NAMES, REASON_NAMES, ClockOut, NextOut, text_of
from orders.states import ORDER
from returns import queries as returns
from returns.customs_told import SAYS, at_customs
from returns.models import ReturnGrade, ReturnLine, ReturnRequest, StrayParcel
from returns.personal import words_of
from returns.reasons import REASONS, Kind
from returns.states import RETURN, STRAY
from returns.told import ACTS, KINDS, WAY_BACK, due, may, says, unexpected_says

NUMBER = in_path("number", "of the return")
GRADES = ReturnGrade.Grade


class ReturnBrief(serializers.Serializer[Any]):
    """A return in few words, as its order's page shows it."""

    number = serializers.CharField()
    kind = serializers.ChoiceField(KIND_NAMES)
    state = serializers.ChoiceField(RETURN.states)
    says = Text()


class ReturnedPieces(Shown):
    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()


class ReturnCard(serializers.Serializer[Any]):
    """A return in the list."""

    number = serializers.CharField()
    order = serializers.CharField()
    kind = serializers.ChoiceField(KIND_NAMES)
    state = serializers.ChoiceField(RETURN.states)
    next = NextOut()
    requested_at = serializers.DateTimeField()
    refund_fen = serializers.IntegerField(help_text="as it was quoted")
    lines = ReturnedPieces(many=True)


class ReturnPageOut(serializers.Serializer[Any]):
    items = ReturnCard(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class ReturnQuery(serializers.Serializer[Any]):
    cursor = serializers.CharField(max_length=40, required=False, allow_blank=True)
    limit = serializers.IntegerField(min_value=1, max_value=returns.MAX_LIMIT, required=False)


class GradeOut(serializers.Serializer[Any]):
    """How so many pieces were found."""

    grade = serializers.ChoiceField(GRADES.values)
    says = Text()
    quantity = serializers.IntegerField()


class WantedOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    name = Text()


class ReturnedLine(Shown):
    position = serializers.IntegerField()
    sku = serializers.CharField()
    name = Text()
    quantity = serializers.IntegerField()
    wanted = WantedOut(allow_null=True, help_text="in exchange")
    grades = GradeOut(many=True)


class SendToOut(serializers.Serializer[Any]):
    """退货地址: where goods go that are sent back."""

    name = serializers.CharField()
    phone = serializers.CharField(allow_blank=True)
    region = serializers.ListField(child=serializers.CharField())
    street = serializers.CharField(allow_blank=True)


class CarrierChoice(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = Text()


class WayOut(serializers.Serializer[Any]):
    carrier = serializers.CharField()
    waybill = serializers.CharField()
    sent_at = serializers.DateTimeField(allow_null=True)
    latest = PointOut(allow_null=True, help_text="what the carrier told last; null before anything was")


class WayPaidOut(serializers.Serializer[Any]):
    """A transfer beside the refund."""

    fen = serializers.IntegerField()
    on = serializers.DateField()


class KeptBackOut(serializers.Serializer[Any]):
    fen = serializers.IntegerField()
    why = serializers.CharField(allow_blank=True)


class ReasonSaid(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(REASON_NAMES)
    says = Text()


class ReturnStep(serializers.Serializer[Any]):
    state = serializers.ChoiceField(RETURN.states)
    at = serializers.DateTimeField()


class ReplacingOrder(serializers.Serializer[Any]):
    number = serializers.CharField()
    state = serializers.ChoiceField(ORDER.states)


class ReplacementOut(serializers.Serializer[Any]):
    """The quote of what is ordered anew, and the order that was placed on it."""

    quote = serializers.UUIDField()
    total_fen = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    order = ReplacingOrder(allow_null=True)


class SentBackOut(serializers.Serializer[Any]):
    carrier = serializers.CharField()
    waybill = serializers.CharField()


class UnexpectedOut(serializers.Serializer[Any]):
    """A parcel from the consumer that no request expected, and what becomes of it."""

    number = serializers.CharField()
    came_on = serializers.DateField()
    pieces = serializers.IntegerField()
    state = serializers.ChoiceField(STRAY.states)
    says = Text()
    return_number = serializers.CharField(allow_null=True, help_text="the return that it is of now, or was")
    way = SentBackOut(allow_null=True, help_text="by which it was sent back")


class AtCustomsOut(serializers.Serializer[Any]):
    """What customs did with it; the refund never waits for that."""

    state = serializers.ChoiceField(tuple(SAYS))
    says = Text()
    quota_fen = serializers.IntegerField(help_text="of the year's allowance that is back")


class ReturnOut(serializers.Serializer[Any]):
    number = serializers.CharField()
    order = serializers.CharField()
    kind = serializers.ChoiceField(KIND_NAMES)
    kind_says = Text()
    reason = ReasonSaid()
    state = serializers.ChoiceField(RETURN.states)
    next = NextOut()
    may = serializers.ListField(child=serializers.ChoiceField(ACTS), help_text="what the consumer can do now")
    requested_at = serializers.DateTimeField()
    words = serializers.CharField(allow_blank=True)
    pictures = serializers.ListField(child=serializers.UUIDField())
    answer = serializers.CharField(allow_blank=True, help_text="what the shop said")
    lines = ReturnedLine(many=True)
    goods_back = serializers.BooleanField()
    way_back_by = serializers.ChoiceField(BEARERS)
    way_back_says = Text(allow_null=True, help_text="null where nothing is sent back")
    way_back_paid = WayPaidOut(allow_null=True, help_text="what the seller has paid for the way back")
    refund_fen = serializers.IntegerField(help_text="as it was quoted")
    late_refund_fen = serializers.IntegerField(help_text="should the goods come too late for customs")
    kept_back = KeptBackOut(allow_null=True)
    goodwill_fen = serializers.IntegerField(help_text="what of the refund was given before as goodwill")
    refund = RefundOut(allow_null=True)
    clocks = ClockOut(many=True)
    at_customs = AtCustomsOut(allow_null=True, help_text="null where customs was told of no return")
    send_to = SendToOut(allow_null=True, help_text="where goods are to be sent, else null")
    carriers = CarrierChoice(many=True, help_text="by whom they may be sent, where they are to be sent")
    way = WayOut(allow_null=True)
    unexpected = UnexpectedOut(many=True)
    history = ReturnStep(many=True)
    replacement = ReplacementOut(allow_null=True)


class Returns(Door):
    """退换货列表."""

    @extend_schema(
        operation_id="returns",
        tags=["returns"],
        parameters=[ReturnQuery],
        responses=answers(200, ReturnPageOut, 401, 404, 422),
    )
    def get(self, request: Request) -> HttpResponse:
        """The customer's returns, the youngest first; follow `next_cursor` for more."""
        wanted = self.asked(ReturnQuery).validated_data
        page = returns.page(customer_id=self.own.customer_id, **wanted)
        skus = [one.line.sku for row in page.items for one in row.lines.all()]
        shown = pictured(self, skus)
        cards = [_card(row, shown, self.now) for row in page.items]
        return Json({"items": cards, "next_cursor": page.next_cursor})


class ReturnView(Door):
    """退换货详情."""

    @extend_schema(
        operation_id="return",
        tags=["returns"],
        parameters=[NUMBER],
        responses=answers(200, ReturnOut, 401, 404),
    )
    def get(self, request: Request, number: str) -> HttpResponse:
        """One return: what happens next and by when, its lines as they were found, money and dates."""
        return shown(self, number)


def brief(row: ReturnRequest, now: datetime) -> dict[str, Any]:
    """A return as its order's page shows it."""
    return {"number": row.number, "kind": row.kind, "state": row.state, "says": text_of(says(row, now))}


def unexpected(row: StrayParcel) -> dict[str, Any]:
    """A parcel that no request expected, as its order's and its return's page show it."""
    of = row.result or row.request
    carrier, _, waybill = row.note.partition(" ")
    sold = getattr(row, "sold", 0)
    return {
        "number": row.number,
        "came_on": row.came_on,
        "pieces": sold + row.pieces,
        "state": row.state,
        "says": text_of(unexpected_says(row, sold)),
        "return_number": of.number if of else None,
        "way": {"carrier": carrier, "waybill": waybill} if row.state == "sent_back" else None,
    }


def _next(row: ReturnRequest, now: datetime) -> dict[str, Any]:
    return {"says": text_of(says(row, now)), "by": due(row, now)}


def _card(row: ReturnRequest, shown: dict[str, dict[str, Any]], now: datetime) -> dict[str, Any]:
    lines = sorted(row.lines.all(), key=lambda one: one.line.position)
    return {
        "number": row.number,
        "order": row.order.number,
        "kind": row.kind,
        "state": row.state,
        "next": _next(row, now),
        "requested_at": row.requested_at,
        "refund_fen": row.quoted_fen,
        "lines": [
            {
                "sku": one.line.sku,
                "name": {"zh": one.line.name_zh, "en": one.line.name},
                "quantity": one.quantity,
                **shown[one.line.sku],
            }
            for one in lines
        ],
    }


def shown(door: Door, number: str) -> HttpResponse:
    """The page of a return of the customer who calls; raises Missing."""
    row = returns.one(customer_id=door.own.customer_id, number=number)
    acts = may(row, door.now)
    today = shanghai_day(door.now).isoformat()
    sends = "way" in acts
    lines = returns.lines(row)
    goods = pictured(door, [one.line.sku for one in lines])
    return Json(
        {
            "number": row.number,
            "order": row.order.number,
            "kind": row.kind,
            "kind_says": text_of(KINDS[Kind(row.kind)]),
            "reason": {"reason": row.reason, "says": text_of(REASONS[row.reason])},
            "state": row.state,
            "next": _next(row, door.now),
            "may": acts,
            "requested_at": row.requested_at,
            "words": words_of(row),
            "pictures": [one.public_id for one in returns.pictures(row)],
            "answer": row.answer,
            "lines": [_line(one) | goods[one.line.sku] for one in lines],
            "goods_back": row.goods_back,
            "way_back_by": "seller" if row.seller_pays else "consumer",
            "way_back_paid": {"fen": row.way_fen, "on": row.way_paid_on} if row.way_fen else None,
            "way_back_says": text_of(WAY_BACK[row.seller_pays]) if row.goods_back else None,
            "refund_fen": row.quoted_fen,
            "late_refund_fen": row.quoted_late_fen,
            "kept_back": {"fen": row.deducted_fen, "why": row.deducted_why} if row.deducted_fen else None,
            "goodwill_fen": row.refund.spared_fen if row.refund else 0,
            "refund": refund_told(row.refund) if row.refund else None,
            "clocks": [one | {"open": today <= one["last"]} for one in row.quote.get("clocks", [])],
            "at_customs": _at_customs(row),
            "send_to": _send_to(row) if sends else None,
            "carriers": _carriers() if sends else [],
            "way": _way(row) if row.waybill else None,
            "unexpected": [unexpected(one) for one in returns.unexpected(row.order, row)],
            "history": [{"state": step.state, "at": step.at} for step in returns.history(row)],
            "replacement": _replacement(row),
        }
    )


def _at_customs(row: ReturnRequest) -> dict[str, Any] | None:
    told = at_customs(row)
    if told is None:
        return None
    return {"state": told.state, "says": text_of(told.says), "quota_fen": told.quota_fen}


def _line(one: ReturnLine) -> dict[str, Any]:
    wanted = one.wanted
    return {
        "position": one.line.position,
        "sku": one.line.sku,
        "name": {"zh": one.line.name_zh, "en": one.line.name},
        "quantity": one.quantity,
        "wanted": wanted
        and {"sku": wanted.sku, "name": {"zh": wanted.product.name_zh, "en": wanted.product.name_en}},
        "grades": [
            {"grade": grade.grade, "says": _label(grade.get_grade_display()), "quantity": grade.quantity}
            for grade in one.grades.all()
        ],
    }


def _label(both: str) -> dict[str, str]:
    zh, _, en = both.partition(" · ")
    return {"zh": zh, "en": en}


def _way(row: ReturnRequest) -> dict[str, Any]:
    latest = None
    if row.way_at is not None:
        says = _label(str(Code(row.way_code).label))
        latest = {"at": row.way_at, "code": row.way_code, "says": says, "text": row.way_text}
    return {"carrier": row.carrier, "waybill": row.waybill, "sent_at": row.sent_at, "latest": latest}


def _carriers() -> list[dict[str, Any]]:
    return [{"code": one.code, "name": {"zh": one.name_zh, "en": one.name}} for one in carriers().values()]


def _send_to(row: ReturnRequest) -> dict[str, Any] | None:
    place = returns.send_to(row)
    if place is None:
        return None
    return {
        "name": place.name,
        "phone": place.phone,
        "region": [one for one in (place.province, place.city, place.county) if one],
        "street": place.street,
    }


def _replacement(row: ReturnRequest) -> dict[str, Any] | None:
    quote = row.replacement
    if quote is None:
        return None
    order = returns.replaced_by(row)
    return {
        "quote": quote.token,
        "total_fen": quote.total_fen,
        "expires_at": quote.expires_at,
        "order": order and {"number": order.number, "state": order.state},
    }
