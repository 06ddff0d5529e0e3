"""The ledger: every entry sums to zero, each fact is entered once, and nothing is missing unseen."""

from __future__ import annotations

import io
import threading
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import delivery
from orders.models import Order
from payments.models import Payment, Refund
from payments.services.refunds import Wish, request_refund
from payments.services.settle import settle
from settlement import queries
from settlement.accounts import Account
from settlement.models import Entry, Posting
from settlement.services.enter import Fact, enter
from settlement.services.entries import enter_payment, enter_refund
from tests import make
from tests.payments.reports import report_of
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 11, 20)


@pytest.fixture
@step
def paid():
    world = make.world()
    payment = make.payment(make.order(world.alice, ("HD-1", 2), ("IR-1", 1)))
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report_of(payment), now=make.NOW)
    delivery.drain()
    return Payment.objects.select_related("order").get()


def refund_of(payment: Payment, **parts: int) -> Refund:
    kind = parts.pop("kind", Refund.Kind.LINES)
    amount = sum(parts.values()) - 2 * parts.get("discount_fen", 0)
    return Refund.objects.create(
        storefront=payment.storefront,
        payment=payment,
        order=payment.order,
        out_refund_no=f"R{Refund.objects.count():06}",
        kind=kind,
        key=f"wish-{Refund.objects.count()}",
        amount_fen=amount,
        reason="测试",
        state="succeeded",
        asked_by="operator:test",
        refund_id=f"5030{Refund.objects.count()}",
        requested_at=make.NOW,
        succeeded_at=make.NOW + timedelta(days=1),
        **parts,
    )


def balances(**narrow: object) -> dict[str, int]:
    found: dict[str, int] = {}
    for account, amount in Posting.objects.filter(**narrow).values_list("account", "amount_fen"):
        found[account] = found.get(account, 0) + amount
    return {account: fen for account, fen in found.items() if fen}


def test_a_paid_order_is_entered_with_its_parts(paid):
    order = paid.order
    entry = Entry.objects.get()
    assert (entry.kind, entry.key, entry.day) == ("sale", f"payment:{paid.out_trade_no}", DAY)
    assert (entry.order_id, entry.payment_id, entry.refund_id) == (order.pk, paid.pk, None)
    expected = {
        "wechat": order.total_fen,
        "sales": -25_000,
        "freight": -order.freight_fen,
        "tax": -order.tax_fen,
    }
    assert balances() == {account: fen for account, fen in expected.items() if fen}
    assert order.tax_fen > 0


def test_a_fact_told_twice_is_one_entry(paid):
    assert enter_payment(payment=paid, now=make.NOW) is False
    assert Entry.objects.count() == 1
    assert sum(Posting.objects.values_list("amount_fen", flat=True)) == 0


def test_a_payment_that_no_order_could_take_is_owed_back():
    payment = make.payment(make.order(make.world().alice, ("HD-1", 1)))
    report = report_of(payment, total_fen=payment.amount_fen + 1)
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)
    delivery.drain()
    assert balances() == {"wechat": payment.amount_fen + 1, "stray": -payment.amount_fen - 1}


def test_money_in_another_currency_is_not_taken_for_fen():
    payment = make.payment(make.order(make.world().alice, ("HD-1", 1)))
    report = report_of(payment, currency="HKD")
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)
    delivery.drain()
    assert Entry.objects.count() == 0
    assert queries.not_entered(storefront_id=payment.storefront_id) == []


def test_a_refund_takes_back_what_it_names(paid):
    before = balances()
    refund = refund_of(paid, goods_fen=10_000, tax_fen=910)
    assert enter_refund(refund=refund, now=make.NOW) is True
    assert enter_refund(refund=refund, now=make.NOW) is False
    after = balances()
    assert {a: after[a] - before.get(a, 0) for a in after if after[a] != before.get(a, 0)} == {
        "wechat": -10_910,
        "sales": 10_000,
        "tax": 910,
    }
    assert Entry.objects.get(kind="refund").day == DAY + timedelta(days=1)


def test_when_all_goes_back_the_goodwill_that_was_given_before_goes_back_with_it(paid):
    enter_refund(refund=refund_of(paid, other_fen=500, kind="goodwill"), now=make.NOW)
    assert balances()["goodwill"] == 500
    whole = request_refund(
        number=paid.order.number, wish=Wish(), key="all", reason="all", asked_by="operator:test", now=make.NOW
    )
    assert (whole.amount_fen, whole.discount_fen, whole.spared_fen) == (paid.amount_fen - 500, 0, 500)
    Refund.objects.filter(pk=whole.pk).update(state="succeeded", refund_id="503", succeeded_at=make.NOW)
    whole.refresh_from_db()
    enter_refund(refund=whole, now=make.NOW)
    assert {account: fen for account, fen in balances().items() if fen} == {}
    assert queries.out_of_balance() == []


