"""What a return would give, before it is asked for: fen by fen, who pays what, until when, and why not.

Nothing is written. What stands against it is told with its source and with what remains possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from compliance.law import Law
from kernel.clock import shanghai_day
from orders.models import OrderLine
from payments.services.refund_writing import Kept
from returns.models import ReturnPolicy
from returns.reasons import REASONS, Fault, Kind
from returns.services.amount import Amount, comes_to
from returns.services.seen import Seen, Stage
from returns.windows import ARRIVE, DECLARE, SEVEN, Clock, claim_clock, clock


@dataclass(frozen=True, slots=True)
class Wished:
    """What is asked for: pieces by line (position → how many), and SKUs in exchange (position → SKU)."""

    kind: Kind
    reason: str
    pieces: Mapping[int, int]
    wanted: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why it is not possible: `last` is the day until which it was, `positions` of which lines."""

    code: str
    zh: str
    en: str
    citation: str = ""
    link: str = ""
    last: date | None = None
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a return would give: `now` where everything is in time, `late` should customs not give up the
    tax. `quota_fen` comes back to the year where the tax does."""

    wished: Wished
    now: Amount
    late: Amount
    obstacles: tuple[Obstacle, ...]
    remains: tuple[Kind, ...]
    goods_back: bool
    seller_pays: bool
    freight: bool
    restorable: bool
    clocks: tuple[Clock, ...]
    value_fen: int  # goods and freight of the pieces, whether or not the freight is refunded

    @property
    def possible(self) -> bool:
        """Whether it can be asked for."""
        return not self.obstacles

    @property
    def tax_fen(self) -> int:
        """Duty, VAT and consumption tax of the pieces."""
        return self.now.tax_fen

    @property
    def refund_fen(self) -> int:
        """What goes back where everything is in time."""
        return self.now.weighed.amount_fen

    @property
    def late_fen(self) -> int:
        """What goes back where the goods are not back in time for customs."""
        return min(self.refund_fen, self.late.weighed.amount_fen)

    @property
    def quota_fen(self) -> int:
        """What of the yearly allowance comes back with it."""
        if not self.restorable:
            return 0
        return self.value_fen

    def day(self, name: str) -> date | None:
        """The last day of one of its clocks."""
        return next((one.last for one in self.clocks if one.name == name), None)


def make_offer(*, seen: Seen, wished: Wished) -> Offer:
    """Judge a wish by what was seen. What stands against it is told, and nothing is raised."""
    reason = REASONS[wished.reason]
    seller = reason.fault is Fault.SELLER
    freight = seller or wished.kind is Kind.REFUND_ONLY or seen.policy.refunds_freight
    goods_back = reason.sends and wished.kind is not Kind.REFUND_ONLY
    obstacles = tuple(_obstacles(seen, wished))
    clocks = tuple(_clocks(seen, wished, goods_back))
    lost_now = _tax_lost(seen, goods_back)
    share = Fraction(0) if seller else Fraction(100 - seen.policy.lost_tax_percent, 100)
    released = seen.released is not None
    pieces = _there(seen, wished)
    return Offer(
        wished=wished,
        now=comes_to(seen, pieces, freight=freight, kept=Kept(lost_now, share if lost_now else Fraction(0))),
        late=comes_to(seen, pieces, freight=freight, kept=Kept(released, share if released else Fraction(0))),
        obstacles=obstacles,
        remains=tuple(_remains(seen, wished)) if obstacles else (),
        goods_back=goods_back,
        seller_pays=seller or seen.policy.way_back_by == ReturnPolicy.WayBack.BRAND,
        freight=freight,
        restorable=released and not lost_now,
        clocks=clocks,
        value_fen=sum(_value_fen(seen, line, wished.pieces.get(line.position, 0)) for line in seen.lines),
    )


def stands_against(seen: Seen, wished: Wished) -> tuple[Obstacle, ...]:
    """What stands against a wish, without an offer."""
    return tuple(_obstacles(seen, wished))


def _tax_lost(seen: Seen, goods_back: bool) -> bool:
    """Whether customs has levied the tax and will not give it up: nothing comes back, or too late."""
    if seen.released is None:
        return False
    comes = goods_back or seen.stage in (Stage.HERE, Stage.CAME_BACK)
    return not comes or not clock(DECLARE, since=seen.released, today=seen.today).open


def _there(seen: Seen, wished: Wished) -> dict[int, int]:
    """What is asked for and still there, by the line's id."""
    if seen.order.state != "paid":
        return {}
    wanted = {line: wished.pieces.get(line.position, 0) for line in seen.lines}
    return {line.pk: pieces for line, pieces in wanted.items() if 0 < pieces <= seen.left(line)}


def _value_fen(seen: Seen, line: OrderLine, pieces: int) -> int:
    """What the pieces of a line used of the year, as customs' list has it: by cumulative floors."""
    before, value = seen.before(line).quantity, line.goods_fen + line.freight_fen
    if not 0 < pieces <= line.quantity - before:
        return 0
    return value * (before + pieces) // line.quantity - value * before // line.quantity


