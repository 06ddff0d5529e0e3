"""Refunds as WeChat Pay makes them: taken at once, carried out a little later, and told of."""

from typing import Any

from sandbox import notices
from sandbox.fields import ABNORMAL_REFUND, REFUND, body_of, refuse
from sandbox.refunding import ABNORMAL, CLOSED, PROCESSING, SUCCESS, Refund
from sandbox.scene import Scene
from sandbox.sealed import named_key, oaep, opened
from sandbox.switches import REFUND_OUTCOME
from sandbox.wire import ControlFault, Json, PayFault, Reply, Request, json_reply
from sandbox.world import Storefront

WORKING_SECONDS = 2  # of the ladder: from taken to carried out
SUMMARIES = {SUCCESS: "退款成功", ABNORMAL: "退款异常", CLOSED: "退款关闭"}
OUTCOMES = {"success": SUCCESS, "abnormal": ABNORMAL, "closed": CLOSED, "stuck": PROCESSING}


def create(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """POST /v3/refund/domestic/refunds: 200 means taken; word of what became of it follows."""
    body = body_of(request, REFUND)
    if body["amount"].get("currency") != "CNY":
        raise refuse("/amount/currency", "must be CNY")
    order = scene.orders.paid_or_not(
        merchant.mchid, body.get("out_trade_no", ""), body.get("transaction_id", "")
    )
    if order is None:
        raise PayFault(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    refund, new = scene.refunds.take(order, body)
    told = refund.told()
    if new:
        carry_out(scene, merchant, refund)
    return json_reply(told)


def query(scene: Scene, _request: Request, merchant: Storefront, number: str) -> Reply:
    """GET /v3/refund/domestic/refunds/{out_refund_no}."""
    return json_reply(_known(scene, merchant, number).told())


def apply_abnormal(scene: Scene, request: Request, merchant: Storefront, refund_id: str) -> Reply:
    """POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund."""
    body = body_of(request, ABNORMAL_REFUND)
    refund = _known(scene, merchant, body["out_refund_no"])
    if refund.refund_id != refund_id:
        raise PayFault(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    if body["type"] == "USER_BANK_CARD":
        for name in ("bank_type", "bank_account", "real_name"):
            if name not in body:
                raise refuse(f"/{name}", "is required with USER_BANK_CARD")
        key = named_key(scene, request)
        read = {name: opened(key, body[name], f"/{name}", oaep()) for name in ("bank_account", "real_name")}
        received, channel = f"{body['bank_type']}{read['bank_account'][-4:]}", "OTHER_BANKCARD"
    elif body["type"] == "MERCHANT_BANK_CARD":
        received, channel = "商户结算银行卡", "OTHER_BANKCARD"
    else:
        raise refuse("/type", "is none of USER_BANK_CARD, MERCHANT_BANK_CARD", value=body["type"])
    if refund.status == ABNORMAL:
        refund.received_by, refund.channel = received, channel
        scene.refunds.become(refund, PROCESSING)
        told = refund.told()
        carry_out(scene, merchant, refund)
        return json_reply(told)
    if refund.channel != channel:
        raise PayFault(400, "INVALID_REQUEST", "退款单状态不是退款异常，不允许发起异常退款")
    return json_reply(refund.told())


def carry_out(scene: Scene, merchant: Storefront, refund: Refund, outcome: str = "") -> None:
    """Let the refund come to its end soon, as a switch says or by success, and send word of it."""
    switch = None if outcome else scene.switches.take(REFUND_OUTCOME, refund.order.out_trade_no)
    status = outcome or OUTCOMES[switch.mode if switch else "success"]
    if status == PROCESSING:
        return
    scene.courier.later(WORKING_SECONDS, lambda: _end(scene, merchant, refund, status))


def _end(scene: Scene, merchant: Storefront, refund: Refund, status: str) -> None:
    if refund.status == PROCESSING:
        scene.refunds.become(refund, status)
        tell(scene, merchant, refund)


def tell(scene: Scene, merchant: Storefront, refund: Refund) -> str:
    """Send word of how the refund stands; the id of the notification, empty where no address was given."""
    if not refund.notify_url:
        return ""
    letter = notices.sent(
        scene,
        merchant,
        event_type=f"REFUND.{refund.status}",
        summary=SUMMARIES[refund.status],
        original_type="refund",
        resource=refund.noticed(),
        url=refund.notify_url,
        key=notices.signing_key(scene, merchant.mchid, None),
        out_trade_no=refund.order.out_trade_no,
    )
    return letter.id


def control(scene: Scene, told: Json) -> Json:
    """POST /sandbox/refund: bring a refund to its end by hand, or let WeChat make one by itself."""
    mchid, number, status = (told.get(name) for name in ("mchid", "out_refund_no", "status"))
    merchant = scene.world.by_mchid(mchid) if isinstance(mchid, str) else None
    if merchant is None or not isinstance(number, str) or status not in SUMMARIES:
        raise ControlFault(400, f"say mchid, out_refund_no and status, one of {tuple(SUMMARIES)}")
    refund = scene.refunds.find(merchant.mchid, number)
    if refund is None:
        refund = _by_itself(scene, merchant, told, number)
    scene.refunds.become(refund, status)
    return {"refund_id": refund.refund_id, "notification_id": tell(scene, merchant, refund)}


def _by_itself(scene: Scene, merchant: Storefront, told: Json, number: str) -> Refund:
    """A refund that nobody asked for here: by a complaint, or by hand on WeChat's own pages."""
    order = scene.orders.paid_or_not(merchant.mchid, str(told.get("out_trade_no", "")), "")
    if order is None:
        raise ControlFault(404, "no such refund; with the out_trade_no of a payment one is made")
    amount: Any = told.get("amount", order.total)
    body: Json = {"out_refund_no": number, "amount": {"refund": amount, "total": order.total}}
    try:
        return scene.refunds.take(order, {**body, "notify_url": order.notify_url})[0]
    except PayFault as fault:
        raise ControlFault(409, fault.message) from None


def _known(scene: Scene, merchant: Storefront, number: str) -> Refund:
    refund = scene.refunds.find(merchant.mchid, number)
    if refund is None:
        raise PayFault(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return refund
