"""What is paid abroad stays below a ceiling and can be shown to be a trade (汇发〔2019〕13号)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from compliance.facts import LockedRates, Purchase
from compliance.law import Law
from compliance.rules.book import rule

_SINCE = date(2019, 4, 29)


@rule(
    "FOREX-1",
    law="forex/single_transaction_usd",
    also=("forex/rate_max_age_days",),
    since=_SINCE,
    moments=("quote", "checkout", "declare"),
    zh="支付机构办理的跨境电子商务外汇业务单笔金额原则上不得超过等值5万美元，按订单锁定的汇率折算；"
    "没有有效参考汇率的，不得交易。",
)
def transaction_within_the_ceiling(case: Purchase, law: Law) -> dict[str, Any] | None:
    """A single cross-border payment through a payment institution may in principle not exceed the equivalent
    of the ceiling in US dollars, at the rate locked on the order; without a valid rate there is no trade."""
    ceiling: int = law.figure("forex/single_transaction_usd")
    rates = case.rates
    if rates is None or rates.usd is None:
        return {"currency": "USD", "ceiling_usd": ceiling}
    for currency, rate, day in _needed(rates):
        age = (rates.locked_on - day).days if rate is not None and day is not None else None
        if age is None or age > law.figure("forex/rate_max_age_days"):
            return {"currency": currency, "rate_age_days": age}
    # Goods and freight may go abroad; the tax stays in China. Fen over yuan for 100 units are US dollars.
    if case.dutiable_fen <= ceiling * rates.usd:
        return None
    return {"dutiable_fen": case.dutiable_fen, "ceiling_usd": ceiling, "cny_per_100_usd": str(rates.usd)}


def _needed(rates: LockedRates) -> list[tuple[str, Decimal | None, date | None]]:
    needed = [("USD", rates.usd, rates.usd_day)]
    if rates.brand_currency not in ("USD", "CNY"):
        needed.append((rates.brand_currency, rates.brand, rates.brand_day))
    return needed


@rule(
    "FOREX-2",
    law="forex/trade_elements",
    since=_SINCE,
    moments=("checkout", "declare"),
    zh="外汇业务应当具有完整的交易电子信息：商品名称及种类、数量、币种、金额、交易双方及国别、订单时间；"
    "申报时还应当具有订单号、支付单号和运单号。",
)
def trade_evidence_is_complete(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Foreign exchange rests on complete electronic information of the trade: name and kind of the goods,
    quantity, currency, amount, both parties and their countries, time of the order; when it is declared also
    the numbers of order, payment and waybill."""
    told = case.evidence
    if told is None:
        return {"missing": list(law.figure("forex/trade_elements"))}
    elements = {
        "goods": told.goods and len(told.goods) == len(case.lines) and all(told.goods),
        "quantity": all(line.quantity for line in case.lines),
        "currency": told.currency,
        "amount": told.amount_fen > 0,
        "seller": told.seller,
        "seller_country": told.seller_country,
        "buyer": case.buyer.number_present or case.moment != "declare",  # before, it is IDENTITY-1's matter
        "buyer_country": told.buyer_country,
        "ordered_at": told.ordered_at,
    }
    missing = [name for name in law.figure("forex/trade_elements") if not elements[name]]
    if case.moment == "declare":
        numbers = ("order_number", "payment_number", "waybill_number")
        missing += [name for name in numbers if not getattr(told, name)]
    return {"missing": missing} if missing else None
