"""What customs is told of a return: goods that come back (625), or a list that is not to clear (623).

The money never waits for it. What customs does not take is a case, and the brand's own cost by its policy.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from compliance import services as compliance
from customs.models import Declaration, Filing
from customs.services.came_back import (
    ArrivalKnown,
    ArrivedImpossible,
    NotThese,
    expected,
    goods_arrived,
    never_came,
)
from customs.services.declaring import held
from customs.services.listed import pieces_of
from customs.services.undoing import NotAccepted, ask_back, declare_return
from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Problem
from kernel.states import WrongState
from kernel.tenancy import tenant
from orders.given_back import NOTHING
from orders.models import Order
from returns.models import ReturnGrade, ReturnRequest
from returns.reasons import REASONS
from returns.services import settle
from returns.services.holding import hold, take_windows
from returns.services.seen import Stage, look
from settlement.services.entries import enter_tax_given_up

NOT_ALL = "return.not_all_there"
NOT_DECLARED, LATE, NOT_STOPPED = "return.not_declared", "return.late_at_customs", "return.not_stopped"
LOOK_AGAIN = timedelta(minutes=10)


def declare(row: ReturnRequest, *, by: str, now: datetime) -> bool:
    """Tell customs of the goods of a held request that come back, or never left; whether it is told by now.

    Whatever stands against it is a case; the return goes on.
    """
    declaration = _declaration(row)
    if row.return_no or declaration is None or declaration.released_at is None:
        return bool(row.return_no)
    take_windows(row, released=shanghai_day(declaration.released_at))
    if row.declare_by is not None and shanghai_day(now) > row.declare_by:
        if shanghai_day(row.requested_at) <= row.declare_by:  # else it was shown beforehand
            _case(
                row,
                NOT_DECLARED,
                "A return was not declared to customs in time: tax and allowance stay used",
                now,
            )
        return False
    if _takes_over(row, declaration, by=by, now=now):
        return True
    try:
        with transaction.atomic():
            filing = declare_return(
                declaration=declaration,
                pieces=_pieces(row),
                reason=REASONS[row.reason].zh,
                by=by,
                now=now,
            )
    except Problem as refused:
        title = "A return could not be declared to customs: mend it, and declare it on the declaration's page"
        _case(row, NOT_DECLARED, title, now, why=refused.code)
        return False
    row.return_no = filing.key
    row.save(update_fields=["return_no"])
    settle_open(kinds=[NOT_DECLARED], key=row.event_key, by=by, note=filing.key, now=now)
    return True


def _takes_over(row: ReturnRequest, declaration: Declaration, *, by: str, now: datetime) -> bool:
    """Whether customs was told of just these pieces for a request that is over and brought nothing: that
    return is this request's now."""
    over = _of(declaration.number).filter(state__in=("withdrawn", "lapsed"), received_at=None)
    told = {one.return_no: one for one in over.exclude(return_no="").order_by("pk")}
    for filing in expected(declaration):
        former = told.get(filing.key)
        if former is None or pieces_of(filing, now=now) != _pieces(row):
            continue
        former.return_no, row.return_no = "", filing.key
        for one in (former, row):
            one.save(update_fields=["return_no"])
        note = f"it is of {row.number} now"
        settle_open(kinds=[NOT_ALL], key=former.event_key, by=by, note=note, now=now)
        settle_open(kinds=[NOT_DECLARED], key=row.event_key, by=by, note=filing.key, now=now)
        return True
    return False


def hold_year(order: Order) -> None:
    """Before any stock of a held order moves: its declaration, then the year of its person (docs/locking.md).

    What comes back may give of the year back, and a checkout of the same person takes stock after its year.
    """
    declaration = Declaration.objects.filter(order_id=order.pk).first()
    if declaration is not None:
        held(declaration)
        compliance.allowance_hold(order.number)


def arrived(row: ReturnRequest, *, on: date, by: str, now: datetime) -> None:
    """The goods of a held request are back at the original place since `on`: customs' clock stops.

    Later than its last day it is a case, tax and allowance stay used; and so it is where other pieces were
    found than customs was told of: nothing is given back for what did not come.
    """
    declaration = _declaration(row)
    if declaration is None or not declare(row, by=by, now=now):
        return
    try:
        with transaction.atomic():
            goods_arrived(
                declaration=declaration, number=row.return_no, on=on, by=by, now=now, pieces=_found(row)
            )
    except NotThese:
        not_all_there(row, now=now)
    except (
        ArrivalKnown,
        ArrivedImpossible,
    ) as refused:  # customs refused the return, or it was entered before
        _case(
            row,
            NOT_DECLARED,
            "The goods are back, and customs knows of no such return",
            now,
            why=refused.code,
        )
    if row.arrive_by is not None and on > row.arrive_by:
        _case(row, LATE, "Returned goods came too late for customs: tax and allowance stay used", now)


def not_all_there(row: ReturnRequest, *, now: datetime) -> None:
    """Of a held request customs was told of goods that did not come: a person puts it right there."""
    if row.return_no:
        title = "Pieces of a return that customs was told of did not come"
        _case(row, NOT_ALL, title, now)


