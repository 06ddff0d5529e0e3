"""WeChat Pay's keys of each merchant are fetched in time, by one at a time, however often a stranger asks.

A try is claimed by a conditional UPDATE and committed before WeChat is called, so that workers, commands and
whoever names unknown serials together cause one call in five minutes and merchant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from kernel import events
from kernel.cases import open_case
from kernel.errors import Conflict, Missing, Problem
from kernel.models import Case
from storefronts import queries
from storefronts.models import KeyFetch, MerchantAccount, PlatformKey
from storefronts.services.opening import certificate_facts, platform_facts
from wechat.credentials import PUBLIC_KEY_PREFIX
from wechat.pay.certificates import Certificate, fetch, public_pem, read_public_key
from wechat.pay.client import PayClient

EVERY, AFTER_FAILURE, AFTER_ASKING = timedelta(hours=12), timedelta(hours=1), timedelta(minutes=5)
HOUSE, AT_MOST = "house", 20
UNKNOWN_PUBLIC_KEY, TOLD_AGAIN_AFTER = "keys.unknown_public_key", timedelta(days=30)
_SERIAL = re.compile("[0-9A-Fa-f]{8,64}")

_PUBLIC_KEY_ID = re.compile(rf"{PUBLIC_KEY_PREFIX}[0-9]{{16,50}}")

log = structlog.get_logger(__name__)


class FetchedLately(Conflict):
    """WeChat was asked for this merchant's certificates a moment ago."""

    code = "certificates_fetched_lately"
    title = "The platform certificates were asked for a moment ago; try again in five minutes."
    title_zh = "刚刚已获取过平台证书，请五分钟后再试。"


@dataclass(eq=False)
class KeyInUse(Conflict):
    """The last key that holds is not to be retired: nothing of WeChat Pay could be believed any more."""

    code = "platform_key_in_use"
    title = "{serial} is the only key of WeChat Pay that holds; add its successor first."
    title_zh = "{serial} 是当前唯一有效的微信支付公钥或平台证书，请先添加新的。"
    serial: str


@dataclass(eq=False)
class KeyDiffers(Conflict):
    """WeChat's answer has another public key under a serial that is on file."""

    code = "platform_key_differs"
    title = "{serial} is on file with another public key."
    title_zh = "{serial} 与已登记的公钥不一致。"
    serial: str


def ask(*, mchid: str, serial: str, now: datetime) -> None:
    """Something named `serial`, which is no key of ours: have the certificates fetched soon, by a worker.

    Touches one row, and only once between two tries. A public key cannot be fetched: a person is told of it,
    once a month, because anyone may name one. What looks like neither is passed over.
    """
    if _PUBLIC_KEY_ID.fullmatch(serial):
        _tell_of_public_key(mchid, serial, now)
    if not _SERIAL.fullmatch(serial):
        return
    waiting = Q(asked_at__isnull=False) & (Q(tried_at=None) | Q(tried_at__lt=F("asked_at")))
    row = KeyFetch.objects.filter(merchant__mchid=mchid).exclude(waiting).first()
    if row is None:
        return
    if KeyFetch.objects.filter(pk=row.pk).exclude(waiting).update(asked_at=now, asked_serial=serial):
        log.warning("unknown_platform_key", mchid=mchid)


def _tell_of_public_key(mchid: str, serial: str, now: datetime) -> None:
    told = Case.objects.filter(
        kind=UNKNOWN_PUBLIC_KEY, key=f"merchant:{mchid}", opened_at__gt=now - TOLD_AGAIN_AFTER
    )
    if told.exists():
        return
    merchant = MerchantAccount.objects.filter(mchid=mchid, active=True).first()
    if merchant is not None:
        open_case(
            storefront_id=merchant.storefront_id,
            kind=UNKNOWN_PUBLIC_KEY,
            key=f"merchant:{mchid}",
            title="A notification names a public key of WeChat Pay that is not on file",
            facts={"merchant": mchid, "serial": serial},
            now=now,
        )


def want(*, mchid: str, now: datetime) -> None:
    """Have the certificates fetched by a worker, as soon as the last try is five minutes old."""
    KeyFetch.objects.filter(merchant__mchid=mchid).update(asked_at=now, asked_serial="")


def refresh(*, now: datetime) -> int:
    """Fetch for the merchants whose time has come, a few at a time; how many were tried."""
    # A merchant number that is out of use may be closed at WeChat: it is not tried every hour.
    serves = Q(merchant__active=True) | Q(tried_at=None) | Q(tried_at__lte=now - EVERY)
    due = KeyFetch.objects.filter(_due(now), serves).select_related("merchant")
    rows = list(due.order_by(F("tried_at").asc(nulls_first=True), "pk")[:AT_MOST])
    return sum(_try(row, _due(now), now=now) is not None for row in rows)


def fetch_now(*, mchid: str, now: datetime) -> KeyFetch:
    """Fetch for one merchant at a person's wish; raises FetchedLately, Missing."""
    row = KeyFetch.objects.select_related("merchant").filter(merchant__mchid=mchid).first()
    if row is None:
        raise Missing()
    tried = _try(row, _rested(now), now=now)
    if tried is None:
        raise FetchedLately()
    return tried


