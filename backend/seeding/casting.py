"""Casts rows from a mould: the same life with other names, numbers, days and keys, down to what is sealed.

A mould is compiled once, into the text that PostgreSQL's COPY takes, with gaps; a gap is named by its spec,
such as ("id", table, k) or ("at", instant, form). Casting fills the gaps. What was sealed is opened once and
sealed anew for each cast, under keys that are made and wrapped as the vault makes them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from backend.seeding.filling import MAKERS, Cast, Space
from backend.seeding.moulds import ASKED_AGAIN, LATER
from compliance import vault
from kernel.clock import SHANGHAI, shanghai_day

Spec = tuple[Any, ...]
Rows = Mapping[str, list[dict[str, Any]]]

_PUBLIC_NUMBER = re.compile(r"([A-Z]*)(\d{15})([0-9A-HJKMNP-TV-Z]{5,10})")
_TAIL = re.compile(r"[0-9]{9,12}$|[0-9a-f]{12}$")
_INSTANT = re.compile(
    r"(?<!\d)20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|(?<!\d)20\d{12}(?:\d{3})?(?!\d)"
)
# Whose history goes by its key: "declaration:41".
KEYED = {"payments_paymentdeclaration": "declaration", "settlement_entry": "entry"}


@dataclass(frozen=True)
class Text:
    """A text with gaps: `form` takes the values of the gaps at `gaps`."""

    form: str
    gaps: tuple[int, ...]

    def fill(self, values: list[str]) -> str:
        """The text of one cast."""
        if not self.gaps:
            return self.form % ()
        if len(self.gaps) == 1:
            return self.form % values[self.gaps[0]]
        filled: str = self.form % itemgetter(*self.gaps)(values)
        return filled


@dataclass
class Known:
    """What is known of a mould's values: texts, keys and indexes that are another one's in each cast."""

    texts: dict[str, Spec] = field(default_factory=dict)
    keys: dict[tuple[str, Any], Spec] = field(default_factory=dict)  # (table, key) of a row
    indexes: dict[bytes, tuple[str, str]] = field(default_factory=dict)  # blind: (kind, text)
    # The plain keys with which the mould's own rows were sealed, by the spec of the key that seals casts.
    seals: list[tuple[Spec, vault.Key]] = field(default_factory=list)
    accounts: dict[int, int] = field(default_factory=dict)  # allowance account → its place in the cast


class Caster:
    """One mould, compiled."""

    def __init__(
        self,
        rows: Rows,
        *,
        began: datetime,
        space: Space,
        models_: Mapping[str, type[models.Model]],
        known: Known,
        numbers: Iterable[tuple[str, str]] = (),
        lasting: Collection[str] = (),
    ) -> None:
        self.began, self.space, self.models, self.known = began, space, models_, known
        self.lasting = lasting
        self.specs: dict[Spec, int] = {}
        self.rows = rows
        self.links = {t: _links(models_[t]) for t in rows}
        for table, found in rows.items():
            key = models_[table]._meta.pk.column
            for k, row in enumerate(found):
                self._learn(table, k, row, key, numbers)
        self.tables = {t: self._table(t) for t in rows}
        self.columns = {t: tuple(rows[t][0]) for t in rows}

    # Compiling.

    def gap(self, spec: Spec) -> int:
        """Where the value of this spec stands."""
        return self.specs.setdefault(spec, len(self.specs))

    def _learn(
        self, table: str, k: int, row: dict[str, Any], key: str, numbers: Iterable[tuple[str, str]]
    ) -> None:
        known = self.known
        for column, value in row.items():
            if isinstance(value, UUID) and column not in self.links[table]:
                known.texts.setdefault(str(value), ("uuid", table, k, column))
        if isinstance(row[key], int) and key not in self.links[table]:
            known.keys.setdefault((table, row[key]), ("id", table, k))
            if word := KEYED.get(table):
                known.texts[f"{word}:{row[key]}"] = ("keyed", f"{word}:", table, k)
        elif isinstance(row[key], UUID):
            known.keys.setdefault((table, row[key]), ("uuid", table, k, key))
        for where, column in numbers:
            value = row.get(column) if where == table else None
            if value and value not in known.texts:
                known.texts[value] = self._number(value, len(known.texts))
        if table == "compliance_datakey" and row["wrapped"]:
            plain = vault.unwrap_raw(row["id"], bytes(row["wrapped"]), row["master_key_id"])
            known.seals.append((("key", k), plain))

    def _number(self, value: str, place: int) -> Spec:
        if (found := _PUBLIC_NUMBER.fullmatch(value)) and not found[3].isdigit():
            at = datetime.strptime(found[2][:12], "%y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
            return ("number", found[1], at, len(found[3]), place)
        if re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", value):
            return ("guid", value)
        if re.fullmatch(r"[0-9a-f]{64}", value):
            return ("digest", value)
        tail = _TAIL.search(value)
        assert tail is not None, value
        return ("serial", value[: tail.start()], len(tail[0]), place)

    def text(self, value: str, *, escape: bool = True) -> Text:
        """A text with what is known in it taken out, longest first, and its instants."""
        form, gaps, last = "", [], 0
        for start, end, spec in self._found(value):
            form += _constant(value[last:start], escape) + "%s"
            gaps.append(self.gap(spec))
            last = end
        return Text(form + _constant(value[last:], escape), tuple(gaps))

    def _found(self, value: str) -> Iterable[tuple[int, int, Spec]]:
        if not hasattr(self, "_words"):
            words = sorted((w for w in self.known.texts if w), key=len, reverse=True)
            self._words = re.compile("|".join(map(re.escape, words)) + "|" + _INSTANT.pattern)
        for found in self._words.finditer(value):
            spec = self.known.texts.get(found[0]) or self._instant(found[0])
            if spec is not None:
                yield found.start(), found.end(), spec

    def _instant(self, text: str) -> Spec | None:
        try:
            if text[4] != "-":
                at = datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
                form = "compact"
            else:
                at = datetime.fromisoformat(text)
                form = "iso" if at.tzinfo else "local"
                at = at if at.tzinfo else at.replace(tzinfo=SHANGHAI)
        except ValueError:
            return None
        if not timedelta(-2) < at - self.began < timedelta(90):
            return None
        return ("text_at", at, form, text[14:] if form == "compact" else "")

    def _table(self, table: str) -> Text:
        lines: list[Text] = []
        for k, row in enumerate(self.rows[table]):
            cells = [self._cell(table, k, column, value, row) for column, value in row.items()]
            form = "\t".join(cell.form for cell in cells) + "\n"
            lines.append(Text(form, tuple(gap for cell in cells for gap in cell.gaps)))
        return Text("".join(x.form for x in lines), tuple(gap for x in lines for gap in x.gaps))

    def _cell(self, table: str, k: int, column: str, value: Any, row: dict[str, Any]) -> Text:
        field: Any = self.models[table]._meta.get_field(column) if column in ASKED_AGAIN else None
        if value is None or (field is not None and field.null):
            return Text("\\N", ())
        if isinstance(value, (bytes, memoryview)):
            return self._bytes(table, k, column, bytes(value), row)
        spec = self._spec(table, k, column, value, row)
        if spec is not None:
            return Text("%s", (self.gap(spec),))
        if isinstance(value, bool):
            return Text("t" if value else "f", ())
        if isinstance(value, list):
            value = "{" + ",".join('"' + str(one).replace('"', '\\"') + '"' for one in value) + "}"
        return self.text(str(value))

    def _spec(self, table: str, k: int, column: str, value: Any, row: dict[str, Any]) -> Spec | None:
        target = self.links[table].get(column)
        spec: Spec | None = None
        if (table, column) == ("inventory_bookitem", "item_no"):
            spec = ("id", table, k)  # one of its own, as customs numbers them
        elif target == "compliance_allowanceaccount":
            spec = ("account", self.known.accounts[value])
        elif target is not None or column == self.models[table]._meta.pk.column:
            spec = self.known.keys.get((target or table, value))
        elif isinstance(value, datetime):
            spec = ("at", value + LATER if column in ASKED_AGAIN else value)
        elif isinstance(value, date) and column not in self.lasting:
            spec = ("day", self._same_day(table, value, row) or value)
        elif isinstance(value, UUID):
            spec = self.known.texts.get(str(value))
        return spec

    def _same_day(self, table: str, day: date, row: dict[str, Any]) -> datetime | None:
        """An instant of the row, or of one that it belongs to, which falls on this day in Shanghai."""
        rows = [row]
        for column, target in self.links[table].items():
            key = self.models[target]._meta.pk.column if target in self.models else ""
            rows += [one for one in self.rows.get(target, ()) if one[key] == row[column]]
        instants = (v for one in rows for c, v in one.items() if isinstance(v, datetime))
        return next((at for at in instants if shanghai_day(at) == day), None)

    def _bytes(self, table: str, k: int, column: str, value: bytes, row: dict[str, Any]) -> Text:
        if not value:
            return Text("\\\\x", ())
        spec: Spec | None = None
        if table == "compliance_datakey" and column == "wrapped":
            spec = ("wrapped", k)
        elif value in self.known.indexes:
            kind, text = self.known.indexes[value]
            spec = ("blind", kind, self.text(text, escape=False))
        elif column.endswith("_sealed"):
            spec = self._sealed(table, column, value, row)
        elif len(value) > 33:
            spec = ("bytes", self.text(value.decode(), escape=False))
        if spec is None:
            return Text("\\\\x" + value.hex(), ())
        return Text("\\\\x%s", (self.gap(spec),))

    def _sealed(self, table: str, column: str, value: bytes, row: dict[str, Any]) -> Spec:
        label, ref = self.place(table, column, row)
        for spec, key in self.known.seals:
            try:
                plain = key.open(label, ref, value)
            except vault.Tampered:
                continue
            return ("sealed", spec, label, self.text(str(ref), escape=False), self.text(plain, escape=False))
        raise ValueError(f"{label} of {ref} opens with no key of its life")

    def place(self, table: str, column: str, row: dict[str, Any]) -> tuple[str, Any]:
        """To what a sealed field is bound: its label, and the name of its row."""
        meta = self.models[table]._meta
        if meta.label == "compliance.Judgement":
            return "compliance_judgement.facts", row["id"]
        ref = row["number"] if meta.label == "orders.Order" else row["public_id"]
        return f"{meta.label_lower}.{column.removesuffix('_sealed')}", ref

    # Casting.

    def values(self, cast: Cast, *, seal: bool = True) -> list[str]:
        """What fills the gaps of one cast; without `seal` nothing that is sealed."""
        made: list[str] = [""] * len(self.specs)
        for spec, gap in self.specs.items():
            if (maker := MAKERS.get(spec[0])) is not None:
                made[gap] = maker(cast, *spec[1:])
        if not seal:
            return made
        keys = {spec: key for spec, key in self.known.seals if spec[0] != "key"}
        for spec, gap in self.specs.items():
            if spec[0] == "wrapped":
                id = UUID(made[self.specs["uuid", "compliance_datakey", spec[1], "id"]])
                material = os.urandom(32)
                made[gap] = vault.master_keys().wrap(id, material)[1].hex()
                keys["key", spec[1]] = vault.Key(id, material, settings.VAULT_ALGORITHM)
        for spec, gap in self.specs.items():
            if spec[0] == "sealed":
                _, key, label, ref, plain = spec
                made[gap] = keys[key].seal(label, ref.fill(made), plain.fill(made)).hex()
            elif spec[0] == "blind":
                made[gap] = vault.blind(spec[1], spec[2].fill(made)).hex()
            elif spec[0] == "bytes":
                made[gap] = spec[1].fill(made).encode().hex()
        return made


def _links(model: type[models.Model]) -> dict[str, str]:
    """The columns that point to rows of other tables."""
    fields = model._meta.concrete_fields
    return {f.column: f.remote_field.model._meta.db_table for f in fields if f.remote_field is not None}


def _constant(text: str, escape: bool) -> str:
    if escape:
        for plain, escaped in (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")):
            text = text.replace(plain, escaped)
    return text.replace("%", "%%")
