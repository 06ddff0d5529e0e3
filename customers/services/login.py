"""A consumer logs in with WeChat's one-time code and gets a short-lived token; we keep only its hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from compliance import services as compliance
from compliance import vault
from customers import labels
from customers.models import Customer, Session
from kernel import ids
from kernel.tenancy import tenant
from storefronts import queries as storefronts
from wechat.login import code_to_session

TOKEN_LIVES = timedelta(hours=2)


@dataclass(frozen=True)
class LoggedIn:
    """The plain token, shown once, and until when it is good."""

    token: str
    expires_at: datetime
    customer: Customer
    new: bool


def log_in(*, appid: str, js_code: str, now: datetime) -> LoggedIn:
    """Exchange the code of `wx.login` for a session of this house.

    Raises NoStorefront, and wechat.errors (InvalidLoginCode, LoginBlocked, OutcomeUnknown …).
    """
    shop = storefronts.shop_by_appid(appid)
    app = storefronts.mini_program(shop.id)
    openid = code_to_session(app, js_code, base_url=settings.WECHAT_API_BASE).openid
    with tenant(shop.id):
        customer, new = _customer(shop.id, openid, now)
        token = ids.token()
        session = Session.objects.create(
            token_hash=token_hash(token),
            storefront_id=shop.id,
            customer=customer,
            created_at=now,
            expires_at=now + TOKEN_LIVES,
        )
    return LoggedIn(token=token, expires_at=session.expires_at, customer=customer, new=new)


def log_out(*, token: str, now: datetime) -> None:
    """Revoke the token; a second call changes nothing."""
    Session.objects.filter(token_hash=token_hash(token), revoked_at=None).update(revoked_at=now)


def token_hash(token: str) -> bytes:
    """What is kept of a token: SHA-256 of 256 random bits needs no salt."""
    return hashlib.sha256(token.encode()).digest()


def _customer(storefront_id: int, openid: str, now: datetime) -> tuple[Customer, bool]:
    """The customer behind the openid; a first log-in makes one, two at once make one."""
    known = Customer.objects.filter(
        storefront_id=storefront_id, openid_index__in=vault.blinds("openid", openid)
    )
    found = known.first()
    if found is not None:
        return found, False
    try:
        with transaction.atomic():
            subject, key = compliance.create_subject(storefront_id=storefront_id, now=now)
            public_id = ids.uuid7()
            return Customer.objects.create(
                public_id=public_id,
                storefront_id=storefront_id,
                subject=subject,
                openid_index=vault.blind("openid", openid),
                openid_sealed=key.seal(labels.OPENID, public_id, openid),
                created_at=now,
            ), True
    except IntegrityError:
        return known.get(), False
