"""A paid order is declared once the time for it has come: three documents, then the list, then it is watched.

Nothing is sent that does not match or that the law refuses; what has not come yet is waited for, and after a
while put before a person. Each step is one transaction under the order's and the declaration's row.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from customs.documents.build import BONDED
from customs.gateways.senders import senders
from customs.models import Declaration, Filing, PortAccount
from customs.services import cargo
from customs.services.asking import ask_carrier
from customs.services.filing import ask_anew, standing, supersede
from customs.services.gather import OrderUnreadable
from customs.services.preparing import can_list, list_order, still, tell, unsettled
from customs.services.waiting import (
    LATE,
    LATE_AFTER,
    LOOK_AGAIN,
    MOST_RESENDS,
    SILENT,
    SILENT_AFTER,
    WATCHED,
    later,
    open_late,
    silent,
)
from customs.states import DECLARATION
from customs.steps import GRANTED, REFUSED, STANDS, Step, is_error, step_for
from kernel.cases import open_failing, settle_open
from kernel.gateways import Unreachable
from kernel.ids import number as random_number
from kernel.tenancy import tenant
from logistics.models import Parcel, Shipment
from logistics.queries import refunded_inside
from orders.models import Order
from orders.services.cancel_paid import cancel_paid, hold_ends_at
from payments.models import Payment
from payments.services.declare_change import declare_payment_again

log = structlog.get_logger(__name__)

BATCH, LEASE = 50, timedelta(seconds=30)
LOOK_AT_BLOCKED, MOST_REFUSALS = timedelta(hours=2), 3
ON_NO_BILL_AFTER = timedelta(days=3)
MODES = (*BONDED, cargo.DIRECT)
FAILING = "customs.failing"
Kind = Filing.Kind
# What a refusal leads to without a person; everything else waits in front of one.
BY_ITSELF = (Step.AS_NEW, Step.AS_CHANGED, Step.PAYMENT, Step.CARRIER, Step.LATER)
MENDED_ELSEWHERE = ("mismatch", "refused")
REFUNDED = (Step.LIMIT_SINGLE, Step.LIMIT_YEAR)


def open_declaration(*, order: Order, now: datetime) -> Declaration | None:
    """The declaration of a paid order across the border, made if there is none; None for any other order.

    Its time comes when the consumer can no longer cancel.
    """
    with tenant(order.storefront_id):
        order = Order.objects.select_for_update(of=("self",)).select_related("warehouse").get(pk=order.pk)
        if order.state != "paid" or order.trade_mode not in MODES:
            return None
        account = PortAccount.objects.filter(
            storefront_id=order.storefront_id, customs_code=order.warehouse.customs_district, active=True
        ).first()
        found, _ = Declaration.objects.get_or_create(
            order=order,
            defaults={
                "storefront_id": order.storefront_id,
                "account": account,
                "number": order.number,
                "cop_no": cop_no(now),
                "tax_fen": order.tax_fen,
                "awaits": "hold",
                "opened_at": now,
                "next_try_at": hold_ends_at(order) or now,
            },
        )
    return found


def cop_no(now: datetime) -> str:
    """A number of our own for a list (企业内部编号): 20 characters, of no other list."""
    return random_number(now, 5)


def end_declaration(*, number: str, now: datetime) -> None:
    """The order ended before its list: nothing of it is declared any more. Told again it changes nothing."""
    declaration = Declaration.objects.filter(number=number).first()
    if declaration is None:
        return
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        if row.state in DECLARATION.moves["end"]:
            _end(row, now)


def _end(row: Declaration, now: datetime) -> None:
    DECLARATION.move(row, "end", now=now, next_try_at=None, awaits="")
    for kind in Kind:
        supersede(declaration=row, kind=kind)
    settle_open(kinds=CASES, key=row.event_key, by="system", note="the order ended", now=now)


def held(declaration: Declaration) -> tuple[Order, Declaration]:
    """Order and declaration, held with what was paid for it, in the order of docs/locking.md."""
    list(
        Payment.objects.select_for_update(of=("self",)).filter(order=declaration.order_id, state="succeeded")
    )
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("warehouse", "key", "storefront", "customer")
        .get(pk=declaration.order_id)
    )
    row = Declaration.objects.select_for_update(of=("self",)).select_related("account").get(pk=declaration.pk)
    row.order = order
    return order, row


def sweep(*, now: datetime) -> int:
    """Take every declaration whose time has come one step on; how many. One that fails stops no other."""
    done = 0
    for row in _claim(now):
        try:
            step(declaration=row, now=now)
            done += 1
        except Unreachable as failure:
            log.warning("declaration_waits", number=row.number, reason=failure.reason)
            if now - row.opened_at > LATE_AFTER:
                open_late(row, "waybill", now)
        except Exception as failure:
            wait = min(LEASE * 2 ** min(row.tries, 8), timedelta(hours=1))
            Declaration.objects.filter(pk=row.pk).update(next_try_at=now + wait)
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=row.event_key,
                title="The declaration of an order fails",
                facts={"order": row.number},
                failure=failure,
                now=now,
            )
        else:
            settle_open(kinds=[FAILING], key=row.event_key, by="system", note="it goes on", now=now)
    return done


def step(*, declaration: Declaration, now: datetime) -> None:
    """One step of one declaration, as its state asks for."""
    refund, asked = False, None
    with tenant(declaration.storefront_id):
        order, row = held(declaration)
        if order.state != "paid" and row.state in DECLARATION.moves["end"]:
            _end(row, now)
            return
        match row.state:
            case "waiting":
                _wait(order, row, now)
            case "documents":
                asked = _waybill(order, row, now)
                _documents(order, row, now)
            case "rejected":
                refund = _rejected(order, row, now)
            case "blocked":
                _blocked(order, row, now)
            case "listed":
                silent(row, standing(row, Kind.LIST), now)
            case "cancelling":
                silent(row, standing(row, Kind.CANCEL), now)
            case "cancelled" | "turned_back":  # given back by customs, not let in: the order comes to nothing
                refund = order.state == "paid" and order.gate == Order.Gate.BEFORE_LIST
                later(row, now + LOOK_AGAIN if refund else None)
            case "released" | "closed" if returned := _unanswered(row):
                silent(row, returned, now)
            case _:
                _watch(row, now)
    if asked is not None and asked.sent_at is None:
        ask_carrier(filing=asked, now=now)
    if refund:
        cancel_paid(number=declaration.number, by="customs", now=now, within_hold=False)


def resume(*, declaration: Declaration, by: str, now: datetime) -> None:
    """What was wrong is mended: everything is looked at anew and told again. Raises WrongState."""
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        _again(row, now, by=by, refusals=0)
        settle_open(kinds=CASES, key=row.event_key, by=by, note="told again", now=now)


def wake(*, number: str, now: datetime) -> None:
    """Something that the declaration of an order may wait for has come: it is looked at now."""
    waiting = Declaration.objects.filter(number=number, state__in=("waiting", "documents", "blocked"))
    waiting.filter(next_try_at__gt=now).update(next_try_at=now)


def _claim(now: datetime) -> list[Declaration]:
    with transaction.atomic():
        due = list(
            Declaration.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(next_try_at__lte=now)
            .order_by("next_try_at")[:BATCH]
        )
        Declaration.objects.filter(pk__in=[row.pk for row in due]).update(
            tries=F("tries") + 1, next_try_at=now + LEASE
        )
    return due


def _wait(order: Order, row: Declaration, now: datetime) -> None:
    """Once nothing is awaited any more, all is gathered, compared and judged; then order and waybill go."""
    row.account = (
        row.account
        or PortAccount.objects.filter(
            storefront_id=order.storefront_id, customs_code=order.warehouse.customs_district, active=True
        ).first()
    )
    awaits, until = _awaited(order, row, now)
    if awaits:
        late = awaits != "hold" and now - row.opened_at > LATE_AFTER
        later(row, until, awaits=awaits)
        if late:
            open_late(row, awaits, now)
        return
    try:
        told = tell(order=order, declaration=row, now=now)
    except OrderUnreadable:
        told = "unreadable"
    if told == "payer":  # whose answer wakes it
        later(row, now + LOOK_AT_BLOCKED, awaits=told)
        if now - row.opened_at > LATE_AFTER:
            open_late(row, told, now)
        return
    if told:
        _block(row, told, now)
        return
    DECLARATION.move(
        row,
        "tell",
        now=now,
        facts={"round": row.round},
        trouble="",
        awaits="receipts",
        resends=0,
        next_try_at=now,  # told before and standing there, they need no receipt any more
    )
    settle_open(kinds=CASES, key=row.event_key, by="system", note="told", now=now)


def _awaited(order: Order, row: Declaration, now: datetime) -> tuple[str, datetime]:
    ends = hold_ends_at(order)
    if ends is not None and now <= ends:
        return "hold", ends + timedelta(seconds=1)
    if row.account is None:
        return "account", now + LOOK_AGAIN
    if awaits := unsettled(order):
        return awaits, now + LOOK_AGAIN
    if not Parcel.objects.filter(shipment__order=order, state="issued").exists():
        return "waybill", now + LOOK_AGAIN
    if refunded_inside(order):
        return "parcel", now + LOOK_AGAIN
    return "", now


def _documents(order: Order, row: Declaration, now: datetime) -> None:
    """Order and waybill are asked after; once customs has both, the list goes, once."""
    filings = {kind: standing(row, kind) for kind in (Kind.ORDER, Kind.WAYBILL)}
    open_ones = [kind for kind, one in filings.items() if one is None or one.status not in STANDS]
    abroad = cargo.awaited(order)
    if abroad and Kind.ORDER not in open_ones and (abroad == cargo.BILL or not open_ones):
        _abroad(order, row, abroad, now)
        return
    if open_ones:
        silent(row, filings[open_ones[0]], now)
        return
    awaits = "parcel" if refunded_inside(order) else unsettled(order)
    awaits = awaits or can_list(order=order, declaration=row, now=now)
    if awaits:
        later(row, now + LOOK_AGAIN, awaits=awaits)
        return
    told = list_order(order=order, declaration=row, now=now)
    if told == "changed":
        DECLARATION.move(row, "resume", now=now, awaits="", next_try_at=now)
        return
    if told:
        _block(row, told, now)
        return
    settle_open(kinds=[LATE], key=row.event_key, by="system", note="it is declared", now=now)
    DECLARATION.move(
        row,
        "list",
        now=now,
        facts={"round": row.round, "cop_no": row.cop_no},
        listed_at=now,
        awaits="receipts",
        resends=0,
        next_try_at=now + SILENT_AFTER,
    )


def _waybill(order: Order, row: Declaration, now: datetime) -> Filing | None:
    """The waybill that the carrier is asked for: of direct mail once it has a bill, again for another."""
    told = standing(row, Kind.WAYBILL)
    if told is None or order.trade_mode != cargo.DIRECT:
        return told
    cargo.hold(order)
    placed = cargo.on_its_bill(order)
    if placed is None or placed.consignment.state != "closed":
        return None
    other = placed.told_bill not in ("", placed.consignment.bill_no)
    return ask_anew(told, now) if other and told.sent_at and senders() else told


def _abroad(order: Order, row: Declaration, awaits: str, now: datetime) -> None:
    """Bill or entry wake it; goods that have left and that nobody has put on a bill are a case."""
    later(row, now + SILENT_AFTER, awaits=awaits)
    left_at = Shipment.objects.filter(order=order).values_list("dispatched_at", flat=True).first()
    if awaits == cargo.BILL and left_at is not None and now - left_at > ON_NO_BILL_AFTER:
        open_late(row, awaits, now)


def _watch(row: Declaration, now: datetime) -> None:
    """Customs has the list and says nothing: whoever asks at the port knows whether a word was lost."""
    if row.state not in WATCHED:
        later(row, None)
        return
    due = (row.told_at or now) + WATCHED[row.state]
    if now >= due:
        open_late(row, "release", now)
    later(row, due if now < due else now + WATCHED[row.state])


def _block(row: Declaration, why: str, now: datetime) -> None:
    """A person is to mend something; much of it is mended elsewhere, so it is looked at now and then."""
    again = now + LOOK_AT_BLOCKED if why in MENDED_ELSEWHERE else None
    settle_open(kinds=[LATE], key=row.event_key, by="system", note="it is blocked", now=now)
    DECLARATION.move(row, "block", now=now, trouble=why, awaits="", next_try_at=again)


def _blocked(order: Order, row: Declaration, now: datetime) -> None:
    """It goes on by itself once nothing differs any more, and the law lets it."""
    if row.account is None or row.trouble not in MENDED_ELSEWHERE:
        later(row, None)
    elif still(order=order, declaration=row, now=now) in ("", "payer"):
        _again(row, now, by="system")
    else:
        later(row, now + LOOK_AT_BLOCKED)


def _rejected(order: Order, row: Declaration, now: datetime) -> bool:
    """A refusal's step, where none needs a person; True where the money is to go back."""
    trouble = Step(row.trouble)
    if trouble in REFUNDED:
        later(row, now + LOOK_AGAIN)  # until the order has ended: who dies before that is followed
        return True
    if trouble in BY_ITSELF and row.refusals < MOST_REFUSALS:
        if trouble is Step.PAYMENT:
            declare_payment_again(order=order, now=now)
        _again(row, now, by="system", refusals=row.refusals + 1)
    else:
        later(row, None)
    return False


