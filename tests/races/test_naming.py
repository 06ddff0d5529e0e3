"""Naming the payer against itself, the list, the deadline and a cancellation: one wins, nothing is halved."""

from __future__ import annotations

import pytest
from django.db import transaction

from compliance.models import VALUE, AllowanceAccount, PayerCheck
from compliance.services import answer_payer, ask_payer, open_payer_check, person_of, refund_overdue_payers
from customers.models import NamedPayer
from kernel import ids
from orders.models import FormerOrderer, Order
from orders.services.cancel_paid import cancel_paid
from orders.services.gate import move_gate
from orders.services.name_orderer import name_orderer
from tests import make
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order():
    """Paid by Bob, who is named and verified, and nobody has judged him yet."""
    from compliance import vault
    from customers import labels

    world, now = make.world(), make.present()
    made = make.order(world.alice, ("HD-1", 1), now=now)
    Order.objects.filter(pk=made.pk).update(
        state="paid", paid_at=now, mchid="16", out_trade_no=f"T{made.number}", transaction_id="42"
    )
    check = open_payer_check(storefront_id=made.storefront_id, order_number=made.number, port="3105", now=now)
    ask_payer(check=check, now=now)
    answer_payer(check=check, answer="different", now=now)
    key, public_id = vault.unwrap(world.alice.subject.key), ids.uuid7()
    with transaction.atomic():
        NamedPayer.objects.create(
            public_id=public_id,
            storefront=world.shop,
            customer=world.alice,
            order_number=made.number,
            name_sealed=key.seal(labels.NAMED_NAME, public_id, make.NAMES[make.BOB]),
            number_sealed=key.seal(labels.NAMED_NUMBER, public_id, make.NUMBERS[make.BOB]),
            pair_index=b"p" * 33,
            confirmed_version="1",
            confirmed_hash="0" * 64,
            named_at=now,
            person=person_of(id_number=make.NUMBERS[make.BOB], now=now),
            verified_at=now,
            state="verified",
        )
    return made


def reserved():
    """What is reserved of everyone's year, person by person, without those who hold nothing."""
    rows = AllowanceAccount.objects.filter(measure=VALUE, reserved__gt=0)
    return sorted(rows.values_list("reserved", flat=True))


def name(order):
    return lambda: name_orderer(order_number=order.number, now=make.present())


def test_eight_at_once_name_once(order):
    results = at_once([name(order)] * 8)
    assert sum(one is not None for one in results) == 1
    assert (FormerOrderer.objects.count(), NamedPayer.objects.get().state) == (1, "taken")
    assert reserved() == [10_000]


def test_against_a_cancellation_the_order_ends_and_holds_nothing_of_anyone(order):
    def cancel():
        cancel_paid(number=order.number, by="system", now=make.present(), within_hold=False)

    at_once([name(order), cancel, name(order)])
    assert Order.objects.get().state == "cancelled"
    assert NamedPayer.objects.get().state in ("taken", "dropped")
    assert reserved() == []


def test_against_the_list_the_orderer_is_one_of_two_and_never_half(order):
    def send():
        move_gate(number=order.number, verb="send", now=make.present())

    at_once([name(order), send])
    named, row = NamedPayer.objects.get(), Order.objects.get()
    assert row.gate == "with_customs"
    assert (named.state, PayerCheck.objects.get().state) in {("taken", "renamed"), ("dropped", "different")}
    assert FormerOrderer.objects.count() == (named.state == "taken")
    assert reserved() == [10_000]


def test_against_the_deadline_it_is_named_or_given_up(order):
    late = PayerCheck.objects.get().deadline_at
    at_once([name(order), lambda: refund_overdue_payers(now=late)])
    named, check = NamedPayer.objects.get(), PayerCheck.objects.get()
    assert (named.state, check.state) in {("taken", "renamed"), ("dropped", "refunding")}


def test_a_death_before_the_end_leaves_everything_as_it_was(order, monkeypatch):
    from orders.services import name_orderer as module

    def die(*_):
        raise KeyboardInterrupt

    before = Order.objects.values().get()
    monkeypatch.setattr(module, "_done", die)
    with pytest.raises(KeyboardInterrupt):
        name(order)()
    assert Order.objects.values().get() == before
    assert (FormerOrderer.objects.count(), NamedPayer.objects.get().state) == (0, "verified")
    monkeypatch.undo()
    assert name(order)().allowed
