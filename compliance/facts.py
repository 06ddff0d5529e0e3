"""What a rule may look at: plain frozen facts, gathered before anyone judges, no database behind them.

They have no slots: orjson, which writes them down for every judgement, is three times as fast without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

import orjson

from kernel.money import by_price, share

Unit = Literal["ml", "g", "piece"]
Moment = Literal["offer", "quote", "checkout", "naming", "declare"]

# Kinds of cases that say that goods may not be for personal use, or that one purchase was split.
REPEATED = frozenset(f"personal_use.one_{what}" for what in ("person", "payer", "phone", "address"))
SPLIT = "personal_use.split"


@dataclass(frozen=True)
class Listing:
    """What the positive list says of a commodity code; see compliance.models.PositiveListLine."""

    remark: str = ""
    only_modes: Sequence[str] = ()
    limit_group: str = ""
    exclusion: str = ""


@dataclass(frozen=True)
class Goods:
    """What goods are before the law, whatever they cost. `listing` is None when they are not on the list.

    `classes` are words of the figures goods/not_by_direct_mail and goods/gated_classes; `exclusion_ruled_out`
    says that someone has confirmed that the remark's exclusion does not meet them. `is_food` and `adult_only`
    only ever add to what the commodity code says (goods/food_codes, goods/adult_only_codes).
    """

    listing: Listing | None = None
    classes: Sequence[str] = ()
    is_food: bool = False
    adult_only: bool = False
    exclusion_ruled_out: bool = False


def goods_from(kept: Mapping[str, Any]) -> Goods:
    """Goods as they were kept in JSON; goods that are alike are made once, many lines share them."""
    return _goods(orjson.dumps(kept))


@lru_cache(maxsize=4096)
def _goods(text: bytes) -> Goods:
    kept = orjson.loads(text)
    listing = kept["listing"]
    return Goods(**{**kept, "listing": None if listing is None else Listing(**listing)})


@dataclass(frozen=True)
class LineFacts:
    """One line of a purchase; amounts are of the whole line, in fen, its net weight in `grams`.

    `goods_fen` is the price after public price cuts (they lower the dutiable value) and before coupons and
    points (non-cash deductions, which do not). `freight_fen` is the line's share of freight and insurance.
    A box of five masks of 25 ml has content 5 and unit "piece"; a free gift is a line of 0 fen.
    `origin` is the country of origin as ISO 3166 writes it in two letters.
    """

    sku: str
    hs_code: str
    quantity: int
    goods_fen: int
    freight_fen: int = 0
    content_per_piece: Decimal | None = None
    content_unit: Unit | None = None
    goods: Goods = field(default_factory=Goods)
    grams: int = 0
    origin: str = ""

    def __post_init__(self) -> None:
        if self.quantity < 1 or self.goods_fen < 0 or self.freight_fen < 0:
            raise ValueError(f"{self.sku}: a line has a quantity and no negative amounts")

    @property
    def dutiable_fen(self) -> int:
        """Goods and their share of freight: the dutiable value (完税价格) of the line, in fen."""
        return self.goods_fen + self.freight_fen


@dataclass(frozen=True)
class BuyerFacts:
    """What is known of the orderer (订购人), without saying who it is.

    `document` is a compliance.identity.Kind, `age` in full years on the day of the purchase.
    """

    number_present: bool
    number_well_formed: bool = False
    verified: bool = False
    document: str | None = None
    age: int | None = None


@dataclass(frozen=True)
class PublicTerms:
    """What was public at the quote's instant: the price of each line as published, and the coupon's terms.

    `lines_fen` are of whole lines, in the order of the lines, any public price cut taken off; None where
    nothing is published. `coupon_fen` is what the coupon's terms give for these goods, 0 without a coupon.
    """

    lines_fen: tuple[int | None, ...]
    coupon_fen: int = 0


@dataclass(frozen=True)
class LockedRates:
    """The exchange rates that the quote locked, in yuan for 100 units; None where no rate was on file.

    A brand that settles in yuan needs no rate of its own.
    """

    locked_on: date
    usd: Decimal | None = None
    usd_day: date | None = None
    brand_currency: str = "CNY"
    brand: Decimal | None = None
    brand_day: date | None = None


@dataclass(frozen=True)
class TradeEvidence:
    """What a payment institution must be shown of a trade (汇发〔2019〕13号); empty is missing.

    `goods` are the names as declared, one a line. Payment and waybill exist only when the order is declared.
    """

    goods: tuple[str, ...]
    amount_fen: int
    seller: str
    seller_country: str
    ordered_at: datetime | None
    buyer_country: str = "CN"
    currency: str = "CNY"
    order_number: str = ""
    payment_number: str = ""
    waybill_number: str = ""


@dataclass(frozen=True)
class PayerFacts:
    """How far it is known that the payer is the orderer: the state of the check, and the port that asks."""

    state: str
    port: str


@dataclass(frozen=True)
class Purchase:
    """A purchase as the law sees it, on a day in Shanghai, at the moment of quote, checkout or declaration;
    at the moment "naming" a paid order is judged for another orderer, who paid it; at the moment "offer" it
    is goods that are put on sale, which nobody buys yet.

    `year_used_fen` and `year_reserved_fen` are the orderer's, over all storefronts, without this purchase;
    `year_grams` maps groups of limited goods to what the orderer has reserved and used of them.
    `parties` maps the roles on file to the country of registration; `approved_modes` and `open_gates`
    ("sku:…", "class:…") are what colleagues have approved for the storefront.
    `notice_confirmed` is the hash of the risk notice that the consumer confirmed for this order.
    `exclusions` are the SKUs for which the consumer gave up the return within seven days, each with the
    ground that the goods carry ("" for none). `suspicions` are the kinds of open cases about this order.
    """

    day: date
    moment: Moment
    trade_mode: str
    storefront_trade_modes: frozenset[str]
    warehouse_trade_mode: str
    lines: tuple[LineFacts, ...]
    buyer: BuyerFacts
    year_used_fen: int = 0
    year_reserved_fen: int = 0
    year_grams: Mapping[str, int] = field(default_factory=dict)
    parties: Mapping[str, str] = field(default_factory=dict)
    approved_modes: frozenset[str] = frozenset()
    open_gates: frozenset[str] = frozenset()
    notice_confirmed: str | None = None
    exclusions: tuple[tuple[str, str], ...] = ()
    discount_fen: int = 0
    terms: PublicTerms | None = None
    rates: LockedRates | None = None
    evidence: TradeEvidence | None = None
    payer: PayerFacts | None = None
    suspicions: frozenset[str] = frozenset()

    @property
    def goods_fen(self) -> int:
        """Goods of all lines, in fen, after public price cuts and before coupons."""
        return sum(line.goods_fen for line in self.lines)

    @property
    def freight_fen(self) -> int:
        """Freight and insurance of all lines, in fen."""
        return sum(line.freight_fen for line in self.lines)

    @property
    def dutiable_fen(self) -> int:
        """The dutiable value of the order, in fen: what both limits look at."""
        return sum(line.goods_fen + line.freight_fen for line in self.lines)

    @property
    def pieces(self) -> int:
        """How many pieces the order has, free gifts included."""
        return sum(line.quantity for line in self.lines)

    @property
    def limited_grams(self) -> dict[str, int]:
        """Grams by group of goods that have a quantity per person and year."""
        grams: dict[str, int] = {}
        for line in self.lines:
            group = line.goods.listing.limit_group if line.goods.listing else ""
            if group:
                grams[group] = grams.get(group, 0) + line.grams
        return grams


def with_freight(lines: Sequence[LineFacts], freight_fen: int) -> tuple[LineFacts, ...]:
    """The lines with freight and insurance shared over them by value; the shares add up to the fen.

    Customs shares it over the lines that are declared: the share of a line is that of its parts together.
    """
    return tuple(
        replace(line, freight_fen=sum(part.freight_fen for part in parts))
        for line, parts in zip(lines, _in_parts(lines, freight_fen), strict=True)
    )


def as_declared(lines: Sequence[LineFacts]) -> list[list[LineFacts]]:
    """Of each line, the lines that order and list will have for it: price × quantity is the total.

    3 pieces for 250.00 are 2 at 83.33 and 1 at 83.34; the freight of all lines is shared over all parts.
    """
    return _in_parts(lines, sum(line.freight_fen for line in lines))


def _in_parts(lines: Sequence[LineFacts], freight_fen: int) -> list[list[LineFacts]]:
    split = [by_price(line.quantity, line.goods_fen) for line in lines]
    shares = iter(share(freight_fen, [pieces * price for parts in split for pieces, price in parts]))
    return [
        [
            replace(
                line,
                quantity=pieces,
                goods_fen=pieces * price,
                freight_fen=next(shares),
                grams=line.grams * pieces // line.quantity,
            )
            for pieces, price in parts
        ]
        for line, parts in zip(lines, split, strict=True)
    ]
