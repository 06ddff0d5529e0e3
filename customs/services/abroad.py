"""Goods sent back abroad (退运出境): no piece leaves stock and account book but with its papers.

A colleague prepares lots that are set aside; the agent (报关行) obtains an outbound list (核注清单) and a
declaration in the special area's system, whose numbers are entered; once it has left, stock and book lose it.
Its pieces are kept for it in the stock: nobody sells, destroys or sends them else meanwhile.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from customs.account_book import aside_in_book, left_in_book
from customs.models import Outbound, OutboundPieces
from customs.services import book
from customs.states import GOING, OUTBOUND
from inventory import services as inventory
from inventory.models import BookItem, Lot, Warehouse
from kernel import events, ids
from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.states import WrongState
from kernel.tenancy import tenant

WAITS = "customs.outbound_waits"
WAITS_FOR = timedelta(days=7)
_LIST, _DECLARATION = re.compile(r"QD[0-9]{6}E[0-9]{9}"), re.compile(r"[0-9]{18}")


@dataclass(eq=False)
class TooManyAbroad(Invalid):
    """Only what is set aside under an inbound list, in the book, and in no other shipment abroad."""

    code = "outbound_pieces"
    title = "Of lot {lot} at most {most} pieces can go abroad: set aside, under an inbound list, in the book."
    title_zh = "批次{lot}最多可退运{most}件：须为已隔离、有核注清单、账册内且未列入其他退运的商品。"
    lot: str
    most: int


class NothingAbroad(Invalid):
    """A shipment abroad holds something before it is declared."""

    code = "outbound_empty"
    title = "Enter first which pieces go abroad."
    title_zh = "请先填写退运商品。"


class BadPapers(Invalid):
    """The papers of the way out, as the special area's system numbers them."""

    code = "outbound_papers"
    title = (
        "Enter the number of the outbound list (QD, 6 digits, E, 9 digits), of the declaration (18 digits)."
    )
    title_zh = "请填写出口核注清单编号（QD+6位数字+E+9位数字）和报关单号或备案清单号（18位数字）。"


class ListTaken(Conflict):
    """An outbound list is of one shipment."""

    code = "outbound_list_taken"
    title = "Another shipment abroad has this outbound list."
    title_zh = "该核注清单编号已用于其他退运。"


class BadDays(Invalid):
    """It is prepared, declared, and leaves, in this order, and not tomorrow."""

    code = "outbound_days"
    title = "The day is not after today, and goods leave on the day of their declaration or later."
    title_zh = "日期不得晚于今日，出境日期不得早于申报日期。"


def prepare(*, warehouse: Warehouse, destination: str, by: str, now: datetime) -> Outbound:
    """Begin a shipment abroad out of a bonded warehouse. Raises NotInABook."""
    if not warehouse.bonded or not warehouse.ems_no:
        raise book.NotInABook()
    with tenant(warehouse.storefront_id):
        made = Outbound.objects.create(
            number=f"OUT{ids.number(now)}",
            storefront_id=warehouse.storefront_id,
            warehouse=warehouse,
            ems_no=warehouse.ems_no,
            destination=destination[:100],
            by=by[:80],
            at=now,
        )
        events.record(
            storefront_id=made.storefront_id,
            name=f"outbound.{OUTBOUND.start}",
            key=made.event_key,
            facts={"by": by},
            now=now,
        )
        return made


def free(outbound: Outbound) -> dict[Lot, int]:
    """What may go with it: lots that are set aside in its warehouse, less what is kept for others."""
    lots = Lot.objects.filter(stock__warehouse=outbound.warehouse_id, quarantined__gt=0).exclude(
        inbound_list=""
    )
    rows = list(lots.select_related("stock__variant").order_by("stock_id", "pk"))
    taken, own = inventory.kept(rows), inventory.kept(rows, holder=outbound.event_key)
    return {lot: most for lot in rows if (most := lot.quarantined - taken[lot.pk] + own[lot.pk]) > 0}


def put(*, outbound: Outbound, pieces: Mapping[int, int], by: str, now: datetime) -> Outbound:
    """Which pieces go with it, lot by lot, in the place of what was said before. Raises WrongState,
    TooManyAbroad, and TooFewPieces where others were faster."""
    with tenant(outbound.storefront_id):
        row = _held(outbound)
        if row.state != "prepared":
            raise WrongState(machine=OUTBOUND.name, verb="put", state=row.state)
        named = [*pieces, *row.goods.values_list("lot", flat=True)]
        rows = Lot.objects.filter(pk__in=named).select_related("stock__variant").order_by("stock_id", "pk")
        lots = [lot for lot in rows if pieces.get(lot.pk, 0) > 0]
        _in_book(row, lots, pieces)
        may = {lot.pk: most for lot, most in free(row).items()}
        for lot in lots:
            if pieces[lot.pk] > may.get(lot.pk, 0):
                raise TooManyAbroad(_named(lot), may.get(lot.pk, 0))
        row.goods.all().delete()
        OutboundPieces.objects.bulk_create(
            OutboundPieces(storefront_id=row.storefront_id, outbound=row, lot=lot, quantity=pieces[lot.pk])
            for lot in lots
        )
        own = inventory.kept(rows, holder=row.event_key)
        for lot in rows:
            who: dict[str, Any] = {"lot": lot, "holder": row.event_key, "by": by, "now": now}
            if (more := pieces.get(lot.pk, 0) - own[lot.pk]) > 0:
                inventory.keep_for(pieces=more, **who)
            elif more < 0:
                inventory.let_go(most=-more, **who)
        return row


