"""WeChat is told once that an order has left: what was tried and not answered is asked about, not repeated.

Three steps a call: the attempt is committed with what it discloses, WeChat is called with no transaction
open, the answer is taken in. A second telling of the same order would use up its one change, so who finds a
committed attempt asks, and who was overtaken tells nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from compliance import services as compliance
from customers import queries as customers
from kernel.cases import open_failing, settle_open
from kernel.errors import Upstream
from kernel.tenancy import tenant
from logistics.gateways.wechat_shipping import shipping_client
from logistics.models import Parcel, ShippingInfo
from logistics.services import shipping_info, trade_management
from logistics.services.receiver import ReceiverGone, hotline_of, phone_for_wechat
from logistics.services.shipping_info import NOT_THERE, REFUSED, UNANSWERED, locked
from logistics.states import SHIPPING_INFO
from orders.models import Order
from wechat import OPERATOR
from wechat import shipping as wechat
from wechat.errors import Rejected
from wechat.shipping import NEEDS_CONTACT, Package, Shipping, ShippingClient, Standing, masked_contact

log = structlog.get_logger(__name__)

TO_TELL = ("owed", "amending")
BATCH, LEASE = 10, timedelta(minutes=5)
OVERTAKEN_SECONDS = 60.0  # an attempt that is older is not made: within its lease another one may have begun
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=30)
FAILING = "shipping_info.failing"
CASE_AFTER = 8  # tries, about an hour
REMIND_TRIES = 5
PURPOSE = "tell_shipping"
DISCLOSED = ("openid", "order_number", "goods", "waybill")
# What WeChat answers where it has something to tell of the order itself.
ASK = frozenset({wechat.SHIPPED_BEFORE, wechat.CHANCE_USED, wechat.CANNOT_SHIP})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One committed attempt; `ask_first` where WeChat may know already."""

    row: ShippingInfo
    client: ShippingClient
    shipping: Shipping
    ask_first: bool
    made: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: the order as WeChat sees it where it was asked, told where it was told."""

    told: bool
    standing: Standing | None = None
    refused: str = ""


class Overtaken(Exception):
    """The attempt is too old to be made: whoever holds the row now goes on."""


def sweep(*, now: datetime) -> int:
    """Take every order whose time has come one step on; returns how many."""
    done = 0
    for row in _claim(now):
        try:
            step(info=row, now=now)
            done += 1
        except Exception as failure:  # one order must not keep the others waiting
            _failing(row, failure, now)
    return done


def step(*, info: ShippingInfo, now: datetime) -> None:
    """Tell WeChat, or remind the consumer; what is not known stays as it is, and is asked about."""
    try:
        if info.state in TO_TELL and not trade_management.is_managed(
            storefront_id=info.storefront_id, now=now
        ):
            _exempt(info, now)
            return
        attempt = _attempt(info, now)
        if attempt is not None:
            _take_in(attempt, _call(attempt), now)
        elif info.state not in TO_TELL:
            _remind(info, now)
    except Rejected as refusal:
        _refused(info, refusal, now)
    except Upstream as failure:
        log.warning("telling_unknown", order=info.number, error=str(failure))
        _later(info, UNANSWERED, now)
    except Overtaken:
        log.warning("telling_overtaken", order=info.number)


def _claim(now: datetime) -> list[ShippingInfo]:
    with transaction.atomic():
        due = list(
            ShippingInfo.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(next_try_at__lte=now)
            .order_by("next_try_at")[:BATCH]
        )
        ShippingInfo.objects.filter(pk__in=[row.pk for row in due]).update(
            tries=F("tries") + 1, next_try_at=now + LEASE
        )
    for row in due:
        row.tries += 1
    return due


def _failing(info: ShippingInfo, failure: Exception, now: datetime) -> None:
    """A case, and tried again later and later; where another has moved it on meanwhile, its time stays."""
    wait = min(LEASE * 2 ** min(info.tries, 5), LONGEST_WAIT)
    ShippingInfo.objects.filter(pk=info.pk, next_try_at=now + LEASE).update(next_try_at=now + wait)
    open_failing(
        storefront_id=info.storefront_id,
        kind=FAILING,
        key=info.event_key,
        title="WeChat cannot be told of an order's shipping: something that nobody foresaw",
        facts={"order": info.number},
        failure=failure,
        now=now,
    )


def _attempt(info: ShippingInfo, now: datetime) -> Attempt | None:
    """Commit that WeChat is about to be told; None where there is nothing to tell."""
    client = shipping_client(info.storefront_id)
    with tenant(info.storefront_id):
        order = (
            Order.objects.select_for_update(of=("self",), no_key=True)
            .select_related("key", "customer__subject__key")
            .get(pk=info.order_id)
        )
        row = locked(info)
        if row.state not in TO_TELL or row.tries != info.tries:  # done, or in another one's hands
            return None
        if order.state != "paid" and row.attempted_at is None:
            shipping_info.end(row, now, why=order.state)
            return None
        if order.customer is None or not order.customer.openid_sealed or order.subject_id is None:
            shipping_info.refuse(row, REFUSED, "the account is closed", now)
            return None
        said_at = _after(row.said_at, now)
        try:
            packages, fields = _packages(order, row, now)
            told = Shipping(
                transaction_id=order.transaction_id,
                openid=customers.openid(order.customer),
                packages=packages,
                at=said_at,
                complete=not row.partial and not _beyond(row),
                beside=row.known_partial,
            )
        except (ReceiverGone, ValueError) as failure:
            shipping_info.refuse(row, REFUSED, str(failure) or failure.__class__.__name__, now)
            return None
        compliance.disclose(
            storefront_id=order.storefront_id,
            subject_id=order.subject_id,
            order_number=order.number,
            recipient_kind="partner",
            recipient=OPERATOR,
            country="CN",
            purpose=PURPOSE,
            basis="contract",
            fields=fields,
            now=now,
        )
        ask_first = row.attempted_at is not None or row.state == "amending"
        if not (ask_first and row.sent):
            row.sent = _then_known(row, to_tell(row))  # what WeChat may have already
        row.attempted_at, row.said_at = row.attempted_at or now, said_at
        row.save(update_fields=["sent", "attempted_at", "said_at"])
    return Attempt(row, client, told, ask_first, time.monotonic())


def _packages(order: Order, row: ShippingInfo, now: datetime) -> tuple[tuple[Package, ...], Sequence[str]]:
    """The parcels as WeChat is told of them, and which of the consumer's data that tells.

    Where a carrier is looked up by a telephone it is the sender's; the receiver's where we have no other.
    """
    fields = list(DISCLOSED)
    parcels = {
        one.waybill: one
        for one in Parcel.objects.filter(shipment__order=order).select_related(
            "carrier_account", "shipment__warehouse"
        )
    }
    everything = [(line.name_zh, line.quantity) for line in order.lines.order_by("position")]
    made = []
    replaced = shipping_info.changed(row)
    for carrier, waybill in to_tell(row):
        parcel = parcels.get(replaced[waybill][1] if waybill in replaced else waybill)
        goods = [(line.name_zh, pieces) for line, pieces in parcel.contents()] if parcel else everything
        sender = receiver = ""
        if carrier in NEEDS_CONTACT:
            hotline = hotline_of(parcel) if parcel else ""
            sender = masked_contact(hotline) if hotline else ""
            receiver = "" if sender else phone_for_wechat(order=order, now=now)
        if receiver and "consignee_phone" not in fields:
            fields.append("consignee_phone")
        text = wechat.described(goods or everything)
        made.append(Package(waybill, carrier, text, sender, receiver))
    return tuple(made), fields


def to_tell(row: ShippingInfo) -> list[list[str]]:
    """What an upload names: all, or of a split delivery what WeChat does not have, as much as a call takes;
    the last one again where nothing is new but that no more is to come."""
    if row.state != "owed":
        return list(row.wanted)
    return _untold(row)[: wechat.MOST_PARCELS] or list(row.wanted[-1:])


def _untold(row: ShippingInfo) -> list[list[str]]:
    return [one for one in row.wanted if not (row.known_partial and one in row.known)]


def _beyond(row: ShippingInfo) -> bool:
    """Whether more is to be told than one call takes."""
    return row.state == "owed" and len(_untold(row)) > wechat.MOST_PARCELS


def _then_known(row: ShippingInfo, fresh: list[list[str]]) -> list[list[str]]:
    """What WeChat has once it was told these: of a split delivery beside those that it had."""
    return [one for one in row.known if row.known_partial and one not in fresh] + fresh


def _after(before: datetime | None, now: datetime) -> datetime:
    """An upload_time in whole milliseconds, later than the one before it."""
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return at if before is None or at > before else before + timedelta(milliseconds=1)


def _call(attempt: Attempt) -> Answer:
    row, client = attempt.row, attempt.client
    if attempt.ask_first:
        standing = client.order(transaction_id=row.transaction_id)
        if not _is_untold(row, standing):
            return Answer(False, standing)
    if time.monotonic() - attempt.made > OVERTAKEN_SECONDS:
        raise Overtaken
    try:
        client.upload(attempt.shipping)
    except Rejected as refusal:
        if refusal.wechat_code == wechat.UNCHANGED:
            return Answer(True)
        if refusal.wechat_code in ASK:
            return Answer(False, client.order(transaction_id=row.transaction_id), refusal.wechat_code)
        raise
    return Answer(True)


def _is_untold(row: ShippingInfo, standing: Standing) -> bool:
    """Whether what we want to tell is neither known at WeChat nor past telling."""
    if standing.state not in (wechat.OrderState.TO_SHIP, wechat.OrderState.SHIPPED):
        return False
    theirs = list(standing.numbers)
    if row.state == "owed" and row.known_partial:
        return standing.finished == 0 and theirs == shipping_info.numbers(row.known)
    if row.state == "owed":
        return not theirs
    return standing.finished <= 1 and theirs != shipping_info.numbers(row.wanted)


def _take_in(attempt: Attempt, answer: Answer, now: datetime) -> None:
    with tenant(attempt.row.storefront_id):
        row = locked(attempt.row)
        if row.state not in TO_TELL:
            return
        settle_open(
            kinds=[FAILING, UNANSWERED, NOT_THERE], key=row.event_key, by="system", note="answered", now=now
        )
        if answer.told:
            fresh = [[p.express_company, p.tracking_no] for p in attempt.shipping.packages]
            known = _then_known(row, fresh)
            shipping_info.take_told(row, known, now, partial=not attempt.shipping.complete)
            return
        assert answer.standing is not None
        shipping_info.follow(row, answer.standing, now)
        if row.state not in TO_TELL:
            return
        if row.state == "amending" and answer.refused:
            shipping_info.outdate(row, now)
        elif answer.refused:
            shipping_info.refuse(row, REFUSED, answer.refused, now)
        else:  # WeChat says something that we do not know: it is asked again
            _wait(row, now)


def _exempt(info: ShippingInfo, now: datetime) -> None:
    with tenant(info.storefront_id):
        row = locked(info)
        if row.state == "owed" and row.attempted_at is None:
            SHIPPING_INFO.move(row, "exempt", now=now, late_at=None, next_try_at=None)
        else:
            ShippingInfo.objects.filter(pk=row.pk).update(next_try_at=now + trade_management.KEPT)


def _refused(info: ShippingInfo, refusal: Rejected, now: datetime) -> None:
    if refusal.wechat_code == wechat.NOT_THERE_YET:
        _later(info, NOT_THERE, now)
        return
    with tenant(info.storefront_id):
        row = locked(info)
        if row.state == "owed":
            shipping_info.refuse(row, REFUSED, refusal.wechat_code, now)
        elif row.state == "amending":  # nothing was changed: once it is mended the change can still be made
            ShippingInfo.objects.filter(pk=row.pk).update(trouble=refusal.wechat_code)
            shipping_info.case(row, REFUSED, now, why=refusal.wechat_code)
            _wait(row, now)


def _later(info: ShippingInfo, kind: str, now: datetime) -> None:
    """Ask again after a while that doubles; what stays so for an hour is put before a person."""
    with tenant(info.storefront_id):
        row = locked(info)
        if row.state not in TO_TELL and row.remind_at is None:
            return
        if row.state not in TO_TELL and row.tries >= REMIND_TRIES:
            ShippingInfo.objects.filter(pk=row.pk).update(remind_at=None, next_try_at=None)
            return
        _wait(row, now)
        if row.state in TO_TELL and row.tries >= CASE_AFTER:
            shipping_info.case(row, kind, now)


def _wait(row: ShippingInfo, now: datetime) -> None:
    wait = min(FIRST_WAIT * 2 ** min(max(row.tries - 1, 0), 10), LONGEST_WAIT)
    ShippingInfo.objects.filter(pk=row.pk).update(next_try_at=now + wait)


def _remind(info: ShippingInfo, now: datetime) -> None:
    """The consumer is reminded to confirm what was delivered; WeChat sends that once an order."""
    row = ShippingInfo.objects.get(pk=info.pk)
    if row.remind_at is None or row.delivered_at is None or row.state not in shipping_info.HAS_IT:
        ShippingInfo.objects.filter(pk=row.pk, state=row.state).exclude(state__in=TO_TELL).update(
            remind_at=None, next_try_at=None
        )
        return
    trouble = ""
    try:
        shipping_client(row.storefront_id).remind_to_confirm(
            transaction_id=row.transaction_id, received_at=row.delivered_at
        )
    except Rejected as refusal:  # reminded before, or the consumer has confirmed meanwhile
        trouble = refusal.wechat_code
    with tenant(row.storefront_id):
        held = locked(row)
        if held.state not in TO_TELL:
            ShippingInfo.objects.filter(pk=row.pk).update(
                remind_at=None,
                next_try_at=None,
                reminded_at=held.reminded_at if trouble else now,
                trouble=trouble or held.trouble,
            )
