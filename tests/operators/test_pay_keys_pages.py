"""Owners add and retire WeChat Pay's keys in the admin, see when each ends, and no colleague else does."""

from __future__ import annotations

import pytest
from django.urls import reverse

from kernel import approvals
from kernel.models import Approval, Event
from storefronts.models import KeyFetch, MerchantAccount, PastMerchantKey, PlatformKey
from storefronts.services.opening import put_aside
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db

SERIAL = "PUB_KEY_ID_0123456789012345678901234567"


@pytest.fixture
def shop():
    return make.storefront()


def enter(client, shop, role="owner"):
    client.force_login(rows.operator(role, shop, role), backend=rows.BACKEND)


def form(merchant, **changes):
    pem = make.public_pem(make.rsa_key("other"))
    return {"merchant": merchant.pk, "serial": SERIAL, "public_key_pem": pem, **changes}


def act(client, model, verb, row):
    url = reverse(f"admin:storefronts_{model}_changelist")
    return client.post(url, {"action": verb, "_selected_action": row.pk}, follow=True)


def test_an_owner_adds_a_public_key_that_a_colleague_agreed_to_and_retires_it_again(client, shop):
    enter(client, shop)
    url = reverse("admin:storefronts_platformkey_add")
    assert client.get(url).status_code == 200
    sent = form(MerchantAccount.objects.get())
    assert client.post(url, sent).status_code == 200  # what it signs would be believed
    asked = Approval.objects.get(verb="pay_keys")
    assert asked.facts["platform_serial"] == SERIAL
    approvals.decide(approval=asked, by="lan", granted=True, reason="seen", now=make.present())
    another = make.public_pem(make.rsa_key("platform"))
    assert client.post(url, {**sent, "public_key_pem": another}).status_code == 200  # not this one
    assert not PlatformKey.objects.filter(serial=SERIAL).exists()
    assert client.post(url, sent).status_code == 302
    key = PlatformKey.objects.get(serial=SERIAL)
    assert (key.storefront_id, key.expires_at, key.retired_at) == (shop.pk, None, None)
    assert Event.objects.get(name="platformkey.added").facts == {"by": "owner", "serial": SERIAL}
    act(client, "platformkey", "retire", key)
    key.refresh_from_db()
    assert key.retired_at is not None
    last = PlatformKey.objects.get(retired_at=None)
    assert last.serial in act(client, "platformkey", "retire", last).content.decode()
    last.refresh_from_db()
    assert last.retired_at is None


def test_what_is_no_key_is_refused_with_a_sentence(client, shop):
    enter(client, shop)
    url = reverse("admin:storefronts_platformkey_add")
    answer = client.post(url, form(MerchantAccount.objects.get(), public_key_pem="nonsense"), follow=True)
    assert "does not parse" in answer.content.decode()
    assert PlatformKey.objects.count() == 1


def test_a_foreign_merchant_cannot_be_given_a_key(client, shop):
    other = MerchantAccount.objects.get(storefront=make.storefront("swift"))
    enter(client, shop)
    client.post(reverse("admin:storefronts_platformkey_add"), form(other))
    assert not PlatformKey.objects.filter(serial=SERIAL).exists()


def test_a_merchandiser_may_neither_add_nor_retire(client, shop):
    enter(client, shop, "merchandiser")
    answer = client.post(reverse("admin:storefronts_platformkey_add"), form(MerchantAccount.objects.get()))
    assert answer.status_code == 403
    act(client, "platformkey", "retire", PlatformKey.objects.get())
    assert PlatformKey.objects.get().retired_at is None


def test_an_owner_has_certificates_fetched_and_an_earlier_key_taken_back_or_destroyed(client, shop):
    merchant = MerchantAccount.objects.get()
    put_aside(merchant, now=make.NOW)
    past = PastMerchantKey.objects.get()
    MerchantAccount.objects.filter(pk=merchant.pk).update(serial_no="0A57F09E")
    enter(client, shop)
    act(client, "keyfetch", "fetch", KeyFetch.objects.get())
    assert KeyFetch.objects.get().asked_at is not None
    act(client, "pastmerchantkey", "take_back", past)
    merchant.refresh_from_db()
    assert merchant.serial_no == past.serial_no
    act(client, "pastmerchantkey", "retire", PastMerchantKey.objects.get(serial_no="0A57F09E"))
    assert bytes(PastMerchantKey.objects.get().private_key_sealed) == b""
    told = set(Event.objects.filter(name__startswith="merchantaccount.").values_list("name", flat=True))
    assert told == {"merchantaccount.key_taken", "merchantaccount.key_retired"}
