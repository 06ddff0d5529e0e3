"""A merchant's private key is followed by the next while calls go on, and nothing of either is ever shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command

from kernel.models import Case, Event
from payments.gateways.wechat_pay import client_of
from storefronts import queries
from storefronts.models import MerchantAccount, PastMerchantKey
from storefronts.services import BadKey, merchant_keys, set_merchant
from storefronts.services.key_watch import watch_keys
from tests import make
from wechat.errors import OrderNotExist, OutcomeUnknown, Rejected

pytestmark = pytest.mark.django_db

NOW = make.present()
ENDS = ["keys.merchant_expiring"]


@pytest.fixture
def merchant(world):
    return MerchantAccount.objects.select_related("storefront__key").get(active=True)


@pytest.fixture
def issued(wechat, merchant):
    """A further certificate that WeChat has issued to the merchant, with its key."""
    return wechat.control("merchant_certificate", mchid=merchant.mchid)


def certificate_of(key, *, begins=-1, ends=1000, serial=0x51):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "1900000109")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime.now(UTC) + timedelta(days=begins))
        .not_valid_after(datetime.now(UTC) + timedelta(days=ends))
        .sign(key, SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()


def take_over(merchant, told, **how):
    merchant_keys.take_over(
        merchant=merchant,
        certificate_pem=told["cert_pem"],
        private_key_pem=told["private_key_pem"],
        by="someone",
        now=NOW,
        **how,
    )


def is_answered(mchid):
    with pytest.raises(OrderNotExist):
        client_of(mchid).query_by_out_trade_no("T1234567")
    return True


def test_the_next_key_signs_the_old_one_is_kept_and_no_call_is_refused_meanwhile(wechat, merchant, issued):
    before = client_of(merchant.mchid)  # a process that has not read the new key yet
    take_over(merchant, issued)
    with pytest.raises(OrderNotExist):
        before.query_by_out_trade_no("T1234567")
    assert is_answered(merchant.mchid)
    after = client_of(merchant.mchid).merchant
    assert after.serial_no == issued["serial"]
    past = PastMerchantKey.objects.get()
    assert (past.serial_no, past.retired_at) == (before.merchant.serial_no, None)
    assert [key.private_numbers() for key in after.past_keys] == [
        before.merchant.private_key.private_numbers()
    ]
    assert after.opening_keys == (after.private_key, *after.past_keys)
    merchant.refresh_from_db()
    found = x509.load_pem_x509_certificate(issued["cert_pem"].encode())
    assert merchant.expires_at == found.not_valid_after_utc


def test_once_the_old_certificate_is_revoked_the_new_key_goes_on_alone(wechat, merchant, issued):
    old = merchant.serial_no
    take_over(merchant, issued)
    wechat.control("merchant_certificate", mchid=merchant.mchid, revoke=old)
    assert is_answered(merchant.mchid)


def test_a_key_that_wechat_does_not_accept_changes_nothing(wechat, merchant, issued):
    old = merchant.serial_no
    wechat.control("merchant_certificate", mchid=merchant.mchid, revoke=issued["serial"])
    with pytest.raises(merchant_keys.KeyNotAccepted) as caught:
        take_over(merchant, issued)
    assert caught.value.why == "SIGN_ERROR"
    merchant.refresh_from_db()
    assert (merchant.serial_no, PastMerchantKey.objects.count()) == (old, 0)
    assert is_answered(merchant.mchid)


def test_without_an_answer_the_present_key_stays_unless_it_is_taken_untried(wechat, merchant, issued):
    wechat.control("switches", call="query", mode="500", times=1)
    with pytest.raises(merchant_keys.KeyNotAccepted):
        take_over(merchant, issued)
    assert PastMerchantKey.objects.count() == 0
    take_over(merchant, issued, untried=True)
    merchant.refresh_from_db()
    assert merchant.serial_no == issued["serial"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (
            {"private_key_pem": make.private_pem(make.rsa_key("other"))},
            "it is not the key of this certificate",
        ),
        ({"cert_pem": "nonsense"}, "the certificate does not parse"),
        ({"private_key_pem": "nonsense"}, "it does not parse"),
        ({"cert_pem": certificate_of(make.rsa_key("merchant"), begins=-9, ends=-1)}, "it does not hold now"),
        ({"cert_pem": certificate_of(make.rsa_key("merchant"), begins=1)}, "it does not hold now"),
    ],
)
def test_what_does_not_belong_together_or_does_not_hold_is_refused_before_any_call(merchant, spoil, why):
    key = make.rsa_key("merchant")
    told = {"cert_pem": certificate_of(key), "private_key_pem": make.private_pem(key), **spoil}
    with pytest.raises(BadKey) as caught:
        take_over(merchant, told)
    assert caught.value.why == why
    assert PastMerchantKey.objects.count() == 0


def test_an_earlier_key_is_taken_back_and_a_retired_one_is_gone_for_good(wechat, merchant, issued):
    old = merchant.serial_no
    take_over(merchant, issued)
    merchant_keys.take_back(past=PastMerchantKey.objects.get(), by="someone", now=NOW)
    merchant.refresh_from_db()
    assert merchant.serial_no == old
    assert is_answered(merchant.mchid)
    past = PastMerchantKey.objects.get()
    assert (past.serial_no, past.expires_at is not None) == (issued["serial"], True)
    merchant_keys.retire(past=past, by="someone", now=NOW)
    past.refresh_from_db()
    assert (bytes(past.private_key_sealed), past.retired_at) == (b"", NOW)
    with pytest.raises(merchant_keys.KeyRetired):
        merchant_keys.take_back(past=past, by="someone", now=NOW)
    assert queries.merchant_by_mchid(merchant.mchid).past_keys == ()


def test_the_form_that_sets_another_serial_keeps_the_key_before_it(wechat, world, merchant):
    old = merchant.serial_no
    set_merchant(
        storefront=world.shop,
        mchid=merchant.mchid,
        serial_no="0A57F09E",
        private_key_pem=make.private_pem(make.rsa_key("other")),
        apiv3_key="k" * 32,
        platform_keys={},
    )
    queries.forget_kept()
    assert queries.merchant_by_mchid(merchant.mchid).serial_no == "0A57F09E"
    assert PastMerchantKey.objects.get().serial_no == old
    with pytest.raises((Rejected, OutcomeUnknown)):  # WeChat has never heard of it
        client_of(merchant.mchid).query_by_out_trade_no("T1234567")
    merchant_keys.take_back(past=PastMerchantKey.objects.get(), by="someone", now=NOW)
    merchant.refresh_from_db()
    assert merchant.serial_no == old


@pytest.mark.parametrize(("days", "kinds"), [(31, []), (30, ENDS), (-1, ENDS)])
def test_a_merchant_certificate_about_to_end_is_a_case(merchant, days, kinds):
    MerchantAccount.objects.filter(pk=merchant.pk).update(expires_at=NOW + timedelta(days=days))
    assert watch_keys(now=NOW) == kinds
    assert list(Case.objects.values_list("kind", flat=True)) == kinds


def test_neither_the_command_nor_an_event_nor_a_log_shows_a_key(wechat, merchant, issued, tmp_path, caplog):
    certificate, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_text(issued["cert_pem"])
    private.write_text(issued["private_key_pem"])
    out, old = StringIO(), merchant.serial_no
    call_command("pay_keys", "take-over", merchant.mchid, certificate, private, stdout=out)
    call_command("pay_keys", "list", stdout=out)
    call_command("pay_keys", "take-back", merchant.mchid, old, stdout=out)
    call_command("pay_keys", "drop", merchant.mchid, issued["serial"], stdout=out)
    with pytest.raises(CommandError, match="was retired and is gone"):
        call_command("pay_keys", "take-back", merchant.mchid, issued["serial"], stdout=out)
    said = out.getvalue()
    assert f"{merchant.mchid} merchant {issued['serial']} " in said
    events = list(Event.objects.filter(name__startswith="merchantaccount.").order_by("pk"))
    assert [event.name.partition(".")[2] for event in events] == ["key_taken", "key_taken", "key_retired"]
    middle = issued["private_key_pem"].splitlines()[5]
    assert middle not in said + str([event.facts for event in events]) + caplog.text
    sealed = MerchantAccount.objects.get(pk=merchant.pk).private_key_sealed
    assert middle.encode() not in bytes(sealed)
