"""What fills a gap of a mould in one cast: keys, names, numbers, days; one function a kind of gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from kernel.clock import SHANGHAI, shanghai_day
from kernel.ids import LETTERS


@dataclass(frozen=True)
class Space:
    """The keys of one kind of mould: those of the n-th cast begin at `base + n * size`, table by table."""

    base: Mapping[str, int]
    size: Mapping[str, int]


@dataclass
class Cast:
    """The n-th cast of a mould whose life began at `began`: this one begins at `start`."""

    n: int
    space: Space
    began: datetime
    start: datetime
    dice: Random
    facts: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)  # whose gaps are looked up
    account: Callable[[int, int], int] | None = None  # of a year and a measure

    def __post_init__(self) -> None:
        self.delta = self.start - self.began
        self.days = timedelta(days=(shanghai_day(self.start) - shanghai_day(self.began)).days)
        self.stamp = int(self.start.timestamp() * 1000)

    def id(self, table: str, k: int) -> str:
        """The key of the k-th row of a table."""
        return str(self.space.base[table] + self.n * self.space.size[table] + k)

    def keyed(self, word: str, table: str, k: int) -> str:
        """The same behind a word."""
        return word + self.id(table, k)

    def uuid(self, *_: object) -> str:
        """An UUID of version 7 of the millisecond at which the life begins."""
        r = self.dice.getrandbits(74)
        value = (self.stamp << 80) | (0x7 << 76) | ((r >> 62) << 64) | (0x2 << 62) | (r & ((1 << 62) - 1))
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def at(self, instant: datetime) -> str:
        """An instant, as long after the beginning as in the mould."""
        return str(instant + self.delta)

    def day(self, day: date) -> str:
        """A day, or the day of an instant."""
        moved = shanghai_day(day + self.delta) if isinstance(day, datetime) else day + self.days
        return str(moved)

    def number(self, word: str, at: datetime, letters: int, _: int) -> str:
        """A public number of ours, as `kernel.ids.number` makes them."""
        tail = "".join(self.dice.choices(LETTERS, k=letters))
        return f"{word}{at + self.delta:%y%m%d%H%M%S}{self.dice.randrange(1000):03d}{tail}"

    def serial(self, head: str, digits: int, place: int) -> str:
        """A number of somebody outside, given out one by one."""
        serial = self.space.base["serial"] + self.n * 64 + place % 64
        return head + str(serial).zfill(digits)[-digits:]

    def said(self, at: datetime, form: str, tail: str) -> str:
        """An instant in a text."""
        at += self.delta
        if form == "compact":
            return f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}{tail}"
        if form == "local":
            return f"{at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M:%S}"
        return at.astimezone(UTC if at.utcoffset() == timedelta(0) else SHANGHAI).isoformat()

    def guid(self, _: str) -> str:
        """One as the port's messages have it."""
        return str(UUID(int=self.dice.getrandbits(128), version=4)).upper()

    def digest(self, _: str) -> str:
        """Of a message that nobody has seen."""
        return f"{self.dice.getrandbits(256):064x}"

    def fact(self, name: str) -> str:
        """What is told of this one: a name, a telephone."""
        return self.facts[name]

    def named(self, word: str, glue: str) -> str:
        """A name with this one's tail."""
        return f"{word}{glue}{self.facts['tail']}"

    def of_other(self, whose: str, spec: Any) -> str:
        """What fills another cast's gap: the buyer's, a product's."""
        return self.others[whose](spec)

    def of_year(self, measure: int) -> str:
        """The account of the buyer's year."""
        assert self.account is not None
        return str(self.account(shanghai_day(self.start).year, measure))


MAKERS: Mapping[str, Callable[..., str]] = {
    "id": Cast.id,
    "keyed": Cast.keyed,
    "uuid": Cast.uuid,
    "at": Cast.at,
    "day": Cast.day,
    "number": Cast.number,
    "serial": Cast.serial,
    "text_at": Cast.said,
    "guid": Cast.guid,
    "digest": Cast.digest,
    "fact": Cast.fact,
    "named": Cast.named,
    "from": Cast.of_other,
    "account": Cast.of_year,
}
