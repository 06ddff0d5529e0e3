"""What a granted return (626 = 399) gives back of the year: what its pieces used, once they are back in time.

Law.md R3.1: declared within thirty days of the release, which `undoing.declare_return` asks, and back at the
original zone or site within forty-five. Customs grants the first and does not tell the second, so that a
colleague enters the day and the pieces; near the last day a case says what waits for it. Whichever comes last
gives back, piece by piece: nothing for what did not come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
from customs.services.listed import PURPOSE, skus, the_list, whole
from customs.services.return_story import (
    ARRIVED,
    GRANTED,
    NEVER_CAME,
    REFUSED,
    RESTORED,
    Pieces,
    Story,
    last_day,
    stories,
)
from customs.steps import GRANTED as GRANTED_CODES
from customs.steps import REFUSED as REFUSED_CODE
from customs.steps import Step, is_error, step_for
from kernel import events
from kernel.cases import open_case, settle_open
from kernel.clock import SHANGHAI, shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.money import share
from kernel.tenancy import tenant
from orders.services.quoted import line_facts

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
    """No pieces, or others than customs was told of and awaits."""

    code = "return_other_pieces"
    title = "Enter pieces that customs was told of and awaits; of others put the return right there first."
    title_zh = "请填写已申报且尚未登记运回的件数；与申报不一致的，请先与海关更正。"


def expected(declaration: Declaration) -> dict[str, Pieces]:
    """The returns of a declaration by number, granted or not yet, with the pieces that are still to come."""
    told = stories(declaration)
    awaited = {filing.key: told[filing.key].expected for filing in _open(declaration, told)}
    return {number: pieces for number, pieces in awaited.items() if pieces}


def missing(declaration: Declaration) -> dict[str, Pieces]:
    """Those of which anything is not back, with the pieces: though said never to come, they may."""
    told = stories(declaration)
    return {one.key: told[one.key].declared - told[one.key].back for one in _open(declaration, told)}


def _open(declaration: Declaration, told: Mapping[str, Story]) -> list[Filing]:
    """Those of which pieces are not back, though they are said never to come: they may come after all."""
    filings = declaration.filings.filter(kind=Filing.Kind.RETURN, superseded=False).order_by("id")
    return [
        one
        for one in filings
        if told[one.key].declared - told[one.key].back
        and one.status != REFUSED_CODE
        and not _failed(one.status)
    ]


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
    after: int | None = None,
) -> None:
    """Enter the day on which goods of the return `number` (copNo) were back at the original zone or site.

    `pieces` by SKU are those that came now, all that is expected unless said otherwise; `after` is how many
    arrivals of it whoever enters has seen. Raises ArrivedImpossible, ArrivalKnown, NotThese.
    """
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        told = stories(row)
        filing = next((one for one in _open(row, told) if one.key == number), None)
        if filing is None or row.released_at is None or after not in (None, len(told[number].arrivals)):
            raise ArrivalKnown()
        first, last = shanghai_day(row.released_at), shanghai_day(now)
        if not first <= on <= last:
            raise ArrivedImpossible(first=first.isoformat(), last=last.isoformat())
        story, filing.declaration = told[number], row
        missing = story.declared - story.back
        came = (story.expected or missing) if pieces is None else +Counter(pieces)
        if not came or came - missing:
            raise NotThese()
        _record(filing, ARRIVED, {"arrived": on.isoformat(), "by": by, "pieces": dict(came)}, now)
        _in_book(filing, story)
        if story.granted:
            settle(filing, now=now)


def never_came(*, declaration: Declaration, number: str, by: str, now: datetime) -> None:
    """Enter that what is still expected of the return `number` (copNo) never comes: nothing waits for it.

    Tax and allowance stay used, as of all that is not back by the last day; what customs granted is taken out
    of the account book again, and the agent (报关行) has the 625 withdrawn or lets it expire at the port.
    Raises ArrivalKnown.
    """
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        told = stories(row)
        filing = next((one for one in _open(row, told) if one.key == number and told[number].expected), None)
        if filing is None:
            raise ArrivalKnown()
        story, filing.declaration = told[number], row
        _record(filing, NEVER_CAME, {"by": by, "pieces": dict(story.expected)}, now)
        _in_book(filing, story)
        if story.granted:
            settle(filing, now=now)


def granted(filing: Filing, *, now: datetime) -> None:
    """Customs grants a return: told once, however often it says so. Under the declaration's lock."""
    story = stories(filing.declaration)[filing.key]
    if story.granted:
        return
    _record(filing, GRANTED, {"pieces": dict(story.declared)}, now)
    _in_book(filing, story)
    settle(filing, now=now)


def refused(filing: Filing, *, now: datetime) -> None:
    """Customs refuses a return, or takes its grant back: told once, however often it says so. Under the
    declaration's lock."""
    story = stories(filing.declaration)[filing.key]
    if not story.refused:
        _record(filing, REFUSED, {"code": filing.status}, now)
        _in_book(filing, story)