@pytest.mark.parametrize(("kind", "account"), [("goodwill", "goodwill"), ("stray", "stray")])
def test_what_is_given_back_beside_the_order_touches_no_sale(paid, kind, account):
    enter_refund(refund=refund_of(paid, other_fen=500, kind=kind), now=make.NOW)
    assert balances(entry__kind="refund") == {"wechat": -500, account: 500}


def test_what_has_not_come_or_left_is_not_entered(paid):
    with pytest.raises(ValueError, match="nothing was received"):
        enter_payment(payment=Payment(state="prepared", out_trade_no="P-1"), now=make.NOW)
    refund = refund_of(paid, goods_fen=100)
    refund.state = "processing"
    with pytest.raises(ValueError, match="nothing has left"):
        enter_refund(refund=refund, now=make.NOW)
    assert Entry.objects.count() == 1


def fact_of(paid: Payment, amounts: dict[Account, int], key: str = "test:1") -> Fact:
    return Fact(paid.storefront_id, Entry.Kind.DIFFERENCE, key, make.NOW, amounts)


@pytest.mark.parametrize("amounts", [{}, {Account.SALES: 0}, {Account.SALES: 5, Account.TAX: -4}])
def test_an_entry_out_of_balance_is_refused(paid, amounts):
    with pytest.raises(ValueError, match="sum to zero"):
        enter(fact=fact_of(paid, amounts), now=make.NOW)
    assert Entry.objects.filter(key="test:1").count() == 0


def test_the_database_refuses_half_an_entry(paid):
    entry = Entry.objects.get()
    with pytest.raises(IntegrityError, match="sum to zero"), transaction.atomic():
        Posting.objects.create(
            storefront=paid.storefront, entry=entry, account=Account.FEE, day=DAY, amount_fen=1
        )
    assert queries.out_of_balance() == []


