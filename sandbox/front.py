"""Takes every request to the right party, lets switches spoil the call, and signs what Pay v3 answers."""

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from sandbox import (
    bills,
    cfets,
    complaints,
    customs,
    customs_xml,
    express,
    login,
    pay,
    pushing,
    refunds,
    shipping,
    subscribe,
    tencent,
    tracker,
    trading,
    wording,
)
from sandbox.authorization import UPLOAD, authorise, claimed_mchid
from sandbox.control import AGAIN, ENDPOINTS, KEEP
from sandbox.port import doors, grab, machine
from sandbox.scene import Scene
from sandbox.signatures import lines, probe_signature, sign
from sandbox.switches import BILL_CALLS, DOWNLOAD, Switch
from sandbox.wire import (
    ControlFault,
    HangUp,
    LoginFault,
    PayFault,
    Reply,
    Request,
    json_reply,
    loads,
)
from sandbox.world import SigningKey

Act = Callable[[], Reply]

STALE_SECONDS = 600
NUMBER = r"([^/]+)"
Spoil = Callable[[Switch | None, Act], Reply]
# Each with addresses of its own, and answers of its own form.
OTHERS: tuple[tuple[re.Pattern[str], Callable[[Scene, Request, Spoil], Reply]], ...] = (
    (cfets.PATH, cfets.answer),
    (trading.PATH, trading.answer),
    (express.PATH, express.answer),
    (tracker.PATH, tracker.answer),
    (doors.PATH, doors.answer),
    (grab.PATH, grab.answer),
    (machine.PATH, machine.answer),
)
CUSTOMS = r"(?:/v3/global|/global/v3)/customs"  # the newer path and the older one
COMPLAINTS, COMPLAINT_URL = (
    rf"/v3/merchant-service/{name}" for name in ("complaints-v2", "complaint-notifications")
)
LOGIN_ROUTES = {
    "/sns/jscode2session": ("GET", "jscode2session", login.jscode2session),
    "/cgi-bin/stable_token": ("POST", "stable_token", login.stable_token),
    "/wxa/business/getuserphonenumber": ("POST", "phone", login.phone),
    "/wxaapi/minishop/complaintOrderDetail": ("GET", "mini_complaint", pushing.detail),
    subscribe.SEND: ("POST", "subscribe_send", subscribe.send),
    wording.CHECK: ("POST", "msg_sec_check", wording.check),
    **shipping.ROUTES,
}
PAY_ROUTES: tuple[tuple[str, re.Pattern[str], str, Callable[..., Reply]], ...] = (
    ("POST", re.compile(r"/v3/pay/transactions/jsapi"), "prepay", pay.prepay),
    ("GET", re.compile(rf"/v3/pay/transactions/out-trade-no/{NUMBER}"), "query", pay.query_by_number),
    ("GET", re.compile(rf"/v3/pay/transactions/id/{NUMBER}"), "query", pay.query_by_id),
    ("POST", re.compile(rf"/v3/pay/transactions/out-trade-no/{NUMBER}/close"), "close", pay.close),
    ("GET", re.compile(r"/v3/certificates"), "certificates", pay.certificates),
    ("POST", re.compile(r"/v3/refund/domestic/refunds"), "refund", refunds.create),
    ("GET", re.compile(rf"/v3/refund/domestic/refunds/{NUMBER}"), "refund_query", refunds.query),
    (
        "POST",
        re.compile(rf"/v3/refund/domestic/refunds/{NUMBER}/apply-abnormal-refund"),
        "refund_abnormal",
        refunds.apply_abnormal,
    ),
    ("POST", re.compile(rf"{CUSTOMS}/orders"), "customs_declare", customs.declare),
    ("PATCH", re.compile(rf"{CUSTOMS}/orders"), "customs_amend", customs.amend),
    ("GET", re.compile(rf"{CUSTOMS}/orders"), "customs_query", customs.query),
    ("POST", re.compile(rf"{CUSTOMS}/redeclare"), "customs_redeclare", customs.again),
    ("POST", re.compile(rf"{CUSTOMS}/verify-certificate"), "customs_verify", customs.verify),
    ("POST", re.compile(COMPLAINT_URL), "complaint_url", complaints.set_address),
    ("PUT", re.compile(COMPLAINT_URL), "complaint_url", complaints.change_address),
    ("GET", re.compile(COMPLAINT_URL), "complaint_url_query", complaints.read_address),
    ("DELETE", re.compile(COMPLAINT_URL), "complaint_url", complaints.drop_address),
    ("GET", re.compile(COMPLAINTS), "complaints", complaints.listed),
    ("GET", re.compile(rf"{COMPLAINTS}/{NUMBER}"), "complaint", complaints.detail),
    (
        "GET",
        re.compile(rf"{COMPLAINTS}/{NUMBER}/negotiation-historys"),
        "complaint_history",
        complaints.history,
    ),
    ("POST", re.compile(rf"{COMPLAINTS}/{NUMBER}/response"), "complaint_reply", complaints.respond),
    (
        "POST",
        re.compile(rf"{COMPLAINTS}/{NUMBER}/update-refund-progress"),
        "complaint_refund",
        complaints.decide,
    ),
    ("POST", re.compile(rf"{COMPLAINTS}/{NUMBER}/complete"), "complaint_complete", complaints.complete),
    ("POST", re.compile(UPLOAD), "complaint_image", complaints.upload),
    ("GET", re.compile(r"/v3/bill/tradebill"), "tradebill", bills.trade_bill),
    ("GET", re.compile(r"/v3/bill/fundflowbill"), "fundflowbill", bills.fund_flow_bill),
    ("GET", re.compile(r"/v3/billdownload/file"), DOWNLOAD, bills.download),
)


