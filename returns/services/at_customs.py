"""What customs is told of a return: goods that come back (625), or a list that is not to clear (623).

The money never waits for it. What customs does not take is a case, and the brand's own cost by its policy.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from compliance import services as compliance
from customs.models import Declaration
from customs.services.came_back import (
    ArrivalKnown,
    ArrivedImpossible,
    NotThese,
    goods_arrived,
    missing,
    never_came,
)
from customs.services.declaring import held
from customs.services.return_story import Story, stories
from customs.services.undoing import NotAccepted, ask_back, declare_return
from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Problem
from kernel.states import WrongState
from kernel.tenancy import tenant
from orders.given_back import NOTHING
from orders.models import Order
from payments.models import Refund
from returns.models import ReturnGrade, ReturnRequest
from returns.reasons import REASONS
from returns.services import tax
from returns.services.holding import hold, hold_order, take_windows
from returns.services.seen import Stage, look
from returns.windows import DECLARE, clock

NOT_ALL = "return.not_all_there"
NOT_DECLARED, LATE, NOT_STOPPED = "return.not_declared", "return.late_at_customs", "return.not_stopped"
MORE_TOLD = "return.more_told"
LOOK_AGAIN = timedelta(minutes=10)


def declare(row: ReturnRequest, *, by: str, now: datetime) -> bool:
    """Tell customs of the goods of a held request that come back, or never left; whether it is told by now.

    Whatever stands against it is a case; the return goes on.
    """
    declaration = _declaration(row)
    if row.return_no or declaration is None or declaration.released_at is None:
        return bool(row.return_no)
    take_windows(row, released=shanghai_day(declaration.released_at))
    if _takes_over(row, declaration, by=by, now=now):
        return True
    if row.declare_by is not None and shanghai_day(now) > row.declare_by:
        if shanghai_day(row.requested_at) <= row.declare_by:  # else it was shown beforehand
            _case(
                row,
                NOT_DECLARED,
                "A return was not declared to customs in time: tax and allowance stay used",
                now,
            )
        return False
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
    """Whether customs awaits just these pieces for nobody, or for requests that bring no more of them: that
    return is this request's too now. One that is over and brought nothing has it no longer."""
    for number, pieces in missing(declaration).items():
        former = _told(number, declaration.number)
        if pieces != _pieces(row) or not all(map(_brings_no_more, former)):
            continue
        for one in former:
            if one.received_at is None:
                one.return_no = ""
                one.save(update_fields=["return_no"])
            note = f"it is of {row.number} now"
            settle_open(kinds=[NOT_ALL], key=one.event_key, by=by, note=note, now=now)
        row.return_no = number
        row.save(update_fields=["return_no"])
        settle_open(kinds=[NOT_DECLARED], key=row.event_key, by=by, note=number, now=now)
        return True
    return False


def _brings_no_more(row: ReturnRequest) -> bool:
    """Whether a request is over, or its goods were looked at."""
    if row.received_at is None:
        return row.state in ("withdrawn", "lapsed")
    return ReturnGrade.objects.filter(line__request=row).exists()


def hold_year(order: Order) -> None:
    """Before any stock of a held order moves: its declaration, then the year of its person (docs/locking.md).

    What comes back may give of the year back, and a checkout of the same person takes stock after its year.
    """
    declaration = Declaration.objects.filter(order_id=order.pk).first()
    if declaration is not None:
        held(declaration)
        compliance.allowance_hold(order.number)


def arrived(row: ReturnRequest, *, on: date, by: str, now: datetime) -> None:
    """The goods of a held request are back at the original place since `on`: customs' clock stops for them.

    Later than its last day it is a case, tax and allowance stay used. For what customs was told of and did
    not come nothing is given back: it is awaited, until a person enters that it came or never does.
    """
    declaration = _declaration(row)
    if declaration is None or not declare(row, by=by, now=now):
        return
    pieces = None
    if row.goods_back:
        sharing, told = _told(row.return_no, row.order.number), _story(declaration, row.return_no)
        found = sum(map(_found, sharing), Counter[str]())
        pieces = found - told.back
        if told.back - found and all(map(_brings_no_more, sharing)):
            _case(row, MORE_TOLD, "More pieces were entered at customs as back than were found", now)
        if len(sharing) > 1 and pieces - (told.declared - told.back):  # what it was to bring, another brought
            row.return_no, pieces = "", _found(row)
            row.save(update_fields=["return_no"])
            if not declare(row, by=by, now=now):
                return
    if pieces is None or pieces:
        try:
            with transaction.atomic():
                goods_arrived(
                    declaration=declaration, number=row.return_no, on=on, by=by, now=now, pieces=pieces
                )
        except NotThese:
            not_all_there(row, now=now)
        except (ArrivalKnown, ArrivedImpossible) as refused:  # customs refused it, or it was entered before
            title = "The goods are back, and customs knows of no such return"
            _case(row, NOT_DECLARED, title, now, why=refused.code)
    _awaited(row.return_no, declaration, by=by, now=now)
    if row.arrive_by is not None and on > row.arrive_by:
        _case(row, LATE, "Returned goods came too late for customs: tax and allowance stay used", now)


