"""Addresses lie in real divisions and hold what a waybill can bear; a removed one is emptied."""

from __future__ import annotations

import pytest
from django.db import transaction

from compliance.vault import Tampered
from customers import queries
from customers.divisions import all_divisions, takes_imports
from customers.models import Address
from customers.services.addresses import (
    AT_MOST,
    AddressText,
    BadAddress,
    TooManyAddresses,
    add_address,
    check,
    remove_address,
)
from kernel.errors import Missing
from tests import make

pytestmark = pytest.mark.django_db
GOOD = {"name": "王爱丽", "phone": "13800138000", "division_code": "310115", "street": "世纪大道 1 号"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "王"),
        ("name", "王\r\nX: y"),
        ("name", "王\u202e小礼"),
        ("name", "😀😀"),
        ("phone", "12800138000"),
        ("phone", "１３８００１３８０００"),
        ("division_code", "310000"),
        ("division_code", "999999"),
        ("division_code", "710000"),
        ("street", "近"),
        ("street", "世纪大道\x00 1 号"),
    ],
)
def test_what_cannot_be_delivered_to_is_refused_by_field(field, value):
    with pytest.raises(BadAddress) as refused:
        check(AddressText(**{**GOOD, field: value}))
    assert refused.value.field == field
    assert value not in str(refused.value)


def test_the_first_address_is_the_default_and_a_new_default_takes_its_place():
    alice = make.customer(make.storefront())
    first = add_address(customer=alice, text=AddressText(**GOOD), is_default=False, now=make.NOW)
    second = add_address(customer=alice, text=AddressText(**GOOD), is_default=True, now=make.NOW)
    assert [a.public_id for a in queries.addresses(alice)] == [second.public_id, first.public_id]
    assert Address.objects.filter(is_default=True).count() == 1


def test_a_removed_address_is_emptied_and_gone():
    alice = make.customer(make.storefront())
    address = add_address(customer=alice, text=AddressText(**GOOD), is_default=True, now=make.NOW)
    remove_address(customer=alice, public_id=address.public_id, now=make.NOW)
    address.refresh_from_db()
    assert bytes(address.name_sealed) == bytes(address.street_sealed) == b""
    with pytest.raises(Missing), transaction.atomic():
        remove_address(customer=alice, public_id=address.public_id, now=make.NOW)


def test_there_is_an_end_to_addresses():
    alice = make.customer(make.storefront())
    for _ in range(AT_MOST):
        add_address(customer=alice, text=AddressText(**GOOD), is_default=False, now=make.NOW)
    with pytest.raises(TooManyAddresses), transaction.atomic():
        add_address(customer=alice, text=AddressText(**GOOD), is_default=False, now=make.NOW)


def test_an_address_is_unreadable_in_the_row_of_another():
    alice = make.customer(make.storefront())
    one = add_address(customer=alice, text=AddressText(**GOOD), is_default=True, now=make.NOW)
    two = add_address(customer=alice, text=AddressText(**GOOD), is_default=False, now=make.NOW)
    Address.objects.filter(pk=two.pk).update(street_sealed=one.street_sealed)
    with pytest.raises(Tampered):
        queries.addresses(alice)


def test_counties_beyond_the_customs_of_the_mainland_take_no_imports():
    beyond = [code for code in all_divisions() if code[:2] in ("71", "81", "82")]
    assert {"710000", "810000", "820000"} <= set(beyond)
    assert [code for code in beyond if takes_imports(code)] == []
    assert [takes_imports(code) for code in ("310115", "441900", "310000")] == [True, True, False]
