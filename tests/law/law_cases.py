"""Plain makers of lawful purchases; a test changes the one thing it is about."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from compliance.facts import (
    BuyerFacts,
    Goods,
    LineFacts,
    Listing,
    LockedRates,
    PublicTerms,
    Purchase,
    TradeEvidence,
)
from compliance.judge import Verdict, judge
from compliance.law import Law
from compliance.notice import risk_notice
from compliance.tax import Rate

DAY = date(2026, 11, 23)
LAW = Law(DAY)
PARTIES = {
    "ebc": "FR",
    "ebp": "CN",
    "agent": "CN",
    "pay": "CN",
    "logistics": "CN",
    "declarant": "CN",
    "food_recall": "CN",
}
CREAM = Rate(
    "33049900",
    mfn_rate=Decimal("0.01"),
    vat_rate=Decimal("0.13"),
    excise_kind="ad_valorem",
    excise_rate=Decimal("0.15"),
    threshold_fen_per_ml_or_g=1000,
    threshold_fen_per_piece=1500,
)


def line(goods_fen: int = 10000, freight_fen: int = 0, quantity: int = 1, **changes: Any) -> LineFacts:
    """One jar of 50 ml of cream."""
    made = LineFacts(
        sku="CREAM",
        hs_code="3304990010",
        quantity=quantity,
        goods_fen=goods_fen,
        freight_fen=freight_fen,
        content_per_piece=Decimal(50),
        content_unit="ml",
        goods=Goods(Listing()),
        grams=50,
    )
    return replace(made, **changes)


def purchase(*lines: LineFacts, **changes: Any) -> Purchase:
    """A purchase that every rule allows."""
    lines = lines or (line(),)
    made = Purchase(
        day=DAY,
        moment="checkout",
        trade_mode="1210",
        storefront_trade_modes=frozenset({"1210", "9610"}),
        warehouse_trade_mode="1210",
        lines=lines,
        buyer=BuyerFacts(
            number_present=True,
            number_well_formed=True,
            verified=True,
            document="resident_identity_card",
            age=30,
        ),
        parties=PARTIES,
        notice_confirmed=risk_notice(LAW).sha256,
        terms=PublicTerms(tuple(one.goods_fen for one in lines)),
        rates=LockedRates(locked_on=DAY, usd=Decimal("705.0000"), usd_day=DAY),
        evidence=TradeEvidence(
            goods=tuple(one.sku for one in lines),
            amount_fen=sum(one.dutiable_fen for one in lines) or 1,
            seller="Maison SAS",
            seller_country="FR",
            ordered_at=datetime(2026, 11, 23, 4, 0, tzinfo=UTC),
        ),
    )
    return replace(made, **changes)


def judged(case: Purchase) -> Verdict:
    """The verdict by the law of the purchase's day."""
    return judge(case, Law(case.day))


def refused(case: Purchase) -> list[str]:
    """The numbers of the rules that refuse."""
    return [refusal.rule for refusal in judged(case).refusals]
