"""Opening a storefront, its WeChat credentials, sealed before stored, and what it asks approval for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.db import transaction

from compliance import vault
from compliance.law import Law
from compliance.models import DataKey
from kernel import approvals
from kernel.clock import now as present
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.models import Approval
from kernel.tenancy import everything
from storefronts.models import (
    BrandCompany,
    KeyFetch,
    MerchantAccount,
    PastMerchantKey,
    PlatformKey,
    Storefront,
)
from wechat.messages import TOKEN_LENGTH, aes_key_of
from wechat.pay.certificates import Certificate, public_pem, read_certificate, read_public_key

APPSECRET = "storefronts.storefront.appsecret"
PRIVATE_KEY = "storefronts.merchantaccount.private_key"
APIV3_KEY = "storefronts.merchantaccount.apiv3_key"
MESSAGE_TOKEN, MESSAGE_KEY = (f"storefronts.storefront.{name}" for name in ("message_token", "message_key"))
# Verbs of approvals.
TRADE_MODE, GOODS_GATE = "trade_mode", "goods_gate"


@dataclass(eq=False)
class BadKey(Invalid):
    """A key does not have the form that WeChat Pay issues."""

    code = "bad_key"
    title = "{what} is not usable: {why}."
    title_zh = "{what} 无法使用：{why}。"
    what: str
    why: str


@dataclass(eq=False)
class MerchantTaken(Conflict):
    """A merchant number belongs to one storefront."""

    code = "merchant_taken"
    title = "The merchant number {mchid} belongs to another storefront."
    title_zh = "商户号 {mchid} 已属于其他店铺。"
    mchid: str


@transaction.atomic
def open_storefront(
    *,
    brand: BrandCompany,
    code: str,
    name: str,
    name_zh: str,
    appid: str,
    appsecret: str,
    trade_modes: list[str],
    payment_window_seconds: int = 1800,
) -> Storefront:
    """Create a storefront with a key of its own, or bring the one with this code up to date."""
    storefront = Storefront.objects.select_for_update().filter(code=code).first()
    if storefront is None:
        row, key = vault.new_key("storefront", None)
        vault.insert_key(row)
        storefront = Storefront(code=code, key=row)
    else:
        key = vault.unwrap(storefront.key)
    storefront.brand = brand
    storefront.name, storefront.name_zh = name, name_zh
    storefront.appid = appid
    storefront.appsecret_sealed = key.seal(APPSECRET, code, appsecret)
    storefront.trade_modes = trade_modes
    storefront.payment_window_seconds = payment_window_seconds
    storefront.save()
    DataKey.objects.filter(pk=storefront.key_id).update(storefront_id=storefront.pk)
    return storefront


@transaction.atomic
def set_messages(*, storefront: Storefront, token: str, aes_key: str) -> None:
    """Believe what is pushed to this mini-program's server (消息推送) under this token (令牌) and key
    (EncodingAESKey). Raises BadKey for what the console would not take; nothing is changed then."""
    if not (3 <= len(token) <= TOKEN_LENGTH and token.isascii() and token.isalnum()):
        raise BadKey(what="token", why="it has 3 to 32 letters and digits")
    try:
        aes_key_of(aes_key)
    except ValueError as failure:
        raise BadKey(what="EncodingAESKey", why="it has 43 letters and digits") from failure
    key = vault.unwrap(storefront.key)
    storefront.message_token_sealed = key.seal(MESSAGE_TOKEN, storefront.code, token)
    storefront.message_key_sealed = key.seal(MESSAGE_KEY, storefront.code, aes_key)
    storefront.save(update_fields=["message_token_sealed", "message_key_sealed"])


@transaction.atomic
def set_merchant(
    *,
    storefront: Storefront,
    mchid: str,
    serial_no: str,
    private_key_pem: str,
    apiv3_key: str,
    platform_keys: dict[str, str],
) -> MerchantAccount:
    """Make `mchid` the active merchant of the storefront; `platform_keys` maps serial → PEM of a public key
    or a certificate, which then says itself how long it is valid. A private key that is replaced is kept.

    Raises BadKey when a PEM does not parse or the APIv3 key is not 32 bytes; nothing is changed then.
    """
    if len(apiv3_key.encode()) != 32:
        raise BadKey(what="APIv3 key", why="it must be 32 bytes long")
    checked_private_key(private_key_pem)
    facts = {serial: platform_facts(serial, pem) for serial, pem in platform_keys.items()}
    with everything():  # whose it is, if not ours
        taken = MerchantAccount.objects.filter(mchid=mchid).exclude(storefront=storefront).exists()
    if taken:
        raise MerchantTaken(mchid=mchid)
    key = vault.unwrap(storefront.key)
    MerchantAccount.objects.filter(storefront=storefront).exclude(mchid=mchid).update(active=False)
    before = MerchantAccount.objects.select_for_update().filter(mchid=mchid).first()
    if before is not None and before.serial_no != serial_no:
        put_aside(before, now=present())
    merchant, _ = MerchantAccount.objects.update_or_create(
        mchid=mchid,
        defaults={
            "storefront": storefront,
            "serial_no": serial_no,
            "private_key_sealed": key.seal(PRIVATE_KEY, mchid, private_key_pem),
            "apiv3_key_sealed": key.seal(APIV3_KEY, mchid, apiv3_key),
            "active": True,
            "expires_at": before.expires_at if before is not None and before.serial_no == serial_no else None,
        },
    )
    PastMerchantKey.objects.filter(merchant=merchant, serial_no=serial_no).delete()  # it is the present one
    KeyFetch.objects.get_or_create(merchant=merchant, defaults={"storefront": storefront})
    for serial, told in facts.items():
        PlatformKey.objects.update_or_create(
            merchant=merchant,
            serial=serial,
            defaults={"storefront": storefront, "retired_at": None, **told},
        )
    return merchant


def checked_private_key(pem: str) -> RSAPrivateKey:
    """The merchant's private key in `pem`; raises BadKey, TypeError when it is locked with a password."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except ValueError as failure:
        raise BadKey(what="PEM", why="it does not parse") from failure
    if not isinstance(key, RSAPrivateKey):
        raise BadKey(what="PEM", why="it is not an RSA key")
    return key


