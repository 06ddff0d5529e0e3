"""A link works once, an account closes once, and no order slips in while it closes."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from compliance import vault
from compliance.models import Subject
from customers.models import Customer, Export, Session
from customers.services import exports
from customers.services.account import AccountClosed
from customers.services.erasure import MattersOpen, close_account
from customers.services.exports import Gone, ask_export, fetch
from kernel.errors import Missing
from kernel.models import Event
from orders.models import Order
from orders.services.place import Confirmation, place_order
from storefronts import queries as storefronts
from tests import make
from tests.races.crowd import at_once
from tests.waiting import somebody_waits
from wechat.login import LoginSession

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> make.World:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(
        "customers.services.account.code_to_session",
        lambda app, code, base_url: LoginSession(openid=f"o-maison-{code}", unionid=None, session_key="x"),
    )
    return make.world()


def close(world: make.World) -> object:
    return close_account(customer=world.alice, js_code=make.ALICE, now=make.present())


def test_without_the_lock_a_link_that_is_read_and_then_marked_gives_two_copies(world: make.World) -> None:
    ask_export(customer=world.alice, js_code=make.ALICE, now=make.present())
    both_have_read = threading.Barrier(2)

    def unguarded() -> bool:
        with transaction.atomic():
            export = Export.objects.get()
            both_have_read.wait(timeout=20)
            fresh = export.fetched_at is None
            Export.objects.update(fetched_at=make.present())
            return fresh

    assert at_once([unguarded, unguarded]) == [True, True]


def test_ten_calls_of_one_link_get_one_copy(world: make.World) -> None:
    asked = ask_export(customer=world.alice, js_code=make.ALICE, now=make.present())
    exports.prepare(Event.objects.get(name="export.asked"))
    got = at_once([lambda: fetch(secret=asked.secret, now=make.present())] * 10)
    assert sum(isinstance(one, bytes) for one in got) == 1
    assert sum(isinstance(one, Gone) for one in got) == 9


def test_of_five_closings_at_once_one_closes(world: make.World) -> None:
    got = at_once([lambda: close(world)] * 5)
    assert sum(isinstance(one, list) for one in got) == 1
    assert sum(isinstance(one, AccountClosed) for one in got) == 4
    assert Event.objects.filter(name="account.closed").count() == 1


def test_an_order_and_a_closing_at_once_are_never_both(world: make.World) -> None:
    shop = storefronts.shop(world.shop.pk)
    now = make.present()
    make_quote = make.quote(world.alice, ("HD-1", 1), now=now)

    def order() -> object:
        with transaction.atomic():
            return place_order(
                shop=shop,
                customer_id=world.alice.pk,
                quote_token=make_quote.token,
                confirmation=Confirmation(make.notice_hash(now)),
                now=now,
            )

    placed, closed = at_once([order, lambda: close(world)])
    there = Order.objects.filter(customer=world.alice).count()
    assert (there, isinstance(closed, list)) in {(1, False), (0, True)}
    assert isinstance(closed, MattersOpen) if there else isinstance(placed, Missing)


def test_an_order_that_is_being_placed_makes_the_closing_wait_and_see_it(world: make.World) -> None:
    now = make.present()
    quoted = make.quote(world.alice, ("HD-1", 1), now=now)
    waiting: list[object] = []
    with transaction.atomic():
        place_order(
            shop=storefronts.shop(world.shop.pk),
            customer_id=world.alice.pk,
            quote_token=quoted.token,
            confirmation=Confirmation(make.notice_hash(now)),
            now=now,
        )
        thread = threading.Thread(target=lambda: waiting.extend(at_once([lambda: close(world)])))
        thread.start()
        while thread.is_alive() and not somebody_waits():
            pass
        assert waiting == []  # it waits for the customer's row
    thread.join(timeout=20)
    assert isinstance(waiting[0], MattersOpen)
    assert Order.objects.get().state == "placed"


def test_a_log_in_while_the_account_closes_gets_no_session_into_the_closed_one(world: make.World) -> None:
    token = make.token(world.alice)
    close(world)
    late = make.token(Customer.objects.get(pk=world.alice.pk))  # its customer was read before the closing
    with connection.cursor() as cursor:
        for plain in (token, late):
            cursor.execute(
                "SELECT count(*) FROM customer_session(sha256(%s::bytea), %s)",
                [plain.encode(), make.present()],
            )
            assert cursor.fetchone() == (0,)
    assert Session.objects.count() == 1
    with pytest.raises(vault.VaultClosed):
        vault.unwrap(Subject.objects.select_related("key").get(pk=world.alice.subject_id).key)
