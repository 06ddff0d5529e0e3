"""Payment data on demand (GACC 2018 No. 179): the port asks for an order, and checks what it is given."""

import base64
import binascii
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox.port.form import GUID
from sandbox.port.office import new_guid
from sandbox.port.payments import PAY_CODE
from sandbox.scene import Scene
from sandbox.switches import Switch
from sandbox.wire import ControlFault, HangUp, Json, PayFault, Reply, Request, json_reply

PATH = re.compile(r"/ceb2grab/grab/realTimeDataUpload")
AT_ONCE, ANSWER_SECONDS, MOST = 32, 10, 1000
SIGNED = ("sessionID", "payExchangeInfoHead", "payExchangeInfoLists", "serviceTime")
# How long each may be, and whether it must be there.
HEAD = {
    "guid": (36, True),
    "initalRequest": (8000, True),
    "initalResponse": (8000, True),
    "ebpCode": (18, True),
    "payCode": (18, True),
    "payTransactionId": (60, True),
    "currency": (4, True),
    "verDept": (1, True),
    "payType": (1, False),
    "tradingTime": (14, True),
    "note": (1000, False),
}
LIST = {"orderNo": (60, True), "recpAccount": (60, True), "recpCode": (18, False), "recpName": (100, True)}
GOODS = {"gname": (250, True), "itemLink": (3000, True)}
Spoil = Callable[[Switch | None, Callable[[], Reply]], Reply]


class Unfit(Exception):
    """What was uploaded is refused: the port's code and where."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/data_request: ask `url` for `order`, `times` over, each in a session of its own.

    One request is waited for and its answer told; of several, or with `wait` false, the books tell."""
    url, order, times = told.get("url"), told.get("order"), told.get("times", 1)
    if (
        not isinstance(url, str)
        or urlsplit(url).scheme not in ("http", "https")
        or not isinstance(order, str)
    ):
        raise ControlFault(400, "say url and order")
    if isinstance(times, bool) or not isinstance(times, int) or not 0 < times <= MOST:
        raise ControlFault(400, f"times: 1 to {MOST}")
    asked = [{"sessionID": new_guid(), "orderNo": order, "status": None, "code": None} for _ in range(times)]
    with scene.port.asked.lock:
        scene.port.asked.requests.update({one["sessionID"]: one for one in asked if one["sessionID"]})

    def all_() -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda one: _ask(scene, url, one), asked))

    if told.get("wait", times == 1) is True:
        all_()
    else:
        threading.Thread(target=all_, daemon=True).start()
    return {"requests": asked}


def _ask(scene: Scene, url: str, asked: dict[str, Any]) -> None:
    told = {"orderNo": asked["orderNo"], "sessionID": asked["sessionID"]}
    text = json.dumps(
        told | {"serviceTime": int(scene.port.office.clock.now() * 1000)}, separators=(",", ":")
    )
    began = time.monotonic()
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(url, data={"openReq": text}, timeout=ANSWER_SECONDS, allow_redirects=False)
        asked["status"] = answer.status_code
        said = answer.json()
        asked["code"] = str(said.get("code")) if isinstance(said, dict) else None
        asked["fits"] = isinstance(said, dict) and set(said) == {"code", "message", "serviceTime"}
    except (OSError, ValueError):  # nobody answers, or not with JSON
        pass
    asked["seconds"] = round(time.monotonic() - began, 3)


def answer(scene: Scene, request: Request, spoilt: Spoil) -> Reply:
    """POST /ceb2grab/grab/realTimeDataUpload with the form field payExInfoStr."""
    if request.method != "POST":
        return Reply(405)
    at, switch = time.time(), scene.switches.take("port_upload")
    facts = {"call": "port_upload", "switch": switch.mode if switch else None}
    code = "10000"
    try:
        reply = spoilt(switch, lambda: _taken(scene, request))
    except Unfit as fault:
        code = fault.code
        reply = json_reply(_said(scene, code, fault.message))
    except PayFault as fault:
        code = fault.code
        wanted = fault.code.isdecimal()  # a switch that names one of the port's own codes
        reply = json_reply(_said(scene, code, "上传失败"), status=200 if wanted else fault.status)
    except HangUp:
        scene.journal.call(at, **facts, status=None)
        raise
    scene.journal.call(at, **facts, status=reply.status, code=code)
    return reply


def _said(scene: Scene, code: str, message: str) -> Json:
    when = int(scene.port.office.clock.now() * 1000)
    return {"code": code, "message": message, "total": 0, "serviceTime": when}


