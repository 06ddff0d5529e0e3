"""The payer's hand: taps the button in WeChat, where the client parameters must be signed by the merchant."""

from typing import Any

from sandbox import notices
from sandbox.orders import overridden
from sandbox.scene import Scene
from sandbox.signatures import lines, matches
from sandbox.wire import ControlFault, Json
from sandbox.world import Storefront

CLIENT_FIELDS = ("timeStamp", "nonceStr", "package", "signType", "paySign")
OVERRIDES = {"total": int, "appid": str, "mchid": str, "currency": str}


def text(told: Json, name: str) -> str | None:
    value = told.get(name)
    if value is not None and not isinstance(value, str):
        raise ControlFault(400, f"{name} must be a string")
    return value


def _client_prepay_id(client: Any) -> str:
    """The prepay_id in what the mini-program hands to wx.requestPayment; all five fields must be strings."""
    if not isinstance(client, dict) or not all(isinstance(client.get(name), str) for name in CLIENT_FIELDS):
        raise ControlFault(400, f"client needs the strings {', '.join(CLIENT_FIELDS)}")
    if client["signType"] != "RSA" or not client["package"].startswith("prepay_id="):
        raise ControlFault(400, "client: signType must be RSA and package must begin with prepay_id=")
    return str(client["package"].removeprefix("prepay_id="))


def _check_pay_sign(scene: Scene, client: Json, appid: str, merchant: Storefront) -> None:
    message = lines(appid, client["timeStamp"], client["nonceStr"], client["package"])
    if not any(matches(key, client["paySign"], message) for key in scene.keyring.merchant_keys(merchant)):
        raise ControlFault(400, "支付验证签名失败: paySign does not fit")


def _override(told: Json) -> Json:
    override = told.get("override", {})
    if not isinstance(override, dict):
        raise ControlFault(400, "override must be an object")
    for name, value in override.items():
        if name not in OVERRIDES or isinstance(value, bool) or not isinstance(value, OVERRIDES[name]):
            raise ControlFault(400, f"override may hold {', '.join(OVERRIDES)}, not {name}={value!r}")
    return override


def pay(scene: Scene, told: Json) -> Json:
    """Pay one order and send word of it; ControlFault 404, 409 or 400 where WeChat would not take it."""
    client = told.get("client")
    prepay_id = text(told, "prepay_id") if client is None else _client_prepay_id(client)
    number = text(told, "out_trade_no")
    if prepay_id is None and number is None:
        raise ControlFault(400, "say out_trade_no, prepay_id or client")
    override = _override(told)
    order = scene.orders.find(out_trade_no=number, prepay_id=prepay_id, mchid=text(told, "mchid"))
    merchant = scene.world.by_mchid(order.mchid)
    assert merchant is not None
    if client is not None:
        _check_pay_sign(scene, client, order.appid, merchant)
    payer = text(told, "openid") or order.openid
    if order.identity is not None and scene.registry.payer(payer) not in (None, order.identity):
        raise ControlFault(409, "the payer is not the one whom the order names")
    signed_by = text(told, "signed_by")
    if signed_by is not None:
        notices.signing_key(scene, order.mchid, signed_by)  # refuse before money moves
    coupon = told.get("coupon", 0)
    if isinstance(coupon, bool) or not isinstance(coupon, int) or not 0 <= coupon < order.total:
        raise ControlFault(400, "coupon is fen, less than the total")
    transaction = scene.orders.pay(
        order,
        prepay_id=prepay_id,
        openid=text(told, "openid"),
        force=told.get("force") is True,
        coupon=coupon,
        free=told.get("free") is True,
    )
    if told.get("override_query") is True:
        order.override = override
    letter = notices.paid(
        scene,
        merchant,
        transaction=overridden(transaction, override),
        url=order.notify_url,
        out_trade_no=order.out_trade_no,
        signed_by=signed_by,
    )
    return {
        "out_trade_no": order.out_trade_no,
        "transaction_id": order.transaction_id,
        "total": order.total,
        "notification_id": letter.id,
    }
