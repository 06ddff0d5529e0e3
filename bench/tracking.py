"""10,000 events of 500 parcels over HTTP as the tracker pushes them: each push tells all that was before."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from urllib.parse import urlencode

import orjson
from django.db import connection

from bench import load, stage
from bench.ordering import place, requests_of
from bench.report import Report
from inventory import services as inventory
from inventory.models import Reservation
from kernel.clock import SHANGHAI
from logistics import queries
from logistics.models import Parcel, ParcelLine, Shipment, TrackingEvent
from logistics.services import packing
from logistics.services.accounts import Terms, set_account
from orders.models import Order
from storefronts.models import Storefront

PARCELS, EVENTS, PUSHES = 500, 20, 4  # of the events of a parcel each push tells a quarter more
CLIENTS = 8
_RELEASED = """
ALTER TABLE orders_order DISABLE TRIGGER USER;
UPDATE orders_order SET state = 'paid', paid_at = placed_at, out_trade_no = number,
    transaction_id = number, gate = 'released' WHERE id = ANY(%s::bigint[]);
ALTER TABLE orders_order ENABLE TRIGGER USER
"""


def tracking(report: Report, port: int, buyers: list[stage.Buyer], now: datetime) -> None:
    """Seconds until all of it is kept, each event once, and every parcel delivered."""
    shop = Storefront.objects.get(appid=stage.APPID)
    terms = Terms(customer_code="BENCH", hotline="95338")
    set_account(storefront=shop, provider="kuaidi100", terms=terms, secret="bench", by="bench", now=now)
    waybills = _parcels(shop, port, buyers, now)
    salt = queries.tracking_door(shop.code).salt
    rounds = [
        [_push(shop.code, salt, waybill, EVENTS * part // PUSHES, now) for waybill in waybills]
        for part in range(1, PUSHES + 1)
    ]
    seconds, statuses = 0.0, Counter[int]()
    for pushes in rounds:
        result = load.run(port, pushes, clients=CLIENTS)
        seconds += result.seconds
        statuses.update(result.statuses)
    assert set(statuses) == {200}, statuses
    kept = TrackingEvent.objects.filter(parcel__waybill__in=waybills).count()
    gone = Reservation.objects.filter(holder__in=_holders(waybills), state="shipped")
    shipped = gone.values("holder").distinct().count()
    delivered = Shipment.objects.filter(parcels__waybill__in=waybills, state="delivered").count()
    report.figure("tracking_10k_events", seconds, "s", floor=None, target="60", at_most=True)
    report.figure("tracking_events_kept", kept, "events", floor=None, target=f"={PARCELS * EVENTS}")
    report.figure("tracking_shipped", shipped, "orders", floor=None, target=f"={PARCELS}")
    report.figure("tracking_delivered", delivered, "shipments", floor=None, target=f"={PARCELS}")


def _parcels(shop: Storefront, port: int, buyers: list[stage.Buyer], now: datetime) -> list[str]:
    """The waybills of parcels that a carrier is about to scan, with the pieces that are picked for them."""
    last = Order.objects.order_by("-id").values_list("id", flat=True).first() or 0
    place(port, requests_of(buyers, PARCELS, now), CLIENTS)
    orders = list(Order.objects.filter(id__gt=last).order_by("id"))
    with connection.cursor() as cursor:
        for statement in _RELEASED.split(";"):
            cursor.execute(statement, [[one.pk for one in orders]] if "%s" in statement else None)
    made = []
    for order in orders:
        inventory.pick(holder=order.event_key, by="bench", now=now)
        shipment = Shipment.objects.create(
            storefront=shop,
            order=order,
            warehouse_id=order.warehouse_id,
            number=order.number,
            state="labelled",
            opened_at=now,
        )
        waybill = f"SFB{order.number[-10:]}"
        parcel = Parcel.objects.create(
            storefront=shop,
            shipment=shipment,
            own_number=f"{order.number}-1",
            carrier="SF",
            waybill=waybill,
            weight_g=900,
            weighed_g=900,
            state="issued",
            asked_at=now,
            issued_at=now,
        )
        ParcelLine.objects.bulk_create(
            ParcelLine(storefront=shop, parcel=parcel, line=line, lot=lot, quantity=pieces)
            for line, lot, pieces in packing.to_pack(order, shipment)
        )
        made.append(waybill)
    return made


def _holders(waybills: list[str]) -> list[str]:
    return [one.event_key for one in Shipment.objects.filter(parcels__waybill__in=waybills)]


def _push(code: str, salt: str, waybill: str, told: int, now: datetime) -> bytes:
    """What the tracker sends once `told` events have happened; the newest stands first."""
    lines = [
        {
            "time": f"{(now + timedelta(minutes=n)).astimezone(SHANGHAI):%F %T}",
            "context": f"【宁波市】快件到达 第{n}站 中转场",
            "statusCode": "3" if n == EVENTS - 1 else "0",
        }
        for n in range(told)
    ]
    state = "3" if told == EVENTS else "0"
    result = {"com": "shunfeng", "nu": waybill, "state": state, "ischeck": state == "3", "data": lines[::-1]}
    param = orjson.dumps({"status": "shutdown" if state == "3" else "polling", "lastResult": result}).decode()
    sign = hashlib.md5((param + salt).encode(), usedforsecurity=False).hexdigest().upper()
    body = urlencode({"param": param, "sign": sign}).encode()
    return load.post(f"/carriers/kuaidi100/{code}", {}, body, kind="application/x-www-form-urlencoded")
