"""What has not gone abroad yet, and why: one query, every reason, and amounts that follow the books."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction

from compliance.models import PayerCheck
from kernel.cases import open_case, settle_case
from orders.models import Order
from payments.models import Payment
from settlement.currency import parsed, shown, to_fen, to_minor
from settlement.models import Entry, Evidence, Posting
from settlement.reasons import Reason
from settlement.services.evidence import record_evidence
from settlement.unsettled import Unsettled, unsettled
from tests import make
from tests.settlement import trades

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 11, 20)


@pytest.fixture
def world():
    return make.world()


def of(order: Order) -> Unsettled:
    (one,) = unsettled(storefront_id=order.storefront_id, day=DAY, only=[order.pk])
    return one


def test_a_paid_order_waits_for_everything_that_a_trade_is_shown_by(world):
    order = trades.paid(world)
    assert of(order).reasons == (Reason.PAYER, Reason.DECLARED, Reason.LOGISTICS, Reason.CLEARANCE)


def test_with_whole_evidence_it_is_ready_at_the_rate_locked_on_it(world, django_assert_num_queries):
    order = trades.ready(world)
    with django_assert_num_queries(1):
        (one,) = unsettled(storefront_id=order.storefront_id, day=DAY)
    assert (one.reasons, one.number, one.paid_on) == ((), order.number, DAY)
    assert (one.gross_fen, one.refunded_fen, one.fee_fen, one.net_fen) == (25_000, 0, 0, 25_000)
    assert (one.currency, one.cny_per_100, one.promised_minor) == ("EUR", Decimal("820.0000"), 3_049)
    assert one.evidence == {
        "payment": f"payment-{order.number}",
        "logistics": f"logistics-{order.number}",
        "clearance": f"clearance-{order.number}",
        "transaction": Payment.objects.get().transaction_id,
    }


def test_refunds_and_fees_are_taken_off_and_the_tax_never_goes_abroad(world):
    order = trades.ready(world)
    trades.charged(order, 164)
    trades.refunded(order, goods_fen=5_000, tax_fen=455)
    trades.refunded(order, other_fen=300)
    one = of(order)
    assert (one.gross_fen, one.refunded_fen, one.fee_fen, one.net_fen) == (25_000, 5_300, 164, 19_536)
    assert one.promised_minor == 2_382  # 195.36 yuan at 8.20


def _unenter(order: Order) -> None:
    Posting.objects.filter(entry__order=order).delete()
    Entry.objects.filter(order=order).delete()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_unenter, Reason.NOT_ENTERED),
        (lambda o: Posting.objects.filter(entry__order=o, account="tax").delete(), Reason.AMOUNTS),
        (lambda o: Payment.objects.filter(order=o).update(state="closed"), Reason.PAYMENT),
        (lambda o: Order.objects.filter(pk=o.pk).update(usd_cny_per_100=None), Reason.RATE),
        (lambda o: Order.objects.filter(pk=o.pk).update(brand_cny_per_100=None), Reason.RATE),
        (lambda o: Order.objects.filter(pk=o.pk).update(brand_currency="XXX"), Reason.CURRENCY),
        (lambda o: Order.objects.filter(pk=o.pk).update(usd_cny_per_100=Decimal("0.4999")), Reason.CEILING),
        (lambda o: PayerCheck.objects.update(state="asked", asked_at=make.NOW), Reason.PAYER),
        (lambda o: PayerCheck.objects.all().delete(), Reason.PAYER),
        (lambda o: Evidence.objects.filter(kind="payment").delete(), Reason.DECLARED),
        (lambda o: Evidence.objects.filter(kind="logistics").delete(), Reason.LOGISTICS),
        (lambda o: Evidence.objects.filter(kind="clearance").delete(), Reason.CLEARANCE),
        (lambda o: trades.refunded(o, state="requested", goods_fen=100), Reason.REFUND),
        (lambda o: trades.refunded(o, state="abnormal", goods_fen=100), Reason.REFUND),
    ],
)
def test_each_thing_that_is_missing_is_named_alone(world, spoil, reason):
    order = trades.ready(world)
    with connection.cursor() as cursor:  # what no role may do to a paid order
        cursor.execute("ALTER TABLE orders_order DISABLE TRIGGER USER")
    try:
        spoil(order)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_order ENABLE TRIGGER USER")
    assert of(order).reasons == (reason,)


def test_the_ceiling_is_fifty_thousand_dollars_at_the_locked_rate_and_not_a_fen_more(world):
    order = trades.ready(world)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order DISABLE TRIGGER USER")
        cursor.execute("UPDATE orders_order SET usd_cny_per_100 = 0.5")
        cursor.execute("ALTER TABLE orders_order ENABLE TRIGGER USER")
    assert of(order).reasons == ()  # 250.00 yuan are 50,000 dollars at half a yuan for a hundred


def test_an_open_case_about_order_or_payment_holds_it_until_it_is_settled(world):
    order = trades.ready(world)
    for key, facts in (
        (f"order:{order.number}", {}),
        (f"payment:{order.out_trade_no}", {}),
        ("complaint:1", {"order": order.number}),
    ):
        case = open_case(
            storefront_id=order.storefront_id,
            kind="test",
            key=key,
            title="x",
            facts=facts,
            now=make.NOW,
        )
        assert of(order).reasons == (Reason.CASE,)
        settle_case(case=case, by="me", note="done", now=make.NOW)
        assert of(order).reasons == ()


def test_a_refund_that_has_arrived_holds_it_until_it_is_entered(world):
    order = trades.ready(world)
    refund = trades.refunded(order, goods_fen=5_000)
    assert of(order).reasons == ()
    Posting.objects.filter(entry__refund=refund).delete()
    Entry.objects.filter(refund=refund).delete()
    assert of(order).reasons == (Reason.REFUND,)


def test_what_was_given_back_whole_is_nothing_and_its_fee_needs_no_evidence(world):
    order = trades.paid(world)
    trades.refunded(order, goods_fen=25_000, tax_fen=order.tax_fen)
    assert unsettled(storefront_id=order.storefront_id, day=DAY) == []
    trades.charged(order, 164)
    one = of(order)
    assert (one.net_fen, one.promised_minor, one.reasons) == (-164, -20, ())


def test_another_storefront_and_an_unpaid_order_are_not_seen(world):
    make.order(world.alice, ("HD-1", 1))
    trades.ready(world)
    other = make.storefront("other")
    assert unsettled(storefront_id=other.pk, day=DAY) == []
    assert len(unsettled(storefront_id=world.shop.pk, day=DAY)) == 1
    assert unsettled(storefront_id=world.shop.pk, day=DAY, currency="USD") == []


def test_evidence_is_told_once_and_never_without_its_number(world):
    order = trades.paid(world)
    told = {"order": order, "kind": Evidence.Kind.LOGISTICS, "at": make.NOW, "now": make.NOW}
    assert record_evidence(reference="SF1", **told) is True
    assert record_evidence(reference="SF1", **told) is False
    assert record_evidence(reference="SF2", **told) is True
    assert of(order).evidence["logistics"] == "SF2"
    with pytest.raises(ValueError, match="no reference"):
        record_evidence(reference=" ", **told)


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize("act", ["UPDATE {} SET told_at = told_at", "DELETE FROM {}"])
def test_nobody_who_serves_changes_evidence(role, act):
    with (
        connection.cursor() as cursor,
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(act.format("settlement_evidence"))


def test_every_reason_speaks_two_languages():
    for reason in Reason:
        assert reason.zh.isascii() is False
        assert reason.en.isascii() is True


@pytest.mark.parametrize(
    ("fen", "rate", "currency", "minor"),
    [
        (25_000, "820.0000", "EUR", 3_049),
        (-164, "820.0000", "EUR", -20),
        (10_000, "4.6000", "JPY", 2_174),
        (12_345, "100", "CNY", 12_345),
    ],
)
def test_yuan_become_minor_units_by_one_rounding(fen, rate, currency, minor):
    assert to_minor(fen, cny_per_100=Decimal(rate), currency=currency) == minor


def test_amounts_are_written_and_read_with_all_their_decimals():
    for minor, currency, text in ((-3_049, "EUR", "-30.49"), (5, "EUR", "0.05"), (-12, "JPY", "-12")):
        assert shown(minor, currency) == text
        assert parsed(text, currency) == minor
    assert to_fen(3_049, cny_per_100=Decimal(820), currency="EUR") == 25_002


@pytest.mark.parametrize("text", ["30.4", "30", "30.490", "+30.49", "3O.49", ".49", "１.00", "1e3.00"])
def test_an_amount_that_is_written_otherwise_is_refused(text):
    with pytest.raises(ValueError, match=re.escape(text)):
        parsed(text, "EUR")
    with pytest.raises(ValueError, match=re.escape("12.0")):
        parsed("12.0", "JPY")
