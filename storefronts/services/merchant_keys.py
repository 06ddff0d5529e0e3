"""A merchant's key is followed by the next without a pause: tried at WeChat, sealed, the old one kept.

Both certificates are valid at WeChat Pay while one takes over from the other, so it does not matter which
of the two a process signs with during the seconds in which it has not read the new one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from compliance import vault
from kernel import events
from kernel.errors import Conflict, Invalid, Missing
from storefronts import queries
from storefronts.models import MerchantAccount, PastMerchantKey
from storefronts.services.opening import PRIVATE_KEY, BadKey, checked_private_key, put_aside
from wechat.errors import OrderNotExist, OutcomeUnknown, RateLimited, Rejected
from wechat.pay.certificates import public_pem, read_certificate
from wechat.pay.client import PayClient


@dataclass(eq=False)
class KeyNotAccepted(Invalid):
    """WeChat Pay did not take a call that the new key signed, so the present one stays in use."""

    code = "merchant_key_not_accepted"
    title = "WeChat Pay did not accept a call signed with {serial_no} ({why}); the present key stays in use."
    title_zh = "微信支付未接受证书 {serial_no} 的签名（{why}），仍使用现有证书。"
    serial_no: str
    why: str


@dataclass(eq=False)
class KeyRetired(Conflict):
    """A retired key is gone: there is nothing to take back."""

    code = "merchant_key_retired"
    title = "The key of {serial_no} was retired and is gone."
    title_zh = "证书 {serial_no} 的私钥已停用并删除。"
    serial_no: str


def take_over(
    *,
    merchant: MerchantAccount,
    certificate_pem: str,
    private_key_pem: str,
    by: str,
    now: datetime,
    untried: bool = False,
) -> None:
    """Sign with this certificate (商户API证书) from now on; the key used until now is kept.

    First a harmless call is signed with it: the query of a payment that does not exist. `untried` leaves
    that out. Raises BadKey when certificate and key do not parse or belong together or the certificate does
    not hold now, KeyNotAccepted.
    """
    try:
        found = read_certificate(certificate_pem)
    except ValueError as failure:
        raise BadKey(what="certificate", why=str(failure)) from failure
    private = checked_private_key(private_key_pem)
    if public_pem(private.public_key()) != found.public_key_pem:
        raise BadKey(what="private key", why="it is not the key of this certificate")
    if not found.valid_from <= now < found.expires_at:
        raise BadKey(what="certificate", why="it does not hold now")
    if not untried:
        speaker = replace(
            queries.merchant_by_mchid(merchant.mchid), serial_no=found.serial, private_key=private
        )
        _try(PayClient(speaker, settings.WECHAT_PAY_BASE))
    key = vault.unwrap(merchant.storefront.key)
    sealed = key.seal(PRIVATE_KEY, merchant.mchid, private_key_pem)
    _use(merchant.pk, found.serial, sealed, found.expires_at, by=by, now=now)


def take_back(*, past: PastMerchantKey, by: str, now: datetime) -> None:
    """Sign with an earlier key again; raises KeyRetired."""
    with transaction.atomic():
        MerchantAccount.objects.select_for_update().get(pk=past.merchant_id)
        row = PastMerchantKey.objects.filter(pk=past.pk, retired_at=None).first()
        if row is None:
            raise KeyRetired(serial_no=past.serial_no)
        sealed = bytes(row.private_key_sealed)
        _use(row.merchant_id, row.serial_no, sealed, row.expires_at, by=by, now=now)


def retire(*, past: PastMerchantKey, by: str, now: datetime) -> None:
    """Destroy an earlier key: what was encrypted to it opens no more. Raises Missing when it is in use."""
    with transaction.atomic():
        MerchantAccount.objects.select_for_update().get(pk=past.merchant_id)
        row = PastMerchantKey.objects.filter(pk=past.pk).first()
        if row is None:
            raise Missing()
        if row.retired_at is None:
            PastMerchantKey.objects.filter(pk=row.pk).update(private_key_sealed=b"", retired_at=now)
            _tell(row.merchant, "key_retired", row.serial_no, by, now)
    queries.forget_kept()


def _use(
    merchant_id: int, serial_no: str, sealed: bytes, expires_at: datetime | None, *, by: str, now: datetime
) -> None:
    with transaction.atomic():
        merchant = MerchantAccount.objects.select_for_update().get(pk=merchant_id)
        if merchant.serial_no != serial_no:
            put_aside(merchant, now=now)
        PastMerchantKey.objects.filter(merchant=merchant, serial_no=serial_no).delete()
        MerchantAccount.objects.filter(pk=merchant_id).update(
            serial_no=serial_no, private_key_sealed=sealed, expires_at=expires_at
        )
        _tell(merchant, "key_taken", serial_no, by, now)
    queries.forget_kept()


def _try(client: PayClient) -> None:
    """Have WeChat refuse for the right reason: it knows no such payment, so it knew who asked."""
    serial_no, why = client.merchant.serial_no, ""
    try:
        client.query_by_out_trade_no(f"KEYTRIAL{secrets.token_hex(8)}")
    except OrderNotExist:
        return
    except Rejected as refusal:
        why = refusal.wechat_code
    except OutcomeUnknown as doubt:
        why = doubt.reason
    except RateLimited as busy:
        why = busy.wechat_code
    raise KeyNotAccepted(serial_no=serial_no, why=why or "an answer that makes no sense")


def _tell(merchant: MerchantAccount, what: str, serial_no: str, by: str, now: datetime) -> None:
    events.record(
        storefront_id=merchant.storefront_id,
        name=f"merchantaccount.{what}",
        key=f"merchantaccount:{merchant.pk}",
        facts={"by": by, "serial_no": serial_no},
        now=now,
    )
