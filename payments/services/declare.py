"""A paid order's payment is declared to customs once the hold is over, and asked about until it is known.

Three steps a call: the attempt is committed with what it discloses, WeChat is called with no transaction
open, the answer is taken in. Whoever dies in between leaves a row whose time comes again; what was tried
before is queried before it is tried again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q

from kernel.tenancy import tenant
from orders.models import Order
from orders.services.cancel_paid import hold_ends_at
from payments.gateways.customs import NoV2Key, customs_client
from payments.models import CustomsNumber, Payment, PaymentDeclaration
from payments.ports import ports_of
from payments.services.declarable import declarable, is_behind
from payments.services.declare_match import follow_match, is_silent, to_be_asked
from payments.services.declare_outcome import (
    LEASE,
    WAIT_AT_MOST,
    case,
    failing,
    gone_on,
    hold,
    locked,
    take_in,
    unknown,
    withdraw,
)
from payments.services.declare_second_port import mind_second_ports
from payments.services.declare_told import disclose_declaration, named_orderer
from payments.states import DECLARATION
from storefronts import queries as storefronts
from wechat.errors import CustomsNumberUnknown, Rejected, ResourceNotExist, WechatError
from wechat.pay.customs import CustomsClient, Declared, Piece, State
from wechat.pay.sealing import Named

log = structlog.get_logger(__name__)

OPEN = ("to_declare", "amending", "submitted", "processing", "excepted")
TELLING = ("to_declare", "amending")  # those whose call says something new to WeChat
BATCH = 20
AFTER_HOLD = timedelta(seconds=1)
REFUND_LEAVING = timedelta(minutes=1)
STUCK_AFTER, SLOW_AFTER, MOST_RESENDS = timedelta(minutes=30), timedelta(days=1), 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """One committed attempt: the row as it was then, and what WeChat is told or asked."""

    declaration: PaymentDeclaration
    client: CustomsClient
    piece: Piece
    named: Named | None
    tried_before: bool


def open_declarations(*, order: Order, now: datetime) -> list[PaymentDeclaration]:
    """The declarations of a paid order, one a port, made if there are none; nothing is told to anyone yet.

    Their time comes when the consumer can no longer cancel.
    """
    with tenant(order.storefront_id):
        order = (
            Order.objects.select_for_update(of=("self",))
            .select_related("warehouse", "storefront")
            .get(pk=order.pk)
        )
        payment = Payment.objects.get(order=order, state="succeeded")
        amounts = declarable(payment, order)
        if order.state != "paid" or amounts.order_fen <= 0:
            return []
        numbers = dict(
            CustomsNumber.objects.filter(storefront_id=order.storefront_id).values_list("port", "number")
        )
        PaymentDeclaration.objects.bulk_create(
            [
                PaymentDeclaration(
                    storefront_id=order.storefront_id,
                    order=order,
                    payment=payment,
                    port=port,
                    family=storefronts.customs_account(payment.mchid).family,
                    customs_number=numbers.get(port, ""),
                    **amounts.columns,
                    opened_at=now,
                    next_try_at=(hold_ends_at(order) or now) + AFTER_HOLD,
                )
                for port in ports_of(order.warehouse.customs_district, registered=numbers)
            ],
            ignore_conflicts=True,
        )
        mind_second_ports(order=order, registered=numbers, now=now)
        return list(PaymentDeclaration.objects.filter(payment=payment).order_by("id"))


def sweep(*, now: datetime) -> int:
    """Take every declaration whose time has come one step on; returns how many.

    Each is claimed by moving its time on before anyone is called, so that two sweepers share the work and a
    dead one loses nothing. One that fails in a way that nobody foresaw stops no other: it is a case, and
    tried again later.
    """
    done = 0
    for row in _claim(now):
        try:
            step(declaration=row, now=now)
            done += 1
        except Exception as failure:
            failing(row, failure, now)
    return done


def step(*, declaration: PaymentDeclaration, now: datetime) -> None:
    """Declare, amend, query or send again, as the state asks for; what is not known stays as it is."""
    attempt = _attempt(declaration, now)
    if attempt is None:
        return
    row, heard = attempt.declaration, True
    try:
        told = _call(attempt, now)
    except CustomsNumberUnknown:
        _held(row, "number_unknown", now)
    except ResourceNotExist:  # not yet where customs looks for payments: later
        heard = False
        unknown(declaration=row, now=now)
    except Rejected as refusal:
        _held(row, "refused", now, wechat_code=refusal.wechat_code, field=refusal.field)
    except WechatError as failure:
        log.warning("declaration_unknown", declaration=row.pk, error=str(failure))
        heard = False
        unknown(declaration=row, now=now)
    else:
        if told is None:
            _restart(row, now)
        else:
            _watch(take_in(declaration=row, told=told, now=now), now)
    if is_silent(row):
        follow_match(declaration=row, now=now)
    if heard:
        gone_on(row, now)


def is_declared(*, order: Order) -> bool:
    """Whether customs has every declaration of the order's payment, of the amount that is left."""
    rows = list(PaymentDeclaration.objects.filter(order=order).select_related("payment"))
    return bool(rows) and all(row.state == "succeeded" and not is_behind(row, order) for row in rows)


