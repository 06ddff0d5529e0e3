"""Payments declared to customs, v2: XML signed with MD5 under the merchant's key of API v2, answers too."""

import hashlib
import time
from collections.abc import Callable

from lxml import etree

from sandbox import customs
from sandbox.declaring import SUBMITTED, Record, compact
from sandbox.scene import Scene
from sandbox.switches import Switch
from sandbox.wire import HangUp, Json, PayFault, Reply, Request
from sandbox.world import Storefront

Fields = dict[str, str]
ROOT = "/cgi-bin/mch"
PATHS = {
    f"{ROOT}/customs/customdeclareorder": "customs_declare",
    f"{ROOT}/customs/customdeclarequery": "customs_query",
    f"{ROOT}/newcustoms/customdeclareredeclare": "customs_redeclare",
}
_AMOUNTS = ("duty", "order_fee", "transport_fee", "product_fee")
Spoil = Callable[[Switch | None, Callable[[], Reply]], Reply]


def answer(scene: Scene, request: Request, spoil: Spoil) -> Reply:
    """The reply to any call of the set; `spoil` does what a switch says."""
    at, call, code = time.time(), PATHS[request.path], None
    switch: Switch | None = None
    fields: Fields = {}
    mode = None
    try:
        fields = _read(request.body)
        merchant = scene.world.by_mchid(fields.get("mch_id", ""))
        if merchant is None or fields.get("sign") != sign(fields, merchant.v2_key):
            reply = _xml({"return_code": "FAIL", "return_msg": "签名错误"})  # unsigned, as nobody is known
        else:
            if call == "customs_declare" and fields.get("action_type") == "MODIFY":
                call = "customs_amend"
            switch = scene.switches.take(call, fields.get("out_trade_no"))
            mode = switch.mode if switch else None
            try:
                reply = spoil(switch, lambda: _signed(_ACTS[call](scene, fields, merchant), merchant, mode))
            except PayFault as fault:
                code = fault.code
                if fault.status >= 500:
                    reply = Reply(fault.status, b"", {"Content-Type": "text/plain"})
                else:
                    said = {"result_code": "FAIL", "err_code": code, "err_code_des": fault.message}
                    reply = _signed(_named(merchant) | said, merchant, mode)
    except etree.XMLSyntaxError:
        reply = _xml({"return_code": "FAIL", "return_msg": "XML格式错误"})
    except HangUp:
        scene.journal.call(at, call=call, mchid=fields.get("mch_id"), status=None, switch=mode)
        raise
    facts = {"mchid": fields.get("mch_id"), "out_trade_no": fields.get("out_trade_no")}
    scene.journal.call(at, call=call, **facts, status=reply.status, code=code, switch=mode)
    return reply


def sign(fields: Fields, key: str) -> str:
    """MD5 over all fields that are not empty, in the order of their names, and the key."""
    told = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name] and name != "sign")
    return hashlib.md5(f"{told}&key={key}".encode()).hexdigest().upper()  # noqa: S324


def _declare(scene: Scene, fields: Fields, merchant: Storefront) -> Fields:
    body, order = _body(fields), customs.order_of(scene, merchant, _needed(fields))
    refunded = customs.refunded(scene, order)
    outcome = customs.outcome(scene, order)
    record, new = scene.declarations.declare(order, customs.content(body), refunded, outcome)
    _check(scene, record, fields)
    return _short(merchant, record, SUBMITTED if new else customs.state(scene, record))


def _amend(scene: Scene, fields: Fields, merchant: Storefront) -> Fields:
    body, order = _body(fields), customs.order_of(scene, merchant, _needed(fields))
    refunded = customs.refunded(scene, order)
    record = scene.declarations.amend(order, customs.content(body), refunded, customs.outcome(scene, order))
    _check(scene, record, fields)
    return _short(merchant, record, SUBMITTED)


