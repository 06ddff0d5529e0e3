"""Rows of another system become the catalogue: each is told apart, a product is written whole or not.

What a row does not name stays as it is. Who may not confirm a classification changes nothing that stands
under such a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalog.importing.changes import Changes
from catalog.importing.faults import Fault
from catalog.importing.plan import Plan, Progress, make_plan
from catalog.importing.upsert import Asked, Told, asked_of
from catalog.queries import version
from catalog.services.editing import editing
from catalog.services.import_products import report_of, tell, write

MOST: Final = 10_000  # rows at once
# What stands under the word of whoever confirmed a classification.
_CLASSIFIED = frozenset(
    (
        *("hs_code", "origin", "unit", "legal_unit_1", "legal_quantity_1", "legal_unit_2"),
        *("legal_quantity_2", "net_content", "net_content_unit", "is_food", "classes"),
        *("exclusion_ruled_out", "customs_confirmed"),
    )
)
UNSAID: Final = (
    "a confirmed classification needs the scope catalogue:classify; without it say customs_confirmed no, and"
    " in customs_note what is to be confirmed",
    "确认归类或改动已确认的归类须有 catalogue:classify 权限；否则请将 customs_confirmed 置为否，并在"
    " customs_note 注明待确认事项",
)


@dataclass(frozen=True)
class Wish:
    """What another system asks: its rows, and what is wrong with their cells; `broken` ones are no rows.

    `whole`: nothing is written unless every row is good. `may_classify`: it may confirm classifications.
    """

    name: str
    content: bytes
    told: Told
    faults: Sequence[Fault]
    broken: Sequence[Fault] = ()
    whole: bool = False
    dry_run: bool = False
    may_classify: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of one row: created, changed, unchanged, or refused with what stands against it."""

    row: int
    sku: str
    outcome: str
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    because: int = 0  # of another row, with which it goes


@dataclass(frozen=True)
class _Weighed:
    plan: Plan
    changes: Changes
    outcomes: list[Outcome]


def upsert(
    *,
    storefront_id: int,
    wish: Wish,
    by: str,
    now: datetime,
    alone: bool = True,
    mind: Callable[[], None] = lambda: None,
    report: Progress | None = None,
) -> list[Outcome]:
    """Write what differs, and tell of each row; the same rows a second time change nothing.

    `mind` may still refuse when nobody else can write any more. What changes nothing waits for nobody.
    Raises ImportRuns where a file is being imported.
    """
    before = version(storefront_id)
    weighed = _weigh(storefront_id, wish, now, report)
    if wish.dry_run or not (weighed.changes.products or weighed.changes.variants):
        return weighed.outcomes
    with editing(storefront_id, alone=alone) as number:
        mind()
        if number != before + 1:  # somebody has changed the catalogue since it was compared
            weighed = _weigh(storefront_id, wish, now, None)
        if write(storefront_id, weighed.changes, now=now, report=report):
            tell(
                storefront_id,
                weighed.changes,
                report_of(len(weighed.outcomes), weighed.plan, weighed.changes),
                file=wish.name,
                content=wish.content,
                by=by,
                now=now,
            )
    return weighed.outcomes


def _weigh(storefront_id: int, wish: Wish, now: datetime, report: Progress | None) -> _Weighed:
    asked = asked_of(storefront_id, wish.told, [*wish.faults])
    plan = make_plan(storefront_id, asked.table, now=now, report=report)
    against = _by_row([*wish.broken, *plan.faults])
    good = plan.without(_refused(asked, against, plan, wish))
    changes = Changes.between(storefront_id, good, in_order=False)
    unsaid = {} if wish.may_classify else _by_row([*_unsaid(changes)])
    if unsaid:
        against |= unsaid
        good = plan.without(_refused(asked, against, plan, wish))
        changes = Changes.between(storefront_id, good, in_order=False)
    return _Weighed(good, changes, [*_outcomes(asked, against, changes, plan, wish)])


def _refused(asked: Asked, against: Mapping[int, Sequence[Fault]], plan: Plan, wish: Wish) -> Collection[str]:
    """The products, by code, of which nothing is written."""
    return plan.products if wish.whole and against else {asked.products.get(row, "") for row in against}


def _unsaid(changes: Changes) -> Iterator[Fault]:
    """What only they may change who may say that a classification is confirmed."""
    touched: dict[str, list[str]] = defaultdict(list)
    for cell in changes.cells:
        touched[cell.thing].append(cell.column)
    for plan, values in changes.variants:
        new = plan.sku not in changes.known_skus
        columns = [one for one in touched[plan.sku] if one in _CLASSIFIED]
        if values["customs_confirmed"] and (new or columns):
            column = "customs_confirmed" if new or "customs_confirmed" in columns else columns[0]
        elif values["exclusion_ruled_out"] and (new or "exclusion_ruled_out" in columns):
            column = "exclusion_ruled_out"
        else:
            continue
        yield Fault(plan.row, column, *UNSAID)


def _outcomes(
    asked: Asked, against: Mapping[int, Sequence[Fault]], changes: Changes, plan: Plan, wish: Wish
) -> Iterator[Outcome]:
    written = {plan.sku for plan, _ in changes.variants}
    touched = {plan.code for plan, _ in changes.products}
    warned = _by_row(plan.warnings)
    first = {asked.products[row]: row for row in sorted(against, reverse=True) if row in asked.products}
    for row in sorted({*asked.skus, *against}):
        sku, code = asked.skus.get(row, ""), asked.products.get(row, "")
        if row in against:
            yield Outcome(row, sku, "refused", tuple(against[row]))
        elif wish.whole and against:
            yield Outcome(row, sku, "refused", (_with_row(row, min(against)),), (), min(against))
        elif code in first:
            yield Outcome(row, sku, "refused", (_with_row(row, first[code]),), (), first[code])
        else:
            known = "changed" if sku in written or code in touched else "unchanged"
            said = known if sku in changes.known_skus else "created"
            yield Outcome(row, sku, said, (), tuple(warned.get(row, ())))


def _with_row(row: int, other: int) -> Fault:
    return Fault(
        row, "", f"goes with row {other}, which is refused", f"与被拒绝的第 {other} 行须一并处理，未写入"
    )


def _by_row(faults: Iterable[Fault]) -> dict[int, list[Fault]]:
    found: dict[int, list[Fault]] = defaultdict(list)
    for fault in faults:
        found[fault.row].append(fault)
    return found
