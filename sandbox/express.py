"""Plays the SF Express open platform (顺丰开放平台): POST /std/service, every signature verified.

Two envelopes as the real one's: apiResultCode says whether the platform took the call, errorCode what the
service made of it. Codes as public clients of it know them.
"""

import base64
import hashlib
import re
import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl, quote_plus

from sandbox.clock import SHANGHAI
from sandbox.parcels import STEPS, Parcel
from sandbox.scene import Scene
from sandbox.switches import Switch
from sandbox.wire import HangUp, Json, PayFault, Reply, Request, dumps, json_reply, loads
from sandbox.world import Storefront

PATH = re.compile(r"/std/service")
WINDOW_MS = 300_000
FIELDS = ("partnerID", "requestID", "serviceCode", "timestamp", "msgDigest", "msgData")
Spoilt = Callable[[Switch | None, Callable[[], Reply]], Reply]


class Stopped(Exception):
    """The platform stops the call: apiResultCode."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code, self.text = code, text


class Failed(Exception):
    """The service says no: errorCode."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code)
        self.code, self.text = code, text


def answer(scene: Scene, request: Request, spoilt: Spoilt) -> Reply:
    """One call; `spoilt` is what switches do to it."""
    if request.method != "POST":
        return Reply(405)
    at, call, number, code = time.time(), "sf", None, "A1000"
    switch: Switch | None = None
    try:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        partner = _authorise(scene, form)
        if form["serviceCode"] not in CALLS:
            raise Stopped("A1004", "无对应服务权限")
        call, act = CALLS[form["serviceCode"]]
        try:
            told = loads(form["msgData"].encode())
        except ValueError:
            raise Stopped("A1008", "msgData") from None
        number = str(told.get("orderId") or "") or None
        switch = scene.switches.take(call, number)
        if switch is not None and switch.mode == "error":
            raise Stopped(str(switch.code), "told to fail")
        reply = spoilt(switch, lambda: _served(scene, partner, told, act))
    except Stopped as stopped:
        code = stopped.code
        reply = json_reply({"apiErrorMsg": stopped.text, "apiResponseID": "", "apiResultCode": stopped.code})
    except PayFault as fault:  # a switch for 500
        reply = Reply(fault.status, b"")
    except HangUp:
        scene.journal.call(at, call=call, out_trade_no=number, status=None, switch=_mode(switch))
        raise
    scene.journal.call(
        at, call=call, out_trade_no=number, status=reply.status, code=code, switch=_mode(switch)
    )
    return reply


def _mode(switch: Switch | None) -> str | None:
    return switch.mode if switch else None


def _authorise(scene: Scene, form: dict[str, str]) -> Storefront:
    if any(not form.get(name) for name in FIELDS):
        raise Stopped("A1001", "必传参数不可为空")
    partner = next((one for one in scene.world.storefronts if one.sf_partner == form["partnerID"]), None)
    if partner is None:
        raise Stopped("A1004", "无对应服务权限")
    stamp = form["timestamp"]
    if not stamp.isdigit() or abs(time.time() * 1000 - int(stamp)) > WINDOW_MS:
        raise Stopped("A1002", "请求时效已过期")
    spelt = quote_plus(form["msgData"] + stamp + partner.sf_check_word, safe="*").replace("~", "%7E")
    expected = base64.b64encode(hashlib.md5(spelt.encode(), usedforsecurity=False).digest()).decode()
    if form["msgDigest"] != expected:
        raise Stopped("A1006", "数字签名无效")
    return partner


def _served(
    scene: Scene, partner: Storefront, told: Json, act: Callable[[Scene, Storefront, Json], Json]
) -> Reply:
    try:
        inner: Json = {"success": True, "errorCode": "S0000", "errorMsg": None}
        inner["msgData"] = act(scene, partner, told)
    except Failed as failed:
        inner = {"success": False, "errorCode": failed.code, "errorMsg": failed.text, "msgData": None}
    return json_reply(
        {
            "apiErrorMsg": "",
            "apiResponseID": "r",
            "apiResultCode": "A1000",
            "apiResultData": dumps(inner).decode(),
        }
    )


