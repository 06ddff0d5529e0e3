"""Trials of WeChat's keys changing: what a new one signed is believed once that is known; it is kept once."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from backend.chaos.books import Finding, Part
from backend.chaos.faults import Fault, Twice
from backend.chaos.stage import Stage
from backend.chaos.ways import BUSY, Step, killed, killed_writing, spoilt
from orders.models import Order
from payments.models import Payment
from storefronts.models import KeyFetch, PlatformKey
from storefronts.services.platform_keys import refresh, want

RESTED = 301  # seconds: WeChat is asked for certificates every five minutes at most
LATELY = timedelta(hours=1)


def changes(stage: Stage, fault: Fault, *, keep_old: bool) -> Order:
    """WeChat tells of a payment, signed by a new certificate, and fetching that goes wrong."""
    fetches = KeyFetch.objects.filter(storefront=stage.shop)
    heard = stage.now() - LATELY
    fetches.update(tried_at=heard, fetched_at=heard, asked_at=None, outcome=KeyFetch.Outcome.FETCHED)
    order = stage.order()
    client = stage.start(order)
    serial = stage.sandbox.tell("platform_keys", keep_old=keep_old)["serial"]
    stage.play(Part(lambda at: refresh(now=at), partial(_compare, serial), partial(_ends, serial)))
    stage.sandbox.tell("pay", client=client, signed_by="certificate")
    stage.calm()
    if not fetches.filter(asked_at__isnull=False).exists():  # where no web takes the notification in
        want(mchid=Payment.objects.get(order=order).mchid, now=stage.now())
    stage.pass_time(RESTED)
    fault.strike(stage, lambda: refresh(now=stage.now()))
    return order


def _compare(serial: str, found: Finding, order: Order, books: dict[str, Any]) -> None:
    on_file = _on_file(serial, order)
    if on_file == 0:
        found.open.append("the new certificate is not on file")
    if on_file > 1:
        found.doubled.append(f"the new certificate is on file {on_file} times")


def _ends(serial: str, order: Order) -> str:
    return "key fetched" if _on_file(serial, order) else "key missing"


def _on_file(serial: str, order: Order) -> int:
    keys = PlatformKey.objects.filter(storefront=order.storefront, retired_at=None)
    return sum(key.serial.zfill(40) == serial.upper().zfill(40) for key in keys)


def _ways() -> list[Fault]:
    keeping = killed_writing(keeping_the_key="storefronts_platformkey")[2:]
    return [*spoilt("certificates", BUSY), *killed(), *keeping, Twice()]


STEPS: tuple[Step, ...] = (
    ("keys: both are listed", partial(changes, keep_old=True), _ways),
    ("keys: only the new one", partial(changes, keep_old=False), lambda: [*killed(), Twice()]),
)
