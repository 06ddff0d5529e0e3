"""The endpoints under /sandbox/, for demo and tests only: they act for people and decide what fails."""

from collections.abc import Callable
from typing import Any

from sandbox import (
    books,
    carriage,
    complaints,
    customs,
    institution,
    kept,
    notices,
    payer,
    pushing,
    refunds,
    shipping,
    subscribe,
    trading,
)
from sandbox.fields import Url
from sandbox.keyring import MODES, NO_CERTIFICATES
from sandbox.payer import text
from sandbox.port import client, grab
from sandbox.port import control as port
from sandbox.scene import Scene
from sandbox.switches import parse
from sandbox.wire import ControlFault, Json, PayFault
from sandbox.world import Storefront, openid, unionid


def _needed(told: Json, name: str) -> str:
    value = text(told, name)
    if not value:
        raise ControlFault(400, f"{name} is needed")
    return value


def _storefront(scene: Scene, told: Json) -> Storefront:
    storefront = scene.world.by_appid(_needed(told, "appid"))
    if storefront is None:
        raise ControlFault(404, "no such appid")
    return storefront


def _number(told: Json, name: str, least: float) -> float:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
        raise ControlFault(400, f"{name} must be a number, at least {least}")
    return float(value)


def login(scene: Scene, told: Json) -> Json:
    """What wx.login gives the mini-program of `user`: a js_code."""
    appid, user = _storefront(scene, told).appid, _needed(told, "user")
    facts: dict[str, Any] = {"openid": openid(appid, user)}
    if told.get("unionid") is True:  # only for a mini-program bound to an open platform account
        facts["unionid"] = unionid(user)
    return {"code": scene.codes.issue("login", appid, facts), **facts}


def phone(scene: Scene, told: Json) -> Json:
    """What the phone number button gives the mini-program: a code."""
    pure, country = _needed(told, "phone"), text(told, "country_code") or "86"
    number = pure if country == "86" else f"+{country}{pure}"
    facts = {"phoneNumber": number, "purePhoneNumber": pure, "countryCode": country}
    return {"code": scene.codes.issue("phone", _storefront(scene, told).appid, facts)}


def identity(scene: Scene, told: Json) -> Json:
    """From now on the identity number belongs to `name` alone; without a name there is no such record."""
    scene.registry.tell(_needed(told, "number"), text(told, "name") or None)
    return {}


def payer_identity(scene: Scene, told: Json) -> Json:
    """From now on WeChat holds `name` and `number` behind the openid."""
    scene.registry.tell_payer(_needed(told, "openid"), _needed(told, "number"), _needed(told, "name"))
    return {}


def permission(scene: Scene, told: Json) -> Json:
    """What WeChat has agreed with a merchant: may it name the payer, and how are payers' data encrypted?"""
    if told.get("padding") in ("PKCS1", "OAEP"):
        scene.registry.pkcs1 = told["padding"] == "PKCS1"
    else:
        scene.registry.permit(_needed(told, "mchid"), told.get("payer_identity") is True)
    return {}


def add_switch(scene: Scene, told: Json) -> Json:
    scene.switches.add(parse(told))
    return read_switches(scene, {})


def read_switches(scene: Scene, _told: Json) -> Json:
    return {"switches": scene.switches.read()}


def time_scale(scene: Scene, told: Json) -> Json:
    scale = _number(told, "seconds_per_second", 0)
    scene.courier.set_time_scale(scale)
    return {"seconds_per_second": scale}


def advance(scene: Scene, told: Json) -> Json:
    scene.clock.advance(_number(told, "seconds", 0))
    return {"now": scene.clock.now()}


def notify_raw(scene: Scene, told: Json) -> Json:
    """Any event with any content, properly encrypted and signed, to any address a notify_url may have."""
    merchant = _merchant(scene, told)
    resource = told.get("resource", {})
    if not isinstance(resource, dict):
        raise ControlFault(400, "resource must be an object")
    try:
        Url().check(_needed(told, "url"), "url")
    except PayFault as fault:
        raise ControlFault(400, fault.message) from None
    letter = notices.write(
        merchant,
        event_type=_needed(told, "event_type"),
        summary=text(told, "summary") or "",
        original_type=text(told, "original_type") or "transaction",
        resource=resource,
        url=told["url"],
        key=notices.signing_key(scene, merchant.mchid, text(told, "signed_by")),
        out_trade_no=text(told, "out_trade_no"),
    )
    scene.courier.send(letter)
    return {"notification_id": letter.id}


def _merchant(scene: Scene, told: Json) -> Storefront:
    merchant = scene.world.by_mchid(_needed(told, "mchid"))
    if merchant is None:
        raise ControlFault(404, "no such mchid")
    return merchant


