"""Payments declared to customs, v3: declare, amend, query, send again, and whether the payer is a person."""

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from sandbox.declaring import EXPLANATIONS, OUTCOMES, PORTS, STATES, SUBMITTED, Record, compact
from sandbox.fields import Record as Form
from sandbox.fields import Text, Whole, body_of, refuse
from sandbox.orders import Order
from sandbox.refunding import CLOSED
from sandbox.scene import Scene
from sandbox.sealed import named_key, oaep, opened
from sandbox.switches import CUSTOMS_MATCH, CUSTOMS_OUTCOME
from sandbox.wire import ControlFault, Json, PayFault, Reply, Request, json_reply
from sandbox.world import Storefront

CERTIFICATES = ("SAME", "DIFFERENT", "UNCHECKED")
_FEES = {name: Whole(0) for name in ("duty", "order_fee", "transport_fee", "product_fee")}
_WHO = {"appid": Text(32), "mchid": Text(32)}
_WHICH = {"out_trade_no": Text(32), "transaction_id": Text(32)}
_PORT = {"customs": Text(128), "merchant_customs_no": Text(128)}
_PART = {"sub_order_no": Text(128), "fee_type": Text(8)}
DECLARE = Form(_WHO | _WHICH | _PORT, _FEES | _PART)
AMEND = Form(_WHO | _WHICH | {"customs": Text(128)}, _FEES | _PART | {"merchant_customs_no": Text(128)})
AGAIN = Form(_WHO | _PORT, _WHICH | _PART)
VERIFY = Form(
    _WHO
    | _WHICH
    | _PORT
    | {"certificate_type": Text(16), "certificate_id": Text(1024), "certificate_name": Text(1024)},
    _PART,
)


