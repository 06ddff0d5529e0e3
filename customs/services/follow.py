"""Parcel and release of declared orders are asked for until both are known, where anyone can be asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import Exists, F, OuterRef, Value
from django.db.models.functions import Concat

from customs.gateways.providers import clearance
from customs.models import PortAccount
from customs.services.release import RELEASED, record_release
from kernel.cases import open_failing, settle_open
from kernel.gateways import Unreachable
from kernel.models import Event
from logistics.gateways.providers import carrier
from logistics.queries import has_carrier
from logistics.services.handover import HANDED_OVER, record_handover
from orders.models import Order
from payments.models import PaymentDeclaration
from payments.services.declare import is_declared

log = structlog.get_logger(__name__)

BATCH, FOR = 100, timedelta(days=30)
FAILING = "clearance.failing"


def follow(*, now: datetime) -> int:
    """Ask about paid and declared orders and record what is new; how many facts that were.

    One statement finds them, the newest first. Each is asked about with no transaction open, and one that
    nobody can tell of keeps none of the others waiting; nor does one that fails as nobody foresaw: it is a
    case.
    """
    carries, clears = carrier(), clearance()
    declared_here = set(PortAccount.objects.filter(active=True).values_list("storefront_id", flat=True))
    new = 0
    for order in _waiting(now):
        if not is_declared(order=order):
            continue
        known = set(
            Event.objects.filter(key=order.event_key, name__in=(HANDED_OVER, RELEASED)).values_list(
                "name", flat=True
            )
        )
        try:
            if carries and HANDED_OVER not in known and not has_carrier(order.storefront_id):
                handover = carries.handed_over(out_trade_no=order.out_trade_no)
                new += handover is not None and record_handover(order=order, handover=handover, now=now)
            if clears and RELEASED not in known and order.storefront_id not in declared_here:
                release = clears.released(out_trade_no=order.out_trade_no)
                new += release is not None and record_release(order=order, release=release, now=now)
        except Unreachable as failure:
            log.warning("trade_unknown", order=order.number, error=str(failure))
        except Exception as failure:  # an answer that is none
            open_failing(
                storefront_id=order.storefront_id,
                kind=FAILING,
                key=order.event_key,
                title="What is told of an order's parcel or release cannot be taken in",
                facts={"order": order.number},
                failure=failure,
                now=now,
            )
        else:
            settle_open(kinds=[FAILING], key=order.event_key, by="system", note="taken in", now=now)
    return new


def _waiting(now: datetime) -> list[Order]:
    if carrier() is None and clearance() is None:
        return []
    told = Event.objects.filter(key=Concat(Value("order:"), OuterRef("number")))
    declared = PaymentDeclaration.objects.filter(order=OuterRef("pk"), state="succeeded")
    wanted = Order.objects.filter(Exists(declared), state="paid", paid_at__gte=now - FOR)
    known = Exists(told.filter(name=HANDED_OVER)), Exists(told.filter(name=RELEASED))
    return list(wanted.exclude(*known).order_by(F("id").desc())[:BATCH])