def platform_keys(scene: Scene, told: Json) -> Json:
    """With `mchid`, how this merchant stands between the kinds of key; without, a new certificate."""
    if "mchid" not in told:
        days = _number(told, "valid_days", -1) if "valid_days" in told else 5 * 365
        made = scene.keyring.rotate(keep_old=told.get("keep_old") is not False, valid_days=days)
        return {"serial": made.signing.serial, "cert_pem": made.pem}
    mode, without = _needed(told, "mode"), text(told, "certificates") or "404"
    if mode not in MODES or without not in NO_CERTIFICATES:
        raise ControlFault(400, f"mode: one of {MODES}; certificates: one of {NO_CERTIFICATES}")
    stand = scene.keyring.stand(_merchant(scene, told).mchid)
    stand.mode, stand.without, stand.sent = mode, without, 0
    stand.share = min(_number(told, "share", 0), 1.0) if "share" in told else 0.0
    return {"mode": stand.mode, "share": stand.share}


def merchant_certificate(scene: Scene, told: Json) -> Json:
    """A further certificate for the merchant, or the end of one: `revoke` takes its serial."""
    merchant, revoked = _merchant(scene, told), text(told, "revoke")
    if revoked:
        scene.keyring.stand(merchant.mchid).revoked.add(revoked.upper())
        return {}
    serial, certificate, private = scene.keyring.issue(merchant)
    return {"serial": serial, "cert_pem": certificate, "private_key_pem": private}


def move(scene: Scene, told: Json) -> Json:
    """So much comes to or leaves the merchant's account now, as a kind of movement of its own."""
    mchid, kind, amount = _merchant(scene, told).mchid, _needed(told, "kind"), told.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int) or not amount:
        raise ControlFault(400, "amount is fen and not 0")
    scene.moves.make(mchid, kind, amount)
    return {}


def log(scene: Scene, _told: Json) -> Json:
    return {**scene.journal.read(), "pending": scene.courier.pending()}


def reset(scene: Scene, _told: Json) -> Json:
    scene.reset()
    return {}


KEEP, AGAIN = "/sandbox/keep", "/sandbox/again"
ENDPOINTS: dict[tuple[str, str], Callable[[Scene, Json], Json]] = {
    ("POST", "/sandbox/login"): login,
    ("POST", "/sandbox/phone"): phone,
    ("POST", "/sandbox/identity"): identity,
    ("POST", "/sandbox/payer"): payer_identity,
    ("POST", "/sandbox/permission"): permission,
    ("POST", "/sandbox/customs"): customs.control,
    ("POST", "/sandbox/trade"): trading.control,
    ("POST", "/sandbox/parcel"): carriage.control,
    ("POST", "/sandbox/port"): port.paper,
    ("POST", "/sandbox/port_quota"): port.quota,
    ("POST", "/sandbox/port_rates"): port.rates,
    ("POST", "/sandbox/port_tax"): port.tax,
    ("POST", "/sandbox/port_enterprise"): port.enterprise,
    ("POST", "/sandbox/port_folder"): client.control,
    ("POST", "/sandbox/card"): port.card,
    ("POST", "/sandbox/data_request"): grab.control,
    ("POST", "/sandbox/shipping"): shipping.control,
    ("POST", "/sandbox/trade_management"): shipping.manage,
    ("POST", "/sandbox/subscription"): subscribe.control,
    ("GET", "/sandbox/subscriptions"): subscribe.read,
    ("GET", "/sandbox/parcels"): carriage.read,
    ("POST", "/sandbox/institution"): institution.control,
    ("POST", "/sandbox/pay"): payer.pay,
    ("POST", "/sandbox/move"): move,
    ("POST", "/sandbox/refund"): refunds.control,
    ("POST", "/sandbox/complain"): complaints.control,
    ("POST", "/sandbox/mini_complain"): pushing.complain,
    ("POST", "/sandbox/message_url"): pushing.set_address,
    ("POST", "/sandbox/notify_raw"): notify_raw,
    ("POST", "/sandbox/platform_keys"): platform_keys,
    ("POST", "/sandbox/merchant_certificate"): merchant_certificate,
    ("POST", "/sandbox/switches"): add_switch,
    ("GET", "/sandbox/switches"): read_switches,
    ("POST", "/sandbox/time_scale"): time_scale,
    ("POST", "/sandbox/advance"): advance,
    ("GET", "/sandbox/log"): log,
    ("GET", "/sandbox/books"): books.read,
    ("POST", "/sandbox/reset"): reset,
    ("POST", KEEP): kept.keep,
    ("POST", AGAIN): kept.again,
}