def declare(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """POST /v3/global/customs/orders."""
    body = body_of(request, DECLARE)
    order = _order(scene, merchant, body)
    record, new = scene.declarations.declare(
        order, content(body), refunded(scene, order), outcome(scene, order)
    )
    return json_reply(_short(record, SUBMITTED if new else state(scene, record)))


def amend(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """PATCH /v3/global/customs/orders: the old record is void, and a new one takes its place."""
    body = body_of(request, AMEND)
    order = _order(scene, merchant, body)
    record = scene.declarations.amend(order, content(body), refunded(scene, order), outcome(scene, order))
    return json_reply(_short(record, SUBMITTED))


def query(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """GET /v3/global/customs/orders?appid=&mchid=&order_type=&order_no=&customs=."""
    asked = request.query
    for name in ("appid", "mchid", "order_type", "order_no", "customs"):
        if not asked.get(name):
            raise refuse(name, "is required", location="query")
    if asked["order_type"] not in ("out_trade_no", "transaction_id"):
        raise refuse("order_type", "payments in parts are not played here", location="query")
    order = _order(scene, merchant, asked | {asked["order_type"]: asked["order_no"]})
    found = scene.declarations.of(order, asked["customs"])
    told: Json = {
        "appid": order.appid,
        "mchid": order.mchid,
        "out_trade_no": order.out_trade_no,
        "transaction_id": order.transaction_id,
        "data": [_long(scene, record) for record in found],
        "offset": 0,
        "limit": 20,
        "total_count": len(found),
    }
    if found:
        told |= _department(found[0])
    return json_reply(told)


def again(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """POST /v3/global/customs/redeclare."""
    body = body_of(request, AGAIN)
    order = _order(scene, merchant, body)
    record = scene.declarations.find(order, body["customs"])
    scene.declarations.again(record, state(scene, record), outcome(scene, order))
    return json_reply(
        _short(record, SUBMITTED) | {"explanation": "", "modify_time": compact(record.changed_at)}
    )


def verify(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """POST /v3/global/customs/verify-certificate: SAME or DIFFERENT, of what is declared already."""
    body = body_of(request, VERIFY)
    order = _order(scene, merchant, body)
    if body["certificate_type"] != "IDCARD":
        raise refuse("/certificate_type", "must be IDCARD")
    key = named_key(scene, request)
    padding = PKCS1v15() if scene.registry.pkcs1 else oaep()
    number, name = (
        opened(key, body[field], f"/{field}", padding) for field in ("certificate_id", "certificate_name")
    )
    record = scene.declarations.find(order, body["customs"])
    check(scene, record, number, name)
    told = {k: v for k, v in _short(record, "").items() if k != "state"}
    return json_reply(told | {"certificate_check_result": record.certificate})


def check(scene: Scene, record: Record, number: str, name: str) -> None:
    """Compare with whom WeChat holds behind the openid; whoever nobody told of is whoever is asked."""
    if scene.switches.take(CUSTOMS_MATCH, record.order.out_trade_no):
        return
    held = scene.registry.payer(record.order.openid)
    record.certificate = "SAME" if held in (None, (number, name)) else "DIFFERENT"


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/customs: how a declaration stands from now on, or a number registered at a port."""
    mchid, port = told.get("mchid"), told.get("customs")
    merchant = scene.world.by_mchid(mchid) if isinstance(mchid, str) else None
    if merchant is None or not isinstance(port, str) or port not in PORTS:
        raise ControlFault(400, "say mchid and customs, one of the ports")
    if isinstance(number := told.get("merchant_customs_no"), str):
        scene.declarations.register(merchant.mchid, port, number)
        return {}
    order = scene.orders.paid_or_not(merchant.mchid, str(told.get("out_trade_no", "")), "")
    found = scene.declarations.of(order, port) if order else []
    if not found or told.get("state") not in STATES or told.get("certificate", "SAME") not in CERTIFICATES:
        raise ControlFault(404, f"no such declaration, or state is none of {STATES}")
    found[0].outcome, found[0].changed_at = told["state"], 0.0
    found[0].explanation = str(told.get("explanation", ""))
    found[0].certificate = told.get("certificate", found[0].certificate)
    return {"state": state(scene, found[0])}


def outcome(scene: Scene, order: Order) -> str:
    switch = scene.switches.take(CUSTOMS_OUTCOME, order.out_trade_no)
    assert switch is None or switch.mode in OUTCOMES
    return switch.mode if switch else "success"


def state(scene: Scene, record: Record) -> str:
    """How it stands now, by the ladder's time."""
    passed, scale = scene.clock.now() - record.changed_at, scene.courier.seconds_per_second
    return record.state(passed / scale if scale else 1e9)


def explanation(scene: Scene, record: Record) -> str:
    return record.explanation or EXPLANATIONS.get(state(scene, record), "")


def refunded(scene: Scene, order: Order) -> int:
    """What of the payment has gone back, or is on its way."""
    return sum(
        one.amount for one in scene.refunds.of(order.mchid) if one.order is order and one.status != CLOSED
    )


def content(body: Json) -> Json:
    if body["customs"] not in PORTS:
        raise refuse("/customs", "is no port", value=body["customs"])
    if body.get("fee_type", "CNY") != "CNY":
        raise refuse("/fee_type", "must be CNY", value=body["fee_type"])
    if "sub_order_no" in body:
        raise PayFault(501, "SYSTEM_ERROR", "payments in parts are not played here")
    return body


def _order(scene: Scene, merchant: Storefront, asked: Json) -> Order:
    if asked["mchid"] != merchant.mchid:
        raise PayFault(403, "NO_AUTH", "商户号与签名的商户号不一致，无权限")
    if asked["appid"] != merchant.appid:
        raise PayFault(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试")
    return order_of(scene, merchant, asked)


def order_of(scene: Scene, merchant: Storefront, asked: Json) -> Order:
    """The payment that is meant; both numbers, where both are given, must be its own."""
    number, transaction = asked.get("out_trade_no", ""), asked.get("transaction_id", "")
    order = scene.orders.paid_or_not(merchant.mchid, number, "" if number else transaction)
    if order is None or transaction not in ("", order.transaction_id):
        raise PayFault(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    return order


def _department(record: Record) -> Json:
    return {
        "verify_department": record.department,
        "verify_department_trade_id": record.department_number,
    }


def _short(record: Record, stands: str) -> Json:
    order = record.order
    return {
        "appid": order.appid,
        "mchid": order.mchid,
        "out_trade_no": order.out_trade_no,
        "transaction_id": order.transaction_id,
        "state": stands,
        **_department(record),
    }


def _long(scene: Scene, record: Record) -> Json:
    return {
        "mch_customs_no": record.told["merchant_customs_no"],
        "customs": record.customs,
        "duty": record.told.get("duty", 0),
        "fee_type": "CNY",
        "order_fee": record.amount,
        "transport_fee": record.transport,
        "product_fee": record.amount - record.transport,
        "state": state(scene, record),
        "explanation": explanation(scene, record),
        "modify_time": compact(record.changed_at),
    }
