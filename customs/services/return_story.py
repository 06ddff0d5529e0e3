"""What was told of the returns (退货) of a declaration, by number: read from its events alone.

Of the pieces that customs was told of some have arrived, on this day or that, some never come, and the rest
is expected still. What never comes may come after all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from compliance.law import Law
from compliance.models import VALUE
from customs.models import Declaration
from kernel.clock import shanghai_day
from kernel.models import Event

DECLARED, GRANTED, REFUSED = "customs.return_declared", "customs.returned", "customs.return_refused"
ARRIVED, NEVER_CAME, RESTORED = (
    "customs.return_arrived",
    "customs.return_never_came",
    "customs.return_restored",
)
_NAMES = (DECLARED, GRANTED, REFUSED, ARRIVED, NEVER_CAME, RESTORED)
Pieces = Counter[str]  # by SKU


@dataclass
class Story:
    """One return: its pieces by SKU, and what customs said of it last."""

    declared: Pieces = field(default_factory=Pieces)
    arrivals: list[tuple[date, Pieces]] = field(default_factory=list)
    never: Pieces = field(default_factory=Pieces)
    restored: Pieces = field(default_factory=Pieces)
    restorations: int = 0
    restored_fen: int = 0  # of the year's value
    granted: bool = False
    refused: bool = False

    @property
    def back(self) -> Pieces:
        """Pieces that have arrived."""
        return sum((pieces for _, pieces in self.arrivals), Pieces())

    @property
    def lost(self) -> Pieces:
        """Pieces that are said never to come, and did not."""
        return self.never & (self.declared - self.back)

    @property
    def expected(self) -> Pieces:
        """Pieces that are neither back nor said never to come."""
        return self.declared - self.back - self.lost

    @property
    def booked(self) -> Pieces:
        """Pieces that the account book holds again by it: those that were granted and come."""
        return self.declared - self.lost if self.granted else Pieces()

    def in_time(self, last: date) -> Pieces:
        """Pieces that had arrived by the `last` day."""
        return sum((pieces for on, pieces in self.arrivals if on <= last), Pieces())


def stories(declaration: Declaration) -> dict[str, Story]:
    """Every return of a declaration by its number (copNo), in the order in which they were declared."""
    told: dict[str, Story] = {}
    events = Event.objects.filter(key=declaration.event_key, name__in=_NAMES).order_by("seq")
    for name, facts in events.values_list("name", "facts"):
        story = told.setdefault(facts["return"], Story())
        named = facts.get("pieces")
        pieces = Pieces(named if isinstance(named, dict) else {})
        match name:
            case "customs.return_declared":
                story.declared = pieces
            case "customs.return_arrived":
                story.arrivals.append((date.fromisoformat(facts["arrived"]), pieces))
            case "customs.return_never_came":
                story.never += pieces
            case "customs.return_restored":
                story.restored += pieces
                story.restorations += 1
                story.restored_fen += facts["measures"].get(VALUE, 0)
            case _:  # what customs said last holds
                story.granted, story.refused = name == GRANTED, name == REFUSED
    return told


def given_up(declaration: Declaration, number: str) -> Pieces:
    """Pieces of the return `number` whose tax customs does not levy, as far as it is known: back in time and
    not refused. That it grants them is not awaited."""
    story = stories(declaration).get(number)
    if story is None or story.refused or declaration.released_at is None:
        return Pieces()
    return story.in_time(last_day(declaration))


def last_day(declaration: Declaration) -> date:
    """By which the goods of a return are back at the original zone or site: the 45th after the release."""
    assert declaration.released_at is not None  # a return is of a released list
    released = shanghai_day(declaration.released_at)
    return released + timedelta(days=Law(released).figure("import/return_arrived_days"))