def lost(row: ReturnRequest, *, by: str, now: datetime) -> None:
    """The goods of a held request never come: customs awaits them no more, tax and allowance stay used."""
    declaration = _declaration(row)
    if declaration is None or not row.return_no:
        return
    try:
        with transaction.atomic():
            never_came(declaration=declaration, number=row.return_no, by=by, now=now)
    except ArrivalKnown:  # refused by customs, or entered before by a colleague
        pass


def stop(row: ReturnRequest, *, now: datetime) -> bool:
    """Of a held request of all that has not left: what is with customs is asked back, as soon as it can be.

    Whether it is to be looked at again: customs has not numbered the list yet.
    """
    declaration = _declaration(row)
    if declaration is None or row.goods_back:
        return False
    seen = look(order=row.order, now=now)
    if seen.stage is not Stage.HERE or any(
        line.quantity > seen.gone.get(line.pk, NOTHING).quantity for line in seen.lines
    ):
        return False
    _, current = held(declaration)
    if current.state not in ("listed", "accepted", "review", "inspection"):
        return False
    try:
        with transaction.atomic():
            ask_back(declaration=current, reason=REASONS[row.reason].zh, by=f"return:{row.number}", now=now)
    except NotAccepted:
        return True
    except (Problem, WrongState) as refused:
        title = "The list of an order that is to be refunded could not be asked back from customs"
        _case(row, NOT_STOPPED, title, now, why=refused.code)
    return False


def refused(*, number: str, order_number: str, now: datetime) -> None:
    """Customs refused the return `number`: the refund stays, and the tax is owed again, once."""
    found = _of(order_number).filter(return_no=number).first()
    if found is None:  # declared by a colleague, of no request
        return
    with tenant(found.storefront_id):
        row = hold(found)
        row.restorable = False
        row.save(update_fields=["restorable"])
        settle.tax_levied(row, now=now)


def declared(*, number: str, order_number: str, now: datetime) -> None:
    """A colleague declared the return `number`: it is that of the request of the same pieces which customs
    does not know, or refused."""
    if _of(order_number).filter(return_no=number).exists():
        return
    filing = Filing.objects.get(key=number, kind=Filing.Kind.RETURN, declaration__order__number=order_number)
    pieces = pieces_of(filing, now=now)
    unknown = _of(order_number).filter(Q(return_no="") | Q(restorable=False), state__in=_MAY_BE_DECLARED)
    found = next((one for one in unknown.order_by("pk") if _pieces(one) == pieces), None)
    if found is None:
        return
    with tenant(found.storefront_id):
        row = hold(found)
        row.return_no = number
        if row.refund_id is None:
            row.restorable = None  # not yet known
        row.save(update_fields=["return_no", "restorable"])
        settle_open(kinds=[NOT_DECLARED], key=row.event_key, by="system", note=number, now=now)
        if _found(row) or not row.goods_back:  # what is not graded yet is told once it is
            arrived(row, on=shanghai_day(row.received_at or now), by="system", now=now)


def granted(*, number: str, order_number: str, now: datetime) -> None:
    """Customs granted the return `number`, whose tax counted as lost: in time, it is given up after all."""
    found = _of(order_number).filter(return_no=number, restorable=False).first()
    if found is None:
        return
    with tenant(found.storefront_id):
        row = hold(found)
        if row.goods_back and row.received_at is None:  # lost on its way: nothing is back
            return
        back = shanghai_day(row.received_at or now)
        if row.refund is not None and row.arrive_by is not None and back <= row.arrive_by:
            row.restorable = True
            row.save(update_fields=["restorable"])
            enter_tax_given_up(refund=row.refund, key=row.number, at=now, now=now)


_MAY_BE_DECLARED = ("on_the_way", "received", "inspected", "disputed", "refunding", "settled")


def _of(order_number: str) -> QuerySet[ReturnRequest]:
    return ReturnRequest.objects.filter(order__number=order_number).select_related("order")


def _pieces(row: ReturnRequest) -> dict[str, int]:
    """Pieces of a request by SKU."""
    pieces = Counter[str]()
    for one in row.lines.exclude(state__in=["refused", "dropped"]).select_related("line"):
        pieces[one.line.sku] += one.quantity
    return dict(pieces)


def _found(row: ReturnRequest) -> dict[str, int] | None:
    """Pieces by SKU that were found of a request; None of what never left, and is there as a whole."""
    if not row.goods_back:
        return None
    pieces = Counter[str]()
    for one in (
        ReturnGrade.objects.filter(line__request=row).exclude(place="nowhere").select_related("line__line")
    ):
        pieces[one.line.line.sku] += one.quantity
    return dict(pieces)


def _declaration(row: ReturnRequest) -> Declaration | None:
    return Declaration.objects.filter(order_id=row.order_id).first()


def _case(row: ReturnRequest, kind: str, title: str, now: datetime, *, why: str = "") -> None:
    open_case(
        storefront_id=row.storefront_id,
        kind=kind,
        key=row.event_key,
        title=title,
        facts={"order": row.order.number, "return": row.number, **({"why": why} if why else {})},
        now=now,
    )
