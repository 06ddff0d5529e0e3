"""Declarations at the same moment: two sweeps share the work; refund and declaration agree on a sum."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from kernel.models import Event
from payments.models import CustomsNumber, PaymentDeclaration, Refund
from payments.services import declare
from payments.services.declare import open_declarations, sweep
from payments.services.declare_change import follow_refund
from payments.services.declare_outcome import take_in
from tests import make
from tests.payments.declaring import after_hold
from tests.payments.reports import paid
from tests.races.crowd import at_once
from wechat.pay.customs import Declared, State

pytestmark = pytest.mark.django_db(transaction=True)


class Customs:
    """WeChat, which counts how often it is told."""

    matches_with_declaration = True

    def __init__(self):
        self.declared, self.amended = [], []

    def declare(self, piece, named):
        self.declared.append(piece.order_fen)
        return Declared(State.SUBMITTED)

    def amend(self, piece, named):
        self.amended.append(piece.order_fen)
        return Declared(State.SUBMITTED)

    def query(self, piece):
        return Declared(State.SUCCESS, order_fen=(self.declared + self.amended)[-1])


@pytest.fixture
def customs(monkeypatch):
    played = Customs()
    monkeypatch.setattr(declare, "customs_client", lambda mchid, family: played)
    return played


@pytest.fixture
def payment(customs):
    made = paid(make.order(make.world().alice, ("HD-1", 2)))
    CustomsNumber.objects.create(storefront_id=made.storefront_id, port="NINGBO", number="3105961A12")
    open_declarations(order=made.order, now=make.NOW)
    return made


def naive_sweep(pause: threading.Barrier, customs: Customs) -> None:
    """What a house without the claim does: look at what is due, then tell."""
    due = list(PaymentDeclaration.objects.filter(state="to_declare"))
    connection.close()
    pause.wait(timeout=20)
    for row in due:
        customs.declare(declare.piece_of(row), None)


def test_without_the_claim_two_sweeps_declare_twice(payment, customs):
    PaymentDeclaration.objects.update(customs_number="3105961A12")
    pause = threading.Barrier(2)
    at_once([lambda: naive_sweep(pause, customs)] * 2)
    assert len(customs.declared) == 2


def test_sweeps_at_once_declare_once(payment, customs):
    results = at_once([lambda: sweep(now=after_hold())] * 6)
    assert sorted(results) == [0, 0, 0, 0, 0, 1]
    assert customs.declared == [payment.amount_fen]


def test_opened_at_once_it_is_one_declaration(payment):
    PaymentDeclaration.objects.all().delete()
    at_once([lambda: open_declarations(order=payment.order, now=make.NOW)] * 6)
    assert PaymentDeclaration.objects.count() == 1


def test_told_at_once_it_succeeds_once(payment, customs):
    sweep(now=after_hold())
    row = PaymentDeclaration.objects.get()
    told = Declared(State.SUCCESS, order_fen=payment.amount_fen)
    results = at_once([lambda: take_in(declaration=row, told=told, now=make.NOW)] * 6)
    assert [one.state for one in results] == ["succeeded"] * 6
    assert Event.objects.filter(name="declaration.succeeded").count() == 1


def test_a_refund_heard_while_it_is_declared_ends_in_the_sum_that_is_left(payment, customs):
    refund = Refund.objects.create(
        storefront_id=payment.storefront_id,
        payment=payment,
        order=payment.order,
        out_refund_no="R-race",
        kind="lines",
        key="race",
        amount_fen=1_000,
        goods_fen=1_000,
        reason="少发一件",
        asked_by="system",
        state="succeeded",
        refund_id="5030",
        requested_at=make.NOW,
        succeeded_at=make.NOW,
    )
    PaymentDeclaration.objects.update(order_fen=payment.amount_fen, product_fen=payment.amount_fen)
    at = after_hold()
    results = at_once(
        [
            lambda: sweep(now=at),
            lambda: follow_refund(out_refund_no=refund.out_refund_no, now=at),
            lambda: sweep(now=at),
            lambda: follow_refund(out_refund_no=refund.out_refund_no, now=at),
        ]
    )
    assert [one for one in results if isinstance(one, Exception)] == []
    for _ in range(4):
        PaymentDeclaration.objects.update(next_try_at=at)
        sweep(now=at)
    row = PaymentDeclaration.objects.get()
    assert (row.state, row.order_fen) == ("succeeded", payment.amount_fen - 1_000)
    assert (customs.declared + customs.amended)[-1] == payment.amount_fen - 1_000