def amend(
    row: PaymentDeclaration, *, now: datetime, amounts: dict[str, Any] | None = None, resends: int = 0
) -> None:
    """Let a locked row be made void and new at WeChat, with these amounts or those it has."""
    DECLARATION.move(
        row,
        "amend",
        now=now,
        round=row.round + 1,
        submitted_at=None,
        match="",
        trouble="",
        tries=0,
        resends=resends,
        next_try_at=now,
        **(amounts or {}),
    )


def _claim(now: datetime) -> list[PaymentDeclaration]:
    with transaction.atomic():
        due = list(
            PaymentDeclaration.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(Q(state__in=OPEN) | to_be_asked(), next_try_at__lte=now)
            .order_by("next_try_at")[:BATCH]
        )
        PaymentDeclaration.objects.filter(pk__in=[row.pk for row in due]).update(
            tries=F("tries") + 1, next_try_at=now + LEASE
        )
    return due


def _attempt(declaration: PaymentDeclaration, now: datetime) -> Attempt | None:
    """Commit that WeChat is about to be told or asked; None where it must not be, or not now."""
    with tenant(declaration.storefront_id):
        order = (
            Order.objects.select_for_update(of=("self",)).select_related("key").get(pk=declaration.order_id)
        )
        row = locked(declaration)
        if row.state not in OPEN and not is_silent(row):
            return None
        if order.state != "paid":
            withdraw(row, now)
            return None
        named = None
        try:
            client = customs_client(row.payment.mchid, row.family)
        except NoV2Key:
            hold(row, "no_key", now)
            return None
        tried_before = row.sent_at is not None
        if row.state in TELLING:
            if not _ready(row, order, now):
                return None
            named = named_orderer(order, now) if client.matches_with_declaration else None
            disclose_declaration(order, named=named is not None, now=now)
            PaymentDeclaration.objects.filter(pk=row.pk).update(sent_at=row.sent_at or now)
        return Attempt(row, client, piece_of(row), named, tried_before)


def _ready(row: PaymentDeclaration, order: Order, now: datetime) -> bool:
    """Whether a locked row may be told to WeChat now; its amounts and number are brought up to date."""
    amounts = declarable(row.payment, order)
    if amounts.order_fen <= 0:
        withdraw(row, now)
        return False
    if order.gate != Order.Gate.BEFORE_LIST or amounts.leaving:
        later = now + (REFUND_LEAVING if amounts.leaving else WAIT_AT_MOST)
        PaymentDeclaration.objects.filter(pk=row.pk).update(next_try_at=later, tries=0)
        return False
    coupon = row.payment.payer_fen not in (None, row.payment.amount_fen)
    if coupon and not row.coupon_accepted:
        hold(row, "coupon", now, facts={"payer_fen": row.payment.payer_fen})
        return False
    number = CustomsNumber.objects.filter(storefront_id=row.storefront_id, port=row.port).first()
    if number is None:
        hold(row, "no_number", now)
        return False
    for name, value in {**amounts.columns, "customs_number": number.number}.items():
        setattr(row, name, value)
    row.save(update_fields=[*amounts.columns, "customs_number"])
    return True