def platform_facts(serial: str, pem: str) -> dict[str, object]:
    """What is kept of a platform key: the public key's PEM and, of a certificate, how long it is valid."""
    try:
        if "BEGIN CERTIFICATE" in pem:
            return certificate_facts(read_certificate(pem, serial))
        return {"public_key_pem": public_pem(read_public_key(pem))}
    except ValueError as failure:
        raise BadKey(what=serial, why=str(failure)) from failure


def certificate_facts(found: Certificate) -> dict[str, object]:
    """What is kept of a platform certificate beside its serial."""
    return {
        "public_key_pem": found.public_key_pem,
        "valid_from": found.valid_from,
        "expires_at": found.expires_at,
    }


def put_aside(merchant: MerchantAccount, *, now: datetime) -> None:
    """Keep the merchant's present private key beside the one that follows it."""
    PastMerchantKey.objects.update_or_create(
        merchant=merchant,
        serial_no=merchant.serial_no,
        defaults={
            "storefront_id": merchant.storefront_id,
            "private_key_sealed": merchant.private_key_sealed,
            "expires_at": merchant.expires_at,
            "replaced_at": now,
            "retired_at": None,
        },
    )


def approval_key(storefront_code: str, what: str) -> str:
    """The key of an approval that holds for one storefront."""
    return f"{storefront_code}:{what}"


def ask_for_modes(*, storefront: Storefront, by: str, now: datetime) -> list[Approval]:
    """Ask a colleague for each trade mode of the storefront that needs an approval and has none.

    What waits already is not asked again. Until the yes, goods in such a mode are refused (MODE-2).
    """
    asked = []
    for mode in Law(shanghai_day(now)).figure("import/modes_by_approval"):
        key = approval_key(storefront.code, mode)
        waits = Approval.objects.filter(verb=TRADE_MODE, key=key, granted=None).exists()
        if mode in storefront.trade_modes and not waits and not approvals.granted(verb=TRADE_MODE, key=key):
            asked.append(_ask(storefront, TRADE_MODE, mode, by, now))
    return asked


def ask_for_gate(*, storefront: Storefront, what: str, by: str, now: datetime) -> Approval:
    """Ask a colleague to open the gate (GATE-1) for "sku:…" or "class:…"; raises AlreadyAsked."""
    return _ask(storefront, GOODS_GATE, what, by, now)


def _ask(storefront: Storefront, verb: str, what: str, by: str, now: datetime) -> Approval:
    return approvals.ask(
        storefront_id=storefront.pk,
        verb=verb,
        key=approval_key(storefront.code, what),
        facts={"storefront": storefront.code, "what": what},
        by=by,
        now=now,
    )