def declare(
    *, outbound: Outbound, list_no: str, declaration_no: str, on: date, by: str, now: datetime
) -> Outbound:
    """Enter what the agent obtained; entered again, it is corrected. Raises WrongState, NothingAbroad,
    BadPapers, BadDays, ListTaken."""
    if not _LIST.fullmatch(list_no) or not _DECLARATION.fullmatch(declaration_no):
        raise BadPapers()
    if on > shanghai_day(now):
        raise BadDays()
    with tenant(outbound.storefront_id):
        row = _held(outbound)
        if not row.goods.exists():
            raise NothingAbroad()
        papers = {"list_no": list_no, "declaration_no": declaration_no}
        try:  # the other one may be another storefront's, which is not seen from here
            with transaction.atomic():
                OUTBOUND.move(row, "declare", now=now, facts={"by": by, **papers}, declared_on=on, **papers)
        except IntegrityError as clash:
            raise ListTaken() from clash
        return row


def leave(*, outbound: Outbound, on: date, by: str, now: datetime) -> Outbound:
    """It has left the zone: stock and account book lose its pieces, by the number of its list.

    Raises WrongState, BadDays, TooManyAbroad, and TooFewPieces or BadCount of the stock.
    """
    with tenant(outbound.storefront_id):
        row = _held(outbound)
        if row.declared_on is not None and not row.declared_on <= on <= shanghai_day(now):
            raise BadDays()
        goods = list(row.goods.select_related("lot__stock__variant").order_by("lot__stock_id", "lot_id"))
        _in_book(row, [one.lot for one in goods], {one.lot_id: one.quantity for one in goods})
        OUTBOUND.move(row, "leave", now=now, facts={"by": by, "list": row.list_no}, left_on=on)
        many = Counter[int]()
        for one in goods:
            own = row.event_key
            said: dict[str, Any] = {"holder": own, "kept_for": own, "reason": "abroad", "by": by, "now": now}
            inventory.discard(lot=one.lot, pieces=one.quantity, **said)
            many[one.lot.stock.variant_id] += one.quantity
        variants = {one.lot.stock.variant_id: one.lot.stock.variant for one in goods}
        for key, pieces in sorted(many.items()):
            book.enter(
                warehouse=row.warehouse,
                variant=variants[key],
                pieces=-pieces,
                paper=row.list_no,
                reason=f"退运出境 {row.number}",
                by=by,
                now=now,
            )
        _settle(row, by, now)
        return row


def drop(*, outbound: Outbound, by: str, now: datetime) -> Outbound:
    """Nothing leaves after all: its pieces are set aside as before. Raises WrongState."""
    with tenant(outbound.storefront_id):
        row = _held(outbound)
        OUTBOUND.move(row, "drop", now=now, facts={"by": by})
        for one in row.goods.select_related("lot").order_by("lot__stock_id", "lot_id"):
            inventory.let_go(lot=one.lot, holder=row.event_key, by=by, now=now)
        _settle(row, by, now)
        return row


def remind(*, now: datetime) -> int:
    """Each shipment abroad that waits for longer than a week is a case; how many. Run daily."""
    rows = Outbound.objects.filter(state__in=GOING, at__lte=now - WAITS_FOR).order_by("pk")
    for row in rows:
        open_case(
            storefront_id=row.storefront_id,
            kind=WAITS,
            key=row.event_key,
            title="A shipment abroad waits for its papers, or to leave",
            facts={"outbound": row.number, "state": row.state},
            now=now,
        )
    return len(rows)


def _held(outbound: Outbound) -> Outbound:
    return Outbound.objects.select_for_update(of=("self",)).select_related("warehouse").get(pk=outbound.pk)


def _in_book(row: Outbound, lots: Iterable[Lot], pieces: Mapping[int, int]) -> None:
    """No more goes than is set aside in the account book and left to take out of it, beside all that waits to
    go abroad; its items are held until then."""
    wanted, named = Counter[int](), dict[int, Lot]()
    for lot in lots:
        wanted[lot.stock.variant_id] += pieces[lot.pk]
        named[lot.stock.variant_id] = lot
    items = BookItem.objects.filter(warehouse__ems_no=row.ems_no, variant__in=wanted).order_by("pk")
    list(items.select_for_update(no_key=True, of=("self",)))
    of: dict[str, Any] = {"ems_no": row.ems_no, "variant_ids": sorted(wanted)}
    left, aside = left_in_book(**of), aside_in_book(**of)
    own = Counter[int]()  # is among what waits
    for variant, many in row.goods.values_list("lot__stock__variant", "quantity"):
        own[variant] += many
    for key, many in wanted.items():
        most = min(left[key], aside[key]) + own[key]
        if many > most:
            raise TooManyAbroad(_named(named[key]), max(0, most))


def _named(lot: Lot) -> str:
    return f"{lot.stock.variant.sku} {lot.code or lot.inbound_list}"


def _settle(row: Outbound, by: str, now: datetime) -> None:
    settle_open(kinds=[WAITS], key=row.event_key, by=by, note=f"it is {row.state}", now=now)
