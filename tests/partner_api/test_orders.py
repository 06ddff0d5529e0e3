"""Paid orders as a partner sees them: in the order of their changes, without anything personal."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import Access, Disclosure
from kernel.models import Event, Receipt
from orders.models import Order
from partners.models import Connection, Latest, Partner
from partners.services import accounts, acknowledging, publishing
from tests import make
from tests.partners.calling import system
from tests.returns.parts import bought, cleared

pytestmark = pytest.mark.django_db(transaction=True)
PERSONAL = ("personal:name", "personal:phone", "personal:address")


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def erp(client, world):
    return system(client, world.shop, "erp")


def paid(world, *lines):
    order = bought(world, *(lines or (("HD-1", 1),)))
    told(order, "order.paid")
    return order


def told(order, name):
    now = make.present()
    publishing.publish(storefront_id=order.storefront_id, name=name, key=order.event_key, at=now, now=now)


def grant(caller, world, *scopes):
    row = caller.issued.credential.partner
    accounts.connect(partner=row, storefront=world.shop, scopes=scopes, by="o", now=make.present())
    caller.token = ""


def code(answer):
    return answer.status_code, answer.json()["code"]


def numbers(answer):
    return [row["number"] for row in answer.json()["items"]]


def test_an_order_is_told_with_its_lines_and_sums_and_nothing_personal(erp, world):
    order = paid(world, ("HD-1", 1), ("IR-1", 2))
    cleared(world, order)
    answer = erp.get(f"orders/{order.number}")
    row = answer.json()
    first, second = row["lines"]
    assert answer["ETag"]
    assert (row["number"], row["state"], row["warehouse"]) == (order.number, "paid", order.warehouse.code)
    assert (first["sku"], first["quantity"], second["sku"], second["quantity"]) == ("HD-1", 1, "IR-1", 2)
    assert sum(line["goods_fen"] for line in row["lines"]) == row["goods_fen"]
    taxes = sum(line["duty_fen"] + line["vat_fen"] + line["excise_fen"] for line in row["lines"])
    assert taxes == row["tax_fen"]
    assert row["total_fen"] == order.total_fen
    assert row["shipment"]["state"] == "to_pick"
    assert row["declaration"] == {"state": "released", "list_no": "31052026I000000001"}
    assert row["acknowledged"] is None
    for secret in (make.NAMES[make.ALICE], make.PHONES[make.ALICE], make.NUMBERS[make.ALICE]):
        assert secret not in answer.content.decode()
    assert Access.objects.filter(who__startswith="partner").count() == 0


def test_orders_come_in_the_order_of_their_changes_and_who_asks_again_has_what_changed_since(erp, world):
    a, b, c = paid(world), paid(world), paid(world)
    unpaid = make.order(world.alice, ("HD-1", 1))
    first = erp.get("orders?limit=2")
    assert numbers(first) == [a.number, b.number]
    second = erp.get(f"orders?limit=2&cursor={first.json()['next']}")
    assert numbers(second) == [c.number]
    end = second.json()["next"]
    assert numbers(erp.get(f"orders?cursor={end}")) == []
    told(a, "shipment.dispatched")
    again = erp.get(f"orders?cursor={end}")
    assert numbers(again) == [a.number]
    assert numbers(erp.get("orders")) == [b.number, c.number, a.number]
    assert code(erp.get(f"orders/{unpaid.number}")) == (404, "not_found")


def test_orders_are_asked_for_by_state_by_instant_and_by_whether_one_has_them(erp, world):
    a, b = paid(world), paid(world)
    Order.objects.filter(pk=b.pk).update(state="cancelled")
    assert numbers(erp.get("orders?state=cancelled")) == [b.number]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert numbers(erp.get(f"orders?changed_since={later}")) == []
    assert erp.post(f"orders/{a.number}/acknowledgement", {"reference": "ERP-7"}).status_code == 201
    assert numbers(erp.get("orders?acknowledged=false")) == [b.number]
    assert numbers(erp.get("orders?acknowledged=true")) == [a.number]
    assert numbers(erp.get("orders")) == [a.number, b.number]
    forged = base64.urlsafe_b64encode(b'["orders",true]').decode()
    assert erp.get(f"orders?cursor={forged}").status_code == 200
    for bad in (
        "state=nonsense",
        "changed_since=yesterday",
        "changed_since=0001-01-01T00:00:00",
        "cursor=x",
        "limit=1000",
        "fields=secret",
    ):
        assert erp.get(f"orders?{bad}").status_code == 422, bad
    assert erp.get("orders?fields=number,state").json()["items"][0] == {"number": a.number, "state": "paid"}


def test_an_order_is_acknowledged_once_under_one_number(client, erp, world):
    order = paid(world)
    where = f"orders/{order.number}/acknowledgement"
    first = erp.post(where, {"reference": "ERP-7"})
    assert (first.status_code, first.json()["reference"]) == (201, "ERP-7")
    assert erp.post(where, {"reference": "ERP-7"}).json()["at"] == first.json()["at"]
    assert code(erp.post(where, {"reference": "ERP-8"})) == (409, "acknowledged_else")
    assert erp.get(f"orders/{order.number}").json()["acknowledged"]["reference"] == "ERP-7"
    other = system(client, world.shop, "erp", name="another")
    assert other.get(f"orders/{order.number}").json()["acknowledged"] is None  # each its own
    assert Event.objects.filter(name="order.acknowledged", key=order.event_key).count() == 1


def test_to_whom_it_goes_is_given_by_scope_for_a_purpose_and_recorded_first(erp, world):
    order = paid(world)
    where = f"orders/{order.number}/receiver?purpose=fulfil"
    assert code(erp.send("GET", where)) == (403, "scope_missing")
    grant(erp, world, "orders:read", "personal:name", "personal:address")
    assert code(erp.get(where)) == (401, "signature_needed")
    assert erp.send("GET", f"orders/{order.number}/receiver").status_code == 422
    assert erp.send("GET", f"orders/{order.number}/receiver?purpose=curiosity").status_code == 422
    answer = erp.send("GET", where)
    body = answer.json()
    assert (set(body), body["name"]) == ({"name", "address"}, make.NAMES[make.ALICE])
    assert set(body["address"]) == {"division_code", "region", "street"}
    assert (answer["Cache-Control"], make.PHONES[make.ALICE] in answer.content.decode()) == (
        "no-store",
        False,
    )
    said = Disclosure.objects.get(recipient_kind="partner")
    assert (said.recipient, said.purpose, said.order_number) == ("Ningbo WMS", "fulfil", order.number)
    assert said.fields == ["consignee_name", "consignee_address", "order_number"]
    looked = Access.objects.filter(who="partner:Ningbo WMS")
    assert sorted(looked.values_list("what", flat=True)) == [
        "orders.order.consignee_name",
        "orders.order.consignee_street",
    ]
    kept = b"".join(bytes(one.body) for one in Receipt.objects.all())
    assert make.NAMES[make.ALICE].encode() not in kept


def test_nothing_personal_leaves_china_nor_is_told_of_an_order_that_is_over(erp, world):
    order = paid(world)
    where = f"orders/{order.number}/receiver?purpose=deliver"
    grant(erp, world, "orders:read", *PERSONAL)
    Partner.objects.update(country="FR")
    assert code(erp.send("GET", where)) == (403, "receiver_stays_in_china")
    Partner.objects.update(country="CN")
    Order.objects.filter(pk=order.pk).update(state="cancelled")
    assert code(erp.send("GET", where)) == (409, "receiver_not_due")
    assert Disclosure.objects.filter(recipient_kind="partner").count() == 0
    assert Access.objects.filter(who__startswith="partner").count() == 0


def test_a_page_costs_the_same_for_one_order_as_for_many_and_at_most_twelve_statements(erp, world):
    erp.get("orders")
    costs = []
    for many in (1, 6):
        for _ in range(many):
            paid(world)
        with CaptureQueriesContext(connection) as queries:
            answer = erp.get("orders")
        costs.append(len(queries))
    assert len(numbers(answer)) == 7
    assert costs[0] == costs[1] <= 12


def test_another_storefronts_orders_are_not_there(client, erp, world):
    order = paid(world)
    other = system(client, make.storefront("swift"), "erp")
    assert numbers(other.get("orders")) == []
    for answer in (
        other.get(f"orders/{order.number}"),
        other.post(f"orders/{order.number}/acknowledgement", {}),
        other.send("GET", f"orders/{order.number}/receiver?purpose=fulfil"),
    ):
        assert answer.status_code == 404
    assert erp.get("orders/%00").status_code == 404


def test_what_is_acknowledged_is_not_looked_through_again(erp, world, monkeypatch):
    monkeypatch.setattr(acknowledging, "WORTH_NOTING", 1)

    def known():
        return Connection.objects.get(partner=erp.issued.credential.partner, ended_at=None).acknowledged_to

    a, b, c = paid(world), paid(world), paid(world)
    places = dict(Latest.objects.filter(kind="order").values_list("number", "position"))
    assert numbers(erp.get("orders?acknowledged=false")) == [a.number, b.number, c.number]
    assert known() == places[a.number] - 1
    for order in (a, c):
        assert erp.post(f"orders/{order.number}/acknowledgement", {}).status_code == 201
    for narrowed in ("&state=cancelled", f"&cursor={erp.get('orders').json()['next']}"):
        assert numbers(erp.get(f"orders?acknowledged=false{narrowed}")) == []
    assert known() == places[a.number] - 1  # who asked for less knows nothing of the others
    assert numbers(erp.get("orders?acknowledged=false")) == [b.number]
    assert known() == places[b.number] - 1
    erp.post(f"orders/{b.number}/acknowledgement", {})
    assert numbers(erp.get("orders?acknowledged=false")) == []
    assert known() == places[c.number]
    told(a, "shipment.dispatched")  # it moves up, and is acknowledged all the same
    new = paid(world)
    assert numbers(erp.get("orders?acknowledged=false")) == [new.number]
    with CaptureQueriesContext(connection) as queries:
        erp.get("orders?acknowledged=false")
    (asked,) = (one["sql"] for one in queries if '"partners_latest"."position" >' in one["sql"])
    assert f'"partners_latest"."position" > {known()} ' in asked
