"""One complaint that cannot be taken in is a case, and keeps no other from being read, of no merchant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.models import Case
from payments.models import Complaint
from payments.models.complaint import key_of
from payments.services import complaints
from storefronts import queries as storefronts
from tests import make
from tests.payments.complaining import heard, report_of
from tests.payments.reports import paid
from tests.stepping import step
from wechat.errors import OutcomeUnknown
from wechat.pay.complaints import Page

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, SECOND = "200201820200101080076610001", "200201820200101080076610002"


@pytest.fixture
@step
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1)))


def page_of(*reports):
    return Page(reports=reports, unreadable=(), total=len(reports))


@pytest.fixture
def listed(payment, monkeypatch):
    """WeChat lists two complaints."""
    page = page_of(*(report_of(payment, complaint_id=name) for name in (FIRST, SECOND)))
    monkeypatch.setattr(complaints, "client_of", lambda mchid: mchid)
    monkeypatch.setattr(
        complaints.wechat,
        "listed",
        lambda *args, **facts: page,
    )


def poison(monkeypatch, name):
    """Taking in what is told of this complaint fails; returns what mends it."""
    really = complaints.take_in

    def fails(*, report, **facts):
        if report.complaint_id == name:
            raise ZeroDivisionError("13800138000")
        return really(report=report, **facts)

    monkeypatch.setattr(complaints, "take_in", fails)
    return lambda: monkeypatch.setattr(complaints, "take_in", really)


def test_one_of_a_list_that_fails_stops_no_other_and_its_case_settles_when_it_is_read(
    payment, listed, monkeypatch
):
    mend = poison(monkeypatch, FIRST)
    assert complaints.poll(now=make.NOW) == 1
    assert list(Complaint.objects.values_list("external_id", flat=True)) == [SECOND]
    case = Case.objects.get(kind="complaint.not_taken")
    assert (case.key, case.state) == (key_of(payment.storefront_id, FIRST), "open")
    assert case.facts == {"merchant": payment.mchid, "complaint": FIRST, "error": "ZeroDivisionError"}
    assert case.storefront_id == payment.storefront_id
    complaints.poll(now=make.NOW)
    case.refresh_from_db()
    assert (case.seen, case.state) == (2, "open")
    mend()
    assert complaints.poll(now=make.NOW) == 2
    case.refresh_from_db()
    assert (case.state, case.settled_by, case.note) == ("settled", "system", "read again")


def test_one_that_is_read_alone_and_fails_stops_no_other(payment, monkeypatch):
    for name in (FIRST, SECOND):
        heard(payment, complaint_id=name)
    monkeypatch.setattr(complaints.wechat, "listed", lambda *args, **facts: page_of())
    monkeypatch.setattr(complaints, "client_of", lambda mchid: mchid)
    monkeypatch.setattr(
        complaints.wechat, "detail", lambda client, name: report_of(payment, complaint_id=name)
    )
    mend = poison(monkeypatch, FIRST)
    later = make.NOW + timedelta(days=40)
    assert complaints.poll(now=later) == 1
    assert Case.objects.get(kind="complaint.not_taken").key == key_of(payment.storefront_id, FIRST)
    mend()
    assert complaints.poll(now=later) == 2
    assert Case.objects.get(kind="complaint.not_taken").state == "settled"


def test_a_merchants_list_that_fails_is_a_case_and_another_merchants_is_read(payment, listed, monkeypatch):
    (known,) = storefronts.merchant_numbers()
    monkeypatch.setattr(
        complaints.storefronts, "merchant_numbers", lambda: [("1900000999", payment.storefront_id), known]
    )
    broken: list[Exception] = [ZeroDivisionError("13800138000")]

    def client_of(mchid):
        if mchid == "1900000999" and broken:
            raise broken[0]
        return mchid

    monkeypatch.setattr(complaints, "client_of", client_of)
    assert complaints.poll(now=make.NOW) == 2
    case = Case.objects.get(kind="complaint.not_listed")
    assert (case.key, case.state) == ("merchant:1900000999", "open")
    assert case.facts == {"merchant": "1900000999", "error": "ZeroDivisionError"}
    broken[0] = OutcomeUnknown(call="complaints", reason="time-out")
    complaints.poll(now=make.NOW)  # nobody knows whether it would go on
    case.refresh_from_db()
    assert (case.seen, case.state) == (1, "open")
    broken.clear()
    real = storefronts.storefront_id_of_merchant
    monkeypatch.setattr(
        complaints.storefronts,
        "storefront_id_of_merchant",
        lambda mchid: payment.storefront_id if mchid == "1900000999" else real(mchid),
    )
    complaints.poll(now=make.NOW)
    case.refresh_from_db()
    assert (case.state, case.note) == ("settled", "read again")
