"""A key that ends soon, or that cannot be fetched, is put before a person while there is still time.

A case that has become pointless, because a successor came or the fetch succeeded, settles itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.cases import AlreadySettled, open_case, settle_case
from kernel.models import Case
from storefronts.models import KeyFetch, MerchantAccount
from storefronts.services.platform_keys import HOUSE, holding, speaks_public_key

SOON, UNFETCHED_AFTER = timedelta(days=30), timedelta(days=3)
TITLES = {
    "keys.merchant_expiring": "The merchant certificate expires soon",
    "keys.platform_expiring": "The last platform certificate of WeChat Pay expires soon, or has",
    "keys.unfetched": "The platform certificates of WeChat Pay cannot be fetched",
}


def watch_keys(*, now: datetime) -> list[str]:
    """Open the cases of every active merchant number, settle what is over; the kinds that are open now."""
    open_now = []
    for merchant in MerchantAccount.objects.filter(active=True).order_by("pk"):
        wrong = {
            "keys.merchant_expiring": _merchant_expiring(merchant, now),
            "keys.platform_expiring": _platform_expiring(merchant, now),
            "keys.unfetched": _unfetched(merchant, now),
        }
        for kind, facts in wrong.items():
            if facts is None:
                _settle(kind, merchant.mchid, now)
                continue
            open_case(
                storefront_id=merchant.storefront_id,
                kind=kind,
                key=f"merchant:{merchant.mchid}",
                title=TITLES[kind],
                facts={"merchant": merchant.mchid, **facts},
                now=now,
            )
            open_now.append(kind)
    return open_now


def _merchant_expiring(merchant: MerchantAccount, now: datetime) -> dict[str, str] | None:
    if merchant.expires_at is None or merchant.expires_at > now + SOON:
        return None
    return {"serial": merchant.serial_no, "expires_at": merchant.expires_at.isoformat()}


def _platform_expiring(merchant: MerchantAccount, now: datetime) -> dict[str, str] | None:
    """None while some key lasts longer: a public key for ever, a certificate more than thirty days."""
    soon = now + SOON
    if holding(merchant.pk, soon).exists():
        return None
    last = merchant.platform_keys.filter(retired_at=None).order_by("-expires_at").first()
    if last is None or last.expires_at is None:
        return {"serial": "-"}
    return {"serial": last.serial, "expires_at": last.expires_at.isoformat()}


def _unfetched(merchant: MerchantAccount, now: datetime) -> dict[str, str] | None:
    """None in public key mode, where there need be no certificates, and while the last success is recent."""
    row = KeyFetch.objects.filter(merchant=merchant).first()
    if row is None or row.outcome not in (KeyFetch.Outcome.FAILED, KeyFetch.Outcome.EMPTY):
        return None
    if speaks_public_key(merchant.pk, now):
        return None
    if row.fetched_at is not None and row.fetched_at > now - UNFETCHED_AFTER:
        return None
    return {
        "error": row.error or "empty",
        "fetched_at": row.fetched_at.isoformat() if row.fetched_at else "-",
    }


def _settle(kind: str, mchid: str, now: datetime) -> None:
    case = Case.objects.filter(kind=kind, key=f"merchant:{mchid}", state=Case.State.OPEN).first()
    if case is None:
        return
    try:
        settle_case(case=case, by=HOUSE, note="no longer so", now=now)
    except AlreadySettled:
        return