def answer(scene: Scene, request: Request) -> Reply:
    """The reply to any request; HangUp where the connection is to end without one."""
    path = request.path
    if path not in (KEEP, AGAIN):
        scene.kept.stands, scene.kept.calls = None, scene.kept.calls + 1
    if path.startswith("/sandbox/"):
        return _control(scene, request)
    if path in LOGIN_ROUTES:
        return _login(scene, request)
    if request.method == "POST" and path in customs_xml.PATHS:
        return customs_xml.answer(scene, request, _spoilt)
    if (request.method, path) == ("POST", "/"):
        return tencent.answer(scene, request)
    for where, told in OTHERS:
        if where.fullmatch(path):
            return told(scene, request, _spoilt)
    return _pay_call(scene, request)


def _pay_call(scene: Scene, request: Request) -> Reply:
    path = request.path
    matched = [(route, found) for route in PAY_ROUTES if (found := route[1].fullmatch(path))]
    for (method, _, call, handler), found in matched:
        if method == request.method:
            return _pay(scene, request, call, handler, *found.groups())
    return Reply(405 if matched else 404)  # both with an empty body, as WeChat answers


def _control(scene: Scene, request: Request) -> Reply:
    endpoint = ENDPOINTS.get((request.method, request.path))
    try:
        if endpoint is None:
            raise ControlFault(404, f"no {request.method} {request.path}")
        try:
            told = loads(request.body) if request.body else {}
        except ValueError as error:
            raise ControlFault(400, str(error)) from None
        return json_reply(endpoint(scene, told))
    except ControlFault as fault:
        return json_reply({"error": fault.error}, status=fault.status)


def _login(scene: Scene, request: Request) -> Reply:
    method, call, handler = LOGIN_ROUTES[request.path]
    at, switch, errcode = time.time(), scene.switches.take(call), 0
    try:
        if request.method != method:
            raise LoginFault(43001 if method == "GET" else 43002, f"require {method} method")
        reply = _spoilt(switch, lambda: handler(scene, request))
    except LoginFault as fault:
        errcode = fault.errcode
        said = f"{fault.errmsg}, rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        reply = json_reply({"errcode": errcode, "errmsg": said})
    except PayFault as fault:  # a switch for 500
        reply = Reply(fault.status, b"", {"Content-Type": "text/plain"})
    except HangUp:
        scene.journal.call(at, call=call, status=None, switch=_mode(switch))
        raise
    scene.journal.call(at, call=call, status=reply.status, code=errcode, switch=_mode(switch))
    return reply


def _pay(scene: Scene, request: Request, call: str, handler: Callable[..., Reply], *numbers: str) -> Reply:
    at, mchid, code = time.time(), None, None
    number: str | None = numbers[0] if numbers else _number_in(request)
    switch: Switch | None = None
    key = scene.keyring.newest
    try:
        asked = request.headers.get("wechatpay-serial", "")
        key = scene.keyring.answering(claimed_mchid(request), asked)
        merchant = authorise(scene, request)
        mchid = merchant.mchid
        switch = scene.switches.take(call, number)
        told = {"mode": _mode(switch)} if call in BILL_CALLS else {}
        reply = _spoilt(switch, lambda: handler(scene, request, merchant, *numbers, **told))
    except PayFault as fault:
        code, reply = fault.code, fault.reply()
    except HangUp:
        scene.journal.call(at, call=call, mchid=mchid, out_trade_no=number, status=None, switch=_mode(switch))
        raise
    facts = {"call": call, "mchid": mchid, "out_trade_no": number, "status": reply.status, "code": code}
    scene.journal.call(at, **facts, switch=_mode(switch))
    return _signed(reply, key, "unsigned" if call == DOWNLOAD else _mode(switch))


def _number_in(request: Request) -> str | None:
    if "order_no" in request.query:
        return request.query["order_no"]
    try:
        number = loads(request.body).get("out_trade_no")
    except (ValueError, RecursionError):
        return None
    return number if isinstance(number, str) else None


def _mode(switch: Switch | None) -> str | None:
    return switch.mode if switch else None


def _spoilt(switch: Switch | None, act: Act) -> Reply:
    """Act, or fail before, after or instead of acting; a failure after has been acted upon all the same."""
    if switch is None:
        return act()
    if switch.mode == "error":
        if isinstance(switch.code, int):
            raise LoginFault(switch.code, "told to fail")
        raise PayFault(switch.status, str(switch.code), "told to fail")
    if switch.mode in ("timeout_after", "500_after"):
        _regardless(act)
    if switch.mode.startswith("timeout_"):
        time.sleep(switch.seconds)
        if switch.mode == "timeout_late":
            _regardless(act)
        raise HangUp
    if switch.mode.startswith("500_"):
        raise PayFault(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
    return act()  # the signature is spoilt later


def _regardless(act: Act) -> None:
    with suppress(PayFault, LoginFault):  # the caller never hears of it
        act()


def _signed(reply: Reply, key: SigningKey, mode: str | None) -> Reply:
    """The reply with WeChat's signature over timestamp, nonce and body; also for 204 and for refusals."""
    headers = {**reply.headers, "Request-ID": secrets.token_hex(16).upper()}
    if mode == "unsigned":
        return replace(reply, headers=headers)
    stale = STALE_SECONDS if mode == "stale_timestamp" else 0
    timestamp, nonce = str(int(time.time()) - stale), secrets.token_hex(16)
    body = reply.body + b" " if mode == "wrong_signature" else reply.body
    signature = probe_signature() if mode == "signtest" else sign(key.key, lines(timestamp, nonce, body))
    headers |= {
        "Wechatpay-Serial": key.serial,
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": signature,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }
    return replace(reply, headers=headers)
