"""Once a day WeChat's own list is laid beside ours: what either knows and the other does not is a case.

A day of payments is read to its end before anything is concluded from it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from kernel.cases import open_case, open_failing, settle_open
from kernel.errors import Upstream
from kernel.tenancy import tenant
from logistics.gateways.wechat_shipping import shipping_client
from logistics.models import ShippingInfo, TradeManagement
from logistics.services import shipping_info, trade_management
from logistics.services.shipping_info import LOST_THERE, OTHERWISE, OUTDATED, locked, numbers
from logistics.states import SHIPPING_INFO
from orders.models import Order
from wechat.shipping import OrderState, Standing

log = structlog.get_logger(__name__)

DAYS = 30  # an order is settled ten days after it was shipped, which is at most fifteen after it was paid
ALWAYS = 3  # younger days are read whatever we know of them, older ones while an order of ours is open
EVERY, LEASE, AGAIN = timedelta(days=1), timedelta(hours=1), timedelta(minutes=30)
SETTLED_IN = timedelta(hours=1)  # younger payments, and what was told later, may not be in the list yet
FAILING = "shipping_info.comparing_failing"
UNKNOWN_HERE = "shipping_info.unknown_here"
FINAL = ("settled", "ended")
SHIPPED = frozenset(OrderState) - {OrderState.TO_SHIP, OrderState.REFUNDED}


def sweep(*, now: datetime) -> int:
    """Compare every storefront whose time has come; returns how many were compared to the end."""
    done = 0
    for row in _claim(now):
        try:
            done += compare(storefront_id=row.storefront_id, now=now)
            key = f"storefront:{row.storefront_id}"
            settle_open(kinds=[FAILING], key=key, by="system", note="compared", now=now)
        except Upstream as failure:
            log.warning("shipping_not_compared", storefront=row.storefront_id, error=str(failure))
            TradeManagement.objects.filter(pk=row.pk).update(check_at=now + AGAIN)
        except Exception as failure:  # one storefront must not keep the others waiting
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=f"storefront:{row.storefront_id}",
                title="WeChat's list of shipped orders cannot be compared: something that nobody foresaw",
                facts={},
                failure=failure,
                now=now,
            )
    return done


def compare(*, storefront_id: int, now: datetime) -> bool:
    """All payments of the last thirty days; False where WeChat does not manage this storefront's trades.

    Raises wechat.errors.
    """
    managed = trade_management.ask(storefront_id=storefront_id, now=now)
    if managed:
        client = shipping_client(storefront_id)
        until = now - SETTLED_IN
        for back in range(DAYS):
            end = until - timedelta(days=back)
            begin = end - timedelta(days=1)
            if back < ALWAYS or _has_open(storefront_id, begin, end):
                _take_in(storefront_id, begin, end, client.all_orders(begin=begin, end=end), now)
    TradeManagement.objects.filter(storefront_id=storefront_id).update(
        check_at=now + EVERY, checked_at=now if managed else None
    )
    return managed


def _has_open(storefront_id: int, begin: datetime, end: datetime) -> bool:
    paid_then = ShippingInfo.objects.filter(storefront_id=storefront_id, paid_at__range=(begin, end))
    return paid_then.exclude(state__in=FINAL).exists()


def _claim(now: datetime) -> list[TradeManagement]:
    with transaction.atomic():
        due = list(
            TradeManagement.objects.select_for_update(skip_locked=True, of=("self",)).filter(
                check_at__lte=now
            )
        )
        TradeManagement.objects.filter(pk__in=[row.pk for row in due]).update(check_at=now + LEASE)
    return due


def _take_in(
    storefront_id: int, begin: datetime, end: datetime, listed: list[Standing], now: datetime
) -> None:
    """One day of payments, each order in a transaction of its own."""
    mine = ShippingInfo.objects.filter(storefront_id=storefront_id)
    rows = {
        row.transaction_id: row for row in mine.filter(transaction_id__in=[s.transaction_id for s in listed])
    }
    for standing in listed:
        row = rows.get(standing.transaction_id)
        if row is not None and _agrees(row, standing):
            continue
        with tenant(storefront_id):
            if row is None:
                row = _found(storefront_id, standing, now)
            if row is not None:
                _compare(locked(row), standing, now)
    known = {standing.transaction_id for standing in listed}
    # Seconds are what is asked in, so a payment on the edge of a day may be in the list of the next one.
    within = mine.filter(paid_at__gt=begin + timedelta(seconds=1), paid_at__lt=end - timedelta(seconds=1))
    for row in within.filter(state__in=shipping_info.HAS_IT).exclude(transaction_id__in=known):
        with tenant(storefront_id):
            _lost(locked(row), now)


def _agrees(row: ShippingInfo, standing: Standing) -> bool:
    """Nothing is to be done: most of a list, so no lock is taken for it."""
    if row.state in FINAL:
        return True
    if row.state in shipping_info.HAS_IT:
        shown = (OrderState.SHIPPED, *([OrderState.TO_SHIP] if row.known_partial else []))
        return standing.state in shown and list(standing.numbers) == numbers(row.known)
    return row.state == "waiting" and standing.state is OrderState.TO_SHIP


def _found(storefront_id: int, standing: Standing, now: datetime) -> ShippingInfo | None:
    """An order of ours that has no row yet is given one; a payment that is no order of ours is a case."""
    order = Order.objects.filter(
        storefront_id=storefront_id, transaction_id=standing.transaction_id, paid_at__isnull=False
    ).first()
    if order is not None:
        return shipping_info.open_info(order=order, now=now)
    if standing.state is not OrderState.REFUNDED:
        open_case(
            storefront_id=storefront_id,
            kind=UNKNOWN_HERE,
            key=f"wechat_payment:{standing.transaction_id}",
            title="WeChat wants shipping told of a payment that is no order of ours",
            facts={"transaction_id": standing.transaction_id, "out_trade_no": standing.out_trade_no},
            now=now,
        )
    return None


def _compare(row: ShippingInfo, standing: Standing, now: datetime) -> None:
    if row.state in FINAL:
        return
    if standing.state is OrderState.TO_SHIP:
        if row.state == "exempt":
            SHIPPING_INFO.move(row, "owe", now=now, tries=0, next_try_at=now)
        elif row.state in shipping_info.HAS_IT:
            _lost(row, now)
        return
    if row.state == "waiting" and standing.state in SHIPPED:
        shipping_info.case(row, OTHERWISE, now, theirs=", ".join(standing.numbers))
        return
    theirs = list(standing.numbers)
    if row.state in shipping_info.HAS_IT and theirs and theirs != numbers(row.known) and _is_old(row, now):
        ours = ", ".join(numbers(row.known))
        shipping_info.case(row, OUTDATED, now, waybill=ours, theirs=", ".join(theirs))
    if row.state == "owed" and standing.state is OrderState.SHIPPED:
        ShippingInfo.objects.filter(pk=row.pk).update(
            attempted_at=row.attempted_at or now
        )  # it is asked before it is told
        return
    shipping_info.follow(row, standing, now)


def _lost(row: ShippingInfo, now: datetime) -> None:
    if row.state in shipping_info.HAS_IT and _is_old(row, now):
        shipping_info.case(row, LOST_THERE, now, waybill=", ".join(numbers(row.known)))


def _is_old(row: ShippingInfo, now: datetime) -> bool:
    """What was told within the hour may not be in the list that was read."""
    last = row.retold_at or row.known_at
    return last is not None and last < now - SETTLED_IN
