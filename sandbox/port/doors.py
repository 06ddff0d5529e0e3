"""The port's doors: messages in, receipts out, and where the carrier and the supervised site are asked.

Beside the port's own two, a carrier and a site are asked in forms of the sandbox's own making; they then send
their messages (511, 711) as any enterprise does.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from sandbox.port import asked
from sandbox.port.intake import OK, Refused
from sandbox.scene import Scene
from sandbox.switches import Switch
from sandbox.wire import ControlFault, HangUp, Json, PayFault, Reply, Request, json_reply, loads

Spoil = Callable[[Switch | None, Callable[[], Reply]], Reply]
RECEIPTS = re.compile(r"/receipts/([^/]+)(/taken)?")
PATH = re.compile(rf"/cebcmsg|{RECEIPTS.pattern}|/carrier/waybills|/site/entries")
MOST = 1000


def answer(scene: Scene, request: Request, spoilt: Spoil) -> Reply:
    """One call, journalled, and spoilt where a switch says so."""
    scene.port.tick()
    call, method, act = _asked(scene, request)
    if request.method != method:
        return Reply(405)
    at, numbers = time.time(), _orders(scene, request) if call == "ceb" else [None]
    switch = next((one for number in numbers if (one := scene.switches.take(call, number))), None)
    facts: dict[str, Any] = {"call": call, "out_trade_no": numbers[0] if numbers else None}
    facts["switch"] = switch.mode if switch else None
    try:
        reply = spoilt(switch, lambda: act(switch))
    except ControlFault as fault:
        reply = json_reply({"error": fault.error}, status=fault.status)
    except PayFault as fault:  # a switch
        reply = Reply(fault.status, f"ERROR {fault.code}".encode(), {"Content-Type": "text/plain"})
    except HangUp:
        scene.journal.call(at, **facts, status=None)
        raise
    scene.journal.call(at, **facts, status=reply.status)
    return reply


def _asked(scene: Scene, request: Request) -> tuple[str, str, Callable[[Switch | None], Reply]]:
    path = request.path
    if path == "/cebcmsg":
        return "ceb", "POST", lambda switch: _message(scene, request, switch)
    if found := RECEIPTS.fullmatch(path):
        box = found[1]
        if found[2]:
            return "receipts_taken", "POST", lambda _: _taken(scene, request, box)
        return "receipts", "GET", lambda _: _receipts(scene, request, box)
    if path == "/carrier/waybills":
        return "carrier_waybills", "POST", lambda _: json_reply(asked.waybill(scene, _body(request)))
    return "site_entries", "POST", lambda _: json_reply(asked.entry(scene, _body(request)))


def _body(request: Request) -> Json:
    try:
        return loads(request.body)
    except (ValueError, RecursionError) as fault:
        raise ControlFault(400, str(fault)) from None


def _orders(scene: Scene, request: Request) -> list[str | None]:
    """The orders that the message tells of, so that a switch can be meant for one of them."""
    try:
        raw, _ = scene.port.intake.envelope(loads(request.body))
    except (Refused, ValueError, RecursionError):
        return [None]
    return [*scene.port.intake.orders_in(raw)] or [None]


def spoiling(switch: Switch | None) -> dict[str, float] | None:
    """How what is told of a message's papers goes wrong; None: the message itself is lost."""
    if switch is None:
        return {}
    if switch.mode == "lost":
        return None
    values = {"late": switch.seconds, "duplicate": float(switch.copies), "shuffled": 0.0, "unreadable": 1.0}
    return {switch.mode: values[switch.mode]} if switch.mode in values else {}


def _message(scene: Scene, request: Request, switch: Switch | None) -> Reply:
    said = OK
    try:
        raw, name = scene.port.intake.envelope(_body(request))
        spoilt = spoiling(switch)
        if spoilt is not None:
            scene.port.intake.take(raw, name, spoilt)
    except Refused as fault:
        said = f"ERROR {fault}"
    return Reply(200, said.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _receipts(scene: Scene, request: Request, box: str) -> Reply:
    if box not in scene.port.office.enterprises:
        raise ControlFault(404, "no such dxpId")
    limit = request.query.get("limit", "100")
    if not limit.isdecimal() or not 0 < int(limit) <= MOST:
        raise ControlFault(400, f"limit: 1 to {MOST}")
    return json_reply({"receipts": scene.port.office.waiting(box, int(limit))})


def _taken(scene: Scene, request: Request, box: str) -> Reply:
    ids = _body(request).get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise ControlFault(400, "ids is a list of texts")
    scene.port.office.taken(box, ids)
    return Reply(204)