def by_role(role: str, *statements: str, **names: object) -> None:
    """Statements of who serves, in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        for statement in statements:
            cursor.execute(statement, names)


POSTINGS = (
    "INSERT INTO settlement_posting (storefront_id, entry_id, account, day, amount_fen)"
    " SELECT %(shop)s, {}, account, %(day)s, amount"
    " FROM {} (VALUES ('bank', -50), ('goodwill', 50)) AS line(account, amount)"
)
ENTRY = (
    "INSERT INTO settlement_entry (id, storefront_id, kind, key, day, at, entered_at)"
    " VALUES (999999, %(of)s, 'difference', 'test:2', '2026-11-20', now(), now())"
)
LATER = POSTINGS.format("%(entry)s", "")
AT_ONCE = f"WITH fact AS ({ENTRY} RETURNING id) " + POSTINGS.format("fact.id", "fact,")


@pytest.mark.parametrize("role", ["web", "worker"])
def test_no_posting_joins_an_entry_later(paid, role):
    entry = Entry.objects.get()
    with pytest.raises(IntegrityError, match="written whole"):
        by_role(role, LATER, shop=paid.storefront_id, entry=entry.pk, day=entry.day)


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize("foreign", ["day", "storefront"])
def test_a_posting_is_of_the_day_and_storefront_of_its_entry(paid, role, foreign):
    own = paid.storefront_id
    other = make.storefront("other").pk if foreign == "storefront" else own
    with pytest.raises(IntegrityError, match="of the day and the storefront"):
        by_role(role, AT_ONCE, of=own, shop=other, day="2020-01-01" if foreign == "day" else DAY)
    by_role(role, AT_ONCE, of=own, shop=own, day=DAY)
    assert Posting.objects.filter(entry__key="test:2").count() == 2


@pytest.mark.parametrize("role", ["web", "worker"])
def test_no_posting_comes_before_its_entry(paid, role):
    other = make.storefront("other").pk
    with pytest.raises(IntegrityError, match="of the day and the storefront"):
        by_role(role, LATER, ENTRY, of=other, shop=paid.storefront_id, entry=999_999, day="2020-01-01")
    assert (Entry.objects.count(), Posting.objects.exclude(day=DAY).count()) == (1, 0)


@pytest.mark.parametrize("role", ["web", "worker"])
def test_an_entry_of_nothing_takes_no_key(paid, role):
    for statements in ((ENTRY,), (ENTRY, LATER)):
        with pytest.raises(IntegrityError, match="written with its postings, in one statement"):
            by_role(role, *statements, of=paid.storefront_id, shop=paid.storefront_id, entry=999_999, day=DAY)
    assert enter(fact=fact_of(paid, {Account.SALES: -5, Account.BANK: 5}, "test:2"), now=make.NOW) is True


@pytest.mark.parametrize("role", ["web", "worker"])
def test_an_entry_that_another_transaction_is_writing_is_not_joined(paid, role):
    """The other one is open and has written the entry, whose number this one knows; the accounts differ."""
    elsewhere = LATER.replace("bank", "freight").replace("goodwill", "wechat")
    own = paid.storefront_id
    told: list[Exception] = []

    def join() -> None:
        try:
            by_role(role, elsewhere, shop=own, entry=999_999, day=DAY)
        except IntegrityError as refusal:
            told.append(refusal)
        finally:
            connection.close()

    with transaction.atomic():
        by_role(role, AT_ONCE, of=own, shop=own, day=DAY)
        other = threading.Thread(target=join)
        other.start()
        other.join(timeout=60)
    assert not other.is_alive()
    assert "of the day and the storefront" in str(told[0])
    assert Posting.objects.filter(entry=999_999).count() == 2


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize("table", ["entry", "posting"])
@pytest.mark.parametrize("act", ["UPDATE settlement_{} SET day = day", "DELETE FROM settlement_{}"])
def test_nobody_who_serves_rewrites_the_books(paid, role, table, act):
    with (
        connection.cursor() as cursor,
        pytest.raises(Exception, match="permission denied"),
        transaction.atomic(),
    ):
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(act.format(table))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(-(10**9), 10**9), min_size=3, max_size=3), min_size=1, max_size=6))
def test_balances_sum_to_zero_whatever_is_entered(django_db_blocker, entries):
    with django_db_blocker.unblock(), transaction.atomic():
        shop = make.storefront(f"shop-{abs(hash(str(entries)))}")
        for n, (sales, freight, tax) in enumerate(entries):
            amounts = {Account.SALES: sales, Account.FREIGHT: freight, Account.TAX: tax}
            amounts[Account.WECHAT] = -sales - freight - tax
            if any(amounts.values()):
                enter(
                    fact=Fact(shop.pk, Entry.Kind.DIFFERENCE, f"{shop.code}:{n}", make.NOW, amounts),
                    now=make.NOW,
                )
        lines = queries.statement(storefront_id=shop.pk, first=DAY, last=DAY)
        assert sum(line.closing_fen for line in lines) == 0
        assert [line.closing_fen for line in lines if line.account == Account.SALES] == [
            sum(e[0] for e in entries)
        ]
        transaction.set_rollback(True)


def test_a_statement_has_opening_movement_and_closing(paid, django_assert_num_queries):
    enter_refund(refund=refund_of(paid, goods_fen=10_000), now=make.NOW)
    next_day = DAY + timedelta(days=1)
    with django_assert_num_queries(1):
        lines = queries.statement(storefront_id=paid.storefront_id, first=next_day, last=next_day)
    sales = next(line for line in lines if line.account == "sales")
    assert (sales.opening_fen, sales.debit_fen, sales.credit_fen, sales.closing_fen) == (
        -25_000,
        10_000,
        0,
        -15_000,
    )
    assert sum(line.opening_fen for line in lines) == sum(line.closing_fen for line in lines) == 0
    assert len(lines) == len(Account)


def test_another_storefront_sees_none_of_it(paid):
    other = make.storefront("other")
    lines = queries.statement(storefront_id=other.pk, first=DAY, last=DAY)
    assert {line.closing_fen for line in lines} == {0}


def test_a_payment_that_is_not_entered_is_named():
    payment = make.payment(make.order(make.world().alice, ("HD-1", 1)))
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report_of(payment), now=make.NOW)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 differences"):
        call_command("ledger", "verify", stdout=out)
    assert out.getvalue() == f"{payment.storefront.code}: {payment.out_trade_no} is not entered\n"
    delivery.drain()
    out = io.StringIO()
    call_command("ledger", "verify", stdout=out)
    assert out.getvalue() == "the books are in balance and nothing is missing\n"


def test_the_statement_is_printed_in_yuan(paid):
    out = io.StringIO()
    call_command("ledger", "statement", paid.storefront.code, str(DAY), str(DAY), stdout=out)
    rows = out.getvalue().splitlines()
    assert rows[0] == "account,opening_yuan,debit_yuan,credit_yuan,closing_yuan"
    assert "sales,0.00,0.00,250.00,-250.00" in rows
    assert Order.objects.get().total_fen == paid.received_fen
    with pytest.raises(CommandError, match="no storefront"):
        call_command("ledger", "statement", "nowhere", str(DAY), str(DAY), stdout=out)
    with pytest.raises(CommandError, match="before the first"):
        call_command("ledger", "statement", paid.storefront.code, str(DAY), "2026-11-19", stdout=out)
