"""A partner adds endpoints, tries them, reads what came of messages, and sees nothing of another's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.models import Receipt
from partners.models import Endpoint, Message
from partners.sender import Sender
from partners.services import publishing
from partners.services.endpoints import secrets_of
from tests import make
from tests.partners.calling import system
from tests.partners.receiver import receiving

pytestmark = pytest.mark.django_db(transaction=True)
TYPES = ["order.paid", "shipment.delivered"]


@pytest.fixture(autouse=True)
def _inside(settings):
    settings.WEBHOOKS_INSIDE = True


@pytest.fixture
def shop():
    return make.storefront()


@pytest.fixture
def wms(client, shop):
    return system(client, shop)


@pytest.fixture
def there():
    with receiving() as kept:
        yield kept


def code(answer):
    return answer.status_code, answer.json()["code"]


def tell(shop, number, name="order.paid"):
    now = make.present()
    publishing.publish(storefront_id=shop.pk, name=name, key=f"order:{number}", at=now, now=now)


def test_an_endpoint_is_added_with_a_secret_that_is_told_once(wms, there):
    body = {"url": there.url, "types": ["shipment.delivered", "order.paid"]}
    made = wms.post("webhooks", body, idempotency_key="hook-0001")
    told = made.json()
    assert (made.status_code, told["url"], told["types"], told["state"]) == (201, there.url, TYPES, "active")
    row = Endpoint.objects.select_related("storefront__key").get()
    assert secrets_of(row, make.present()) == [told["secret"]]
    assert told["secret"].startswith("whsec_")
    again = wms.post("webhooks", body, idempotency_key="hook-0001").json()
    assert (again["id"], again["secret"]) == (told["id"], None)  # the first answer, but for the secret
    kept = b"".join(bytes(one.body) for one in Receipt.objects.all()) + bytes(row.secret_sealed)
    assert told["secret"].encode() not in kept
    assert "secret" not in wms.get(f"webhooks/{told['id']}").json()
    assert [one["id"] for one in wms.get("webhooks").json()["items"]] == [told["id"]]


def test_addresses_into_the_house_and_types_that_are_not_granted_are_refused(wms, there, settings):
    assert code(wms.post("webhooks", {"url": there.url, "types": ["declaration.released"]})) == (
        422,
        "no_such_event_type",
    )
    assert code(wms.post("webhooks", {"url": there.url, "types": ["order.placed"]}))[0] == 422
    assert code(wms.post("webhooks", {"url": there.url, "types": []})) == (422, "invalid_fields")
    settings.WEBHOOKS_INSIDE = False
    for url in (there.url, "https://169.254.169.254/", "https://[::1]/", "nonsense"):
        assert code(wms.post("webhooks", {"url": url, "types": TYPES})) == (422, "webhook_address")
    assert Endpoint.objects.count() == 0
    settings.WEBHOOKS_INSIDE = True
    for n in range(20):
        assert wms.post("webhooks", {"url": f"{there.url}/{n}", "types": TYPES}).status_code == 201
    assert code(wms.post("webhooks", {"url": there.url, "types": TYPES})) == (409, "too_many_endpoints")


def test_who_changes_an_endpoint_has_seen_it_as_it_is(wms, there):
    made = wms.post("webhooks", {"url": there.url, "types": TYPES}).json()
    where, body = f"webhooks/{made['id']}", {"url": f"{there.url}/2", "types": ["order.paid"]}
    mark = wms.get(where)["ETag"]
    assert code(wms.send("PUT", where, body)) == (428, "if_match_needed")
    changed = wms.send("PUT", where, body, if_match=mark)
    assert (changed.json()["types"], changed["ETag"] != mark) == (["order.paid"], True)
    assert code(wms.send("PUT", where, body, if_match=mark)) == (412, "changed_since")
    assert wms.send("PUT", where, body, if_match=changed["ETag"]).status_code == 200
    assert wms.send("DELETE", where).status_code == 204
    assert wms.get(where).status_code == wms.send("DELETE", where).status_code == 404


def test_a_test_message_arrives_and_the_log_says_what_came_of_each(wms, shop, there):
    made = wms.post("webhooks", {"url": there.url, "types": TYPES}).json()
    where = f"webhooks/{made['id']}"
    sent = wms.post(f"{where}/test")
    assert (sent.status_code, sent.json()["type"]) == (202, "ping")
    there.answer = lambda handler: 500
    tell(shop, "A")
    sender = Sender(clock=lambda: make.present() + timedelta(seconds=1))
    sender.drain()
    log = wms.get(f"{where}/messages").json()["items"]
    assert [(one["type"], one["number"], one["state"]) for one in log] == [
        ("order.paid", "A", "waiting"),
        ("ping", made["id"], "waiting"),
    ]
    assert [one["attempts"][0]["status"] for one in log] == [500, 500]
    there.answer = lambda handler: 204
    again = wms.post(f"{where}/messages/{log[0]['id']}/replay")
    assert (again.status_code, again.json()["id"]) == (202, log[0]["id"])
    sender.drain()
    (one,) = wms.get(f"{where}/messages?state=done").json()["items"]
    assert (one["id"], [a["status"] for a in one["attempts"]]) == (log[0]["id"], [500, 204])
    for nothing in ("msg_" + "0" * 32, "nonsense", log[0]["id"] + "0"):
        assert wms.post(f"{where}/messages/{nothing}/replay").status_code == 404


def test_a_new_secret_signs_beside_the_old_one_for_a_day(wms, there):
    made = wms.post("webhooks", {"url": there.url, "types": TYPES}).json()
    fresh = wms.post(f"webhooks/{made['id']}/secret").json()["secret"]
    row = Endpoint.objects.select_related("storefront__key").get()
    assert secrets_of(row, make.present()) == [fresh, made["secret"]]
    assert secrets_of(row, make.present() + timedelta(days=2)) == [fresh]


def test_a_paused_endpoint_is_resumed_by_its_partner(wms, there):
    made = wms.post("webhooks", {"url": there.url, "types": TYPES}).json()
    there.answer = lambda handler: 410
    wms.post(f"webhooks/{made['id']}/test")
    Sender(clock=lambda: make.present() + timedelta(seconds=1)).drain()
    assert wms.get(f"webhooks/{made['id']}").json()["paused_why"] == "410 Gone"
    there.answer = lambda handler: 204
    assert wms.post(f"webhooks/{made['id']}/resume").json()["state"] == "active"
    Sender(clock=lambda: make.present() + timedelta(seconds=1)).drain()
    assert Message.objects.get().state == "done"


def test_who_would_rather_ask_reads_what_happened_in_its_order_page_by_page(wms, shop):
    for n in range(7):
        tell(shop, f"{n}", "order.paid" if n % 2 else "shipment.delivered")
    tell(shop, "8", "customs_declaration.released")  # no scope of a warehouse
    first = wms.get("events?limit=3").json()
    assert [(one["position"], one["type"], one["number"]) for one in first["items"]] == [
        (1, "shipment.delivered", "0"),
        (2, "order.paid", "1"),
        (3, "shipment.delivered", "2"),
    ]
    second = wms.get(f"events?limit=3&cursor={first['next']}").json()
    third = wms.get(f"events?limit=3&cursor={second['next']}").json()
    assert [one["position"] for one in second["items"] + third["items"]] == [4, 5, 6, 7]
    assert third["next"] is None
    assert wms.get("events?after=6").json()["items"][0]["position"] == 7
    for bad in (
        "cursor=nonsense",
        f"cursor={first['next'][:-2]}",
        "limit=0",
        "limit=101",
        "after=-1",
        "after=x",
    ):
        assert wms.get(f"events?{bad}").status_code == 422


def test_a_page_costs_the_same_however_long_it_is(wms, shop, there):
    made = wms.post("webhooks", {"url": there.url, "types": TYPES}).json()
    wms.get("events")
    costs = []
    for many in (3, 60):
        for n in range(many):
            tell(shop, f"{many}-{n}")
        for address in ("events", f"webhooks/{made['id']}/messages"):
            with CaptureQueriesContext(connection) as queries:
                wms.get(address)
            costs.append(len(queries))
    assert costs[:2] == costs[2:]
    assert max(costs) <= 12


def test_another_partners_endpoints_are_not_there(client, wms, shop, there):
    other = system(client, shop, name="another")
    made = wms.post("webhooks", {"url": there.url, "types": TYPES}).json()
    wms.post(f"webhooks/{made['id']}/test")
    where = f"webhooks/{made['id']}"
    message = str(Message.objects.get())
    assert other.get("webhooks").json()["items"] == []
    verbs = ("test", "secret", "resume", f"messages/{message}/replay")
    met = [
        other.get(where),
        other.get(f"{where}/messages"),
        other.send("DELETE", where),
        other.send("PUT", where, {"url": there.url, "types": TYPES}, if_match="*"),
        *(other.post(f"{where}/{verb}") for verb in verbs),
    ]
    assert [one.status_code for one in met] == [404] * len(met)
    assert Message.objects.count() == 1
