"""Plays carrier and customs: once a payment is declared its parcel is handed over, and its list released."""

import hashlib
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.clock import SHANGHAI
from sandbox.customs import state
from sandbox.declaring import PROCESSING_SECONDS, SUCCESS
from sandbox.payer import text
from sandbox.scene import Scene
from sandbox.switches import TRADE_CALLS, Switch
from sandbox.wire import ControlFault, HangUp, Json, PayFault, Reply, Request, json_reply

CARRIER = "顺丰速运"
HANDED_OVER_SECONDS, RELEASED_SECONDS = PROCESSING_SECONDS + 1, PROCESSING_SECONDS + 2  # of the ladder
UNDER = "/trade/"
PATH = re.compile(rf"{UNDER}({'|'.join(TRADE_CALLS)})/([^/]+)")


def answer(
    scene: Scene, request: Request, spoilt: Callable[[Switch | None, Callable[[], Reply]], Reply]
) -> Reply:
    """GET /trade/shipments/<out_trade_no> and /trade/releases/<out_trade_no>; 404 while there is nothing."""
    found = PATH.fullmatch(request.path)
    if found is None or request.method != "GET":
        return Reply(405 if found else 404)
    call, number = found.groups()
    at, switch = time.time(), scene.switches.take(call, number)
    mode = switch.mode if switch else None
    try:
        reply = spoilt(switch, lambda: _told(scene, call, number))
    except PayFault as fault:  # a switch
        reply = Reply(fault.status, b"")
    except HangUp:
        scene.journal.call(at, call=call, out_trade_no=number, status=None, switch=mode)
        raise
    scene.journal.call(at, call=call, out_trade_no=number, status=reply.status, switch=mode)
    return reply


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/trade: what is told of an order's parcel and list from now on; `hold` keeps it back."""
    number = text(told, "out_trade_no")
    if not number:
        raise ControlFault(400, "out_trade_no is needed")
    changed: dict[str, Any] = {name: value for name in ("waybill", "list") if (value := text(told, name))}
    if isinstance(told.get("hold"), bool):
        changed["hold"] = told["hold"]
    scene.trades.change(number, changed)
    return {}


def _told(scene: Scene, call: str, number: str) -> Reply:
    changed = scene.trades.of(number)
    seconds = HANDED_OVER_SECONDS if call == "shipments" else RELEASED_SECONDS
    at = None if changed.get("hold") else _since(scene, number, seconds)
    if at is None:
        return json_reply({"error": "nothing is known of it yet"}, status=404)
    digits = str(int(hashlib.sha256(number.encode()).hexdigest(), 16))
    when = datetime.fromtimestamp(at, SHANGHAI).isoformat(timespec="seconds")
    if call == "shipments":
        waybill = changed.get("waybill", f"SF{digits[:13]}")
        return json_reply({"waybill": waybill, "carrier": CARRIER, "handed_over_at": when})
    return json_reply({"list": changed.get("list", f"31052026I{digits[:9]}"), "released_at": when})


def _since(scene: Scene, number: str, seconds: float) -> float | None:
    """When it happened: so long after the last of the payment's declarations was sent; None: not yet."""
    try:
        order = scene.orders.find(out_trade_no=number, prepay_id=None, mchid=None)
    except ControlFault:
        return None
    records = scene.declarations.all_of(order)
    if not records or any(state(scene, one) != SUCCESS for one in records):
        return None
    wait = seconds * scene.courier.seconds_per_second
    at = max(order.success_at or 0.0, *(one.changed_at for one in records)) + wait
    return at if at <= scene.clock.now() else None
