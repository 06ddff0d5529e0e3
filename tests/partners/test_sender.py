"""Messages arrive at least once, in order per object, and a slow endpoint delays itself alone."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import orjson
import pytest
from django.db import connection, connections, transaction

from backend import delivery
from kernel import events
from kernel.models import Case, Delivery
from partners.gateways.webhook.address import Checked
from partners.gateways.webhook.post import Outcome
from partners.models import Attempt, Connection, Endpoint, Feed, Latest, Message, Notice
from partners.sender import LADDER, LEASE, Lane, Sender, note
from partners.services import accounts, endpoints, publishing
from tests import make
from tests.partners.calling import partner
from tests.partners.receiver import receiving, until
from tests.races.crowd import at_once
from tests.roles import acting

pytestmark = pytest.mark.django_db(transaction=True)
TYPES = ["order.paid", "order.cancelled", "shipment.delivered"]


@pytest.fixture(autouse=True)
def _inside(settings):
    settings.WEBHOOKS_INSIDE = True


@pytest.fixture
def shop():
    return make.storefront()


@pytest.fixture
def wms(shop):
    return partner(shop)


def endpoint(wms, url, types=TYPES):
    connected = Connection.objects.get(partner=wms, ended_at=None)
    return endpoints.make_endpoint(connection=connected, url=Checked(url), types=types, now=make.NOW)[0]


def tell(shop, number, name="order.paid", at=make.NOW):
    return publishing.publish(storefront_id=shop.pk, name=name, key=f"order:{number}", at=at, now=make.NOW)


def later(**more):
    return lambda: make.NOW + timedelta(**more)


def test_an_event_that_partners_may_hear_is_told_once_with_a_place_and_others_are_not(shop, wms):
    there = endpoint(wms, "http://127.0.0.1:9/")
    for name in ("order.paid", "order.placed", "order.cancelled"):
        with transaction.atomic():
            events.record(storefront_id=shop.pk, name=name, key="order:A", facts={}, now=make.NOW)
    Delivery.objects.exclude(handler="partners.tasks.publish").delete()
    delivery.drain(make.present())
    delivery.drain(make.present())
    told = list(Notice.objects.order_by("position").values_list("position", "type", "subject", "at"))
    assert told == [(1, "order.paid", "order:A", make.NOW), (2, "order.cancelled", "order:A", make.NOW)]
    assert Latest.objects.values_list("kind", "number", "position").get() == ("order", "A", 2)
    waiting = Message.objects.filter(endpoint=there).order_by("pk").values_list("position", "type")
    assert list(waiting) == [(1, "order.paid"), (2, "order.cancelled")]


def test_only_who_is_connected_and_granted_and_wants_it_is_told(shop, wms):
    wanted = endpoint(wms, "http://127.0.0.1:9/a")
    endpoint(wms, "http://127.0.0.1:9/b", ["order.cancelled"])
    endpoints.remove_endpoint(row=endpoint(wms, "http://127.0.0.1:9/c"), now=make.NOW)
    broker = partner(shop, "broker", name="a broker")
    endpoint(broker, "http://127.0.0.1:9/d", ["order.paid"])
    accounts.connect(partner=broker, storefront=shop, scopes=["customs:read"], by="o", now=make.present())
    tell(shop, "A")
    assert [row.endpoint_id for row in Message.objects.all()] == [wanted.pk]
    accounts.disconnect(partner=wms, storefront=shop, by="o", now=make.present())
    tell(shop, "B")
    assert Message.objects.count() == 1
    assert Sender(clock=later(seconds=1)).drain() == 0  # nor what waited already


def test_what_waited_is_not_sent_to_who_may_no_longer_hear_it(shop, wms):
    def connect(scopes, warehouses=()):
        may = {"partner": wms, "storefront": shop, "scopes": scopes, "warehouses": warehouses}
        accounts.connect(**may, by="o", now=make.present())

    def tell_at(number, warehouse):
        told = {"name": "shipment.delivered", "key": f"shipment:{number}", "warehouse": warehouse}
        publishing.publish(storefront_id=shop.pk, **told, at=make.NOW, now=make.NOW)

    with receiving() as there:
        endpoint(wms, there.url)
        tell(shop, "A")
        tell_at("B", "east")
        tell_at("C", "west")
        connect(["fulfilment:read", "webhooks"], ["west"])
        with acting("worker"):
            assert Sender(clock=later(seconds=1)).drain() == 1
        assert [orjson.loads(body)["data"]["number"] for _, body, _ in there.got] == ["C"]
    ended = Message.objects.order_by("pk").values_list("subject", "state")
    assert list(ended) == [("order:A", "given_up"), ("shipment:B", "given_up"), ("shipment:C", "done")]


def test_places_are_committed_in_their_order_however_many_write_at_once(shop):
    def one(number):
        def publish():
            tell(shop, f"{number}")

        return publish

    at_once([one(number) for number in range(20)])
    assert sorted(Notice.objects.values_list("position", flat=True)) == list(range(1, 21))
    assert Feed.objects.get().position == 20


def test_a_message_says_what_happened_to_what_and_no_more(shop, wms):
    with receiving() as there:
        endpoint(wms, there.url)
        tell(shop, "A")
        with acting("worker"):
            assert Sender(clock=later(seconds=1)).drain() == 1
        ((headers, body, _),) = there.got
    row = Message.objects.get()
    assert headers["webhook-id"] == str(row) == f"msg_{row.public_id.hex}"
    assert orjson.loads(body) == {
        "type": "order.paid",
        "timestamp": "2026-11-20T04:00:00+00:00",
        "data": {"storefront": "maison", "object": "order", "number": "A", "position": 1},
    }
    assert (row.state, row.attempts, row.ended_at) == ("done", 1, make.NOW + timedelta(seconds=1))
    assert Attempt.objects.values_list("status", "error").get() == (204, "")


def test_those_of_one_object_wait_for_each_other_and_those_of_others_do_not(shop, wms):
    with receiving(lambda handler: 500 if b'"A"' in there.got[-1][1] else 204) as there:
        endpoint(wms, there.url)
        for number, name in (("A", "order.paid"), ("A", "order.cancelled"), ("B", "order.paid")):
            tell(shop, number, name)
        assert Sender(clock=later(seconds=1)).drain() == 2
        there.answer = lambda handler: 204
        assert Sender(clock=later(seconds=10)).drain() == 2
        order = [
            (orjson.loads(body)["data"]["number"], orjson.loads(body)["type"]) for _, body, _ in there.got
        ]
    assert sorted(order[:2]) == [("A", "order.paid"), ("B", "order.paid")]
    assert order[2:] == [("A", "order.paid"), ("A", "order.cancelled")]


def test_what_is_not_taken_climbs_the_ladder_and_is_given_up_at_its_end(shop, wms):
    with receiving(lambda handler: 503) as there:
        endpoint(wms, there.url)
        tell(shop, "A")
        past = timedelta(0)
        for wait in LADDER:
            assert Sender(clock=later(seconds=past.total_seconds())).drain() == 1
            past += wait
            assert Sender(clock=later(seconds=past.total_seconds() - 1)).drain() == 0
            endpoints.resume(row=Endpoint.objects.get(), by="o", now=make.NOW + past)  # paused after a day
        assert Sender(clock=later(seconds=past.total_seconds())).drain() == 1
        assert Message.objects.get().state == "given_up"
        assert len(there.got) == len(LADDER) + 1
    assert [*Attempt.objects.values_list("status", flat=True)] == [503] * (len(LADDER) + 1)


def test_an_endpoint_that_failed_for_a_day_is_paused_with_a_case_and_goes_on_when_somebody_says_so(shop, wms):
    with receiving(lambda handler: 500) as there:
        row = endpoint(wms, there.url)
        for n in range(10):
            tell(shop, f"{n}")
        assert Sender(clock=later(seconds=1)).drain() == 10
        row.refresh_from_db()
        assert (row.state, row.failures, row.slow) == ("active", 10, True)
        Sender(clock=later(days=1, seconds=2)).drain()
        row.refresh_from_db()
        assert (row.state, row.paused_why) == ("paused", "no success since 2026-11-20 04:00 UTC")
        case = Case.objects.get(kind="webhook.paused")
        assert (case.state, case.storefront_id) == ("open", shop.pk)
        tell(shop, "while it is paused")
        sent = len(there.got)
        assert Sender(clock=later(days=2)).drain() == 0
        there.answer = lambda handler: 204
        assert endpoints.resume(row=row, by="owner", now=make.NOW + timedelta(days=2))
        assert not endpoints.resume(row=row, by="owner", now=make.NOW + timedelta(days=2))
        assert Sender(clock=later(days=2, seconds=1)).drain() == len(there.got) - sent == 11
    row.refresh_from_db()
    case.refresh_from_db()
    assert (row.state, row.failures, row.slow, case.state) == ("active", 0, False, "settled")


def test_one_that_says_it_is_gone_is_paused_at_once(shop, wms):
    with receiving(lambda handler: 410) as there:
        row = endpoint(wms, there.url)
        tell(shop, "A")
        Sender(clock=later(seconds=1)).drain()
    row.refresh_from_db()
    assert (row.state, row.paused_why) == ("paused", "410 Gone")


def test_what_was_sent_may_be_sent_again_under_its_number(shop, wms):
    with receiving() as there:
        endpoint(wms, there.url)
        tell(shop, "A")
        Sender(clock=later(seconds=1)).drain()
        endpoints.replay(row=Message.objects.get(), now=make.NOW)
        Sender(clock=later(seconds=2)).drain()
        first, second = [headers["webhook-id"] for headers, *_ in there.got]
    assert first == second


def test_what_a_sender_had_in_hand_when_it_died_is_sent_by_another_after_the_lease(shop, wms):
    with receiving() as there:
        endpoint(wms, there.url)
        tell(shop, "A")
        dead = Sender(clock=later(seconds=1))
        (message,) = dead._claimed(dead.lanes[0], 4, [], Counter())
        assert Sender(clock=later(seconds=2)).drain() == 0
        assert Sender(clock=lambda: make.NOW + LEASE + timedelta(seconds=1)).drain() == 1
        note(message, Outcome(500, 1), make.NOW)
    row = Message.objects.get()  # and what the dead one learns too late changes nothing
    assert (row.state, row.attempts, len(there.got)) == ("done", 2, 1)


def test_one_that_cannot_be_sent_keeps_no_other(shop, wms):
    with receiving() as there:
        broken = endpoint(wms, f"{there.url}/broken")
        endpoint(wms, there.url)
        Endpoint.objects.filter(pk=broken.pk).update(secret_sealed=b"\x01" + b"0" * 60)
        tell(shop, "A")
        assert Sender(clock=later(seconds=1)).drain() == 2
        assert [path for *_, path in there.got] == ["/hooks"]
    assert Attempt.objects.get(message__endpoint=broken).error == "Tampered"
    assert Message.objects.get(endpoint=broken).state == "waiting"


def test_two_senders_at_once_send_each_message_once(shop, wms):
    with receiving() as there:
        endpoint(wms, there.url)
        for n in range(30):
            tell(shop, f"{n}")

        def send():
            try:
                Sender(clock=later(seconds=1)).drain()
            finally:
                connection.close()

        at_once([send, send])
        assert len({headers["webhook-id"] for headers, *_ in there.got}) == len(there.got) == 30
    assert not Message.objects.exclude(state="done").exists()


def test_a_thousand_to_slow_endpoints_do_not_delay_those_to_a_fast_one(shop, wms):
    """Not by the clock: the slow ones answer only when the fast one has had everything."""
    fast_has_all = threading.Event()

    def slow(handler):
        fast_has_all.wait(20)
        return 204

    with receiving(slow) as stuck, receiving() as quick:
        slow_ones = [endpoint(wms, f"{stuck.url}/{n}") for n in range(5)]
        for n in range(200):
            tell(shop, f"S{n}")
        assert Message.objects.count() == 1_000
        Endpoint.objects.filter(pk__in=[row.pk for row in slow_ones[1:]]).update(slow=True)  # as known
        fast = endpoint(wms, quick.url)
        for n in range(40):
            tell(shop, f"F{n}")
        Message.objects.filter(endpoint__in=slow_ones, subject__startswith="order:F").delete()
        stop = threading.Event()

        def run():
            try:
                Sender(clock=later(seconds=1)).run(stop.is_set)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            until(lambda: len(quick.got) == 40)
            assert stuck.most <= 4 + 4 * 2  # one not yet known to be slow, and two calls to each that is
            assert not fast_has_all.is_set()
        finally:
            fast_has_all.set()
            stop.set()
            thread.join(30)
    done = Message.objects.filter(endpoint=fast, state="done").count()
    assert (done, thread.is_alive()) == (40, False)


def test_a_lane_has_so_many_calls_and_an_endpoint_so_many_of_them(shop, wms):
    go = threading.Event()

    def held(handler):
        go.wait(20)
        return 204

    with receiving(held) as there:
        for n in range(3):
            endpoint(wms, f"{there.url}/{n}")
        for n in range(9):
            tell(shop, f"{n}")
        sender = Sender(lanes=(Lane(slow=False, calls=5, each=2),), clock=later(seconds=1))
        assert [sender.start(), sender.start()] == [5, 0]
        until(lambda: len(there.got) == 5)
        paths = [path for *_, path in there.got]
        assert max(paths.count(path) for path in paths) == 2
        go.set()
        sender.close()


def test_what_was_told_a_month_ago_goes_with_what_came_of_it(shop, wms):
    with receiving() as there:
        endpoint(wms, there.url)
        tell(shop, "A")
        Sender(clock=later(seconds=1)).drain()
        tell(shop, "B", at=make.NOW + timedelta(days=20))
        assert publishing.forget(now=make.NOW + timedelta(days=31)) == 2
    assert (Notice.objects.count(), Message.objects.count(), Attempt.objects.count()) == (1, 1, 0)
    assert Latest.objects.count() == 2
