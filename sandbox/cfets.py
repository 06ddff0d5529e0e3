"""Plays the page on which CFETS publishes the central parity of the yuan, each workday at 9:15."""

import hashlib
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from sandbox.clock import SHANGHAI
from sandbox.scene import Scene
from sandbox.switches import RATES, Switch
from sandbox.wire import HangUp, PayFault, Reply, Request, json_reply

PATH = re.compile(r"/r/cms/www/chinamoney/data/fx/ccpr\.json")
SATURDAY = 5
# Pair and price as they are quoted: most in yuan, the yen for a hundred, some the other way round.
PAIRS = (
    ("USD/CNY", 7.05),
    ("EUR/CNY", 8.20),
    ("100JPY/CNY", 4.60),
    ("HKD/CNY", 0.906),
    ("GBP/CNY", 9.41),
    ("AUD/CNY", 4.62),
    ("CHF/CNY", 8.80),
    ("CNY/KRW", 203.5),
    ("CNY/SEK", 1.335),
)


def answer(
    scene: Scene, request: Request, spoilt: Callable[[Switch | None, Callable[[], Reply]], Reply]
) -> Reply:
    """The newest page; the switch `rates` makes it late, old or no page at all."""
    at, switch = time.time(), scene.switches.take(RATES)
    mode = switch.mode if switch else None
    try:
        if request.method != "GET":
            return Reply(405)
        reply = spoilt(switch, lambda: page(scene.clock.now(), mode))
    except PayFault as fault:  # a switch for 500
        reply = Reply(fault.status, b"")
    except HangUp:
        scene.journal.call(at, call=RATES, status=None, switch=mode)
        raise
    scene.journal.call(at, call=RATES, status=reply.status, switch=mode)
    return reply


def page(now: float, mode: str | None) -> Reply:
    """What was published by `now`; of the workday before in mode `old`, and no page of rates in `garbled`."""
    if mode == "garbled":
        return Reply(200, b"<html><body>403</body></html>", {"Content-Type": "text/html"})
    published = _published(datetime.fromtimestamp(now, SHANGHAI))
    if mode == "old":
        published = _published(published - timedelta(days=1))
    stamp = f"{published:%Y-%m-%d} 9:15"
    records = [
        {
            "vrtCode": str(number),
            "price": f"{price * _drift(pair, stamp):.4f}",
            "bp": "0.00",
            "vrtName": pair,
            "vrtEName": pair,
            "foreignCName": pair.replace("CNY", "").strip("/").removeprefix("100"),
        }
        for number, (pair, price) in enumerate(PAIRS, start=1)
    ]
    if mode == "jump":
        records[0]["price"] = "70.5000"
    head = {"version": "2.0", "provider": "CWAP", "rep_code": "200", "rep_message": "", "ts": int(now * 1000)}
    return json_reply({"head": head, "data": {"lastDate": stamp, "lastDateEn": stamp}, "records": records})


def cny_per_100(now: float, currency: str) -> Decimal | None:
    """What 100 units cost in yuan by the newest page; None for a currency that is not on it."""
    stamp = f"{_published(datetime.fromtimestamp(now, SHANGHAI)):%Y-%m-%d} 9:15"
    for pair, price in PAIRS:
        base, quoted = pair.removeprefix("100").split("/")
        if currency in (base, quoted) and currency != "CNY":
            told, units = Decimal(f"{price * _drift(pair, stamp):.4f}"), 1 if pair.startswith("100") else 100
            return told * units if quoted == "CNY" else units / told
    return None


def _published(at: datetime) -> datetime:
    """The last 9:15 of a workday that is not after `at`; the sandbox knows no holidays."""
    last = at.replace(hour=9, minute=15, second=0, microsecond=0)
    if last > at:
        last -= timedelta(days=1)
    while last.weekday() >= SATURDAY:
        last -= timedelta(days=1)
    return last


def _drift(pair: str, stamp: str) -> float:
    """A day's rate differs from another day's by at most half a percent, and is the same all day."""
    return 0.995 + hashlib.sha256(f"{pair}|{stamp}".encode()).digest()[0] / 25_500