def piece_of(row: PaymentDeclaration) -> Piece:
    """What the row declares, as WeChat takes it."""
    payment = row.payment
    assert payment.transaction_id is not None  # it succeeded
    return Piece(
        appid=payment.appid,
        out_trade_no=payment.out_trade_no,
        transaction_id=payment.transaction_id,
        port=row.port,
        customs_number=row.customs_number,
        order_fen=row.order_fen,
        transport_fen=row.transport_fen,
        product_fen=row.product_fen,
        duty_fen=row.duty_fen,
    )


def _call(attempt: Attempt, now: datetime) -> Declared | None:
    """The call that the state asks for; None where WeChat knows of no declaration that should be there."""
    row, client, piece = attempt.declaration, attempt.client, attempt.piece
    if row.state == "to_declare":
        there = client.query(piece) if attempt.tried_before else None
        if there is None:
            return client.declare(piece, attempt.named)
        same = there.order_fen in (None, piece.order_fen)
        return there if same else client.amend(piece, attempt.named)
    if row.state == "amending":
        try:
            return _amended_before(attempt) or client.amend(piece, attempt.named)
        except CustomsNumberUnknown:
            if client.query(piece) is None:
                return None
            raise
    told = client.query(piece)
    if row.state == "excepted" and told is not None and told.state is State.EXCEPT:
        return _again(attempt, told, now)
    return told


def _amended_before(attempt: Attempt) -> Declared | None:
    """What an amendment has become whose answer was never seen: one more would be told to customs anew."""
    row = attempt.declaration
    if row.tries < 2 or row.modified_at is None:
        return None
    there = attempt.client.query(attempt.piece)
    if there is None or there.modified_at is None or there.order_fen != attempt.piece.order_fen:
        return None
    return there if there.modified_at > row.modified_at else None


def _again(attempt: Attempt, told: Declared, now: datetime) -> Declared:
    """Send again what customs' interface swallowed, but not for ever without a person's knowing."""
    row = attempt.declaration
    with tenant(row.storefront_id):
        held = locked(row)
        PaymentDeclaration.objects.filter(pk=row.pk).update(resends=F("resends") + 1)
        if held.resends >= MOST_RESENDS:
            case(held, "excepted", now, facts={"explanation": held.explanation})
    later = now + min(timedelta(seconds=60) * 2 ** min(row.resends, 6), timedelta(hours=1))
    PaymentDeclaration.objects.filter(pk=row.pk).update(next_try_at=later)
    return attempt.client.redeclare(attempt.piece)


def _watch(row: PaymentDeclaration, now: datetime) -> None:
    """What WeChat keeps submitted is made new a few times; what takes too long is put before a person."""
    if row.state not in ("submitted", "processing") or row.submitted_at is None:
        return
    waited = now - row.submitted_at
    with tenant(row.storefront_id):
        row = locked(row)
        wait = min(timedelta(seconds=30) * 2 ** min(row.tries, 6), WAIT_AT_MOST)
        PaymentDeclaration.objects.filter(pk=row.pk, next_try_at__gt=now).update(next_try_at=now + wait)
        if row.state == "submitted" and waited >= STUCK_AFTER:
            if row.resends < MOST_RESENDS:
                amend(row, now=now, resends=row.resends + 1)
            else:
                case(row, "stuck", now)
        if row.state == "processing" and waited >= SLOW_AFTER:
            case(row, "slow", now)


def _restart(row: PaymentDeclaration, now: datetime) -> None:
    """WeChat has nothing of what we thought it had: it is declared anew."""
    with tenant(row.storefront_id):
        now_is = locked(row)
        if now_is.round == row.round and now_is.state in DECLARATION.moves["restart"]:
            DECLARATION.move(now_is, "restart", now=now, submitted_at=None, next_try_at=now, tries=0)


def _held(row: PaymentDeclaration, why: str, now: datetime, **facts: str) -> None:
    with tenant(row.storefront_id):
        now_is = locked(row)
        if now_is.round == row.round and now_is.state in DECLARATION.moves["hold"]:
            hold(now_is, why, now, facts=facts)
