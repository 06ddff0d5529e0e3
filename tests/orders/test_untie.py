"""An order that was never paid is cut from its person through one narrow door, and no other order is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, ProgrammingError

from compliance import queries, vault
from compliance import services as compliance
from compliance.models import AllowanceAccount, AllowanceEntry, DataKey, Judgement, Subject
from orders.models import Order, Quote
from orders.services.untie import untie
from payments.services.settle import settle
from tests import make
from tests.payments.reports import report_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make.order(make.world().alice, ("HD-1", 1))


def end(order: Order) -> None:
    """The order is cancelled, and its person closes their account."""
    leave()
    Order.objects.filter(pk=order.pk).update(state="cancelled", closed_at=make.NOW)
    compliance.allowance_free(order_number=order.number, now=make.NOW)


def leave() -> None:
    Subject.objects.update(erased_at=make.NOW)


def untie_as(role: str, order: Order) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        untie(orders=[order], now=make.NOW)
        cursor.execute("RESET ROLE")


@pytest.mark.parametrize("role", ["web", "worker"])
def test_nothing_of_an_unpaid_order_leads_to_its_person(role, order):
    end(order)
    assert AllowanceEntry.objects.filter(order_number=order.number).count() == 2
    untie_as(role, order)
    left = Order.objects.get(pk=order.pk)
    assert (left.customer_id, left.subject_id, left.person_id, left.claim_id) == (None, None, None, None)
    assert (bytes(left.buyer_index), bytes(left.phone_index), bytes(left.address_index)) == (b"", b"", b"")
    assert (left.division_code, left.total_fen) == ("", order.total_fen)
    quote = Quote.objects.get(pk=order.quote_id)
    assert (quote.customer_id, quote.address_id, quote.claim_id) == (None, None, None)
    judged = Judgement.objects.filter(order_number=order.number)
    assert [(row.subject_id, row.allowed) for row in judged] == [(None, True)]
    assert not AllowanceEntry.objects.filter(order_number=order.number).exists()
    with pytest.raises(vault.VaultClosed):
        vault.unwrap(left.key)


def test_the_books_of_the_allowance_are_right_afterwards(order):
    other = make.order(make.Customer.objects.get(), ("IR-1", 1))
    end(order)
    untie_as("web", order)
    account = AllowanceAccount.objects.get()
    assert (account.reserved, account.used) == (other.goods_fen + other.freight_fen, 0)
    assert queries.allowance_differences() == (1, [])


@pytest.mark.parametrize(
    "change",
    [
        "state = 'paid', paid_at = now(), transaction_id = '4'",
        "state = 'cancelled', paid_at = now()",
        "state = 'placed'",
        "state = 'closing'",
    ],
)
def test_a_paid_order_and_one_under_way_stay_whole(order, change):
    end(order)
    vault.destroy_key(key_id=order.key_id, now=make.NOW)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE orders_order SET {change}")
        before = list(Order.objects.values())
        for role in ("web", "worker"):
            with pytest.raises(IntegrityError, match="is not an unreadable one"), transaction.atomic():
                cursor.execute(f"SET LOCAL ROLE {role}")
                cursor.execute("SELECT orders_untie(%s)", [[order.number]])
    assert list(Order.objects.values()) == before
    assert AllowanceEntry.objects.filter(order_number=order.number).count() == 2


@pytest.mark.parametrize("role", ["web", "worker"])
def test_an_order_of_someone_whose_account_is_open_stays_whole_and_readable(role, order):
    end(order)
    Subject.objects.update(erased_at=None)
    with pytest.raises(IntegrityError, match="kept while its account is open"), transaction.atomic():
        untie_as(role, order)
    DataKey.objects.filter(pk=order.key_id).update(destroy_on=make.NOW.date() - timedelta(days=3))
    with pytest.raises(IntegrityError, match="is not an unreadable one"), transaction.atomic():
        untie_as(role, order)
    order.refresh_from_db()
    assert order.subject_id is not None


@pytest.mark.parametrize("role", ["web", "worker"])
def test_an_order_that_money_came_for_too_late_stays_whole_and_readable(role, order):
    payment = make.payment(order)
    end(order)
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report_of(payment), now=make.NOW)
    payment.refresh_from_db()
    assert (payment.state, payment.stray_reason) == ("stray", "late")
    with pytest.raises(IntegrityError, match="key of an order that money came for"), transaction.atomic():
        untie_as(role, order)
    DataKey.objects.filter(pk=order.key_id).update(destroy_on=make.NOW.date() - timedelta(days=3))
    with pytest.raises(IntegrityError, match="money came for order"), transaction.atomic():
        untie_as(role, order)
    order.refresh_from_db()
    assert order.subject_id is not None


def test_an_order_that_can_still_be_read_stays_whole(order):
    end(order)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="is not an unreadable one"):
        cursor.execute("SELECT orders_untie(%s)", [[order.number]])


def test_an_order_that_holds_some_of_the_allowance_stays_whole(order):
    leave()
    Order.objects.filter(pk=order.pk).update(state="cancelled", closed_at=make.NOW)
    with pytest.raises(IntegrityError, match="holds something of an allowance"), transaction.atomic():
        untie_as("web", order)
    compliance.allowance_use(order_number=order.number, year=make.NOW.year, now=make.NOW)
    compliance.allowance_free(order_number=order.number, now=make.NOW)
    with pytest.raises(IntegrityError, match="holds something of an allowance"), transaction.atomic():
        untie_as("web", order)
    assert AllowanceEntry.objects.filter(order_number=order.number).count() == 3


def test_the_person_of_a_judgement_is_forgotten_and_never_exchanged(order):
    with connection.cursor() as cursor:
        for change in (
            "subject_id = (SELECT id FROM compliance_subject)",
            "allowed = NOT allowed",
            "subject_id = NULL, allowed = NOT allowed",
        ):
            with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
                cursor.execute(f"UPDATE compliance_judgement SET {change}")
        for role in ("web", "worker"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute(f"SET LOCAL ROLE {role}")
                cursor.execute("UPDATE compliance_judgement SET subject_id = NULL")
        cursor.execute("UPDATE compliance_judgement SET subject_id = NULL")
    assert set(Judgement.objects.values_list("subject_id", flat=True)) == {None}


@pytest.mark.parametrize("change", ["person_id = NULL", "buyer_index = ''", "customer_id = NULL"])
def test_no_order_is_cut_by_half(order, change):
    with pytest.raises(IntegrityError, match="violates check constraint"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE orders_order SET {change}")
