"""api.mch.weixin.qq.com: order, query, close and certificates as the real Pay v3 takes and answers them."""

from datetime import datetime
from typing import Any

from sandbox.clock import rfc3339
from sandbox.fields import CLOSE, JSAPI_ORDER, body_of, refuse
from sandbox.orders import Order
from sandbox.scene import Scene
from sandbox.sealed import named_key, oaep, opened
from sandbox.signatures import encrypt
from sandbox.wire import Json, PayFault, Reply, Request, json_reply
from sandbox.world import Storefront, World, openid_prefix

MINUTE, DAY = 60, 86_400
PAYABLE_SECONDS = 7 * DAY  # where no time_expire is given
LONGEST_PAYABLE_SECONDS = 90 * DAY


def _own(merchant: Storefront, mchid: Any) -> None:
    if mchid != merchant.mchid:
        raise PayFault(403, "NO_AUTH", "商户号与签名的商户号不一致，无权限")


def _instant(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in text:
        raise refuse("/time_expire", "must be RFC 3339 with its offset from UTC", value=text)
    return moment.timestamp()


def _expiry(text: str | None, now: float) -> float:
    """When the order can no longer be paid: at least a minute from now, silently raised, at most 90 days."""
    if text is None:
        return now + PAYABLE_SECONDS
    instant = _instant(text)
    if instant <= now:
        raise refuse("/time_expire", "lies in the past", value=text)
    if instant > now + LONGEST_PAYABLE_SECONDS:
        raise refuse("/time_expire", "lies more than 90 days ahead", value=text)
    return max(instant, now + MINUTE)


def _payer(world: World, appid: str, openid: str) -> str:
    """An openid of another mini-program is refused; one we never gave out could be anyone's."""
    for other in world.storefronts:
        if other.appid != appid and openid.startswith(openid_prefix(other.appid)):
            raise refuse("/payer/openid", "appid和openid不匹配", value=openid)
    return openid


def _identity(scene: Scene, request: Request, merchant: Storefront, body: Json) -> tuple[str, str] | None:
    """Who alone may pay, where the merchant may say so; encrypted anew each time, it is compared in plain."""
    named = body["payer"].get("identity")
    if named is None:
        return None
    if not scene.registry.permitted(merchant.mchid):
        raise PayFault(403, "NO_AUTH", "商户无权限")
    if named["type"] != "IDCARD":
        raise refuse("/payer/identity/type", "must be IDCARD")
    key = named_key(scene, request)
    number, name = (opened(key, named[f], f"/payer/identity/{f}", oaep()) for f in ("number", "name"))
    body["payer"] = {**body["payer"], "identity": [number, name]}
    return number, name


def prepay(scene: Scene, request: Request, merchant: Storefront) -> Reply:
    """POST /v3/pay/transactions/jsapi."""
    body = body_of(request, JSAPI_ORDER)
    _own(merchant, body["mchid"])
    storefront = scene.world.by_appid(body["appid"])
    if storefront is None or storefront.mchid != merchant.mchid:
        raise PayFault(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配，请检查后再试")
    if body["amount"].get("currency", "CNY") != "CNY":
        raise refuse("/amount/currency", "Currency code is invalid", value=body["amount"]["currency"])
    openid = _payer(scene.world, storefront.appid, body["payer"]["openid"])
    identity = _identity(scene, request, merchant, body)
    now = scene.clock.now()
    if scene.orders.known(merchant.mchid, body["out_trade_no"]):
        expires_at = now  # time_expire counts at the first order only
    else:
        expires_at = _expiry(body.get("time_expire"), now)
    order = Order(
        mchid=merchant.mchid,
        appid=storefront.appid,
        out_trade_no=body["out_trade_no"],
        openid=openid,
        total=body["amount"]["total"],
        notify_url=body["notify_url"],
        # The payer's device may differ from one try to the next.
        params={name: value for name, value in body.items() if name != "scene_info"},
        expires_at=expires_at,
        attach=body.get("attach"),
        identity=identity,
    )
    return json_reply({"prepay_id": scene.orders.place(order)})


def query_by_number(scene: Scene, request: Request, merchant: Storefront, number: str) -> Reply:
    """GET /v3/pay/transactions/out-trade-no/{out_trade_no}?mchid=."""
    _asked_by(request, merchant)
    return json_reply(scene.orders.query(merchant.mchid, out_trade_no=number))


def query_by_id(scene: Scene, request: Request, merchant: Storefront, number: str) -> Reply:
    """GET /v3/pay/transactions/id/{transaction_id}?mchid=."""
    _asked_by(request, merchant)
    return json_reply(scene.orders.query(merchant.mchid, transaction_id=number))


def _asked_by(request: Request, merchant: Storefront) -> None:
    mchid = request.query.get("mchid")
    if not mchid:
        raise refuse("mchid", "is required", location="query")
    _own(merchant, mchid)


def close(scene: Scene, request: Request, merchant: Storefront, number: str) -> Reply:
    """POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close {mchid}: 204."""
    body = body_of(request, CLOSE)
    _own(merchant, body["mchid"])
    scene.orders.close(merchant.mchid, number)
    return Reply(204)


def certificates(scene: Scene, _request: Request, merchant: Storefront) -> Reply:
    """GET /v3/certificates: the platform certificates, encrypted with this merchant's APIv3 key."""
    rows = [
        {
            "serial_no": one.signing.serial,
            "effective_time": rfc3339(one.valid_from.timestamp()),
            "expire_time": rfc3339(one.expires_at.timestamp()),
            "encrypt_certificate": encrypt(merchant.apiv3_key, one.pem.encode(), "certificate"),
        }
        for one in scene.keyring.certificates(merchant.mchid)
    ]
    return json_reply({"data": rows})