def back_by_hand(order: Order, *, now: datetime) -> None:
    """Goods that were refunded by hand after their release are back: a person declares them in time."""
    declaration = Declaration.objects.filter(order=order).exclude(released_at=None).first()
    if declaration is None or declaration.released_at is None:
        return
    last = clock(DECLARE, since=shanghai_day(declaration.released_at), today=shanghai_day(now))
    if last.open:
        open_case(
            storefront_id=order.storefront_id,
            kind=NOT_DECLARED,
            key=order.event_key,
            title="Goods that were refunded by hand are back: declare their return on the declaration's page",
            facts={"order": order.number, "until": last.last.isoformat()},
            now=now,
        )


def not_all_there(row: ReturnRequest, *, now: datetime) -> None:
    """Of a held request customs was told of goods that did not come: a person says what becomes of them."""
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


def released(*, order_number: str, now: datetime) -> None:
    """Customs' release is taken in: what is on its way back, or came, before anybody knew is declared now."""
    late = _of(order_number).filter(goods_back=True, return_no="", state__in=_COMES_BACK)
    for found in late.order_by("pk"):
        with tenant(found.storefront_id):
            row = hold(found)
            if declaration := _declaration(row):
                take_windows(row, released=shanghai_day(declaration.released_at or now))
            if row.received_at is not None or row.state == "on_the_way":  # else it is lost
                hold_year(row.order)
                if declare(row, by="system", now=now) and _found(row):
                    arrived(row, on=shanghai_day(row.received_at or now), by="system", now=now)
            tax.share(row)
    _owe(order_number, now)


def refunded(*, refund: Refund, now: datetime) -> None:
    """Money of an order is gone, by a return or by hand."""
    if refund.order is not None:
        with tenant(refund.storefront_id):
            _owe(refund.order.number, now)


def moved(*, number: str, order_number: str, now: datetime) -> None:
    """Of the return `number` pieces came or never do, or customs refused or granted it: the ledger owes the
    tax of what is not given up, and no other."""
    for found in _told(number, order_number):
        with tenant(found.storefront_id):
            row = hold(found)
            if _story(_declaration(row), number).refused:
                row.restorable = False
                row.save(update_fields=["restorable"])
            tax.share(row)
            _awaited(number, _declaration(row), by="system", now=now)
    _owe(order_number, now)


def _owe(order_number: str, now: datetime) -> None:
    order = Order.objects.get(number=order_number)
    with tenant(order.storefront_id):
        tax.owe_order(hold_order(order_number), now=now)


def _awaited(number: str, declaration: Declaration | None, *, by: str, now: datetime) -> None:
    """What customs awaits of a return and no request brings is a case, until it came or never does."""
    awaits = _story(declaration, number)
    rows = _told(number, declaration.number if declaration else "")
    if awaits.refused or not awaits.expected:
        for row in rows:
            settle_open(kinds=[NOT_ALL], key=row.event_key, by=by, note="nothing is awaited", now=now)
    elif rows and all(map(_brings_no_more, rows)):
        not_all_there(rows[-1], now=now)


def declared(*, number: str, order_number: str, now: datetime) -> None:
    """A colleague declared the return `number`: it is that of the request of the same pieces, asked for or
    found, which customs does not know, or refused."""
    if _of(order_number).filter(return_no=number).exists():
        return
    declaration = Declaration.objects.get(order__number=order_number)
    told = stories(declaration)
    pieces = dict(told[number].declared)
    rows = _of(order_number).filter(state__in=_MAY_BE_DECLARED).order_by("pk")
    unknown = [one for one in rows if not one.return_no or told.get(one.return_no, Story()).refused]
    found = next((one for one in unknown if pieces in (_pieces(one), dict(_found(one)))), None)
    if found is None:
        settle_open(kinds=[NOT_DECLARED], key=declaration.event_key, by="system", note=number, now=now)
        return
    with tenant(found.storefront_id):
        row = hold(found)
        row.return_no = number
        row.save(update_fields=["return_no"])
        settle_open(kinds=[NOT_DECLARED], key=row.event_key, by="system", note=number, now=now)
        if _found(row) or not row.goods_back:  # what is not graded yet is told once it is
            arrived(row, on=shanghai_day(row.received_at or now), by="system", now=now)
        tax.share(row)


_COMES_BACK = ("on_the_way", "received", "inspected", "disputed", "refunding", "settled")
_MAY_BE_DECLARED = ("to_send", *_COMES_BACK)


def _of(order_number: str) -> QuerySet[ReturnRequest]:
    return ReturnRequest.objects.filter(order__number=order_number).select_related("order")


def _pieces(row: ReturnRequest) -> dict[str, int]:
    """Pieces of a request by SKU."""
    pieces = Counter[str]()
    for one in row.lines.exclude(state__in=["refused", "dropped"]).select_related("line"):
        pieces[one.line.sku] += one.quantity
    return dict(pieces)


def _found(row: ReturnRequest) -> Counter[str]:
    """Pieces by SKU that were found of a request."""
    pieces = Counter[str]()
    here = ReturnGrade.objects.filter(line__request=row).exclude(place="nowhere")
    for sku, many in here.values_list("line__line__sku", "quantity"):
        pieces[sku] += many
    return pieces


def _told(number: str, order_number: str) -> list[ReturnRequest]:
    """The requests whose goods customs knows by a return: one, or those that each bring a part of it."""
    return list(_of(order_number).filter(return_no=number).order_by("pk")) if number else []


def _story(declaration: Declaration | None, number: str) -> Story:
    return stories(declaration).get(number, Story()) if declaration else Story()


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
