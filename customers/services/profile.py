"""What a customer tells of themselves: phone, name to be called by, language; sealed as it comes in."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from redis import Redis

from compliance import vault
from customers import labels
from customers.models import Customer
from customers.services import account
from kernel.errors import Invalid
from kernel.tenancy import tenant
from storefronts import queries as storefronts
from wechat.login import phone_number


@dataclass(eq=False)
class ForeignPhone(Invalid):
    """Parcels inside China need a mainland mobile number."""

    code = "phone_not_mainland"
    title = "A mainland China mobile number is needed (country code +86)."
    title_zh = "请使用中国大陆手机号（+86）。"


def take_phone(*, customer: Customer, code: str) -> str:
    """Exchange the code of WeChat's phone button for the number and seal it; the plain number is returned
    for the person's own screen.

    Raises ForeignPhone and wechat.errors (InvalidPhoneCode, OutcomeUnknown …).
    """
    app = storefronts.mini_program(customer.storefront_id)
    redis = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    phone = phone_number(app, code, redis, base_url=settings.WECHAT_API_BASE)
    if phone.country_code != "86":
        raise ForeignPhone()
    with tenant(customer.storefront_id):
        account.lock(customer)
        key = vault.unwrap(customer.subject.key)
        Customer.objects.filter(pk=customer.pk).update(
            phone_sealed=key.seal(labels.PHONE, customer.public_id, phone.number),
            phone_index=vault.blind("phone", phone.number),
        )
    return phone.number


def change_profile(*, customer: Customer, nickname: str | None = None, language: str | None = None) -> None:
    """Set what is given, leave the rest."""
    changes: dict[str, object] = {}
    if nickname is not None:
        key = vault.unwrap(customer.subject.key)
        changes["nickname_sealed"] = key.seal(labels.NICKNAME, customer.public_id, nickname)
    if language is not None:
        changes["language"] = language
    if changes:
        with tenant(customer.storefront_id):
            account.lock(customer)
            Customer.objects.filter(pk=customer.pk).update(**changes)


def forget_phone(*, customer: Customer) -> None:
    """Remove the telephone number and its index; a second time changes nothing."""
    with tenant(customer.storefront_id):
        account.lock(customer)
        Customer.objects.filter(pk=customer.pk).update(phone_sealed=None, phone_index=None)