def _taken(scene: Scene, request: Request) -> Reply:
    row: dict[str, Any] = {"sessionID": None, "code": "10000", "message": "上传成功", "orders": []}
    try:
        told, raw = _form(request)
        row["sessionID"] = told["sessionID"]
        _check(scene, told, raw)
        row["orders"] = [one["orderNo"] for one in told["payExchangeInfoLists"]]
        row["verDept"] = told["payExchangeInfoHead"]["verDept"]
    except Unfit as fault:
        row["code"], row["message"] = fault.code, fault.message
        raise
    finally:
        with scene.port.asked.lock:
            scene.port.asked.uploads.append(row)
    return json_reply(_said(scene, "10000", "上传成功"))


def _form(request: Request) -> tuple[Json, dict[str, str]]:
    """The JSON in the form, and how each of its first-level values was written."""
    found = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True).get("payExInfoStr", [])
    if len(found) != 1:
        raise Unfit("20001", "payExInfoStr")
    text, decoder = found[0].strip(), json.JSONDecoder()
    told: Json = {}
    raw: dict[str, str] = {}
    try:
        if not isinstance(whole := json.loads(text), dict):
            raise Unfit("20001", "不是JSON对象")
        place = 1 if whole else len(text)
        while text[place - 1] != "}":
            place = _skip(text, place)
            name, place = decoder.raw_decode(text, place)
            place = _skip(text, _skip(text, place) + 1)  # the colon
            told[name], end = decoder.raw_decode(text, place)
            raw[name] = text[place:end]
            place = _skip(text, end) + 1
    except (ValueError, RecursionError, IndexError):
        raise Unfit("20001", "不是JSON") from None
    for name in (*SIGNED, "certNo", "signValue"):
        if not told.get(name):
            raise Unfit("20002", f"{name}不能为空")
    return told, raw


def _skip(text: str, place: int) -> int:
    while text[place] in " \t\r\n":
        place += 1
    return place


def _check(scene: Scene, told: Json, raw: dict[str, str]) -> None:
    with scene.port.asked.lock:
        asked = scene.port.asked.requests.get(str(told["sessionID"]))
    if asked is None:
        raise Unfit("20003", "sessionID不存在")
    signed = "||".join(f'"{name}":"{raw[name].strip(chr(34))}"' for name in SIGNED)
    cards = {card.number: card for one in scene.port.office.enterprises.values() for card in one.cards}
    card = cards.get(str(told["certNo"]))
    try:
        signature = base64.b64decode(str(told["signValue"]), validate=True)
    except binascii.Error:
        signature = b""
    if card is None or not card.holds(signature, signed.encode()):
        raise Unfit("20004", "验签失败")
    _fields(told["payExchangeInfoHead"], HEAD, "payExchangeInfoHead")
    _head(scene, told["payExchangeInfoHead"])
    lists = told["payExchangeInfoLists"]
    if not isinstance(lists, list):
        raise Unfit("20002", "payExchangeInfoLists不是数组")
    for one in lists:
        _fields(one, LIST, "payExchangeInfoLists")
        goods = one.get("goodsInfo")
        if not isinstance(goods, list) or not goods:
            raise Unfit("20002", "goodsInfo不能为空")
        for item in goods:
            _fields(item, GOODS, "goodsInfo")
    if asked["orderNo"] not in [one["orderNo"] for one in lists]:
        raise Unfit("20002", "orderNo与请求不一致")


def _fields(told: Any, demanded: dict[str, tuple[int, bool]], where: str) -> None:
    if not isinstance(told, dict):
        raise Unfit("20002", f"{where}不是对象")
    for name, (most, must) in demanded.items():
        value = told.get(name, "")
        if not isinstance(value, str) or (must and not value) or len(value) > most:
            raise Unfit("20002", f"{where}.{name}为空、过长或不是文本")


def _head(scene: Scene, head: Json) -> None:
    try:
        amount = Decimal(str(head.get("totalAmount")))
        fits = amount.is_finite() and amount == round(amount, 5) and 0 < amount < 10**14
    except InvalidOperation:
        amount, fits = Decimal(0), False
    rules = {
        "guid": bool(GUID.fullmatch(head["guid"])),
        "totalAmount": fits and not isinstance(head["totalAmount"], str),
        "currency": head["currency"] == "142",
        "verDept": head["verDept"] in ("1", "2", "3"),
        "payType": head.get("payType", "") in ("", "1", "2", "3", "4"),
        "tradingTime": len(head["tradingTime"]) == 14 and head["tradingTime"].isdigit(),
        "payCode": head["payCode"] == PAY_CODE,
    }
    order = scene.orders.by_transaction(head["payTransactionId"])
    rules["payTransactionId"] = order is not None
    if order is not None and rules["totalAmount"]:
        rules["totalAmount"] = amount == Decimal(order.total) / 100
    for name, holds in rules.items():
        if not holds:
            raise Unfit("20002", f"payExchangeInfoHead.{name}不正确")
