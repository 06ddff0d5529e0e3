"""The screen from which a consumer starts: what each line of an order may be asked for today, and why not."""

from __future__ import annotations

from dataclasses import dataclass

from orders.models import OrderLine
from returns.reasons import REASONS, Kind
from returns.services.offer import Obstacle, Wished, stands_against
from returns.services.seen import Seen, Stage
from returns.windows import ARRIVE, DECLARE, SEVEN, Clock, claim_clock, clock


@dataclass(frozen=True, slots=True)
class KindOption:
    """One kind of request of a line, the reasons for which it may be made now; without any, why not."""

    kind: Kind
    reasons: tuple[str, ...]
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class LineOptions:
    """A line, the pieces that are left of it, and what may be asked of one of them."""

    line: OrderLine
    left: int
    kinds: tuple[KindOption, ...]


def options(seen: Seen) -> list[LineOptions]:
    """What may be asked, line by line: pure."""
    return [LineOptions(line, seen.left(line), tuple(_kinds(seen, line))) for line in seen.lines]


def clocks(seen: Seen) -> list[Clock]:
    """Every window of the order that has begun."""
    found: list[Clock] = []
    if seen.stage is Stage.DELIVERED and seen.received is not None:
        found.append(clock(SEVEN, since=seen.received, today=seen.today))
        found.append(claim_clock(since=seen.received, days=seen.policy.claim_days, today=seen.today))
    if seen.released is not None:
        found += [clock(name, since=seen.released, today=seen.today) for name in (DECLARE, ARRIVE)]
    return found


def _kinds(seen: Seen, line: OrderLine) -> list[KindOption]:
    made = []
    for kind in Kind:
        against = {
            name: stands_against(seen, Wished(kind, name, {line.position: 1}))
            for name, reason in REASONS.items()
            if kind in reason.kinds
        }
        possible = tuple(name for name, obstacles in against.items() if not obstacles)
        told = {one.code: one for obstacles in against.values() for one in obstacles}
        made.append(KindOption(kind, possible, () if possible else tuple(told.values())))
    return made
