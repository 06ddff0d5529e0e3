"""Those who serve change what becomes of a refund, declaration, complaint or bill, not what it is about."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import connection

from kernel.models import Receipt
from orders.services.gate import move_gate
from payments.models import Bill, Complaint, PaymentDeclaration, Refund
from payments.services.complaint_answers import approve_refund
from payments.services.refund_outcome import take_in
from payments.services.refunds import Wish, request_refund
from tests import make
from tests.compliance.test_append_only import refused
from tests.payments.complaining import heard
from tests.payments.reports import paid, refund_report_of, told
from tests.stepping import step

pytestmark = pytest.mark.django_db
STAYS = {
    "payments_payment": "id storefront_id order_id out_trade_no mchid appid amount_fen currency description"
    " notify_url time_expire created_at",
    "payments_refund": "id storefront_id payment_id order_id out_refund_no kind key amount_fen goods_fen"
    " discount_fen freight_fen freight_stays tax_fen other_fen spared_fen tax_lost_fen tax_kept_fen"
    " deducted_fen reason note asked_by notify_url requested_at whole",
    "payments_paymentdeclaration": "id storefront_id order_id payment_id port family opened_at",
    "payments_complaint": "id public_id storefront_id channel external_id mchid problem_type out_trade_no"
    " transaction_id amount_fen order_id payment_id joined_id key_id complained_at",
    "payments_complaintact": "id public_id storefront_id complaint_id kind images days by asked_at",
    "payments_bill": "id storefront_id mchid day kind asked_at",
    "kernel_receipt": "id source key fingerprint status body",
}


@pytest.fixture
@step
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 2)))


def ask(payment, key="k", wish=None):
    facts = {"key": key, "reason": "退款", "asked_by": "system", "now": make.NOW}
    return request_refund(number=payment.order.number, wish=wish or Wish(), **facts)


@pytest.mark.parametrize("who", ["web", "worker"])
@pytest.mark.parametrize("table", list(STAYS))
def test_what_a_row_is_about_stays(who, table):
    (model,) = (one for one in apps.get_models() if one._meta.db_table == table)
    with connection.cursor() as cursor:
        stays = []
        for column in (field.column for field in model._meta.concrete_fields):
            cursor.execute("SELECT has_column_privilege(%s, %s, %s, 'UPDATE')", [who, table, column])
            if cursor.fetchone() == (False,):
                stays.append(column)
    assert sorted(stays) == sorted(STAYS[table].split())


@pytest.mark.parametrize("who", ["web", "worker"])
def test_the_amount_of_a_refund_and_who_asked_for_it_are_not_rewritten(payment, who):
    ask(payment)
    denied = "permission denied for table payments_refund"
    assert refused(who, "UPDATE payments_refund SET amount_fen = 1, other_fen = 1") == denied
    assert refused(who, "UPDATE payments_refund SET asked_by = 'consumer'") == denied


@pytest.mark.parametrize("who", ["web", "worker"])
@pytest.mark.parametrize(
    "change",
    [
        "state = 'prepared', transaction_id = NULL, received_fen = NULL, succeeded_at = NULL",
        "state = 'stray'",
        "transaction_id = 'another'",
        "payer_fen = 1",
        "succeeded_at = now()",
    ],
)
def test_a_payment_that_was_told_stays_as_it_was_told(payment, who, change):
    told = refused(who, f"UPDATE payments_payment SET {change}")
    assert told == "payments_payment stays as it was told"


@pytest.mark.parametrize("change", ["state = 'closed'", "refund_id = 'another'", "succeeded_at = now()"])
def test_a_refund_that_succeeded_stays_so(payment, change):
    told(ask(payment))
    stays = refused("worker", f"UPDATE payments_refund SET {change}")
    assert stays == "payments_refund stays as it was told"


@pytest.mark.parametrize("who", ["web", "worker"])
def test_money_that_came_back_to_the_shop_and_is_owed_is_not_said_to_have_arrived(payment, who):
    told(ask(payment))
    Refund.objects.update(redirected_to="merchant")
    stays = refused(who, "UPDATE payments_refund SET redirected_to = 'consumer'")
    assert stays == "payments_refund stays as it was told"
    assert Refund.objects.get().owed


def test_a_transfer_is_recorded_once(payment):
    told(ask(payment))
    Refund.objects.update(redirected_to="merchant", transferred_at=make.NOW, transfer_reference="B1")
    stays = refused("web", "UPDATE payments_refund SET transfer_reference = 'B2'")
    assert stays == "payments_refund stays as it was told"


@pytest.fixture
@step
def declaration(payment):
    return PaymentDeclaration.objects.create(
        storefront_id=payment.storefront_id,
        order=payment.order,
        payment=payment,
        port="NINGBO",
        family="v2",
        customs_number="3105961A12",
        order_fen=20_000,
        transport_fen=0,
        product_fen=20_000,
        duty_fen=0,
        state="succeeded",
        round=1,
        succeeded_at=make.NOW,
        opened_at=make.NOW,
    )


@pytest.mark.parametrize(
    "change", ["order_fen = 1, product_fen = 1", "customs_number = 'another'", "round = 0", "duty_fen = 1"]
)
def test_what_customs_was_told_stays(declaration, change):
    stays = refused("worker", f"UPDATE payments_paymentdeclaration SET {change}")
    assert stays == "payments_paymentdeclaration stays as it was told"


def test_what_customs_is_to_be_told_anew_may_be_another_amount(declaration):
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        cursor.execute(
            "UPDATE payments_paymentdeclaration"
            " SET state = 'amending', round = 2, order_fen = 10_000, product_fen = 10_000"
        )
        cursor.execute("RESET ROLE")
    declaration.refresh_from_db()
    assert (declaration.state, declaration.order_fen) == ("amending", 10_000)


@pytest.mark.parametrize("change", ["sales_fen = 1", "sha1 = 'x'", "told = '{}'", "state = 'asked'"])
def test_a_bill_that_was_compared_stays(payment, change):
    Bill.objects.create(
        storefront_id=payment.storefront_id,
        mchid=payment.mchid,
        day=date(2026, 11, 20),
        kind="trade",
        state="matched",
        told={"rows": 1},
        asked_at=make.NOW,
        downloaded_at=make.NOW,
        matched_at=make.NOW,
    )
    stays = refused("worker", f"UPDATE payments_bill SET {change}")
    assert stays == "payments_bill stays as it was told"


def test_the_words_of_a_complaint_are_emptied_and_never_become_others(payment):
    complaint = heard(payment)
    stays = "payments_complaint stays as it was told"
    for who in ("web", "worker"):
        assert refused(who, "UPDATE payments_complaint SET detail_sealed = 'others'") == stays
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        cursor.execute("UPDATE payments_complaint SET detail_sealed = ''")
        cursor.execute("RESET ROLE")
    complaint.refresh_from_db()
    assert bytes(complaint.detail_sealed) == b""


@pytest.mark.parametrize("who", ["web", "worker"])
def test_the_gate_moves_as_its_table_says_whoever_moves_it(payment, who):
    number = payment.order.number
    told = refused(who, "UPDATE orders_order SET gate = 'after_release'")
    assert told == "the gate of an order that is paid does not move from before_list to after_release"
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {who}")
        for verb in ("send", "reject", "send", "release"):
            move_gate(number=number, verb=verb, now=make.NOW)
        cursor.execute("RESET ROLE")
    told = refused(who, "UPDATE orders_order SET gate = 'before_list'")
    assert told == "the gate of an order that is paid does not move from after_release to before_list"


def test_a_receipt_stays_until_its_days_are_over():
    for key, days in (("young", 28), ("old", 30)):
        at = make.present() - timedelta(days=days)
        Receipt.objects.create(source="s", key=key, fingerprint=b"f" * 32, status=200, body=b"{}", at=at)
    numbers = list(Receipt.objects.values_list("pk", flat=True))
    for who in ("web", "worker"):
        assert refused(who, "DELETE FROM kernel_receipt") == "permission denied for table kernel_receipt"
        assert refused(who, "UPDATE kernel_receipt SET at = at") == "kernel_receipt is append-only"
    ask = "SELECT kernel_receipts_forget(%s::bigint[])"
    assert refused("web", ask, numbers) == "permission denied for function kernel_receipts_forget"
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        cursor.execute(ask, [numbers])
        assert cursor.fetchone() == (1,)
        cursor.execute("RESET ROLE")
    assert Receipt.objects.get().key == "young"


def test_a_refund_and_a_complaint_go_their_way_with_the_rights_that_are_left(payment):
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        approve_refund(complaint=heard(payment), amount_fen=None, by="ann", now=make.NOW)
        for status in ("PROCESSING", "SUCCESS"):
            take_in(
                storefront_id=payment.storefront_id,
                mchid=payment.mchid,
                report=refund_report_of(Refund.objects.get(), status=status),
                source="query",
                now=make.NOW,
            )
        heard(payment, asked=60, state="PROCESSED", full_refunded=True)
        cursor.execute("RESET ROLE")
    assert Refund.objects.get().state == "succeeded"
    assert Complaint.objects.get().state == "processed"
