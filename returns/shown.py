"""What of an offer is shown and kept: amounts in fen, days as ISO dates, every text in both languages."""

from __future__ import annotations

from typing import Any

from returns.services.offer import Obstacle, Offer
from returns.told import WAY_BACK
from returns.windows import Clock


def offer_shown(offer: Offer) -> dict[str, Any]:
    """The offer as JSON, the same for the consumer's screen and for the row that keeps it."""
    way = WAY_BACK[offer.seller_pays]
    return {
        "kind": str(offer.wished.kind),
        "reason": offer.wished.reason,
        "possible": offer.possible,
        "obstacles": [obstacle_shown(one) for one in offer.obstacles],
        "remains": [str(kind) for kind in offer.remains],
        "lines": [
            {
                "position": one.line.position,
                "sku": one.line.sku,
                "name": {"zh": one.line.name_zh, "en": one.line.name},
                "quantity": one.quantity,
                "goods_fen": one.shares["goods_fen"],
                "discount_fen": one.shares["discount_fen"],
                "freight_fen": one.shares["freight_fen"],
                "tax_fen": one.tax_fen,
            }
            for one in offer.now.parts
        ],
        "goodwill_fen": offer.now.goodwill_fen,
        "refund_fen": offer.refund_fen,
        "late_refund_fen": offer.late_fen,
        "tax": {
            "fen": offer.tax_fen,
            "restorable": offer.restorable,
            "kept_fen": offer.now.tax_kept_fen,
            "kept_late_fen": offer.late.tax_kept_fen,
        },
        "quota_fen": offer.quota_fen,
        "goods_back": offer.goods_back,
        "way_back_by": "seller" if offer.seller_pays else "consumer",
        "way_back_says": {"zh": way.zh, "en": way.en} if offer.goods_back else None,
        "freight": offer.freight,
        "clocks": [clock_shown(one) for one in offer.clocks],
    }


def obstacle_shown(one: Obstacle) -> dict[str, Any]:
    """One obstacle as JSON."""
    return {
        "code": one.code,
        "says": {"zh": one.zh, "en": one.en},
        "citation": one.citation,
        "link": one.link,
        "last": one.last.isoformat() if one.last else None,
        "positions": list(one.positions),
    }


def clock_shown(one: Clock) -> dict[str, Any]:
    """One window as JSON."""
    return {
        "name": one.name,
        "says": {"zh": one.zh, "en": one.en},
        "last": one.last.isoformat(),
        "open": one.open,
        "citation": one.citation,
        "link": one.link,
    }