def add(*, merchant: MerchantAccount, serial: str, pem: str, by: str, now: datetime) -> PlatformKey:
    """Enter a platform public key (微信支付公钥) or a certificate, or bring a retired one back.

    Raises BadKey, and KeyDiffers for a serial on file with another key.
    """
    serial = serial if serial.startswith(PUBLIC_KEY_PREFIX) else serial.upper()
    facts = platform_facts(serial, pem)
    with transaction.atomic():
        MerchantAccount.objects.select_for_update().get(pk=merchant.pk)
        before = PlatformKey.objects.filter(merchant=merchant, serial=serial).first()
        if before is not None and not _same(before.public_key_pem, str(facts["public_key_pem"])):
            raise KeyDiffers(serial=serial)
        key, _ = PlatformKey.objects.update_or_create(
            merchant=merchant,
            serial=serial,
            defaults={"storefront_id": merchant.storefront_id, "retired_at": None, **facts},
            create_defaults={"storefront_id": merchant.storefront_id, "added_at": now, **facts},
        )
        _tell(key, "added", by, now)
    queries.forget_kept()
    return key


def retire(*, key: PlatformKey, by: str, now: datetime) -> None:
    """From now on nothing that this key signs is believed; raises KeyInUse for the last one that holds."""
    with transaction.atomic():
        MerchantAccount.objects.select_for_update().get(pk=key.merchant_id)
        if not holding(key.merchant_id, now).exclude(pk=key.pk).exists():
            raise KeyInUse(serial=key.serial)
        if PlatformKey.objects.filter(pk=key.pk, retired_at=None).update(retired_at=now):
            _tell(key, "retired", by, now)
    queries.forget_kept()


def holding(merchant_id: int, now: datetime) -> QuerySet[PlatformKey]:
    """The keys of a merchant that are believed at `now`."""
    return PlatformKey.objects.filter(
        Q(valid_from=None) | Q(valid_from__lte=now),
        Q(expires_at=None) | Q(expires_at__gt=now),
        merchant_id=merchant_id,
        retired_at=None,
    )


def _rested(now: datetime) -> Q:
    return Q(tried_at=None) | Q(tried_at__lte=now - AFTER_ASKING)


def _due(now: datetime) -> Q:
    """Never tried, old, failed an hour ago, or asked for while the last try is five minutes away."""
    failed = Q(
        outcome__in=(KeyFetch.Outcome.FAILED, KeyFetch.Outcome.WAITING), tried_at__lte=now - AFTER_FAILURE
    )
    asked = Q(asked_at__gt=F("tried_at"), tried_at__lte=now - AFTER_ASKING)
    return Q(tried_at=None) | Q(tried_at__lte=now - EVERY) | failed | asked


def _try(row: KeyFetch, due: Q, *, now: datetime) -> KeyFetch | None:
    """Claim, call, keep the outcome; None when another one was faster.

    `due` speaks of this row alone: a condition on another table would not be looked at again by the one who
    waited for the row.
    """
    merchant = row.merchant
    claimed = KeyFetch.objects.filter(due, pk=row.pk).update(tried_at=now, outcome=KeyFetch.Outcome.WAITING)
    if not claimed:
        return None
    found: list[Certificate] = []
    error = ""
    try:
        client = PayClient(queries.merchant_by_mchid(merchant.mchid), settings.WECHAT_PAY_BASE)
        found = fetch(client, now=now)
    except Problem as failure:
        told_by = (failure.code, getattr(failure, "reason", ""), getattr(failure, "wechat_code", ""))
        error = " ".join(filter(None, told_by))
    try:
        new = _keep(merchant, found, now)
    except KeyDiffers as failure:
        new, found, error = 0, [], str(failure)
    if new:
        queries.forget_kept()
    outcome = KeyFetch.Outcome.FAILED if error else KeyFetch.Outcome.EMPTY
    told: dict[str, object] = {"error": error[:200], "outcome": outcome}
    if found:
        told |= {"outcome": KeyFetch.Outcome.FETCHED, "fetched_at": now}
    KeyFetch.objects.filter(pk=row.pk).update(**told)
    if error and merchant.active and not speaks_public_key(merchant.pk, now):
        log.warning("certificates_not_fetched", mchid=merchant.mchid, reason=error)
    return KeyFetch.objects.get(pk=row.pk)


def speaks_public_key(merchant_id: int, now: datetime) -> bool:
    """Whether a platform public key holds: WeChat then need not have certificates for this merchant."""
    return holding(merchant_id, now).filter(serial__startswith=PUBLIC_KEY_PREFIX).exists()


@transaction.atomic
def _keep(merchant: MerchantAccount, found: list[Certificate], now: datetime) -> int:
    """Store what was fetched; how many are new. A retired key stays retired."""
    MerchantAccount.objects.select_for_update().get(pk=merchant.pk)
    on_file = {key.serial.upper().zfill(40): key for key in merchant.platform_keys.all()}
    new = 0
    for one in found:
        facts = certificate_facts(one)
        before = on_file.get(one.serial)
        if before is None:
            key = PlatformKey.objects.create(
                merchant=merchant,
                storefront_id=merchant.storefront_id,
                serial=one.serial,
                added_at=now,
                **facts,
            )
            _tell(key, "added", HOUSE, now)
            new += 1
        elif not _same(before.public_key_pem, one.public_key_pem):
            raise KeyDiffers(serial=one.serial)
        elif before.expires_at != one.expires_at or before.valid_from != one.valid_from:
            PlatformKey.objects.filter(pk=before.pk).update(**facts)
    return new


def _same(pem: str, other: str) -> bool:
    """Whether two PEMs hold one public key; what was stored long ago may be spelt otherwise."""
    return public_pem(read_public_key(pem)) == public_pem(read_public_key(other))


def _tell(key: PlatformKey, what: str, by: str, now: datetime) -> None:
    events.record(
        storefront_id=key.storefront_id,
        name=f"platformkey.{what}",
        key=f"platformkey:{key.pk}",
        facts={"by": by, "serial": key.serial},
        now=now,
    )
