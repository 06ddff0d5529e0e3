"""The telephone of a complaint opens across a change of the merchant's key, until the old one is retired."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1

from compliance.models import Subject
from payments import personal_complaints
from payments.services.complaint_answers import open_for
from storefronts.models import MerchantAccount, PastMerchantKey
from storefronts.services import merchant_keys
from tests import make
from tests.payments.complaining import heard
from tests.payments.reports import paid
from tests.payments.test_merchant_keys import certificate_of
from tests.stepping import step
from wechat.errors import Undecryptable

pytestmark = pytest.mark.django_db


@pytest.fixture
@step
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1)))


def sealed(key: str, phone: str) -> str:
    padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
    return base64.b64encode(make.rsa_key(key).public_key().encrypt(phone.encode(), padding)).decode()


def take_over(payment):
    merchant_keys.take_over(
        merchant=MerchantAccount.objects.select_related("storefront__key").get(mchid=payment.mchid),
        certificate_pem=certificate_of(make.rsa_key("next")),
        private_key_pem=make.private_pem(make.rsa_key("next")),
        by="ann",
        now=make.present(),
        untried=True,
    )


def opened(row):
    return open_for(complaint=row, who="ann", purpose="to call back", now=make.NOW)[1]


def given(row):
    """The telephone in a copy of the consumer's data."""
    (told,) = personal_complaints.see(Subject.objects.get(pk=row.order.subject_id), make.NOW)[0].rows
    return told["phone"]


def test_it_opens_under_the_key_of_its_day_and_the_next_ones_under_theirs(payment):
    before = heard(payment, complaint_id="C-1", sealed_phone=sealed("merchant", "13800138001"))
    assert (opened(before), given(before)) == ("13800138001", "13800138001")
    take_over(payment)
    assert (opened(before), given(before)) == ("13800138001", "13800138001")
    after = heard(payment, complaint_id="C-2", sealed_phone=sealed("next", "13800138002"))
    assert opened(after) == "13800138002"


def test_with_a_retired_key_it_opens_no_more_and_the_copy_is_made_all_the_same(payment):
    row = heard(payment, sealed_phone=sealed("merchant", "13800138001"))
    take_over(payment)
    merchant_keys.retire(past=PastMerchantKey.objects.get(), by="ann", now=make.NOW)
    with pytest.raises(Undecryptable):
        opened(row)
    assert given(row) == ""
