"""What is too big for one: nothing happens, a colleague is asked, and what was granted is done once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from kernel import approvals
from kernel.models import Approval
from payments.models import Refund
from returns.reasons import Kind
from returns.services import arrive, deadlines
from returns.services.way import send
from storefronts.models import FourEyes
from storefronts.services import four_eyes
from tests import make
from tests.conftest import WebClient
from tests.operators import rows
from tests.operators.test_refund_pages import step
from tests.operators.test_verbs import change
from tests.payments.reports import paid
from tests.returns import parts
from tests.returns.conftest import customs  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    made = make.world()
    FourEyes.objects.create(storefront=made.shop, verb="refund", above=10_000)
    return made


@pytest.fixture
def order(world):
    made = make.order(world.alice, ("HD-1", 3), now=make.present())
    paid(made, success_time=make.present())
    made.refresh_from_db()
    return made


def entered(world, name, role):
    client = WebClient(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(rows.operator(name, world.shop, role), backend=rows.BACKEND)
    return client


@pytest.fixture
def fang(world):
    return entered(world, "fang", "finance")


def goodwill(client, order, amount, key):
    sent = {"reason": "少发一件", "note": "ticket 7", "key": key, "amount": amount}
    return client.post(step(order, "refund-goodwill"), sent, follow=True).content.decode()


def decide(client, asked, verb="grant"):
    url = change("kernel_approval", asked.pk).replace("change", f"step/{verb}")
    return client.post(url, {"reason": "seen"})


def refund(client, row, name):
    url = reverse("admin:payments_refund_step", args=[row.pk, name])
    return client.post(url, {"note": "a slip"}, follow=True).content.decode()


def refunded():
    return list(Refund.objects.order_by("pk").values_list("amount_fen", flat=True))


def test_a_refund_over_the_limit_is_done_once_after_a_colleague_agreed_to_that_amount(fang, order, world):
    assert "a colleague has to agree" in goodwill(fang, order, "150.00", "1")
    assert refunded() == []
    asked = Approval.objects.get()
    assert (asked.verb, asked.asked_by, asked.storefront_id) == ("refund", "fang", world.shop.pk)
    assert asked.facts == {"order": order.number, "amount_fen": 15_000}
    assert "already waits" in goodwill(fang, order, "150.00", "2")
    assert decide(fang, asked).status_code == 403
    lan = entered(world, "lan", "finance")
    page = lan.get(change("kernel_approval", asked.pk)).content.decode()
    assert "fang" in page and order.number in page and "150.00" in page
    assert decide(lan, asked).status_code == 302
    assert "a colleague has to agree" in goodwill(lan, order, "150.00", "3")  # it was granted to who asked
    goodwill(fang, order, "150.00", "4")
    assert refunded() == [15_000]
    assert approvals.used(asked)
    goodwill(fang, order, "0.01", "5")
    assert refunded() == [15_000]  # all of the order counts, and the grant is used


def test_a_small_refund_needs_nobody_and_two_small_ones_are_one_big_one(fang, order):
    goodwill(fang, order, "60.00", "1")
    assert refunded() == [6_000]
    assert "a colleague has to agree" in goodwill(fang, order, "60.00", "2")
    assert refunded() == [6_000]


@pytest.mark.django_db(transaction=True)
def test_what_was_withdrawn_and_is_asked_for_anew_counts_as_what_is_asked_for(fang, order):
    for key in ("1", "2"):
        goodwill(fang, order, "90.00", key)
        refund(fang, Refund.objects.latest("pk"), "withdraw")
    closed = list(Refund.objects.filter(state="closed").order_by("pk"))
    assert "Done" in refund(fang, closed[0], "again")
    assert "a colleague has to agree" in refund(fang, closed[1], "again")
    assert refunded() == [9_000] * 3 and Approval.objects.get().facts["amount_fen"] == 18_000


def test_what_is_declined_or_too_old_is_not_done(fang, order, world):
    lan = entered(world, "lan", "finance")
    goodwill(fang, order, "150.00", "1")
    decide(lan, Approval.objects.get(), "decline")
    goodwill(fang, order, "150.00", "2")
    waiting = Approval.objects.get(granted=None)
    with time_machine.travel(make.present() + timedelta(days=8), tick=False):
        late = entered(world, "late", "owner")
        assert decide(late, waiting).status_code == 403
        hers = WebClient(HTTP_ACCEPT_LANGUAGE="en")
        hers.force_login(rows.Operator.objects.get(username="fang"), backend=rows.BACKEND)
        assert "a colleague has to agree" in goodwill(hers, order, "150.00", "3")
        waiting.refresh_from_db()
        assert (waiting.granted, waiting.decided_by) == (False, "clock")
        again = Approval.objects.get(granted=None)
        assert decide(late, again).status_code == 302
    with time_machine.travel(make.present() + timedelta(days=16), tick=False):
        hers.force_login(rows.Operator.objects.get(username="fang"), backend=rows.BACKEND)
        assert "a colleague has to agree" in goodwill(hers, order, "150.00", "4")
    assert refunded() == []


def test_a_looser_limit_needs_a_colleague_and_a_stricter_one_does_not(world):
    owner, row = entered(world, "owner", "owner"), FourEyes.objects.get()
    url = change("storefronts_foureyes", row.pk)

    def above():
        return four_eyes.limit(storefront_id=world.shop.pk, verb="refund")

    owner.post(url, {"above": "5000"})
    assert above() == 5_000
    owner.post(url, {"above": "5001"})
    assert above() == 5_000
    assert decide(entered(world, "law", "compliance"), Approval.objects.get()).status_code == 302
    owner.post(url, {"above": "9000"})
    assert above() == 5_000
    owner.post(url, {"above": "5001"})
    assert above() == 5_001
    sent = {"storefront": world.shop.pk, "verb": "bulk_export", "above": "501"}
    owner.post(reverse("admin:storefronts_foureyes_add"), sent)
    assert not FourEyes.objects.filter(verb="bulk_export").exists()
    owner.post(reverse("admin:storefronts_foureyes_add"), sent | {"above": "10"})
    assert FourEyes.objects.get(verb="bulk_export").above == 10


def taken(client, row, name):
    url = reverse("admin:returns_returnrequest_step", args=[row.pk, name])
    return client.post(url, {"answer": ""}, follow=True).content.decode()


@pytest.mark.usefixtures("customs")
def test_what_an_operator_chooses_to_give_of_a_return_needs_a_colleague_and_what_is_owed_does_not(world):
    parts.policy(world)
    at = parts.DELIVERED + timedelta(days=1)
    with time_machine.travel(at, tick=False):
        fang, lan = entered(world, "fang", "finance"), entered(world, "lan", "finance")

        def sent(pieces=1):
            row = parts.asked(parts.delivered(world), parts.wish(pieces))
            return send(request=row, carrier="SF", waybill="SF2000000000001", by="c", now=at)

        row = sent()
        missing = parts.wish(reason="missing", kind=Kind.CLAIM)
        claim = parts.written(parts.delivered(world), missing, "c", approved=False)
        for one, name, stays in ((row, "lost", "on_the_way"), (claim, "grant", "requested")):
            assert "a colleague has to agree" in taken(fang, one, name)
            one.refresh_from_db()
            assert (one.state, one.refund) == (stays, None)
            decide(lan, Approval.objects.get(granted=None))
            taken(fang, one, name)
            taken(fang, one, name)
            one.refresh_from_db()
            assert (one.state, one.refund.asked_by) == ("refunding", "operator:fang")
        row = arrive.receive(request=sent(), by="op", now=at)
        assert "a colleague has to agree" in taken(fang, row, "settle")  # nobody has looked at it
        row = arrive.receive(request=sent(2), by="op", now=at)
        lot = arrive.lots_of(row)[1][0].pk
        found = [arrive.Found(1, "as_new", "shelf", 1, lot), arrive.Found(1, "short", "nowhere", 1)]
        arrive.inspect(request=row, found=found, by="op", now=at)
        assert "a colleague has to agree" in taken(fang, row, "waive")
        arrive.dispute(request=row, now=at)
        deadlines.sweep(now=row.refund_by)  # nobody agreed: the law's last day waits for nobody
        row.refresh_from_db()
        assert (row.state, row.refund.asked_by) == ("refunding", "consumer")
        assert row.refund.amount_fen == row.quoted_fen > 10_000
