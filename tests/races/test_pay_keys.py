"""Many workers, and a crowd that names strange serials, cause one fetch; two new keys at once lose none."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from kernel.models import Event
from storefronts.models import KeyFetch, MerchantAccount, PastMerchantKey, PlatformKey
from storefronts.services import merchant_keys, platform_keys
from storefronts.services.platform_keys import AFTER_ASKING
from tests import make
from tests.payments.test_merchant_keys import certificate_of
from tests.races.crowd import at_once
from wechat.pay.certificates import read_certificate

pytestmark = pytest.mark.django_db(transaction=True)

NOW = make.present()
STRANGE = "5157F09EFDC096DE15EBE81A47057A7232F1B8FF"


@pytest.fixture
def merchant():
    make.storefront()
    return MerchantAccount.objects.get()


@pytest.fixture
def fetches(monkeypatch):
    """WeChat answers with one certificate; each call is counted."""
    calls = []
    found = read_certificate(certificate_of(make.rsa_key("platform")))

    def fetch(client, *, now):
        calls.append(client.merchant.mchid)
        return [found]

    monkeypatch.setattr(platform_keys, "fetch", fetch)
    return calls


def naive_refresh(pause: threading.Barrier, calls: list[str]) -> int:
    """What a house without the claim does: look whether it is time, then call, then write."""
    row = KeyFetch.objects.get()
    due = row.tried_at is None
    pause.wait(timeout=20)
    if due:
        calls.append("called")
        KeyFetch.objects.filter(pk=row.pk).update(tried_at=NOW)
    return int(due)


def test_with_the_guard_off_six_workers_each_call_wechat(merchant):
    pause, calls = threading.Barrier(6), []
    assert at_once([lambda: naive_refresh(pause, calls)] * 6) == [1] * 6
    assert calls == ["called"] * 6


def test_six_workers_at_once_make_one_call_and_one_key(merchant, fetches):
    assert sorted(at_once([lambda: platform_keys.refresh(now=NOW)] * 6)) == [0, 0, 0, 0, 0, 1]
    assert fetches == [merchant.mchid]
    assert PlatformKey.objects.count() == 2
    assert Event.objects.filter(name="platformkey.added").count() == 1


def test_a_crowd_that_names_serials_while_workers_fetch_causes_one_call(merchant, fetches):
    platform_keys.refresh(now=NOW)
    later = NOW + AFTER_ASKING

    def stranger():
        platform_keys.ask(mchid=merchant.mchid, serial=STRANGE, now=later - timedelta(seconds=1))

    def worker():
        return platform_keys.refresh(now=later)

    results = at_once([stranger, worker] * 4)
    assert not [one for one in results if isinstance(one, Exception)]
    platform_keys.refresh(now=later)  # whoever asked after the last worker had looked
    assert len(fetches) == 2
    assert [platform_keys.refresh(now=later + timedelta(seconds=n)) for n in range(3)] == [0, 0, 0]


def test_two_new_keys_at_once_are_both_kept_and_one_of_them_signs(merchant):
    def take(name):
        key = make.rsa_key(name)
        merchant_keys.take_over(
            merchant=MerchantAccount.objects.select_related("storefront__key").get(),
            certificate_pem=certificate_of(key, serial=0x51 + len(name)),
            private_key_pem=make.private_pem(key),
            untried=True,
            by="someone",
            now=NOW,
        )

    old = merchant.serial_no
    assert at_once([lambda: take("other"), lambda: take("merchant")]) == [None, None]
    merchant.refresh_from_db()
    past = set(PastMerchantKey.objects.values_list("serial_no", flat=True))
    numbers = {f"{0x51 + len(name):040X}" for name in ("other", "merchant")}
    assert past | {merchant.serial_no} == numbers | {old}
    assert merchant.serial_no in numbers
    assert len(past) == 2


def test_two_who_retire_the_last_two_keys_at_once_leave_one(merchant, fetches):
    platform_keys.refresh(now=NOW)
    keys = list(PlatformKey.objects.all())
    results = at_once([lambda k=key: platform_keys.retire(key=k, by="someone", now=NOW) for key in keys])
    assert sorted(type(one).__name__ for one in results) == ["KeyInUse", "NoneType"]
    assert platform_keys.holding(merchant.pk, NOW).count() == 1
