"""What settling a payment costs the database: six statements, told once or told again."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payments.models import Payment
from payments.services.settle import Outcome, settle
from tests import make
from tests.payments.reports import report_of
from tests.stepping import step

pytestmark = pytest.mark.django_db

MOST = 7


@pytest.fixture
@step
def payment():
    return make.payment(make.order(make.world().alice, ("HD-1", 2)))


def told(payment: Payment) -> tuple[Outcome, list[str]]:
    """What came of the report, and the statements with the table that each is about."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        outcome = settle(
            storefront_id=payment.storefront_id,
            mchid=payment.mchid,
            report=report_of(payment),
            now=make.NOW,
        )
    return outcome, [summary(one["sql"]) for one in asked]


def summary(sql: str) -> str:
    if "INSERT INTO kernel_event" in sql:
        return "insert kernel_event"
    verb = sql.split(maxsplit=1)[0].lower()
    table = re.search(r'(?:FROM|UPDATE|INTO) "(\w+)"', sql)
    return f"{verb} {table[1]}" if table else sql


def test_a_payment_is_settled_in_six_statements(payment):
    outcome, statements = told(payment)
    assert outcome is Outcome.SETTLED
    assert statements == [
        "select payments_payment",
        "select orders_order",
        "update payments_payment",
        "insert kernel_event",
        "update orders_order",
        "insert kernel_event",
    ]
    assert len(statements) <= MOST


def test_a_payment_that_is_told_again_costs_one_look(payment):
    told(payment)
    outcome, statements = told(payment)
    assert outcome is Outcome.KNOWN
    assert statements == ["select payments_payment"]
