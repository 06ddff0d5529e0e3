"""Claiming a coupon: one per customer and coupon, while it lasts; a second claim is the first one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from customers.models import Customer
from kernel.errors import Conflict, Missing
from kernel.ids import uuid7
from kernel.tenancy import tenant
from orders.models import Coupon, CouponClaim


@dataclass(eq=False)
class NotClaimable(Conflict):
    """The coupon's time has not come, or is over."""

    code = "coupon_not_claimable"
    title = "This coupon cannot be claimed now."
    title_zh = "该优惠券当前不可领取。"
    coupon: str


def claim_coupon(*, customer: Customer, code: str, now: datetime) -> CouponClaim:
    """The customer's claim on the coupon, made if there is none yet. Raises Missing, NotClaimable."""
    with tenant(customer.storefront_id):
        coupon = Coupon.objects.filter(storefront_id=customer.storefront_id, code=code).first()
        if coupon is None:
            raise Missing()
        held = CouponClaim.objects.filter(coupon=coupon, customer=customer)
        if not held.exists():
            if not coupon.starts_at <= now < coupon.ends_at:
                raise NotClaimable(coupon=code)
            # Two taps at once meet at the unique key, and both see the one claim.
            CouponClaim.objects.bulk_create(
                [
                    CouponClaim(
                        public_id=uuid7(),
                        storefront_id=customer.storefront_id,
                        coupon=coupon,
                        customer=customer,
                        claimed_at=now,
                    )
                ],
                ignore_conflicts=True,
            )
        return held.select_related("coupon").get()
