"""What customs told before its document was known is taken in once it is, and kept unchanged until then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance import vault
from customs import labels
from customs.models import PortAccount, PortReceipt, TaxSheet
from customs.services.receiving import take_in
from customs.services.retaking import look_again
from kernel.models import Case
from tests.customs import port as ports
from tests.customs.port import declaration
from tests.customs.test_declaring import LIST_NO, answer, listed, port, ready  # noqa: F401 -- fixtures
from tests.customs.test_taxes import sheet
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@step
def early(port, ready):  # noqa: F811
    """A tax sheet of a list whose number is not known here yet; and when."""
    order, at = ready
    at = listed(port, at)
    raw = sheet(order, at)
    (row,) = take_in(account=PortAccount.objects.get(), raw=raw, now=at)
    assert (row.outcome, TaxSheet.objects.count()) == ("unknown", 0)
    return order, at, raw


def cases() -> int:
    return Case.objects.filter(kind="customs.receipt_unknown", state="open").count()


def test_a_sheet_that_came_before_its_lists_number_is_taken_in_with_it(port, early):  # noqa: F811
    order, at, _ = early
    assert (look_again(now=at), cases()) == (0, 1)
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    assert (look_again(now=at), look_again(now=at), cases()) == (1, 0, 0)
    assert TaxSheet.objects.get().declaration == declaration(order)
    row = PortReceipt.objects.get(name="CEB816Message")
    assert (row.outcome, row.filing.kind) == ("taken", "list")
    order_key = vault.unwrap(order.key)
    told = order_key.open(labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed))
    assert LIST_NO["invtNo"] in told


def test_told_a_second_time_it_finds_its_document_too_and_is_one_receipt(port, early):  # noqa: F811
    order, at, raw = early
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    assert [row.outcome for row in take_in(account=PortAccount.objects.get(), raw=raw, now=at)] == ["taken"]
    assert PortReceipt.objects.filter(name="CEB816Message").count() == 1
    assert cases() == 0


def test_what_stays_unknown_is_looked_at_for_thirty_days_and_one_statement_after(early):
    _, at, _ = early
    assert look_again(now=at + timedelta(days=29)) == 0
    assert PortReceipt.objects.get(name="CEB816Message").outcome == "unknown"
    assert look_again(now=at + timedelta(days=31)) == 0
    with CaptureQueriesContext(connection) as asked:
        assert look_again(now=at + timedelta(days=31)) == 0
    assert len(asked) == 1


@pytest.mark.parametrize(
    "change",
    [
        "outcome = 'old'",
        "filing_id = NULL",
        "outcome = 'unknown'",
        "raw_sealed = 'x'",
        "status = '800'",
    ],
)
def test_a_receipt_that_was_taken_changes_for_nobody_who_serves(port, early, change):  # noqa: F811
    order, at, _ = early
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    look_again(now=at)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE worker")
        cursor.execute(f"UPDATE customs_portreceipt SET {change} WHERE name = 'CEB816Message'")
