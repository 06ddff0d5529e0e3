"""A verified identity serves another storefront only when the person carries it there, with consent in both.

A one-time code, made in the first mini-program and typed in the second, says that the person wants it. That
it is the same person is proved by the phone number, which WeChat has confirmed in both: a code that was
coaxed out of someone is worth nothing under another phone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from compliance import queries as compliance_queries
from compliance import services as compliance
from compliance import vault
from compliance.law import Law
from compliance.services import ConsentNeeded
from customers import labels
from customers.models import Customer, Identity, IdentityShare
from customers.services import account
from customers.services.identity import (
    CONSENT,
    open_pair,
    overtake,
    put_identity,
    refuse_when_in_use,
)
from kernel import events
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.tenancy import everything, tenant
from storefronts import queries as storefronts

REUSE = "identity_reuse"
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
LENGTH = 10
OPEN = Q(cancelled_at=None, redeemed_at=None)


class NotVerified(Conflict):
    """Only a verified identity can be carried to another storefront."""

    code = "identity_not_verified"
    title = "Your identity is not verified yet."
    title_zh = "您的实名信息尚未通过核验。"


class PhoneNeeded(Conflict):
    """The phone number that WeChat confirms is what shows that both customers are one person."""

    code = "phone_needed"
    title = "Give your phone number with WeChat's button first."
    title_zh = "请先通过微信授权手机号。"


class ShareInvalid(Invalid):
    """No such code, or it was used, is over, was cancelled, or is another person's: not told apart."""

    code = "share_invalid"
    title = (
        "This code is not valid here; make a new one in the other mini-program, with the same phone number."
    )
    title_zh = "共享码无效，请使用同一手机号在原小程序中重新生成。"


@dataclass(frozen=True)
class Offer:
    """The code, shown once, and until when it is good."""

    code: str
    expires_at: datetime


def offer_identity(*, customer: Customer, now: datetime) -> Offer:
    """Make a code for the customer's verified identity; an earlier one is good no longer.

    Raises ConsentNeeded, ProcessingLimited, NotVerified, PhoneNeeded.
    """
    minutes: int = Law(shanghai_day(now)).figure("identity/share_minutes")
    with transaction.atomic(), tenant(customer.storefront_id):
        (held,) = _locked(customer.pk)
        _check_consents(held, REUSE, now=now)
        if _verified(held) is None:
            raise NotVerified()
        if held.phone_index is None:
            raise PhoneNeeded()
        IdentityShare.objects.filter(OPEN, customer=held).update(cancelled_at=now)
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        share = IdentityShare.objects.create(
            storefront_id=held.storefront_id,
            customer=held,
            code_index=vault.blind("share_code", code),
            made_at=now,
            expires_at=now + timedelta(minutes=minutes),
        )
    return Offer(code, share.expires_at)


def cancel_offer(*, customer: Customer, now: datetime) -> int:
    """End the customer's open code; how many there were."""
    with tenant(customer.storefront_id):
        _locked(customer.pk)
        return IdentityShare.objects.filter(OPEN, customer=customer).update(cancelled_at=now)


def reuse_identity(*, customer: Customer, code: str, now: datetime) -> None:
    """Take the identity behind a code over for this customer: verified, sealed under this customer's own key.

    The same customer with the same code again changes nothing. Raises ConsentNeeded, ProcessingLimited,
    PhoneNeeded, ShareInvalid, IdentityInUse; nothing is used up then.
    """
    indexes = vault.blinds("share_code", code.replace("-", "").replace(" ", ""))
    with everything(), transaction.atomic():  # of two storefronts, named where something is written
        offered = IdentityShare.objects.filter(code_index__in=indexes).first()
        giver_id = offered.customer_id if offered else customer.pk
        held = {row.pk: row for row in _locked(customer.pk, giver_id)}
        taker, giver = held[customer.pk], held[giver_id]
        _check_consents(taker, CONSENT, REUSE, now=now)
        if taker.phone_sealed is None:
            raise PhoneNeeded()
        share = IdentityShare.objects.get(pk=offered.pk) if offered else None  # as it is under the lock
        if share is not None and share.redeemed_by_id == taker.pk:
            return
        source = _verified(giver)
        if share is None or source is None or not _is_good(share, giver, taker, now):
            raise ShareInvalid()
        name, number = _handed_over(share, source, giver, taker, now)
        _taken_over(source, taker, name, number, now)


def _locked(*ids: int) -> list[Customer]:
    """The customers' rows, locked in one order, so that two who share with each other do not block."""
    rows = Customer.objects.select_for_update(of=("self",)).select_related("subject__key")
    return list(rows.filter(pk__in=ids).order_by("pk"))


def _check_consents(customer: Customer, *kinds: str, now: datetime) -> None:
    account.refuse_closed(customer)
    compliance.refuse_limited(customer.subject)
    for kind in kinds:
        if not compliance_queries.given(subject_id=customer.subject_id, kind=kind, now=now):
            raise ConsentNeeded(consent=kind)


def _verified(customer: Customer) -> Identity | None:
    return Identity.objects.filter(customer=customer, state=Identity.State.VERIFIED).first()


def _is_good(share: IdentityShare, giver: Customer, taker: Customer, now: datetime) -> bool:
    return (
        share.cancelled_at is None
        and share.redeemed_at is None
        and now < share.expires_at
        and giver.storefront_id != taker.storefront_id
        and giver.closed_at is None
        and bytes(giver.phone_index or b"") in _phone(taker)
        and compliance_queries.allowed(subject_id=giver.subject_id, kind=REUSE, now=now)
    )


def _phone(customer: Customer) -> list[bytes]:
    """The customer's phone number, which WeChat has confirmed, as any index key would have it."""
    key = vault.unwrap(customer.subject.key)
    return vault.blinds(
        "phone", key.open(labels.PHONE, customer.public_id, bytes(customer.phone_sealed or b""))
    )


def _handed_over(
    share: IdentityShare, source: Identity, giver: Customer, taker: Customer, now: datetime
) -> tuple[str, str]:
    """The first storefront's side: the code is used up, and who got what is on record there."""
    shop = storefronts.shop(taker.storefront_id)
    with tenant(giver.storefront_id):
        IdentityShare.objects.filter(pk=share.pk).update(redeemed_at=now, redeemed_by=taker)
        events.record(
            storefront_id=giver.storefront_id,
            name="identity.shared",
            key=source.event_key,
            facts={"to": shop.code},
            now=now,
        )
        compliance.disclose(
            storefront_id=giver.storefront_id,
            subject_id=giver.subject_id,
            recipient_kind="storefront",
            recipient=shop.name_zh,
            country="CN",
            purpose="reuse_identity",
            basis="consent",
            consent=REUSE,
            fields=["buyer_name", "buyer_number"],
            now=now,
        )
        return open_pair(
            identity=source,
            key=vault.unwrap(giver.subject.key),
            who=f"storefront:{shop.code}",
            purpose="identity reuse, by the person's code and consent",
            now=now,
        )


def _taken_over(source: Identity, taker: Customer, name: str, number: str, now: datetime) -> None:
    """The second storefront's side: the identity is its own from now on, and so is the person."""
    with tenant(taker.storefront_id):
        refuse_when_in_use(customer=taker, number=number, now=now)
        overtake(customer=taker)
        person = compliance.link_person(subject=taker.subject, id_number=number, now=now)
        put_identity(
            customer=taker,
            name=name,
            number=number,
            verb="reuse",
            now=now,
            person=person,
            verified_at=source.verified_at,
        )
