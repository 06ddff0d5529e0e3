"""What was picked, lot by lot, is what a parcel holds, and nothing else; it is weighed before it is let go.

Each picked piece lies in one parcel: goods of general trade go out in several, all others in one. Told twice
each verb changes nothing the second time. Each locks the order, then its shipment, then what is held for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from inventory import services as inventory
from inventory.models import Lot
from inventory.services import CannotPick
from kernel import events
from kernel.cases import settle_open
from kernel.errors import Conflict, Invalid
from kernel.states import WrongState
from kernel.tenancy import tenant
from logistics.models import CarrierAccount, Parcel, ParcelLine, Shipment
from logistics.services import weighing
from logistics.services.shipments import SEVERAL, account_of, locked
from logistics.services.standing import PACKED_REFUNDED, advance, next_box
from logistics.services.weighing import WeightDiffers
from logistics.states import SHIPMENT
from logistics.vocabulary import carriers
from orders.models import Order, OrderLine
from orders.services.cancel_paid import hold_ends_at

TO_PACK = ("packing", "leaving")
Content = tuple[OrderLine, Lot, int]
Part = Mapping[str | int, int]  # SKU or lot id → pieces


@dataclass(eq=False)
class StillHeld(Conflict):
    """The consumer may still cancel, so nothing is taken from its shelf."""

    code = "shipment_still_held"
    title = "The consumer may still cancel this order; pack it after {until}."
    title_zh = "消费者仍可取消该订单，请在 {until} 之后打包。"
    until: str


class NotPaid(Conflict):
    """The order is not paid any more: it was cancelled, and nothing of it leaves."""

    code = "shipment_order_ended"
    title = "This order has ended; nothing of it is shipped."
    title_zh = "该订单已结束，不再发货。"


class Packed(Conflict):
    """An import list holds one parcel, and this order has it."""

    code = "shipment_packed"
    title = "This order already has its parcel: an import list holds one."
    title_zh = "该订单已有包裹：一份清单只对应一个包裹。"


class OneParcel(Conflict):
    """An import list holds one parcel, which is the whole order."""

    code = "shipment_one_parcel"
    title = "This order goes in one parcel: all that was picked for it lies in that one."
    title_zh = "该订单只对应一个包裹，须装入全部已拣商品。"


@dataclass(eq=False)
class PackedBefore(Conflict):
    """The parcel that was to be packed as the nth was packed meanwhile, and taken back."""

    code = "parcel_packed_before"
    title = "Parcel {nth} of this order was packed before and taken back; look again."
    title_zh = "该订单的第 {nth} 个包裹已打包后撤回，请刷新后再操作。"
    nth: int


class NothingToPack(Conflict):
    """No piece is held for the order any more: all were refunded, or have left."""

    code = "shipment_nothing_to_pack"
    title = "No piece of this order is to be shipped any more."
    title_zh = "该订单已无待发商品。"


@dataclass(eq=False)
class NotPicked(Conflict):
    """More pieces are to go into a parcel than were picked and are in none."""

    code = "parcel_not_picked"
    title = "{left} pieces of {sku} are picked and not packed yet."
    title_zh = "{sku} 已拣未装箱的只有 {left} 件。"
    sku: str
    left: int


@dataclass(eq=False)
class NoCarrier(Invalid):
    """No account of the storefront issues waybills of this carrier."""

    code = "carrier_not_set"
    title = "The storefront has no account with {carrier}; set it first."
    title_zh = "店铺尚未设置承运商 {carrier} 的账户。"
    carrier: str


def start_packing(*, shipment: Shipment, by: str, now: datetime) -> Shipment:
    """Goods are taken from the shelf, first expired first; before their release too (law.md R2.5).

    Of what is picked already what lacks, because it was damaged, is picked now.

    Raises StillHeld, NotPaid, WrongState, NothingToPack; CannotPick, with a case, and SaleStopped of
    inventory: then no piece moves.
    """
    try:
        with transaction.atomic(), tenant(shipment.storefront_id):
            order, row = locked(shipment)
            if order.state != "paid":
                raise NotPaid()
            begun = row.state in TO_PACK
            if not begun:
                until = hold_ends_at(order)
                if until is not None and now <= until:
                    raise StillHeld(until=until.isoformat(timespec="minutes"))
                SHIPMENT.move(row, "pick", now=now, facts={"order": row.number, "by": by})
            if not inventory.pick(holder=order.event_key, by=by, now=now) and not begun:
                raise NothingToPack()
            return row
    except CannotPick as missing:  # the case went with all the rest
        with tenant(shipment.storefront_id):
            inventory.tell_missing(holder=shipment.event_key, missing=missing, now=now)
        raise


def pack(
    *,
    shipment: Shipment,
    carrier: str,
    by: str,
    now: datetime,
    weight_g: int | None = None,
    second_look: bool = False,
    pieces: Mapping[str, int] | None = None,
    lots: Mapping[int, int] | None = None,
    nth: int | None = None,
) -> Parcel:
    """What was picked for the order in one parcel, for which the carrier will be asked for a waybill.

    A shipment that is still to pick is picked. `weight_g` is what the scales say: what differs from the goods
    by more than the warehouse tolerates is refused with a case, and packed by a colleague's `second_look`
    alone. Without it the parcel must be weighed before it leaves. Of goods of general trade `pieces` (SKU →
    pieces) or `lots` (lot id → pieces) may go into a parcel of their own, the `nth` of the order; all others
    wait for what lacks, and what is named of them is the whole.

    Raises what `start_packing` does, CannotPick where something lacks, and Packed, OneParcel, PackedBefore,
    NoCarrier, NotPicked, WeightDiffers, SameEyes.
    """
    if shipment.state == SHIPMENT.start:
        shipment = start_packing(shipment=shipment, by=by, now=now)
    try:
        with transaction.atomic(), tenant(shipment.storefront_id):
            order, row = locked(shipment)
            part = _part(pieces, lots)
            before = list(Parcel.objects.filter(shipment=row).order_by("id"))
            one = order.trade_mode not in SEVERAL and any(it.state != "cancelled" for it in before)
            if part is not None and one:
                raise Packed()
            done = _done(order, before, weight_g, nth)
            if done is not None:
                return done
            return _pack(
                order,
                row,
                carrier=carrier,
                weight_g=weight_g,
                second_look=second_look,
                part=part,
                by=by,
                now=now,
            )
    except WeightDiffers as differs:
        weighing.tell(shipment=shipment, differs=differs, by=by, now=now)
        raise


def swap_picked(
    *, shipment: Shipment, lot: Lot, pieces: int, damaged: bool, reason: str, by: str, now: datetime
) -> None:
    """Picked pieces that lie in no parcel and cannot leave are put back, and others are picked for them.

    Of what was damaged the packer keeps none, also where no others are there: that is a case.

    Raises NotPaid, WrongState; NotInHand, SaleStopped and CannotPick, with a case, of inventory.
    """
    try:
        with transaction.atomic(), tenant(shipment.storefront_id):
            order, row = locked(shipment)
            if order.state != "paid":
                raise NotPaid()
            if row.state not in TO_PACK:
                raise WrongState(machine=SHIPMENT.name, verb="swap", state=row.state)
            said = {"holder": order.event_key, "reason": reason, "by": by}
            inventory.swap(lot=lot, pieces=pieces, damaged=damaged, now=now, **said)
    except CannotPick as missing:  # the case went with all the rest
        with tenant(shipment.storefront_id):
            inventory.tell_missing(holder=shipment.event_key, missing=missing, now=now)
        raise


def _done(order: Order, before: list[Parcel], weight_g: int | None, nth: int | None) -> Parcel | None:
    """The parcel that this very call has packed before."""
    if nth is not None and nth <= len(before):
        if before[nth - 1].state == "cancelled":
            raise PackedBefore(nth=nth)
        return before[nth - 1]
    live = [one for one in before if one.state != "cancelled"]
    if not live or order.trade_mode in SEVERAL:
        return None
    if weight_g not in (None, live[0].weighed_g):
        raise Packed()
    return live[0]


def _pack(
    order: Order,
    row: Shipment,
    *,
    carrier: str,
    weight_g: int | None,
    second_look: bool,
    part: Part | None,
    by: str,
    now: datetime,
) -> Parcel:
    if order.state != "paid":
        raise NotPaid()
    if row.state not in TO_PACK:
        SHIPMENT.move(row, "label", now=now)  # says what the state is, and that it does not lead there
    account = account_of(row.storefront_id, CarrierAccount.Provider.SF)
    if account is None or carrier != "SF":
        raise NoCarrier(carrier=carriers()[carrier].name if carrier in carriers() else carrier)
    contents = to_pack(order, row)
    lacks = inventory.lacking(holder=order.event_key)
    if lacks and (order.trade_mode not in SEVERAL or not contents):
        held, pieces = next(iter(lacks.items()))
        raise CannotPick(sku=held.stock.variant.sku, missing=pieces)
    if part is not None:
        whole, contents = contents, _chosen(contents, part)
        if order.trade_mode not in SEVERAL and contents != whole:
            raise OneParcel()
    if not contents:
        return _all_packed(order, row, by, now)
    own_number, _ = next_box(row)
    expected_g = weighing.expected_g(row, contents)
    if weight_g is not None:
        figures = weighing.Figures(own_number, expected_g, weight_g)
        weighing.check(row, figures, by=by, second_look=second_look, now=now)
    parcel = Parcel.objects.create(
        storefront_id=row.storefront_id,
        shipment=row,
        carrier_account=account,
        own_number=own_number,
        single=order.trade_mode not in SEVERAL,
        carrier=carrier,
        weight_g=weight_g or expected_g,
        expected_g=expected_g,
        weighed_g=weight_g,
        asked_at=now,
        next_try_at=now,
    )
    ParcelLine.objects.bulk_create(
        ParcelLine(storefront_id=row.storefront_id, parcel=parcel, line=line, lot=lot, quantity=number)
        for line, lot, number in contents
    )
    inside: Counter[int] = Counter()
    for _, lot, number in contents:
        inside[lot.pk] += number
    inventory.put_in_box(holder=order.event_key, box=parcel.event_key, pieces=inside)
    settle_open(kinds=[PACKED_REFUNDED], key=row.event_key, by=by, note="packed anew", now=now)
    events.record(
        storefront_id=row.storefront_id,
        name="waybill.asked",
        key=parcel.event_key,
        facts={"by": by, "weight_g": parcel.weight_g},
        now=now,
    )
    return parcel


def _all_packed(order: Order, row: Shipment, by: str, now: datetime) -> Parcel:
    """Nothing is left to pack because the rest was refunded: what lies in parcels is the whole."""
    last = Parcel.objects.filter(shipment=row).exclude(state="cancelled").order_by("-id").first()
    if last is None:
        raise NothingToPack()
    advance(order=order, row=row, by=by, now=now)
    return last


def to_pack(order: Order, row: Shipment) -> list[Content]:
    """What is picked for an order and lies in no parcel yet, by line and lot."""
    held = ParcelLine.objects.filter(parcel__shipment=row).exclude(parcel__state="cancelled")
    of_line: Counter[int] = Counter()
    for line_id, quantity in held.values_list("line", "quantity"):
        of_line[line_id] += quantity
    lots: dict[int, Lot] = {}
    free: Counter[int] = Counter()
    for pick in inventory.in_hand(holder=order.event_key):
        lots[pick.lot_id] = pick.lot
        free[pick.lot_id] += pick.quantity
    found: list[Content] = []
    for line in OrderLine.objects.select_related("variant").filter(order=order).order_by("position"):
        wanted = line.quantity - of_line[line.pk]
        for lot_id, lot in lots.items():
            if lot.stock.variant_id == line.variant_id and (number := min(wanted, free[lot_id])) > 0:
                wanted -= number
                free[lot_id] -= number
                found.append((line, lot, number))
    return found


def _part(pieces: Mapping[str, int] | None, lots: Mapping[int, int] | None) -> Part | None:
    if pieces is None and lots is None:
        return None
    by_sku: list[tuple[str | int, int]] = [*(pieces or {}).items()]
    return dict([*by_sku, *(lots or {}).items()])


def _chosen(contents: list[Content], part: Part) -> list[Content]:
    """Of what is to pack the pieces that were named, by SKU or by lot."""
    left: Counter[str | int] = Counter(dict(part))
    found: list[Content] = []
    for line, lot, number in contents:
        named = lot.pk if lot.pk in part else line.sku
        if (taken := min(number, left[named])) > 0:
            left[named] -= taken
            found.append((line, lot, taken))
    for named, missing in left.items():
        if missing > 0:
            sku = named if isinstance(named, str) else _sku_of(contents, named)
            raise NotPicked(sku=sku, left=part[named] - missing)
    return found


def _sku_of(contents: list[Content], lot_id: int) -> str:
    return next((line.sku for line, lot, _ in contents if lot.pk == lot_id), "")
