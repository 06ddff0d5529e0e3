"""Plays kuaidi100 (快递100): takes subscriptions, answers, pushes what happens; every sign is verified."""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from sandbox.clock import SHANGHAI
from sandbox.courier import Letter
from sandbox.fields import Url
from sandbox.parcels import ENDS, STEPS, Parcel, Watch
from sandbox.scene import Scene
from sandbox.switches import TRACKING_PUSH, Switch
from sandbox.wire import HangUp, Json, PayFault, Reply, Request, dumps, json_reply, loads

PATH = re.compile(r"/poll(/query\.do)?")
LADDER_SECONDS = (1800, 1800, 1800)
Spoilt = Callable[[Switch | None, Callable[[], Reply]], Reply]


@dataclass
class Push(Letter):
    """One push on its way: a form whose param is signed with the subscriber's salt."""

    salt: str | None = None

    @property
    def signer(self) -> str:
        return "salt"

    def envelope(self, treatment: str | None) -> tuple[str, bytes, dict[str, str]]:
        param = self.body.decode()
        form = {"param": param}
        if self.salt is not None:
            salt = f"{self.salt}x" if treatment == "wrong_signature" else self.salt
            form["sign"] = md5(param + salt)
        kind = "application/x-www-form-urlencoded; charset=UTF-8"
        return self.url, urlencode(form).encode(), {"Content-Type": kind}

    def accepts(self, status: int, text: str) -> bool:
        return status == 200 and '"result": true' in text


def answer(scene: Scene, request: Request, spoilt: Spoilt) -> Reply:
    """POST /poll and /poll/query.do."""
    if request.method != "POST":
        return Reply(405)
    call = "poll_query" if request.path.endswith(".do") else "poll"
    at, switch = time.time(), scene.switches.take(call)
    mode = switch.mode if switch else None
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    act = _query if call == "poll_query" else _subscribe
    try:
        if switch is not None and switch.mode == "error":
            reply = _no(str(switch.code), "told to fail")
        else:
            reply = spoilt(switch, lambda: act(scene, form))
    except PayFault as fault:  # a switch for 500
        reply = Reply(fault.status, b"")
    except HangUp:
        scene.journal.call(at, call=call, status=None, switch=mode)
        raise
    scene.journal.call(at, call=call, status=reply.status, switch=mode)
    return reply


def happened(scene: Scene, waybill: str) -> None:
    """Tell everyone who watches it all that is known, as the real one does at each change."""
    parcel = scene.parcels.by_waybill(waybill)
    if parcel is None:
        return
    for watch in scene.parcels.watches(waybill):
        param = {
            "status": "shutdown" if parcel.told and parcel.told[-1][1] in ENDS else "polling",
            "billstatus": "",
            "message": "",
            "autoCheck": "0",
            "comOld": "",
            "comNew": "",
            "lastResult": _result(parcel, watch.company),
        }
        letter = Push(
            id=f"push-{time.time_ns()}",
            event_type="kuaidi100.push",
            mchid=watch.customer,
            out_trade_no=waybill,
            url=watch.url,
            body=dumps(param),
            ladder=LADDER_SECONDS,
            salt=watch.salt,
        )
        switch = scene.switches.take(TRACKING_PUSH, waybill)
        if switch is not None and switch.mode == "lost_notification":
            letter.lost = True
        elif switch is not None and switch.mode == "duplicate":
            scene.courier.send(*[letter] * (switch.copies - 1))
        elif switch is not None:
            letter.treatments.append(switch.mode)
        scene.courier.send(letter)


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def _subscribe(scene: Scene, form: dict[str, str]) -> Reply:
    try:
        told = loads(form.get("param", "").encode())
    except ValueError:
        return _no("700", "订阅数据存在错误")
    owner = next((one for one in scene.world.storefronts if one.kuaidi100_key == told.get("key")), None)
    if owner is None:
        return _no("600", "您不是合法的订阅者")
    wrong = _wrong(told)
    if wrong:
        return _no(*wrong)
    number, more = told["number"], told["parameters"]
    watch = Watch(
        owner.kuaidi100_customer, told["company"], number, str(more["callbackurl"]), more.get("salt")
    )
    if not scene.parcels.watch(watch):
        return _no("501", "重复订阅")
    scene.courier.later(0, lambda: happened(scene, number))
    return json_reply({"result": True, "returnCode": "200", "message": "提交成功"})


def _wrong(told: Json) -> tuple[str, str] | None:
    """What a subscription lacks."""
    more, number, company = told.get("parameters"), told.get("number"), told.get("company")
    if not isinstance(more, dict) or not isinstance(number, str) or not 6 <= len(number) <= 32:
        return "700", "订阅数据存在错误"
    if not isinstance(company, str) or not company.islower():
        return "701", "不支持的快递公司"
    if company == "shunfeng" and not more.get("phone"):
        return "700", "顺丰单号必须填写收、寄件人电话"
    try:
        Url().check(more.get("callbackurl"), "callbackurl")
    except PayFault:
        return "700", "回调地址错误"
    return None


def _query(scene: Scene, form: dict[str, str]) -> Reply:
    owner = next(
        (one for one in scene.world.storefronts if one.kuaidi100_customer == form.get("customer")), None
    )
    param = form.get("param", "")
    if owner is None or form.get("sign") != md5(param + owner.kuaidi100_key + owner.kuaidi100_customer):
        return _no("503", "验证签名失败")
    try:
        told = loads(param.encode())
    except ValueError:
        return _no("400", "提交的数据不完整")
    parcel = scene.parcels.by_waybill(str(told.get("num")))
    if parcel is None or not parcel.told:
        return _no("500", "查询无结果，请隔段时间再查")
    if parcel.phones and not any(phone.endswith(str(told.get("phone"))[-4:]) for phone in parcel.phones):
        return _no("408", "验证码错误")
    return json_reply(_result(parcel, str(told.get("com"))))


def _result(parcel: Parcel, company: str) -> Json:
    """All that happened, the newest first."""
    lines = [
        {
            "time": f"{datetime.fromtimestamp(at, SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "ftime": f"{datetime.fromtimestamp(at, SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "context": STEPS[step][3],
            "status": STEPS[step][2],
            "statusCode": STEPS[step][1],
        }
        for at, step in reversed(parcel.told)
    ]
    state = lines[0]["statusCode"] if lines else "0"
    return {
        "message": "ok",
        "state": state,
        "status": "200",
        "condition": "F00",
        "ischeck": "1" if state.startswith("3") else "0",
        "com": company,
        "nu": parcel.waybill,
        "data": lines,
    }


def _no(code: str, text: str) -> Reply:
    return json_reply({"result": False, "returnCode": code, "message": text})
