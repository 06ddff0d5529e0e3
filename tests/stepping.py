"""The same act on the same rows leads to the same rows: a process does it once, then puts them there.

What counts as the same: the rows of every table, what the act is told, what the settings were changed to,
whom a fixture has put in another's place, and what stands at the stand-in. Where a test has patched anything,
moved the clock or acts as another role than the owner, and in another thread, it is done as if nothing were
known.
"""

from __future__ import annotations

import io
import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache, wraps
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from weakref import WeakSet

import pytest
import time_machine
from django.db import connection
from django.db.models import Model
from psycopg import sql

from storefronts.queries import forget_kept
from tests import emptying, keeping, roles

if TYPE_CHECKING:
    from tests.stand_in import StandIn

P, R = ParamSpec("P"), TypeVar("R")
# By table: how many rows, and all of them in one number.
Rows = dict[str, tuple[int, int]]


# So many acts are remembered, those of which there was need last; a quick one when it is done a second time.
AT_MOST, QUICK_SECONDS = 400, 0.15


class Surroundings:
    """What a test has besides its rows."""

    def __init__(self) -> None:
        self.settings: Any = None
        self.stand_in: StandIn | None = None
        self.stands = ""
        self.patches: WeakSet[pytest.MonkeyPatch] = WeakSet()
        self.known: dict[pytest.MonkeyPatch, tuple[str, *tuple[Any, ...]]] = {}

    def strange(self) -> bool:
        """Whether an act may do here what it would not do elsewhere."""
        unknown = self.patches - self.known.keys()
        whom = [of for patch in unknown for of, *_ in (*patch._setattr, *patch._setitem)]
        patched = any(not isinstance(of, pytest.Config) for of in whom)  # those are pytest's own
        here = threading.current_thread() is threading.main_thread() and not connection.needs_rollback
        return patched or not here or time_machine.escape_hatch.is_travelling() or not roles.is_owner()

    def changed(self) -> tuple[Any, ...]:
        options = [one.options for one in self.settings._to_restore]
        changes = {name: repr(value) for changed in options for name, value in changed.items()}
        return tuple(sorted(changes.items()))


@dataclass(frozen=True)
class Done:
    """What an act changed: tables, whom it was told of, its answer; `stands` at the stand-in, if there."""

    rows: tuple[tuple[str, bytes], ...]
    people: bytes
    stands: str = field(default="")


around = Surroundings()
_done: OrderedDict[Any, Done | None] = OrderedDict()


def install() -> None:
    """From now on it is known what is patched."""
    made = pytest.MonkeyPatch.__init__

    def watched(patch: pytest.MonkeyPatch) -> None:
        made(patch)
        around.patches.add(patch)

    pytest.MonkeyPatch.__init__ = watched  # type: ignore[method-assign]


def begin(settings: Any) -> None:
    """A test begins."""
    around.settings, around.stand_in = settings, None


def outside(stand_in: StandIn) -> None:
    """The stand-in is as at its start."""
    around.stand_in, around.stands = stand_in, "reset"


@contextmanager
def patching(name: str, *people: Any) -> Iterator[pytest.MonkeyPatch]:
    """What a fixture patches the same way each time, which `name` tells, with `people` in another's place."""
    with pytest.MonkeyPatch.context() as patch:
        around.known[patch] = name, *people
        try:
            yield patch
        finally:
            del around.known[patch]