def _in_book(filing: Filing, before: Story) -> None:
    """The account book holds what is granted and comes, whatever it held before."""
    change = Counter(stories(filing.declaration)[filing.key].booked)
    change.subtract(before.booked)
    book.come_back(declaration=filing.declaration, pieces=change)


def settle(filing: Filing, *, now: datetime) -> None:
    """Give back of the year what a granted return brought in time."""
    row, told = filing.declaration, stories(filing.declaration)
    story = told[filing.key]
    if due := story.in_time(last_day(row)) - story.restored:
        _restore(filing, told, due, now)
    if not _awaited(told):
        settle_open(kinds=[WAITS], key=row.event_key, by="system", note="nothing is awaited", now=now)


def remind(*, now: datetime) -> int:
    """A granted return whose goods are not entered as back is a case near its last day or after it. How many.

    Goods travel for days: before that nothing is wrong. Run daily.
    """
    days = timedelta(days=Law(shanghai_day(now)).figure("import/return_arrived_days"))
    midnight = datetime.combine(shanghai_day(now) + timedelta(days=1), time(), SHANGHAI)
    span = (midnight - days - LONG_OVER, midnight - days + SOON)
    told = Filing.objects.filter(kind=Filing.Kind.RETURN, superseded=False, status__in=GRANTED_CODES)
    rows = Declaration.objects.filter(released_at__range=span, pk__in=told.values("declaration_id"))
    waiting = [row for row in rows.order_by("pk") if _awaited(stories(row))]
    for row in waiting:
        open_case(
            storefront_id=row.storefront_id,
            kind=WAITS,
            key=row.event_key,
            title="A return is granted; enter the day on which its goods came back",
            facts={"order": row.number, "list": row.list_no, "until": last_day(row).isoformat()},
            now=now,
        )
    return len(waiting)


def _awaited(told: Mapping[str, Story]) -> bool:
    """Whether pieces that were granted to come back are neither back nor said never to come."""
    return any(story.granted and story.expected for story in told.values())


def _restore(filing: Filing, told: Mapping[str, Story], due: Pieces, now: datetime) -> None:
    """Of these pieces, once, to the year in which customs accepted the list, and never more than is still
    used."""
    used = Counter[str]()
    for one in held_by(filing.declaration.number):
        used[one.measure] += one.used
    wanted = _share(filing, told, due, now)
    amounts = {measure: min(amount, used[measure]) for measure, amount in wanted.items()}
    times = told[filing.key].restorations
    given = compliance.allowance_restore(
        order_number=filing.declaration.number,
        reference=f"{filing.key}/{times + 1}" if times else filing.key,
        amounts={measure: amount for measure, amount in amounts.items() if amount > 0},
        now=now,
    )
    _record(filing, RESTORED, {"measures": given, "pieces": dict(due)}, now)


def _share(filing: Filing, told: Mapping[str, Story], due: Pieces, now: datetime) -> dict[str, int]:
    """What these pieces used of each measure: fen of goods and freight as listed, grams.

    By cumulative floors over all that has given back before, so that all pieces together give back all of the
    list's value.
    """
    row = filing.declaration
    sku = skus(row, now=now)
    before = Counter[int]()
    for known in row.filings.filter(kind=Filing.Kind.RETURN, superseded=False):
        if restored := told[known.key].restored:
            before += _by_line(known, restored, sku, now)
    own = told[filing.key].restored
    after = before - _by_line(filing, own, sku, now) + _by_line(filing, own + due, sku, now)
    listed = the_list(row, now=now)
    goods = [fen(line["totalPrice"]) for line in listed.lines]
    freight = share(fen(listed.head["freight"]), goods)
    wanted, ends = Counter[str](), (Pieces(), Pieces())
    for line, value in zip(listed.lines, map(sum, zip(goods, freight, strict=True)), strict=True):
        number, quantity = whole(line["gnum"]), whole(line["qty"])
        wanted[VALUE] += value * after[number] // quantity - value * before[number] // quantity
        for end, many in zip(ends, (before, after), strict=True):
            end[sku[number]] += many[number]
    for one in line_facts(row.order.quote.lines):
        if one.goods.listing and one.goods.listing.limit_group:
            first, last = (one.grams * end[one.sku] // one.quantity for end in ends)
            wanted[one.goods.listing.limit_group] += last - first
    return dict(wanted)


def _by_line(filing: Filing, pieces: Pieces, sku: Mapping[int, str], now: datetime) -> Counter[int]:
    """The lines of the list (gnum) of which so many pieces of a return are, the first first."""
    left, taken = Counter(pieces), Counter[int]()
    for line in reads(filing, purpose=PURPOSE, now=now).lines:
        number = whole(line["gnum"])
        part = min(whole(line["qty"]), left[sku[number]])
        taken[number] += part
        left[sku[number]] -= part
    return taken


def _record(filing: Filing, event: str, facts: dict[str, object], now: datetime) -> None:
    events.record(
        storefront_id=filing.storefront_id,
        name=event,
        key=filing.declaration.event_key,
        facts={"return": filing.key, **facts},
        now=now,
    )