def _clocks(seen: Seen, wished: Wished, goods_back: bool) -> Iterator[Clock]:
    if seen.received is not None:
        if REASONS[wished.reason].fault is Fault.NONE:
            yield clock(SEVEN, since=seen.received, today=seen.today)
        else:
            yield claim_clock(since=seen.received, days=seen.policy.claim_days, today=seen.today)
    if seen.released is not None and goods_back:
        yield clock(DECLARE, since=seen.released, today=seen.today)
        yield clock(ARRIVE, since=seen.released, today=seen.today)


def _remains(seen: Seen, wished: Wished) -> Iterator[Kind]:
    """What else may be asked of the same pieces, as far as they are there."""
    there = {line.position: seen.left(line) for line in seen.lines if seen.left(line) > 0}
    pieces = {at: min(left, wished.pieces[at]) for at, left in there.items() if at in wished.pieces} or there
    if not pieces:
        return
    for kind in Kind:
        names = [name for name, reason in REASONS.items() if kind in reason.kinds]
        if any(not list(_obstacles(seen, Wished(kind, name, pieces))) for name in names):
            yield kind


def _obstacles(seen: Seen, wished: Wished) -> Iterator[Obstacle]:
    reason = REASONS[wished.reason]
    if wished.kind not in reason.kinds:
        yield Obstacle("reason", "该原因不适用于此类申请", "this reason does not go with such a request")
        return
    if seen.order.state != "paid":
        yield Obstacle("not_paid", "订单未支付或已取消", "the order is not paid, or was cancelled")
        return
    yield from _of_pieces(seen, wished)
    yield from _of_stage(seen, wished)
    if reason.fault is Fault.NONE and wished.kind in (Kind.RETURN, Kind.EXCHANGE):
        yield from _of_seven_days(seen, wished)


def _of_pieces(seen: Seen, wished: Wished) -> Iterator[Obstacle]:
    known = {line.position: line for line in seen.lines}
    if not wished.pieces or any(count <= 0 for count in wished.pieces.values()):
        yield Obstacle("no_pieces", "请选择商品及件数", "say how many pieces of which goods")
    unknown = tuple(at for at in wished.pieces if at not in known)
    if unknown:
        yield Obstacle("no_line", "订单中没有该商品", "the order has no such line", positions=unknown)
    over = tuple(at for at, many in wished.pieces.items() if at in known and many > seen.left(known[at]))
    if over:
        yield Obstacle(
            "too_many",
            "超过可退件数，部分商品已退或正在办理",
            "more pieces than are left: others went back or are asked for",
            positions=over,
        )


def _of_stage(seen: Seen, wished: Wished) -> Iterator[Obstacle]:
    delivered = seen.stage is Stage.DELIVERED
    if wished.kind is Kind.REFUND_ONLY:
        if delivered:
            yield Obstacle(
                "received",
                "已签收，请申请退货退款或售后",
                "it was received: ask for a return, or make a claim",
            )
        elif wished.reason == "no_longer_wanted" and seen.stage is not Stage.HERE:
            yield Obstacle(
                "left",
                "商品已发出，可拒收或签收后申请退货",
                "the goods have left: refuse the parcel, or return them once you have them",
            )
        elif wished.reason == "not_received" and seen.stage is Stage.HERE:
            yield Obstacle(
                "not_left", "商品尚未发出，请选择未发货退款", "the goods have not left: ask for the money"
            )
        return
    if not delivered or seen.received is None:
        yield Obstacle("not_received", "尚未签收", "the goods have not been received yet")
    elif REASONS[wished.reason].fault is Fault.SELLER:
        window = claim_clock(since=seen.received, days=seen.policy.claim_days, today=seen.today)
        if not window.open:
            yield Obstacle(
                "claim_over",
                f"售后申请期限已于{window.last}届满；质量问题请联系客服，核实后按订单退款",
                f"claims were taken until {window.last}; of a defect write to customer service, who can have"
                " it refunded from the order",
                window.citation,
                last=window.last,
            )


def _of_seven_days(seen: Seen, wished: Wished) -> Iterator[Obstacle]:
    if seen.received is not None:
        window = clock(SEVEN, since=seen.received, today=seen.today)
        if not window.open:
            yield Obstacle(
                "seven_days_over",
                f"七日无理由退货期限已于{window.last}届满",
                f"the seven days without a reason ended on {window.last}",
                window.citation,
                window.link,
                window.last,
            )
    given_up = [line for line in seen.lines if wished.pieces.get(line.position) and _given_up(line)]
    if given_up:
        bought = shanghai_day(seen.order.placed_at)
        found = Law(bought).source("returns/exclusion_grounds")
        yield Obstacle(
            "given_up",
            "购买时已逐一确认该商品不适用七日无理由退货",
            "you confirmed when you bought it that these goods are not returned without a reason",
            found.citation,
            found.link,
            positions=tuple(line.position for line in given_up),
        )


def _given_up(line: OrderLine) -> bool:
    """Only where the confirmation for that line exists (law.md R3.4)."""
    return bool(line.exclusion_hash)
