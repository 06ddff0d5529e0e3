"""An account at a carrier or a tracker goes in sealed under the storefront's key; the next replaces it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from compliance import vault
from kernel import events
from kernel.errors import Invalid, Missing
from kernel.tenancy import tenant
from logistics.credentials import Credential
from logistics.models import CarrierAccount
from storefronts.models import Storefront

SECRET, SALT = "logistics.carrieraccount.secret", "logistics.carrieraccount.salt"


@dataclass(eq=False)
class AccountIncomplete(Invalid):
    """What this provider needs is missing."""

    code = "carrier_account_incomplete"
    title = "Something that this account needs is missing: {missing}."
    title_zh = "该账户缺少必填信息：{missing}。"
    missing: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What an account consists of besides its secret; the sender stands on labels and is told to carriers."""

    customer_code: str
    monthly_card: str = ""
    sender: str = ""
    hotline: str = ""
    origin: str = ""
    origin_place: str = ""


def set_account(
    *, storefront: Storefront, provider: str, terms: Terms, secret: str, by: str, now: datetime
) -> CarrierAccount:
    """Use this account from now on; the one before stays on file without being used.

    The salt with which kuaidi100 signs its pushes is kept from the account before, so that what is pushed to
    earlier subscriptions is still believed. Raises AccountIncomplete.
    """
    kinds = CarrierAccount.Provider
    needed = {"customer_code": terms.customer_code, "secret": secret, "hotline": terms.hotline}
    if provider == kinds.SF:
        needed |= {"sender": terms.sender, "origin": terms.origin, "origin_place": terms.origin_place}
    missing = [name for name, value in needed.items() if not value]
    if missing or provider not in kinds.values:
        raise AccountIncomplete(missing=", ".join(missing) or "provider")
    with tenant(storefront.pk):
        locked = (
            Storefront.objects.select_for_update(of=("self",), no_key=True)
            .select_related("key")
            .get(pk=storefront.pk)
        )
        before = CarrierAccount.objects.filter(storefront=locked, provider=provider, active=True).first()
        salt = secrets.token_hex(16)
        if before is not None:
            salt = credential(before).salt
            CarrierAccount.objects.filter(pk=before.pk).update(active=False)
        row = CarrierAccount(storefront=locked, provider=provider, set_at=now, **_columns(terms))
        key = vault.unwrap(locked.key)
        row.secret_sealed = key.seal(SECRET, row.public_id, secret)
        row.salt_sealed = key.seal(SALT, row.public_id, salt)
        row.save(force_insert=True)
        events.record(
            storefront_id=locked.pk,
            name="carrieraccount.set",
            key=f"carrieraccount:{row.pk}",
            facts={"by": by, "provider": provider},
            now=now,
        )
        return row


def stop_account(*, account: CarrierAccount, by: str, now: datetime) -> None:
    """Use this account no more; what it issued stays known. Raises Missing where it was stopped before."""
    with tenant(account.storefront_id):
        if CarrierAccount.objects.filter(pk=account.pk, active=True).update(active=False) != 1:
            raise Missing()
        events.record(
            storefront_id=account.storefront_id,
            name="carrieraccount.stopped",
            key=f"carrieraccount:{account.pk}",
            facts={"by": by, "provider": account.provider},
            now=now,
        )


def credential(account: CarrierAccount) -> Credential:
    """The secrets of an account, for one call."""
    key = vault.unwrap(account.storefront.key)
    return Credential(
        customer_code=account.customer_code,
        secret=key.open(SECRET, account.public_id, bytes(account.secret_sealed)),
        salt=key.open(SALT, account.public_id, bytes(account.salt_sealed)),
    )


def _columns(terms: Terms) -> dict[str, str]:
    return {name: getattr(terms, name) for name in Terms.__slots__}