def _query(scene: Scene, fields: Fields, merchant: Storefront) -> Fields:
    order = customs.order_of(scene, merchant, fields)
    found = scene.declarations.of(order, fields.get("customs", ""))
    told = {"transaction_id": order.transaction_id or "", "count": str(len(found))}
    for position, record in enumerate(found):
        long = {
            "customs": record.customs,
            "mch_customs_no": record.told["merchant_customs_no"],
            "duty": str(record.told.get("duty", 0)),
            "fee_type": "CNY",
            "order_fee": str(record.amount),
            "transport_fee": str(record.transport),
            "product_fee": str(record.amount - record.transport),
            "state": customs.state(scene, record),
            "explanation": customs.explanation(scene, record),
            "modify_time": compact(record.changed_at),
            "cert_check_result": record.certificate,
        }
        told |= {f"{name}_{position}": value for name, value in long.items()} | _department(record)
    return _done(merchant) | told


def _redeclare(scene: Scene, fields: Fields, merchant: Storefront) -> Fields:
    order = customs.order_of(scene, merchant, fields)
    record = scene.declarations.find(order, fields.get("customs", ""))
    scene.declarations.again(record, customs.state(scene, record), customs.outcome(scene, order))
    return _short(merchant, record, SUBMITTED)


_ACTS: dict[str, Callable[[Scene, Fields, Storefront], Fields]] = {
    "customs_declare": _declare,
    "customs_amend": _amend,
    "customs_query": _query,
    "customs_redeclare": _redeclare,
}


def _needed(fields: Fields) -> Fields:
    for name in ("appid", "out_trade_no", "transaction_id", "customs", "mch_customs_no"):
        if not fields.get(name):
            raise PayFault(400, "PARAM_ERROR", f"缺少参数{name}")
    if fields.get("action_type", "ADD") not in ("ADD", "MODIFY"):
        raise PayFault(400, "PARAM_ERROR", "action_type参数错误")
    return fields


def _body(fields: Fields) -> Json:
    """The same by the names of v3."""
    told: Json = {
        "customs": fields.get("customs", ""),
        "merchant_customs_no": fields.get("mch_customs_no", ""),
        **{name: fields[name] for name in ("fee_type", "sub_order_no") if fields.get(name)},
    }
    for name in _AMOUNTS:
        if fields.get(name):
            if not fields[name].isdecimal():
                raise PayFault(400, "PARAM_ERROR", f"{name}参数错误")
            told[name] = int(fields[name])
    return told


def _check(scene: Scene, record: Record, fields: Fields) -> None:
    if fields.get("cert_id"):
        if fields.get("cert_type") != "IDCARD" or not fields.get("name"):
            raise PayFault(400, "PARAM_ERROR", "cert_type或name参数错误")
        customs.check(scene, record, fields["cert_id"], fields["name"])


def _short(merchant: Storefront, record: Record, stands: str) -> Fields:
    return {
        **_done(merchant),
        "out_trade_no": record.order.out_trade_no,
        "transaction_id": record.order.transaction_id or "",
        "state": stands,
        "modify_time": compact(record.changed_at),
        "cert_check_result": record.certificate,
        **_department(record),
    }


def _department(record: Record) -> Fields:
    return {
        "verify_department": record.department,
        "verify_department_trade_id": record.department_number,
    }


def _named(merchant: Storefront) -> Fields:
    return {"return_code": "SUCCESS", "return_msg": "OK", "appid": merchant.appid, "mch_id": merchant.mchid}


def _done(merchant: Storefront) -> Fields:
    return _named(merchant) | {"result_code": "SUCCESS"}


def _signed(fields: Fields, merchant: Storefront, mode: str | None) -> Reply:
    fields = fields | {"sign_type": "MD5"}
    if mode != "unsigned":
        wrong = mode in ("wrong_signature", "stale_timestamp", "signtest")
        fields["sign"] = sign(fields, "another key" if wrong else merchant.v2_key)
    return _xml(fields)


def _xml(fields: Fields) -> Reply:
    root = etree.Element("xml")
    for name, value in fields.items():
        etree.SubElement(root, name).text = etree.CDATA(value)
    return Reply(200, etree.tostring(root, encoding="utf-8"), {"Content-Type": "text/xml; charset=utf-8"})


def _read(body: bytes) -> Fields:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(body, parser)
    return {str(child.tag): child.text or "" for child in root if isinstance(child.tag, str)}