def _create(scene: Scene, partner: Storefront, told: Json) -> Json:
    number, contacts = told.get("orderId"), told.get("contactInfoList")
    if not isinstance(number, str) or not 0 < len(number) <= 64:
        raise Failed("1010", "客户订单号不能为空")
    if not isinstance(contacts, list) or [one.get("contactType") for one in contacts] != [1, 2]:
        raise Failed("1011", "收寄双方信息不能为空")
    for one in contacts:
        if not (one.get("address") and one.get("province") and (one.get("mobile") or one.get("tel"))):
            raise Failed("1012", "收寄双方地址或电话不能为空")
    if not told.get("cargoDetails") or not told.get("monthlyCard"):
        raise Failed("1023", "托寄物或月结卡号不能为空")
    if contacts[1]["province"] == "西藏自治区":
        return {"orderId": number, "filterResult": 3, "remark": "收方超范围", "waybillNoInfoList": []}
    phones = tuple(str(one.get("mobile") or one.get("tel")) for one in contacts)
    made = scene.parcels.issue(partner.sf_partner, number, phones)
    if made is None:
        raise Failed("8016", "重复下单")
    return _waybill(made)


def _find(scene: Scene, partner: Storefront, told: Json) -> Json:
    return _waybill(_known(scene, partner, told))


def _update(scene: Scene, partner: Storefront, told: Json) -> Json:
    found = _known(scene, partner, told)
    if told.get("dealType") != 2:
        raise Failed("1001", "dealType")
    if found.under_way:
        raise Failed("8111", "运单已揽收，不能取消")
    found.taken_back = True
    return {"orderId": found.order_id, "resStatus": 2}


def _routes(scene: Scene, partner: Storefront, told: Json) -> Json:
    numbers, tail = told.get("trackingNumber"), str(told.get("checkPhoneNo") or "")
    if not isinstance(numbers, list) or not numbers:
        raise Failed("1001", "trackingNumber")
    return {"routeResps": [{"mailNo": one, "routes": _told(scene, str(one), tail)} for one in numbers]}


def _told(scene: Scene, waybill: str, tail: str) -> list[dict[str, str]]:
    found = scene.parcels.by_waybill(waybill)
    if found is None or not any(phone.endswith(tail) for phone in found.phones if tail):
        return []
    return [
        {
            "acceptAddress": "",
            "acceptTime": f"{datetime.fromtimestamp(at, SHANGHAI):%Y-%m-%d %H:%M:%S}",
            "remark": STEPS[step][3],
            "opCode": STEPS[step][0],
        }
        for at, step in found.told
        if STEPS[step][0]
    ]


def _known(scene: Scene, partner: Storefront, told: Json) -> Parcel:
    found = scene.parcels.of(partner.sf_partner, str(told.get("orderId")))
    if found is None:
        raise Failed("8018", "未获取到订单信息")
    if found.taken_back:
        raise Failed("8037", "已消单")
    return found


def _waybill(parcel: Parcel) -> Json:
    return {
        "orderId": parcel.order_id,
        "filterResult": 2,
        "waybillNoInfoList": [{"waybillType": 1, "waybillNo": parcel.waybill}],
        "routeLabelInfo": [{"code": "1000", "routeLabelData": {"destRouteLabel": parcel.routing}}],
    }


CALLS: dict[str, tuple[str, Callable[[Scene, Storefront, Json], Json]]] = {
    "EXP_RECE_CREATE_ORDER": ("sf_create", _create),
    "EXP_RECE_SEARCH_ORDER_RESP": ("sf_find", _find),
    "EXP_RECE_UPDATE_ORDER": ("sf_cancel", _update),
    "EXP_RECE_SEARCH_ROUTES": ("sf_routes", _routes),
}
