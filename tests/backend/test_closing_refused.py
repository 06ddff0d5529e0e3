"""An account is closed once, by its own WeChat, when nothing is under way, and then whole or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from catalog.naming import names_of
from compliance import vault
from compliance.models import Subject
from customers.models import Customer, Identity, Session
from customers.services.account import AccountClosed, AnotherWechat
from customers.services.erasure import MattersOpen, close_account
from kernel.models import Event, Job
from orders.models import Order, Quote
from orders.services import dossier
from payments.models import Refund
from payments.services.refunds import Wish, request_refund
from storefronts import queries as storefronts
from tests import make
from tests.backend import erasing

pytestmark = pytest.mark.django_db(transaction=True)


def test_closing_twice_closes_once(world: make.World) -> None:
    close_account(customer=world.alice, js_code="fresh", now=make.present())
    with pytest.raises((AccountClosed, AnotherWechat)):
        close_account(customer=world.alice, js_code="fresh", now=make.present())
    assert Event.objects.filter(name="account.closed").count() == 1


def test_the_code_of_another_wechat_closes_nothing(world: make.World, openid: dict[str, str]) -> None:
    openid["openid"] = "o-maison-bob"
    with pytest.raises(AnotherWechat):
        close_account(customer=world.alice, js_code="stolen", now=make.present())
    assert Customer.objects.get(pk=world.alice.pk).closed_at is None
    assert Session.objects.filter(customer=world.alice).exists()


@pytest.mark.parametrize(("state", "days"), [("placed", 0), ("paid", 44), ("cancelled", 44)])
def test_an_order_in_progress_must_end_first(world: make.World, state: str, days: int) -> None:
    now = make.present()
    order = Order.objects.get(state="paid")
    paid_at = None if state == "placed" else now - timedelta(days=days)
    Order.objects.filter(pk=order.pk).update(state=state, paid_at=paid_at)
    with pytest.raises(MattersOpen) as refused:
        close_account(customer=world.alice, js_code="fresh", now=now)
    assert [(one["what"], one["number"]) for one in refused.value.matters] == [("order", order.number)]
    assert refused.value.matters[0]["zh"] and refused.value.matters[0]["en"]
    assert vault.unwrap(Subject.objects.select_related("key").get(pk=world.alice.subject_id).key)
    assert Identity.objects.filter(customer=world.alice).exists()


@pytest.mark.parametrize("state", ["requested", "accepted", "processing", "abnormal"])
def test_a_refund_must_have_arrived_first(world: make.World, state: str) -> None:
    order = Order.objects.get(state="paid")
    Order.objects.filter(pk=order.pk).update(state="cancelled")
    refund = request_refund(
        number=order.number, wish=Wish(), key="k", reason="取消", asked_by="consumer", now=make.present()
    )
    Refund.objects.filter(pk=refund.pk).update(state=state)
    with pytest.raises(MattersOpen) as refused:
        close_account(customer=world.alice, js_code="fresh", now=make.present())
    assert [(one["what"], one["number"]) for one in refused.value.matters] == [
        ("refund", refund.out_refund_no)
    ]
    Refund.objects.filter(pk=refund.pk).update(state="closed")
    kept = {one.what: one for one in close_account(customer=world.alice, js_code="x", now=make.present())}
    assert kept["refunds"].rows == 2  # with the one that came back long ago


def test_a_closing_that_dies_half_way_has_done_nothing(
    world: make.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(**_: Any) -> None:
        raise SystemExit

    files = erasing.stored_files()
    before = erasing.sealed_values()
    monkeypatch.setattr("customers.services.erasure.events.record", dies)
    with pytest.raises(SystemExit):
        close_account(customer=world.alice, js_code="fresh", now=make.present())
    assert connection.in_atomic_block is False
    assert erasing.sealed_values() == before
    assert erasing.stored_files() == files
    assert Job.objects.filter(kind="rights.export").count() == 1


def test_an_order_that_was_being_placed_is_not_placed(world: make.World) -> None:
    quote = Quote.objects.filter(customer=world.alice, order=None).first()
    assert quote is not None
    close_account(customer=world.alice, js_code="fresh", now=make.present())

    with transaction.atomic():
        assert (
            dossier.read(
                customer_id=world.alice.pk,
                token=quote.token,
                year=2026,
                names=names_of(storefronts.shop(world.shop.pk)),
                now=make.NOW,
            )
            is None
        )
