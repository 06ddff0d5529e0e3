"""Coupons in the customer's hands, and those that could be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from kernel.documents import Text, answers, in_path
from kernel.throttle import Limit
from miniprogram_api.door import Door, Json
from orders import queries as orders
from orders.models import Coupon, CouponClaim
from orders.services.coupons import claim_coupon

CODE = in_path("code", "of the coupon")
CLAIM_STATES = USABLE, NOT_YET, USED, OVER = "usable", "not_yet", "used", "over"


class CouponOut(serializers.Serializer[Any]):
    """A coupon pays a part of the order; it never lowers the dutiable value (完税价格)."""

    code = serializers.CharField()
    name = Text()
    reduces_fen = serializers.IntegerField()
    from_goods_fen = serializers.IntegerField(help_text="usable from this value of goods on")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class ClaimOut(serializers.Serializer[Any]):
    """A coupon in the customer's hands; `id` goes into a quote."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(CLAIM_STATES)
    claimed_at = serializers.DateTimeField()
    order = serializers.CharField(allow_null=True)
    coupon = CouponOut()


class CouponList(serializers.Serializer[Any]):
    claims = ClaimOut(many=True)
    claimable = CouponOut(many=True)


class CouponSeen(serializers.Serializer[Any]):
    """A coupon and what the customer has of it. It holds for all goods of the storefront alike."""

    coupon = CouponOut()
    claim = ClaimOut(allow_null=True)
    claimable = serializers.BooleanField()


class Coupons(Door):
    """优惠券."""

    sells = frozenset({"GET"})

    @extend_schema(operation_id="coupons", tags=["cart"], responses=answers(200, CouponList, 401, 404))
    def get(self, request: Request) -> HttpResponse:
        """The customer's own coupons, and those that can be claimed."""
        who = self.own.customer_id
        free = orders.claimable(storefront_id=self.shop.id, customer_id=who, now=self.now)
        return Json(
            {
                "claims": [claim_shown(claim, self.now) for claim in orders.claims(customer_id=who)],
                "claimable": [_coupon(coupon) for coupon in free],
            }
        )


class CouponView(Door):
    """优惠券详情."""

    sells = frozenset({"GET"})

    @extend_schema(
        operation_id="coupon", tags=["cart"], parameters=[CODE], responses=answers(200, CouponSeen, 401, 404)
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        """A coupon: what it pays, from which value of goods on, and when."""
        coupon, claim = orders.coupon(storefront_id=self.shop.id, customer_id=self.own.customer_id, code=code)
        return Json(
            {
                "coupon": _coupon(coupon),
                "claim": claim_shown(claim, self.now) if claim else None,
                "claimable": claim is None and coupon.starts_at <= self.now < coupon.ends_at,
            }
        )


class ClaimCoupon(Door):
    """领取优惠券."""

    sells = frozenset({"POST"})
    limits = {"POST": Limit("claims", 30, 60)}

    @extend_schema(
        operation_id="claim_coupon",
        tags=["cart"],
        parameters=[CODE],
        request=None,
        responses=answers(201, ClaimOut, 401, 404, 409, 429),
    )
    def post(self, request: Request, code: str) -> HttpResponse:
        """Claim a coupon; claiming it again answers with the claim one has."""
        return Json(
            claim_shown(claim_coupon(customer=self.customer(), code=code, now=self.now), self.now), 201
        )


def claim_shown(claim: CouponClaim, now: datetime) -> dict[str, Any]:
    """A coupon in its owner's hands, as JSON."""
    coupon = claim.coupon
    state = USABLE
    if claim.order_number:
        state = USED
    elif now < coupon.starts_at:
        state = NOT_YET
    elif now >= coupon.ends_at:
        state = OVER
    return {
        "id": claim.public_id,
        "state": state,
        "claimed_at": claim.claimed_at,
        "order": claim.order_number or None,
        "coupon": _coupon(coupon),
    }


def _coupon(coupon: Coupon) -> dict[str, Any]:
    return {
        "code": coupon.code,
        "name": {"zh": coupon.name_zh, "en": coupon.name},
        "reduces_fen": coupon.reduces_fen,
        "from_goods_fen": coupon.from_goods_fen,
        "starts_at": coupon.starts_at,
        "ends_at": coupon.ends_at,
    }
