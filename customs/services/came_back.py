"""What a granted return (626 = 399) gives back of the year: what its pieces used, once they are back in time.

Law.md R3.1: declared within thirty days of the release, which `undoing.declare_return` asks, and back at the
original zone or site within forty-five. Customs grants the first and does not tell the second, so that a
colleague enters the day; near the last day a case says what waits for it. Whichever comes last gives back,
and only where all that was declared is back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from compliance import services as compliance
from compliance.law import Law
from compliance.models import VALUE
from compliance.services.allowance_books import held_by
from customs.documents.declared import fen
from customs.models import Declaration, Filing
from customs.services import book
from customs.services.declaring import held
from customs.services.filing import reads
from customs.services.listed import PURPOSE, pieces_of, skus, the_list, whole
from customs.steps import GRANTED, REFUSED, Step, is_error, step_for
from kernel import events
from kernel.cases import open_case, settle_open
from kernel.clock import SHANGHAI, shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.models import Event
from kernel.money import share
from kernel.tenancy import tenant
from orders.services.quoted import line_facts

GRANTED_EVENT, ARRIVED, RESTORED = "customs.returned", "customs.return_arrived", "customs.return_restored"
REFUSED_EVENT, NEVER_CAME = "customs.return_refused", "customs.return_never_came"
WAITS = "customs.return_waits"
SOON, LONG_OVER = timedelta(days=7), timedelta(days=30)  # before and after the last day a case is looked for


@dataclass(eq=False)
class ArrivedImpossible(Invalid):
    """Goods come back between the release of their list and today."""

    code = "return_day_impossible"
    title = "Enter the day on which the goods came back: from {first} to {last}."
    title_zh = "请填写货物运回之日（{first}至{last}）。"
    first: str
    last: str


class ArrivalKnown(Conflict):
    """There is no such return, customs refused it, or its day was entered before."""

    code = "return_arrival_known"
    title = "Nothing of this return is still expected."
    title_zh = "该退货申请没有待登记的到货。"


class NotThese(Conflict):
    """Other pieces are back than customs was told of."""

    code = "return_other_pieces"
    title = "Customs was told of other pieces than those that are back: put the return right there first."
    title_zh = "实际运回的件数与退货申请申报的不一致，请先与海关更正。"


def expected(declaration: Declaration) -> list[Filing]:
    """The returns of a declaration whose goods are still to be entered as back, granted or not yet."""
    never = _named(declaration, NEVER_CAME)
    return [one for one in _open(declaration) if one.key not in never]


def _open(declaration: Declaration) -> list[Filing]:
    """The same with those whose goods are said never to come: they may come after all."""
    back = _named(declaration, ARRIVED)
    told = declaration.filings.filter(kind=Filing.Kind.RETURN, superseded=False).order_by("id")
    return [one for one in told if one.key not in back and one.status != REFUSED and not _failed(one.status)]


def _failed(status: str) -> bool:
    """An error that customs does not get over by being told once more."""
    return is_error(status) and step_for(status, "") is not Step.LATER


def goods_arrived(
    *,
    declaration: Declaration,
    number: str,
    on: date,
    by: str,
    now: datetime,
    pieces: Mapping[str, int] | None = None,
) -> None:
    """Enter the day on which all goods of the return `number` (copNo) were back at the original zone or site.

    `pieces` are those that are back, by SKU, where they were counted. Raises ArrivedImpossible, ArrivalKnown,
    NotThese.
    """
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        filing = next((one for one in _open(row) if one.key == number), None)
        if filing is None or row.released_at is None:
            raise ArrivalKnown()
        first, last = shanghai_day(row.released_at), shanghai_day(now)
        if not first <= on <= last:
            raise ArrivedImpossible(first=first.isoformat(), last=last.isoformat())
        filing.declaration = row
        if pieces is not None and pieces_of(filing, now=now) != pieces:
            raise NotThese()
        _record(filing, ARRIVED, {"arrived": on.isoformat(), "by": by}, now)
        if filing.key in _named(row, GRANTED_EVENT):
            if filing.key in _named(row, NEVER_CAME):  # the book lost them, and has them after all
                book.come_back(declaration=row, pieces=pieces_of(filing, now=now))
            settle(filing, now=now)


def never_came(*, declaration: Declaration, number: str, by: str, now: datetime) -> None:
    """Enter that the goods of the return `number` (copNo) are lost and never come: nothing waits for them.

    Tax and allowance stay used, as of all that is not back by the last day; what customs granted is taken out
    of the account book again, and the agent (报关行) has the 625 withdrawn or lets it expire at the port.
    Raises ArrivalKnown.
    """
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        filing = next((one for one in expected(row) if one.key == number), None)
        if filing is None:
            raise ArrivalKnown()
        filing.declaration = row
        _record(filing, NEVER_CAME, {"by": by}, now)
        if filing.key in _named(row, GRANTED_EVENT):
            pieces = pieces_of(filing, now=now)
            book.come_back(declaration=row, pieces={sku: -many for sku, many in pieces.items()})
            settle(filing, now=now)


def granted(filing: Filing, *, now: datetime) -> None:
    """Customs grants a return: told once, however often it says so. Under the declaration's lock."""
    if filing.key in _named(filing.declaration, GRANTED_EVENT):
        return
    pieces = pieces_of(filing, now=now)
    if filing.key not in _named(filing.declaration, NEVER_CAME):
        book.come_back(declaration=filing.declaration, pieces=pieces)
    _record(filing, GRANTED_EVENT, {"pieces": pieces}, now)
    settle(filing, now=now)


