"""Stock changes its warehouse in two movements: out when it is sent, in when it has arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from inventory.models import Lot, Movement, Stock, Transfer, TransferLine, Warehouse
from inventory.services.lots import TooFewPieces, receive
from inventory.services.moving import move
from kernel.cases import open_case
from kernel.errors import Conflict, Invalid


class TransferEnded(Conflict):
    """The load was taken in or called back already."""

    code = "transfer_ended"
    title = "This transfer has already ended."
    title_zh = "该调拨已结束。"


class CannotTransfer(Invalid):
    """Goods go to another warehouse of the same storefront and trade mode; another mode needs customs."""

    code = "cannot_transfer"
    title = "Stock moves between two warehouses of one storefront under the same trade mode only."
    title_zh = "仅可在同一店铺、同一监管方式的两个仓库之间调拨。"


@transaction.atomic
def send_transfer(
    *, target: Warehouse, pieces: Sequence[tuple[Lot, int]], reason: str, by: str, now: datetime
) -> Transfer:
    """Send pieces of lots of one warehouse on their way; what is promised stays.

    Raises CannotTransfer, TooFewPieces.
    """
    ids = {lot.stock_id for lot, _ in pieces}
    rows = Stock.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids).order_by("pk")
    stocks = {row.pk: row for row in rows.select_related("warehouse")}
    sources = {row.warehouse_id: row.warehouse for row in stocks.values()}
    if len(sources) != 1 or target.pk in sources:
        raise CannotTransfer()
    source = next(iter(sources.values()))
    if (source.storefront_id, source.trade_mode) != (target.storefront_id, target.trade_mode):
        raise CannotTransfer()
    transfer = Transfer.objects.create(
        storefront_id=source.storefront_id,
        source=source,
        target=target,
        reason=reason,
        sent_by=by,
        sent_at=now,
    )
    for lot, quantity in sorted(pieces, key=lambda one: (one[0].stock_id, one[0].pk)):
        lot.refresh_from_db()
        stocks[lot.stock_id].refresh_from_db()
        most = max(0, min(lot.free, stocks[lot.stock_id].available))
        if not 0 < quantity <= most:
            raise TooFewPieces(pieces=most)
        TransferLine.objects.create(
            storefront_id=source.storefront_id, transfer=transfer, lot=lot, quantity=quantity
        )
        _move(lot, -quantity, transfer, by, now)
    return transfer


@transaction.atomic
def receive_transfer(
    *,
    transfer: Transfer,
    by: str,
    now: datetime,
    missing: Mapping[int, int] | None = None,
    inbound_list: str = "",
) -> Transfer:
    """Take a load in: each lot keeps its number and days, and within one account book its inbound list.

    In another account book it lies under the `inbound_list` by which it came into that; without one it is
    held until the number is entered.

    `missing` says how many pieces of a line (by its key) did not arrive: they are gone from both warehouses,
    with a case. Raises TransferEnded, TooFewPieces, LotDiffers.
    """
    transfer = _in_transit(transfer)
    lines = transfer.lines.select_related("lot__stock__variant").order_by("pk")
    coming = Stock.objects.filter(
        warehouse=transfer.target, variant__in=[line.lot.stock.variant_id for line in lines]
    )
    list(coming.select_for_update(no_key=True).order_by("pk"))
    for line in lines:
        lost = (missing or {}).get(line.pk, 0)
        if not 0 <= lost <= line.quantity:
            raise TooFewPieces(pieces=line.quantity)
        line.arrived = line.quantity - lost
        line.save(update_fields=["arrived"])
        if line.arrived:
            receive(
                warehouse=transfer.target,
                variant=line.lot.stock.variant,
                quantity=line.arrived,
                code=line.lot.code,
                produced_on=line.lot.produced_on,
                expires_on=line.lot.expires_on,
                inbound_list=inbound_list if other_book(transfer) else line.lot.inbound_list,
                holder=f"transfer:{transfer.pk}",
                kind=Movement.Kind.TRANSFER,
                by=by,
                now=now,
            )
        if lost:
            open_case(
                storefront_id=transfer.storefront_id,
                kind="transfer.missing",
                key=f"transferline:{line.pk}",
                title="Pieces of a transfer did not arrive",
                facts={"sku": line.lot.stock.variant.sku, "lot": line.lot.code, "pieces": lost},
                now=now,
            )
    return _end(transfer, Transfer.State.ARRIVED, by, now)


@transaction.atomic
def call_back_transfer(*, transfer: Transfer, by: str, now: datetime) -> Transfer:
    """The load has come back to where it was sent from; raises TransferEnded."""
    transfer = _in_transit(transfer)
    lines = transfer.lines.select_related("lot__stock__variant", "lot__stock__warehouse")
    for line in lines.order_by("lot__stock_id", "pk"):
        lot = line.lot
        receive(
            warehouse=lot.stock.warehouse,
            variant=lot.stock.variant,
            quantity=line.quantity,
            code=lot.code,
            produced_on=lot.produced_on,
            expires_on=lot.expires_on,
            inbound_list=lot.inbound_list,
            holder=f"transfer:{transfer.pk}",
            kind=Movement.Kind.TRANSFER,
            by=by,
            now=now,
        )
    return _end(transfer, Transfer.State.RETURNED, by, now)


def other_book(transfer: Transfer) -> bool:
    """Whether a load leaves one account book for another, and needs an inbound list of its own."""
    return transfer.target.bonded and transfer.source.ems_no != transfer.target.ems_no


def _move(lot: Lot, pieces: int, transfer: Transfer, by: str, now: datetime) -> None:
    move(
        lot,
        Movement.Kind.TRANSFER,
        on_hand=pieces,
        holder=f"transfer:{transfer.pk}",
        reason=transfer.reason,
        by=by,
        now=now,
    )


def _in_transit(transfer: Transfer) -> Transfer:
    row = Transfer.objects.select_for_update().get(pk=transfer.pk)
    if row.state != Transfer.State.IN_TRANSIT:
        raise TransferEnded()
    return row


def _end(transfer: Transfer, state: Transfer.State, by: str, now: datetime) -> Transfer:
    transfer.state, transfer.ended_by, transfer.ended_at = state, by, now
    transfer.save(update_fields=["state", "ended_by", "ended_at"])
    return transfer