def step(act: Callable[P, R]) -> Callable[P, R]:
    """Do it, or put there what it led to when it was done."""

    @wraps(act)
    def stepped(*args: P.args, **kwargs: P.kwargs) -> R:
        if around.strange():
            return act(*args, **kwargs)
        told = _Told()
        before = _rows()
        said = told.key((args, kwargs, *around.known.values())), around.changed(), keeping.today()
        key: Any = (act.__module__, act.__qualname__, *said, frozenset(before.items()))
        known = _known(key)
        if known is not None:
            if known.stands and not _asked(known.stands)["done"]:
                return act(*args, **kwargs)
            around.stands = known.stands or around.stands
            _put(known.rows)
            forget_kept()
            answer: R = told.read(known.people)
            return answer
        calls, upon = _asked("-") if around.stand_in is not None else {}, around.stands
        began = time.monotonic()
        answer = act(*args, **kwargs)
        if time.monotonic() - began < QUICK_SECONDS and key not in _done:
            _keep(key, None)
            return answer
        after = _rows()
        names = [name for name in after.keys() | before.keys() if after.get(name) != before.get(name)]
        stands = ""
        # It was called, or an act in this one put there what it was called for.
        if around.stand_in is not None and (around.stands, _asked("-")["calls"]) != (upon, calls["calls"]):
            if calls["stands"] != upon:
                return answer
            stands = sha256(repr((key, upon)).encode()).hexdigest()
            if not around.stand_in.control("keep", name=stands)["kept"]:
                return answer
            key, around.stands = (key, upon), stands
        rows = tuple((name, keeping.out(name) if name in after else b"") for name in names)
        _keep(key, Done(rows, told.written(answer), stands))
        return answer

    return stepped


def _known(key: Any) -> Done | None:
    """What the act led to when it called nobody outside, or when the same stood there as now."""
    for one in (key, (key, around.stands)) if around.stand_in is not None else (key,):
        if known := _done.get(one):
            _done.move_to_end(one)
            return known
    return None


def _keep(key: Any, done: Done | None) -> None:
    _done[key] = done
    if len(_done) > AT_MOST:
        _done.popitem(last=False)


class _Told:
    """What an act is told, told apart by what it is; what it may change of that is read by its place."""

    def __init__(self) -> None:
        self.people: list[Any] = []

    def key(self, one: Any) -> Any:
        if one is not None and one is around.stand_in:
            return one.url
        if isinstance(one, Model):
            self.people.append(one)
            return one._meta.label, one.pk
        if is_dataclass(one) and not isinstance(one, type):
            self.people.append(one)
            return type(one), tuple(self.key(getattr(one, each.name)) for each in fields(one))
        if isinstance(one, dict):
            return tuple((name, self.key(each)) for name, each in one.items())
        if isinstance(one, list | tuple):
            return tuple(map(self.key, one))
        hash(one)
        return one

    def written(self, answer: Any) -> bytes:
        places = {id(one): place for place, one in enumerate(self.people)}

        class Writer(pickle.Pickler):
            def persistent_id(self, one: Any) -> int | None:
                return places.get(id(one))

        into = io.BytesIO()
        Writer(into).dump(([dict(vars(one)) for one in self.people], answer))
        return into.getvalue()

    def read(self, written: bytes) -> Any:
        people = self.people

        class Reader(pickle.Unpickler):
            def persistent_load(self, place: int) -> Any:
                return people[place]

        held, answer = Reader(io.BytesIO(written)).load()
        for one, facts in zip(people, held, strict=True):
            vars(one).update(facts)
        return answer


def _asked(name: str) -> Any:
    assert around.stand_in is not None
    return around.stand_in.control("again", name=name, upon=around.stands)


def _rows() -> Rows:
    if connection.in_atomic_block:
        with connection.cursor() as cursor:
            found = cursor.cursor.execute(_sums(), prepare=True).fetchall()
    else:
        found = emptying.sweeper().execute(_sums(), prepare=True).fetchall()
    return {name: (count, together) for name, count, together in found if count}


@cache
def _sums() -> sql.Composed:
    one = sql.SQL("SELECT {}, count(*), bit_xor(hashtextextended(one::text, 0)) FROM {} one")
    tables = [one.format(sql.Literal(name), sql.Identifier(name)) for name in emptying.tables()]
    return sql.SQL(" UNION ALL ").join(tables)


def _put(rows: tuple[tuple[str, bytes], ...]) -> None:
    wipes = [sql.SQL("DELETE FROM {}").format(sql.Identifier(name)) for name, _ in rows]
    with keeping.as_replica() as cursor:
        cursor.execute(sql.SQL("; ").join(wipes), prepare=False)
        keeping.into(((name, held) for name, held in rows if held), cursor)