def _again(row: Declaration, now: datetime, *, by: str, **changes: object) -> None:
    """Everything is looked at anew; a list that customs refused is told under a number of its own."""
    listed = standing(row, Kind.LIST)
    if listed is not None and (listed.status == REFUSED or is_error(listed.status)):
        supersede(declaration=row, kind=Kind.LIST)
        fresh = {"round": row.round + 1, "cop_no": cop_no(now), "pre_no": "", "list_no": "", "status": ""}
        changes |= {**fresh, "told_at": None}
    DECLARATION.move(row, "resume", now=now, facts={"by": by}, awaits="", next_try_at=now, **changes)


def _unanswered(row: Declaration) -> Filing | None:
    """The first return (退货) that customs has neither granted nor refused."""
    returns = row.filings.filter(kind=Kind.RETURN, superseded=False).exclude(status__in=[*GRANTED, REFUSED])
    failed = () if row.resends >= MOST_RESENDS else (Step.LATER,)  # then its case is open
    rows = returns.order_by("id")
    return next((one for one in rows if not is_error(one.status) or step_for(one.status, "") in failed), None)


CASES = (
    FAILING,
    LATE,
    SILENT,
    "customs.mismatch",
    "customs.refused",
    "customs.rejected",
    "customs.guarantee",
)
