"""Addresses in China: a real division, a mobile number that carriers accept, at most one default."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from compliance import vault
from customers import divisions, labels
from customers.models import Address, Customer
from customers.services import account
from kernel import ids
from kernel.errors import Conflict, Invalid, Missing
from kernel.tenancy import tenant

AT_MOST = 20
# Control, format, surrogate, private, unassigned, line breaks, pictures: no waybill bears them.
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "So"}
MOBILE = re.compile(r"1[3-9][0-9]{9}")


@dataclass(frozen=True)
class AddressText:
    """An address in plain words, on its way in or to its owner's screen."""

    name: str
    phone: str
    division_code: str
    street: str


@dataclass(eq=False)
class BadAddress(Invalid):
    """One part of the address cannot be right."""

    code = "invalid_address"
    title = "The field “{field}” of the address is not valid: {why}."
    title_zh = "收货地址的“{field}”有误：{why_zh}。"
    field: str
    why: str
    why_zh: str


@dataclass(eq=False)
class TooManyAddresses(Conflict):
    code = "too_many_addresses"
    title = "At most {at_most} addresses are kept; remove one first."
    title_zh = "最多保存 {at_most} 个地址，请先删除一个。"
    at_most: int = AT_MOST


def add_address(*, customer: Customer, text: AddressText, is_default: bool, now: datetime) -> Address:
    """Keep a new address, sealed. Raises BadAddress, TooManyAddresses."""
    check(text)
    with tenant(customer.storefront_id):
        account.lock(customer)
        count = Address.objects.filter(customer=customer, removed_at=None).count()
        if count >= AT_MOST:
            raise TooManyAddresses()
        is_default = is_default or count == 0
        if is_default:
            _no_default(customer)
        address = Address(
            public_id=ids.uuid7(),
            storefront_id=customer.storefront_id,
            customer=customer,
            is_default=is_default,
            created_at=now,
        )
        _seal(address, text, customer)
        address.save(force_insert=True)
    return address


def change_address(*, customer: Customer, public_id: UUID, text: AddressText, is_default: bool) -> Address:
    """Replace the text of an address. Orders placed before keep theirs. Raises Missing, BadAddress."""
    check(text)
    with tenant(customer.storefront_id):
        account.lock(customer)
        address = _own(customer, public_id)
        if is_default and not address.is_default:
            _no_default(customer)
        address.is_default = is_default or address.is_default
        _seal(address, text, customer)
        address.save()
    return address


def remove_address(*, customer: Customer, public_id: UUID, now: datetime) -> None:
    """Forget an address: its sealed text is emptied at once. Raises Missing."""
    with tenant(customer.storefront_id):
        account.lock(customer)
        address = _own(customer, public_id)
        address.removed_at, address.is_default = now, False
        address.name_sealed = address.phone_sealed = address.street_sealed = b""
        address.save()


def check(text: AddressText) -> None:
    """Raises BadAddress naming the field, never its value."""
    if not 2 <= len(text.name.strip()) <= 60:
        raise BadAddress("name", "2 to 60 characters", "需 2 至 60 个字")
    if not MOBILE.fullmatch(text.phone):
        raise BadAddress("phone", "a mainland mobile number of 11 digits", "需为 11 位大陆手机号")
    if not divisions.takes_imports(text.division_code):
        raise BadAddress(
            "division_code", "a county of the mainland (GB/T 2260)", "需为大陆区县级行政区划代码"
        )
    if not 4 <= len(text.street.strip()) <= 200:
        raise BadAddress("street", "4 to 200 characters", "需 4 至 200 个字")
    for field, value in (("name", text.name), ("street", text.street)):
        if any(unicodedata.category(c) in UNPRINTABLE for c in value):
            raise BadAddress(field, "letters, digits and punctuation only", "请勿使用表情、换行或不可见字符")


def _seal(address: Address, text: AddressText, customer: Customer) -> None:
    key = vault.unwrap(customer.subject.key)
    address.division_code = text.division_code
    address.name_sealed = key.seal(labels.ADDRESS_NAME, address.public_id, text.name.strip())
    address.phone_sealed = key.seal(labels.ADDRESS_PHONE, address.public_id, text.phone)
    address.street_sealed = key.seal(labels.ADDRESS_STREET, address.public_id, text.street.strip())


def _own(customer: Customer, public_id: UUID) -> Address:
    found = Address.objects.filter(customer=customer, public_id=public_id, removed_at=None).first()
    if found is None:
        raise Missing()
    return found


def _no_default(customer: Customer) -> None:
    Address.objects.filter(customer=customer, is_default=True).update(is_default=False)
