"""One line of a bill that cannot be written stops neither the rest of the day nor the day itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel.models import Case
from payments.models import BillDifference
from payments.services.bills import matching
from payments.services.bills.matching import match
from tests import make
from tests.payments.bill_files import asked, given_back, paid, refunded, sale, taken, trade_file
from wechat.errors import OutcomeUnknown

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


def silent(**_):
    raise OutcomeUnknown(call="query", reason="no answer")


def test_one_line_that_cannot_be_written_stops_no_other_and_its_case_names_it(world, monkeypatch):
    known = paid(world)
    poison = make.payment(make.order(world.alice, ("HD-1", 1)))
    good = make.payment(make.order(world.alice, ("IR-1", 1)))
    monkeypatch.setattr(matching, "query", silent)
    rows = [
        sale(known),
        sale(poison, 微信订单号=known.transaction_id),  # of another payment
        sale(good, 微信订单号="4200002"),
    ]
    bill = taken(asked(known), trade_file(rows))
    match(bill=bill, now=make.NOW)
    good.refresh_from_db()
    poison.refresh_from_db()
    assert (bill.state, good.state, poison.state) == ("matched", "succeeded", "prepared")
    case = Case.objects.get(kind="payment.failing")
    assert (case.key, case.facts) == (
        poison.event_key,
        {
            "order": poison.order.number,
            "out_trade_no": poison.out_trade_no,
            "merchant": poison.mchid,
            "day": "2026-11-20",
            "bill": "trade",
            "line": 3,
            "error": "IntegrityError",
        },
    )
    differs = BillDifference.objects.filter(payment=poison)
    assert sorted(differs.values_list("kind", flat=True)) == ["doubled", "state"]


@pytest.mark.parametrize("told_meanwhile", [True, False])
def test_one_refund_of_a_bill_that_cannot_be_written_stops_no_other(world, monkeypatch, told_meanwhile):
    first, second = paid(world), paid(world, transaction_id="4200002")
    poison = refunded(first, state="accepted")
    good = refunded(second, state="accepted", number="R-good", refund_id="5030002")
    really = matching.take_in

    def fails(*, report, **facts):
        if report.out_refund_no != poison.out_refund_no:
            return really(report=report, **facts)
        if told_meanwhile:
            really(report=replace(report, status="SUCCESS"), **facts)
        raise ZeroDivisionError

    monkeypatch.setattr(matching, "take_in", fails)
    rows = [sale(first), sale(second), given_back(poison), given_back(good, 微信退款单号="5030009")]
    bill = taken(asked(first), trade_file(rows))
    match(bill=bill, now=make.NOW)
    good.refresh_from_db()
    assert (bill.state, good.state) == ("matched", "processing")
    cases = Case.objects.filter(kind="refund.failing", state="open")
    told = [(case.key, case.facts["line"], case.facts["error"]) for case in cases]
    assert told == ([] if told_meanwhile else [(poison.event_key, 4, "ZeroDivisionError")])
