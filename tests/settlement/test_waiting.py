"""What an order waits for comes about by what the house itself does, and ends by it: one row an order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from backend import delivery
from backend.personal import KEEPINGS
from compliance.models import PayerCheck, ReferenceRate
from compliance.services.payer import answer_payer, ask_payer
from compliance.services.retention import retain
from kernel.cases import settle_case
from kernel.clock import shanghai_day
from kernel.models import Case
from orders.models import Order
from payments.models import Payment, Refund
from payments.services.bills import differences
from payments.services.bills.matching import match
from payments.services.refunds import Wish, request_refund
from payments.services.settle import settle
from settlement.models import Evidence
from settlement.reasons import Reason
from settlement.services.evidence import record_evidence
from settlement.services.exchange import export_batch
from settlement.services.receipts import close_batch
from settlement.unsettled import unsettled
from storefronts.models import BrandCompany
from tests import make
from tests.payments.bill_files import asked, sale, trade_file
from tests.payments.bill_files import taken as taken_in
from tests.payments.complaining import heard
from tests.payments.reports import report_of, told
from tests.settlement import trades
from tests.settlement.institution import credited, taken
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import DAY, of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


def wished(order: Order, wish: Wish, key: str = "k") -> Refund:
    """An operator asks for a refund, and what hears of it has heard of it; WeChat is not reached."""
    return request_refund(
        number=order.number, wish=wish, key=key, reason="退款", asked_by="operator:test", now=make.NOW
    )


def one_piece(order: Order) -> Wish:
    return Wish({order.lines.get(position=1).pk: 1})


def arrived(refund: Refund) -> None:
    told(refund)
    delivery.drain()


def test_a_payment_waits_until_its_entry_is_in_the_books(world):
    payment = make.payment(make.order(world.alice, ("HD-1", 2)))
    report = report_of(payment, transaction_id="4200001234202611200000000001")
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)
    order = Order.objects.get()
    trades.shown(order)
    assert of(order).reasons == (Reason.NOT_ENTERED,)
    delivery.drain()
    assert of(order).reasons == ()


def test_an_unpaid_order_and_one_cancelled_with_all_its_money_back_are_no_rows(world):
    make.order(world.alice, ("HD-1", 1))
    order = trades.paid(world)
    arrived(wished(order, Wish()))
    assert unsettled(storefront_id=world.shop.pk, day=DAY) == []


@pytest.mark.parametrize(
    ("answer", "state", "reasons"),
    [
        ("unknown", "asked", (Reason.PAYER,)),
        ("different", "different", (Reason.PAYER,)),
        ("same", "same", ()),
    ],
)
def test_a_payer_holds_the_order_until_the_payment_institution_calls_them_the_orderer(
    world, answer, state, reasons
):
    order = trades.paid(world)
    for kind in Evidence.Kind:
        record_evidence(order=order, kind=kind, reference=f"{kind}-1", at=make.NOW, now=make.NOW)
    check = PayerCheck.objects.get(order_number=order.number)
    assert (check.state, of(order).reasons) == ("open", (Reason.PAYER,))
    ask_payer(check=check, now=make.NOW)
    assert of(order).reasons == (Reason.PAYER,)
    answer_payer(check=check, answer=answer, now=make.NOW)
    assert (PayerCheck.objects.get().state, of(order).reasons) == (state, reasons)


def test_a_refund_that_waits_for_customs_holds_the_order(world):
    order = trades.ready(world)
    refund = wished(order, Wish(goodwill_fen=1_000))
    assert (refund.state, of(order).reasons) == ("requested", (Reason.REFUND,))


def test_a_refund_under_way_holds_the_order_and_lowers_what_goes_abroad_once_it_arrived(world):
    order = trades.ready(world)
    refund = wished(order, one_piece(order))
    assert (refund.state, of(order).reasons) == ("accepted", (Reason.REFUND,))
    told(refund, status="PROCESSING", success_time=None, source="answer")
    assert (Refund.objects.get().state, of(order).reasons) == ("processing", (Reason.REFUND,))
    told(refund)
    assert (Refund.objects.get().state, of(order).reasons) == ("succeeded", (Reason.REFUND,))
    delivery.drain()
    one = of(order)
    assert (one.reasons, one.gross_fen, one.refunded_fen, one.net_fen) == ((), 25_000, 10_000, 15_000)


def test_an_abnormal_refund_holds_the_order_by_itself_and_by_its_case(world):
    order = trades.ready(world)
    refund = wished(order, one_piece(order))
    told(refund, status="PROCESSING", success_time=None, source="answer")
    told(refund, status="ABNORMAL", success_time=None)
    assert (Refund.objects.get().state, Case.objects.get().kind) == ("abnormal", "refund.abnormal")
    assert of(order).reasons == (Reason.REFUND, Reason.CASE)
    arrived(refund)
    assert (of(order).reasons, of(order).net_fen) == ((), 15_000)


def test_a_refund_that_wechat_pay_made_by_itself_holds_the_order_until_somebody_has_looked(world):
    order = trades.ready(world)
    payment = Payment.objects.get(order=order)
    by_itself = Refund(payment=payment, order=order, out_refund_no="WX-SELF-1", pk=9, amount_fen=1_000)
    by_itself.storefront_id = payment.storefront_id
    told(by_itself, source="bill")
    delivery.drain()
    case = Case.objects.get()
    assert (case.kind, case.facts["order"]) == ("refund.unknown", order.number)
    assert (of(order).reasons, of(order).refunded_fen) == ((Reason.CASE,), 1_000)
    settle_case(case=case, by="fang", note="agreed with the consumer", now=make.NOW)
    assert of(order).reasons == ()


def test_what_wechat_pay_tells_of_a_refund_otherwise_than_before_holds_the_order(world):
    order, other = trades.ready(world), trades.ready(world)
    refund = wished(order, one_piece(order))
    arrived(refund)
    assert (of(order).reasons, of(other).reasons) == ((), ())
    held = []
    for kind, changes in (
        ("refund.mismatch", {"refund_fen": 400}),
        ("refund.contradiction", {"status": "CLOSED", "success_time": None}),
    ):
        told(refund, **changes)
        case = Case.objects.get(state="open")
        held.append((case.kind == kind, of(order).reasons, of(other).reasons))
        settle_case(case=case, by="fang", note="WeChat Pay was asked", now=make.NOW)
    assert held == [(True, (Reason.CASE,), ())] * 2
    assert of(order).reasons == ()


def test_differences_too_many_for_a_case_each_hold_every_order_of_theirs(world, monkeypatch):
    monkeypatch.setattr(differences, "MOST_CASES", 1)
    orders = [trades.ready(world) for _ in range(3)]
    payments = [Payment.objects.get(order=order) for order in orders]
    rows = [sale(one, total=one.amount_fen - 5_000) for one in payments[:2]] + [sale(payments[2])]
    match(bill=taken_in(asked(payments[0]), trade_file(rows)), now=make.NOW)
    case = Case.objects.get()
    assert (case.kind, case.facts["number"], "order" in case.facts) == ("bill.amount", 2, False)
    assert [of(order).reasons for order in orders] == [(Reason.CASE,), (Reason.CASE,), ()]
    settle_case(case=case, by="fang", note="WeChat Pay corrected its bill", now=make.NOW)
    assert [of(order).reasons for order in orders] == [(), (), ()]


def test_a_complaint_holds_the_order_until_it_has_ended(world):
    order = trades.ready(world)
    payment = Payment.objects.get(order=order)
    heard(payment)
    assert of(order).reasons == (Reason.CASE,)
    heard(payment, asked=60, state="PROCESSING")
    assert of(order).reasons == (Reason.CASE,)
    heard(payment, asked=120, state="PROCESSED")
    assert of(order).reasons == ()


def test_an_order_whose_person_is_let_go_of_goes_nowhere(world):
    order = trades.ready(world)
    later = make.NOW + timedelta(days=366 * 6)
    kinds = [one for one in KEEPINGS if one.kind in ("compliance.keys", "orders.traces")]
    with connection.cursor() as cursor:  # the database's own clock, which no test turns, would keep the key
        cursor.execute("ALTER TABLE compliance_datakey DISABLE TRIGGER USER")
        try:
            retain(keepings=kinds, now=later)
        finally:
            cursor.execute("ALTER TABLE compliance_datakey ENABLE TRIGGER USER")
    assert Order.objects.get().person_id is None
    assert of(order).reasons == (Reason.BUYER,)


def test_a_currency_whose_smallest_unit_is_not_known_goes_nowhere(world):
    BrandCompany.objects.update(currency="RUB")
    source = {"source": "test", "confidence": "M", "checked_on": DAY}
    ReferenceRate.objects.create(currency="RUB", first_day=DAY, cny_per_100="9.1000", **source)
    order = trades.ready(world)
    one = of(order)
    assert (one.currency, one.promised_minor, one.reasons) == ("RUB", None, (Reason.CURRENCY,))


def test_everything_that_is_amiss_is_told_in_one_row(world):
    order = trades.paid(world)
    payment = Payment.objects.get(order=order)
    heard(payment)
    wished(order, one_piece(order), "a")
    wished(order, Wish(goodwill_fen=500), "b")
    make.payment(
        Order(
            pk=order.pk,
            number=f"{order.number}B",
            storefront=order.storefront,
            total_fen=order.total_fen,
            expires_at=order.expires_at,
        )
    )
    assert (Payment.objects.filter(order=order).count(), Refund.objects.count()) == (2, 2)
    (one,) = unsettled(storefront_id=world.shop.pk, day=shanghai_day(make.NOW))
    assert one.reasons == (
        Reason.PAYER,
        Reason.DECLARED,
        Reason.LOGISTICS,
        Reason.CLEARANCE,
        Reason.REFUND,
        Reason.CASE,
    )


def test_what_is_refunded_after_settlement_is_netted_in_the_next_batch(world):
    order = trades.ready(world)
    first = made(world)
    export_batch(batch=first, by="me", now=make.NOW)
    done = taken(first)
    refund = wished(order, one_piece(order))
    assert of(order).reasons == (Reason.REFUND, Reason.IN_BATCH)
    credited(done, done.foreign_minor)
    done.refresh_from_db()
    close_batch(batch=done, by="me", now=make.NOW)
    assert unsettled(storefront_id=world.shop.pk, day=DAY) == []  # nothing has come back yet
    arrived(refund)
    one = of(order)
    assert (one.turn, one.net_fen, one.promised_minor, one.reasons) == (1, -10_000, 1_829 - 3_049, ())
    trades.ready(world)
    second = made(world)
    assert (second.net_fen, second.promised_minor) == (15_000, 3_049 - 1_220)
    assert [(i.turn, i.net_fen) for i in second.items.order_by("position")] == [(1, -10_000), (0, 25_000)]
