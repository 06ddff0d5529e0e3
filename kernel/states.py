"""Which verb is legal in which state is one dict; a move is one conditional UPDATE and one event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import models, transaction

from kernel import events
from kernel.errors import Conflict


@dataclass(eq=False)
class WrongState(Conflict):
    """The row is in a state from which this verb does not lead anywhere, or someone else moved it first."""

    code = "wrong_state"
    title = "“{verb}” is not possible while {machine} is “{state}”."
    title_zh = "当前状态（{state}）下无法执行此操作。"
    machine: str
    verb: str
    state: str


class Stateful(Protocol):
    """What a row needs to be moved: a state, a tenant and the key of its history."""

    pk: Any
    state: str

    @property
    def storefront_id(self) -> int | None: ...

    @property
    def event_key(self) -> str: ...


@dataclass(frozen=True)
class Machine:
    """A state table: `moves` maps verb → {from: to}; the event of a move is `<name>.<to>`.

    `since` names the column, where the rows have one, that says when a row came into its state.
    """

    name: str
    start: str
    moves: Mapping[str, Mapping[str, str]]
    since: str = ""

    @property
    def states(self) -> list[str]:
        """Every state, the first one first, then in the order in which the table names them."""
        seen = {self.start: None}
        for table in self.moves.values():
            seen.update(dict.fromkeys([*table.keys(), *table.values()]))
        return list(seen)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The states as choices of a model field."""
        return [(s, s) for s in self.states]

    def verbs(self, state: str) -> list[str]:
        """The verbs that are legal in `state`, in table order."""
        return [verb for verb, table in self.moves.items() if state in table]

    def move(
        self, row: Stateful, verb: str, *, now: datetime, facts: dict[str, Any] | None = None, **changes: Any
    ) -> None:
        """Move `row` by `verb`, with `changes` to its columns, and write the event in the same transaction.

        Raises WrongState when the table has no such move, or when the row is not in the state it was read
        in; nothing is written then.
        """
        before = row.state
        after = self.moves[verb].get(before)
        if after is None:
            raise WrongState(machine=self.name, verb=verb, state=before)
        model = type(row)
        assert issubclass(model, models.Model)
        if self.since:
            changes[self.since] = now
        with transaction.atomic(savepoint=False):
            moved = model._default_manager.filter(pk=row.pk, state=before).update(state=after, **changes)
            if moved == 1:
                events.record(
                    storefront_id=row.storefront_id,
                    name=f"{self.name}.{after}",
                    key=row.event_key,
                    facts={"from": before, "verb": verb, **(facts or {})},
                    now=now,
                )
        if moved != 1:  # raised out here, so that the caller's transaction stays usable
            raise WrongState(machine=self.name, verb=verb, state=before)
        row.state = after
        for field, value in changes.items():
            setattr(row, field, value)

    def picture(self) -> str:
        """The table as a Mermaid state diagram, for the README of the app."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start}"]
        for verb, table in self.moves.items():
            lines += [f"    {source} --> {target}: {verb}" for source, target in table.items()]
        moved_from = {s for table in self.moves.values() for s in table}
        lines += [f"    {state} --> [*]" for state in self.states if state not in moved_from]
        return "\n".join(lines)