def refused(filing: Filing, *, now: datetime) -> None:
    """Customs refuses a return: told once, however often it says so. Under the declaration's lock."""
    if filing.key not in _named(filing.declaration, REFUSED_EVENT):
        _record(filing, REFUSED_EVENT, {"code": filing.status}, now)


def settle(filing: Filing, *, now: datetime) -> None:
    """Give back of the year where a granted return was in time."""
    row = filing.declaration
    arrived = _named(row, ARRIVED)
    if filing.key in arrived and date.fromisoformat(arrived[filing.key]["arrived"]) <= _last_day(row):
        _restore(filing, now)
    if not _awaited(row):
        settle_open(kinds=[WAITS], key=row.event_key, by="system", note="nothing is awaited", now=now)


def remind(*, now: datetime) -> int:
    """A granted return whose goods are not entered as back is a case near its last day or after it. How many.

    Goods travel for days: before that nothing is wrong. Run daily.
    """
    days = timedelta(days=Law(shanghai_day(now)).figure("import/return_arrived_days"))
    midnight = datetime.combine(shanghai_day(now) + timedelta(days=1), time(), SHANGHAI)
    span = (midnight - days - LONG_OVER, midnight - days + SOON)
    told = Filing.objects.filter(kind=Filing.Kind.RETURN, superseded=False, status__in=GRANTED)
    rows = Declaration.objects.filter(released_at__range=span, pk__in=told.values("declaration_id"))
    waiting = [row for row in rows.order_by("pk") if _awaited(row)]
    for row in waiting:
        open_case(
            storefront_id=row.storefront_id,
            kind=WAITS,
            key=row.event_key,
            title="A return is granted; enter the day on which its goods came back",
            facts={"order": row.number, "list": row.list_no, "until": _last_day(row).isoformat()},
            now=now,
        )
    return len(waiting)


def _last_day(row: Declaration) -> date:
    """By which the goods of a return are back at the original zone or site."""
    assert row.released_at is not None  # a return is of a released list
    released = shanghai_day(row.released_at)
    return released + timedelta(days=Law(released).figure("import/return_arrived_days"))


def _awaited(row: Declaration) -> set[str]:
    """The granted returns of a declaration whose goods are neither back nor said never to come."""
    told = _named(row, GRANTED_EVENT).keys()
    return told - _named(row, ARRIVED).keys() - _named(row, NEVER_CAME).keys()


def _restore(filing: Filing, now: datetime) -> None:
    """Once a return, to the year in which customs accepted the list, and never more than is still used."""
    used = Counter[str]()
    for one in held_by(filing.declaration.number):
        used[one.measure] += one.used
    wanted = _share(filing, now)
    amounts = {measure: min(amount, used[measure]) for measure, amount in wanted.items()}
    given = compliance.allowance_restore(
        order_number=filing.declaration.number,
        reference=filing.key,
        amounts={measure: amount for measure, amount in amounts.items() if amount > 0},
        now=now,
    )
    _record(filing, RESTORED, {"measures": given}, now)


def _share(filing: Filing, now: datetime) -> dict[str, int]:
    """What the pieces of a return used of each measure: fen of goods and freight as listed, grams.

    By cumulative floors over the returns that have given back before, so that all pieces together give back
    all of the list's value.
    """
    row = filing.declaration
    before = row.filings.filter(key__in=_named(row, RESTORED), kind=Filing.Kind.RETURN, superseded=False)
    earlier, pieces = _by_line(before, now), _by_line([filing], now)
    listed = the_list(row, now=now)
    goods = [fen(line["totalPrice"]) for line in listed.lines]
    freight = share(fen(listed.head["freight"]), goods)
    wanted = Counter[str]()
    for line, value in zip(listed.lines, map(sum, zip(goods, freight, strict=True)), strict=True):
        number, quantity = whole(line["gnum"]), whole(line["qty"])
        floors = [value * back // quantity for back in (earlier[number], earlier[number] + pieces[number])]
        wanted[VALUE] += floors[1] - floors[0]
    sku = skus(row, now=now)
    facts = {one.sku: one for one in line_facts(row.order.quote.lines)}
    for number, many in pieces.items():
        one = facts[sku[number]]
        if one.goods.listing and one.goods.listing.limit_group:
            wanted[one.goods.listing.limit_group] += one.grams * many // one.quantity
    return dict(wanted)


def _by_line(returns: Iterable[Filing], now: datetime) -> Counter[int]:
    """Pieces by line of the list (gnum)."""
    pieces = Counter[int]()
    for filing in returns:
        for line in reads(filing, purpose=PURPOSE, now=now).lines:
            pieces[whole(line["gnum"])] += whole(line["qty"])
    return pieces


def _named(declaration: Declaration, event: str) -> dict[str, dict[str, str]]:
    """The facts of what was told of the returns of a declaration, by the return's number."""
    told = Event.objects.filter(key=declaration.event_key, name=event)
    return {facts["return"]: facts for facts in told.values_list("facts", flat=True)}


def _record(filing: Filing, event: str, facts: dict[str, object], now: datetime) -> None:
    events.record(
        storefront_id=filing.storefront_id,
        name=event,
        key=filing.declaration.event_key,
        facts={"return": filing.key, **facts},
        now=now,
    )
