"""What one storefront is told of a complaint moves nothing of another's, and takes nothing over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from backend import delivery
from kernel.models import Case
from payments.models import Complaint, complaint
from payments.services import complaints
from storefronts.models import MerchantAccount, PushedMessage
from tests import make
from tests.payments.complaining import heard, mini_told, report_of
from tests.payments.reports import paid
from tests.stepping import step
from tests.storefronts.pushing import as_xml, push, sealed, told, with_keys

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
@step
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1)))


@pytest.fixture
@step
def other():
    return make.storefront("swift")


def pushed(shop: object, **changes: object) -> None:
    """A push to the storefront's own address, with its own token and key, and the worker after it."""
    answer = push(Client(), shop, *sealed(with_keys(shop), as_xml(told(**changes))))
    assert answer.status_code == 200
    delivery.drain()


def stands(shop: object) -> list[tuple[str, str, bool]]:
    rows = Complaint.objects.filter(storefront=shop).order_by("id")
    return [(row.external_id, row.state, row.order_id is not None) for row in rows]


def open_cases(shop: object) -> list[tuple[str, str]]:
    pk = getattr(shop, "pk", None)
    found = Case.objects.filter(storefront_id=pk, state="open").order_by("kind")
    return list(found.values_list("kind", "key"))


def test_a_push_to_one_storefront_does_not_move_the_complaint_of_another(payment, other):
    shop = payment.storefront
    pushed(shop, order_id=payment.transaction_id)
    assert stands(shop) == [("MP-1", "pending", True)]
    pushed(other, status="202")
    assert stands(shop) == [("MP-1", "pending", True)]
    assert open_cases(shop) == [("complaint.reply_due", f"complaint:MP-1@{shop.pk}")]
    assert stands(other) == [("MP-1", "processing", False)]
    assert open_cases(other) == []
    assert open_cases(None) == [("complaint.same_number", "complaint:MP-1")]


def test_a_number_that_another_pushed_first_is_still_the_own_complaint_with_its_order(payment, other):
    shop = payment.storefront
    pushed(other)
    assert open_cases(None) == []
    pushed(shop, order_id=payment.transaction_id)
    assert stands(shop) == [("MP-1", "pending", True)]
    assert stands(other) == [("MP-1", "pending", False)]
    assert open_cases(shop) == [("complaint.reply_due", f"complaint:MP-1@{shop.pk}")]
    case = Case.objects.get(kind="complaint.same_number")
    assert case.facts == {"complaint": "MP-1", "storefronts": "maison swift"}


def test_what_one_merchant_is_told_does_not_end_the_complaint_to_another(payment, other):
    own = heard(payment)
    mchid = MerchantAccount.objects.get(storefront=other).mchid
    report = report_of(payment, mchid=mchid, state="PROCESSED")
    theirs = complaints.take_in(mchid=mchid, report=report, asked_at=make.NOW + HOUR, now=make.NOW + HOUR)
    own.refresh_from_db()
    assert (own.state, theirs.state, theirs.storefront_id) == ("pending", "processed", other.pk)
    assert [kind for kind, _ in open_cases(payment.storefront)] == ["complaint.reply_due"]


def test_the_longest_number_has_a_key_that_a_case_can_hold_in_every_round():
    key = complaint.key_of(10**9, "9" * 64) + ":999"
    assert len(key) <= Case._meta.get_field("key").max_length
    assert key == "complaint:" + "9" * 54 + "@1000000000:999"


def test_a_push_from_the_future_is_heard_when_it_came_and_the_next_word_counts(payment, monkeypatch):
    shop = payment.storefront
    far = int(datetime(2099, 1, 1).timestamp())
    message = told(order_id=payment.transaction_id, create_time=str(far)) | {"CreateTime": far}
    assert push(Client(), shop, *sealed(with_keys(shop), as_xml(message))).status_code == 200
    delivery.drain()
    row, came = Complaint.objects.get(), PushedMessage.objects.get().received_at
    assert (row.heard_at, row.complained_at) == (came, came)
    at = came + timedelta(days=1)
    next_day = mini_told(status="202", at=at)
    complaints.take_in_mini_program(storefront_id=shop.pk, told=next_day, now=at)
    assert stands(shop) == [("MP-1", "processing", True)]


def test_what_was_read_by_a_clock_ten_years_ahead_is_overridden_by_the_next_word(payment, monkeypatch):
    ahead = make.NOW + timedelta(days=3650)
    row = complaints.take_in(mchid=payment.mchid, report=report_of(payment), asked_at=ahead, now=ahead)
    assert row.heard_at == ahead
    monkeypatch.setattr(complaints, "present", lambda: make.NOW)
    heard(payment, asked=60, state="PROCESSING")
    row.refresh_from_db()
    assert (row.state, row.heard_at) == ("processing", make.NOW + timedelta(seconds=60))


def test_a_clock_of_ours_within_a_minute_still_lets_no_older_word_override(payment, monkeypatch):
    monkeypatch.setattr(complaints, "present", lambda: make.NOW)
    heard(payment, asked=50, state="PROCESSING")
    row = heard(payment, asked=40)
    assert row.state == "processing"
