"""A warehouse picks, packs and lets go through the door what it may, once, by the rules of logistics."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.delivery import drain
from compliance.models import Access, Disclosure
from inventory import services as inventory
from inventory.models import Lot, Movement
from kernel.models import Case, Event
from logistics.models import Parcel, Shipment, TrackingEvent
from logistics.services import leaving, packing, shipments
from logistics.services.standing import WEIGHT
from orders.models import Order
from orders.services.cancel_paid import hold_ends_at
from partners.models import Partner
from partners.scopes import USUAL
from partners.services import accounts
from tests import make
from tests.logistics import shipping
from tests.partners.calling import System, system
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db(transaction=True)
WHO = "partner:Ningbo WMS"


@pytest.fixture
def world():
    made = make.world()
    inventory.set_on_hand(warehouse=made.warehouse, variant=made.dryer, on_hand=0, by="t", now=make.NOW)
    make.lot(made.warehouse, made.dryer, 50, "LATE", expires_on=date(2029, 1, 1))
    make.lot(made.warehouse, made.dryer, 2, "SOON", expires_on=date(2028, 1, 1))
    shipping.sf(made.shop)
    return made


@pytest.fixture
def wms(client, world):
    return system(client, world.shop)


def code(answer):
    return answer.status_code, answer.json()["code"]


def named(wms, shop, *scopes):
    """The owner, and a colleague, let this warehouse know who the receivers are."""
    row = wms.issued.credential.partner
    accounts.connect(
        partner=row, storefront=shop, scopes=[*USUAL[row.kind], *scopes], by="o", now=make.present()
    )
    wms.token = ""


def bought(world, *lines):
    """Paid, told of, and past the hold in which it may be cancelled."""
    order = shipping.paid(world, *(lines or (("HD-1", 3),)))
    drain()
    drain()
    assert hold_ends_at(order) is None or hold_ends_at(order) < make.present()
    return order


def released(order):
    for gate in ("with_customs", "after_release"):
        Order.objects.filter(pk=order.pk).update(gate=gate)


def labelled(parcel_id):
    """As the carrier's answer leaves it."""
    row = Parcel.objects.get(public_id=parcel_id)
    number = f"SF{row.pk:010}"
    Parcel.objects.filter(pk=row.pk).update(
        state="issued", waybill=number, issued_at=make.present(), sent_at=make.present()
    )
    Shipment.objects.filter(pk=row.shipment_id).update(state="labelled")
    return number


def taken_back(parcel_id):
    """As the carrier's answer leaves it."""
    row = Parcel.objects.get(public_id=parcel_id)
    inventory.empty_box(box=row.event_key)
    Parcel.objects.filter(pk=row.pk).update(state="cancelled")
    Shipment.objects.filter(parcels__public_id=parcel_id).update(state="packing")


def packed(wms, order, weight_g=1_700):
    answer = wms.post(f"shipments/{order.number}/parcels", {"weight_g": weight_g})
    assert answer.status_code == 201, answer.content
    return answer.json()["id"]


def test_a_warehouse_picks_packs_and_lets_go_and_each_step_is_done_once(wms, world):
    order = bought(world)
    where = f"shipments/{order.number}"
    (row,) = wms.get("shipments?state=to_pick").json()["items"]
    (line,) = row["lines"]
    assert (row["number"], row["warehouse"], row["released"]) == (order.number, world.warehouse.code, False)
    assert (line["sku"], line["quantity"], line["lots"], row["parcels"]) == ("HD-1", 3, [], [])
    picked = wms.post(f"{where}/pick", idempotency_key="pick-00001")
    lots = picked.json()["lines"][0]["lots"]
    assert (picked.status_code, [(one["lot"], one["quantity"]) for one in lots]) == (
        200,
        [("SOON", 2), ("LATE", 1)],
    )
    assert lots[0]["expires_on"] == "2028-01-01"
    again = wms.post(f"{where}/pick", idempotency_key="pick-00001")
    assert (again.status_code, again["Idempotent-Replay"]) == (200, "true")
    assert code(wms.post(f"{where}/pick")) == (409, "wrong_state")
    short = {"weight_g": 1_700, "lines": [{"sku": "HD-1", "lot": "SOON", "quantity": 2}]}
    assert code(wms.post(f"{where}/parcels", short)) == (409, "shipment_one_parcel")
    short["lines"].append({"sku": "HD-1", "lot": "NONE", "quantity": 1})
    wrong = wms.post(f"{where}/parcels", short)
    assert (code(wrong), wrong.json()["line"]) == ((422, "line_refused"), 2)
    whole = {"weight_g": 1_700, "lines": [{"sku": "HD-1", **one} for one in _asked(lots)]}
    made = wms.post(f"{where}/parcels", whole)
    parcel = made.json()
    assert (made.status_code, parcel["state"], parcel["waybill"]) == (201, "asked", None)
    assert (parcel["weight_g"], parcel["expected_g"]) == (1_700, 1_700)
    assert [(one["lot"], one["quantity"]) for one in parcel["lines"]] == [("SOON", 2), ("LATE", 1)]
    assert code(wms.post(f"{where}/parcels", whole)) == (409, "shipment_packed")
    there = f"parcels/{parcel['id']}"
    assert code(wms.post(f"{there}/departure")) == (409, "wrong_state")
    number = labelled(parcel["id"])
    assert code(wms.post(f"{there}/departure")) == (409, "shipment_not_released")
    released(order)
    left = wms.post(f"{there}/departure")
    assert (left.status_code, bool(left.json()["left_at"]), left.json()["waybill"]) == (200, True, number)
    assert code(wms.post(f"{there}/departure")) == (409, "parcel_left")
    assert code(wms.post(f"{there}/withdrawal")) == (409, "wrong_state")
    told = wms.get(where)
    assert (told.json()["state"], told.json()["released"], bool(told["ETag"])) == ("dispatched", True, True)
    gone = Movement.objects.filter(kind="ship", by=WHO)
    assert sorted(gone.values_list("lot__code", "on_hand")) == [("LATE", -1), ("SOON", -2)]
    assert Event.objects.get(name="shipment.packing").facts["by"] == WHO
    drain()
    assert wms.get("shipments?state=to_pick").json()["items"] == []
    assert [row["state"] for row in wms.get("shipments").json()["items"]] == ["dispatched"]
    for secret in (make.NAMES[make.ALICE], make.PHONES[make.ALICE]):
        assert secret not in told.content.decode()


def _asked(lots):
    return [{"lot": one["lot"], "quantity": one["quantity"]} for one in lots]


def test_what_weighs_otherwise_is_refused_with_both_figures_and_waits_for_the_brand(wms, world):
    order = bought(world)
    where = f"shipments/{order.number}/parcels"
    for _ in range(2):
        answer = wms.post(where, {"weight_g": 2_500})
        assert code(answer) == (409, "parcel_weight_differs")
        assert (answer.json()["weighed_g"], answer.json()["expected_g"]) == (2_500, 1_700)
    assert code(wms.post(where, {"weight_g": 2_500, "second_look": True})) == (409, "parcel_weight_differs")
    case = Case.objects.get(kind=WEIGHT, state="open")
    assert (case.facts["by"], case.facts["weighed_g"]) == (
        WHO,
        2_500,
    )  # it stays, though the call was refused
    assert (Parcel.objects.count(), Shipment.objects.get().state) == (0, "packing")
    row = Shipment.objects.get()
    packing.pack(shipment=row, carrier="SF", by="mei", now=make.present(), weight_g=2_500, second_look=True)
    assert code(wms.post(where, {"weight_g": 2_500})) == (409, "shipment_packed")
    parcel = Parcel.objects.get()
    Parcel.objects.update(weighed_g=None)
    weighed = wms.post(f"parcels/{parcel.public_id}/weight", {"weight_g": 2_500})
    assert code(weighed) == (409, "parcel_weight_differs")
    assert wms.post(f"parcels/{parcel.public_id}/weight", {"weight_g": 1_650}).json()["weight_g"] == 1_650


def test_what_is_missing_is_a_case_and_what_was_refunded_meanwhile_does_not_leave(wms, world):
    order, other = bought(world), bought(world)
    stopped = Lot.objects.get(code="LATE")
    stop = inventory.stop_sale(variant=world.dryer, lot=stopped, reason="recall", by="qa", now=make.present())
    seen = Case.objects.get(kind="stock.short").seen
    answer = wms.post(f"shipments/{order.number}/pick", idempotency_key="pick-short")
    assert (code(answer), answer.json()["missing"]) == ((409, "cannot_pick"), 1)
    assert Case.objects.get(kind="stock.short").seen == seen + 1
    inventory.lift_stop(stop=stop, reason="it is fine", by="qa", now=make.present())
    assert wms.post(f"shipments/{order.number}/pick", idempotency_key="pick-short").status_code == 200
    swap = {"sku": "HD-1", "lot": "SOON", "quantity": 1, "damaged": True, "reason": "the box is crushed"}
    where = f"shipments/{order.number}/swap"
    assert code(wms.post(where, {**swap, "lot": "NONE"})) == (404, "not_found")
    assert code(wms.post(where, {**swap, "quantity": 3})) == (409, "pieces_not_in_hand")
    lots = wms.post(where, swap).json()["lines"][0]["lots"]
    assert sorted((one["lot"], one["quantity"]) for one in lots) == [("LATE", 1), ("LATE", 1), ("SOON", 1)]
    assert Lot.objects.get(code="SOON").quarantined == 1
    parcel = packed(wms, other)
    labelled(parcel)
    released(other)
    inventory.lessen(holder=other.event_key, kept={world.dryer.pk: 2}, now=make.present())
    shipments.look_at_parcel(order=other, now=make.present())
    assert wms.get(f"shipments/{other.number}").json()["lines"][0]["quantity"] == 2
    assert code(wms.post(f"parcels/{parcel}/departure")) == (409, "parcel_packed_otherwise")
    back = wms.post(f"parcels/{parcel}/withdrawal")
    assert (back.status_code, back.json()["state"]) == (200, "withdrawing")
    assert code(wms.post(f"parcels/{parcel}/withdrawal")) == (409, "wrong_state")
    assert code(wms.post(f"parcels/{parcel}/departure")) == (409, "wrong_state")
    taken_back(parcel)
    assert code(wms.post(f"parcels/{parcel}/departure")) == (409, "wrong_state")
    anew = packed(wms, other, 1_200)
    assert wms.get(f"parcels/{anew}").json()["lines"][0]["quantity"] == 2
    Order.objects.filter(pk=order.pk).update(state="cancelled")
    assert code(wms.post(f"shipments/{order.number}/parcels", {"weight_g": 1_700})) == (
        409,
        "shipment_order_ended",
    )


def test_two_warehouses_at_once_and_the_admin_beside_them_pick_and_pack_once(client, wms, world):
    order = bought(world)
    other = system(client, world.shop, name="another")
    callers = [(one, one.bearer())[0] for one in (wms, other)]

    def send(one, path, body=None):
        def call():
            mine = System(type(client)(), one.issued, one.storefront, one.token)
            return mine.post(path, body).status_code

        return call

    where = f"shipments/{order.number}"
    assert sorted(at_once([send(one, f"{where}/pick") for one in callers])) == [200, 409]

    def admin():
        row = Shipment.objects.get()
        return packing.pack(shipment=row, carrier="SF", by="mei", now=make.present(), weight_g=1_700)

    met = at_once([*(send(one, f"{where}/parcels", {"weight_g": 1_700}) for one in callers), admin])
    assert met[:2].count(201) + met[:2].count(409) == 2
    parcel = Parcel.objects.get()
    assert Movement.objects.filter(kind="pick").count() == 2  # one a lot
    labelled(parcel.public_id)
    released(order)

    def let_go():
        return leaving.dispatch(shipment=Shipment.objects.get(), by="mei", now=make.present()).state

    met = at_once([*(send(one, f"parcels/{parcel.public_id}/departure") for one in callers), let_go])
    assert (met[:2].count(200) <= 1, met[:2].count(200) + met[:2].count(409), met[2]) == (
        True,
        2,
        "dispatched",
    )
    assert Movement.objects.filter(kind="ship").count() == 2
    assert Event.objects.filter(key=order.event_key, name="shipment.dispatched").count() == 1


def test_a_label_is_given_on_record_to_who_packs_in_china_and_signed_alone(client, wms, world):
    order = bought(world)
    parcel = packed(wms, order)
    where = f"parcels/{parcel}/label"
    assert code(wms.get(where)) == (401, "signature_needed")
    for more, lacking in (((), "name"), (("personal:name",), "address")):
        named(wms, world.shop, *more)
        refused = wms.send("GET", where)
        assert (code(refused), refused.json()["scope"]) == ((403, "scope_missing"), f"personal:{lacking}")
    named(wms, world.shop, "personal:name", "personal:address")
    assert code(wms.send("GET", where)) == (409, "label_without_waybill")
    assert not Disclosure.objects.filter(recipient_kind="partner").exists()
    number = labelled(parcel)
    answer = wms.send("GET", where)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/pdf", "no-store")
    assert answer.content.startswith(b"%PDF") and number in answer["Content-Disposition"]
    said = Disclosure.objects.get(recipient_kind="partner")
    assert (said.recipient, said.purpose, said.order_number) == ("Ningbo WMS", "deliver", order.number)
    assert Access.objects.filter(who=WHO, purpose="print the label of a parcel").exists()
    Partner.objects.update(country="FR")
    assert code(wms.send("GET", where)) == (403, "receiver_stays_in_china")
    assert Disclosure.objects.filter(recipient_kind="partner").count() == 1
    reader = system(client, world.shop, "broker", name="a broker")
    assert code(reader.send("GET", where)) == (403, "scope_missing")


def test_a_carrier_tells_where_a_parcel_is_and_what_was_told_is_kept_once(client, wms, world):
    order = bought(world)
    parcel = packed(wms, order)
    carrier = system(client, world.shop, "carrier", name="a carrier")
    where = f"parcels/{parcel}/tracking"
    now = make.present()

    def line(code, hours, text=""):
        return {"at": (now + timedelta(hours=hours)).isoformat(), "code": code, "text": text}

    body = {"events": [line("picked_up", -3, "已揽收，快递员：王小明，电话 13800138000")]}
    assert code(carrier.post(where, body)) == (409, "wrong_state")  # it has no waybill yet
    labelled(parcel)
    released(order)
    wms.post(f"parcels/{parcel}/departure")
    assert code(wms.post(where, body)) == (403, "scope_missing")
    body["events"] += [line("in_transit", -2), line("in_transit", 50), line("announced", -24 * 60)]
    answer = carrier.post(where, body)
    assert (answer.status_code, answer.json()["taken"]) == (200, 2)  # the others cannot be
    assert carrier.post(where, body).json()["taken"] == 0
    way = answer.json()["parcel"]["events"]
    assert [one["code"] for one in way] == ["picked_up", "in_transit"]
    assert "13800138000" not in answer.content.decode() and "王小明" not in answer.content.decode()
    assert (TrackingEvent.objects.count(), Shipment.objects.get().state) == (2, "in_transit")
    assert {row.provider for row in TrackingEvent.objects.all()} == {"partner"}
    drain()
    (row,) = wms.get("shipments").json()["items"]
    assert (row["state"], row["parcels"][0]["latest"]) == ("in_transit", "in_transit")
    assert "events" not in row["parcels"][0]
    assert code(carrier.post(where, {"events": [line("eaten", 0)]})) == (422, "invalid_fields")


def test_a_page_of_shipments_costs_the_same_for_one_as_for_many(wms, world):
    costs = []
    wms.get("shipments")
    for many in (1, 4):
        for _ in range(many):
            packed(wms, bought(world, ("HD-1", 3)))
        drain()
        with CaptureQueriesContext(connection) as queries:
            found = wms.get("shipments").json()
        costs.append(len(queries))
    assert (len(found["items"]), costs[0]) == (5, costs[1])
    assert costs[0] <= 14
    assert wms.get(f"shipments?cursor={found['next']}").json()["items"] == []
    sparse = wms.get("shipments?fields=number,state&limit=1").json()["items"]
    assert sparse == [{"number": found["items"][0]["number"], "state": "packing"}]
    for bad in ("state=x", "fields=x", "cursor=x", "changed_since=x", "limit=0"):
        assert wms.get(f"shipments?{bad}").status_code == 422, bad


def test_a_shipment_is_found_by_the_waybill_that_a_parcel_of_it_bears_now(client, wms, world):
    orders = [bought(world), bought(world)]
    parcels = [packed(wms, one) for one in orders]
    first, second = (labelled(parcel) for parcel in parcels)
    drain()

    def found(system, number):
        return [row["number"] for row in system.get(f"shipments?waybill={number}").json()["items"]]

    assert [found(wms, number) for number in (first, second, "SF")] == [
        [orders[0].number],
        [orders[1].number],
        [],
    ]
    carrier = system(client, world.shop, "carrier", name="a carrier")
    assert found(carrier, second) == [orders[1].number]
    taken_back(parcels[0])
    assert found(wms, first) == []
    assert wms.get("shipments?waybill=" + "x" * 41).status_code == 422


def test_another_warehouses_shipments_and_parcels_are_not_there(client, wms, world):
    order = bought(world)
    parcel = packed(wms, order)
    other = system(client, world.shop, name="theirs")
    accounts.connect(
        partner=other.issued.credential.partner,
        storefront=world.shop,
        scopes=["fulfilment:read", "fulfilment:write", "tracking:write"],
        warehouses=["far"],
        by="o",
        now=make.present(),
    )
    assert other.get("shipments").json()["items"] == []
    body = {"events": [{"at": make.present().isoformat(), "code": "in_transit"}]}
    for answer in (
        other.get(f"shipments?warehouse={world.warehouse.code}"),
        other.get(f"shipments/{order.number}"),
        other.post(f"shipments/{order.number}/pick"),
        other.post(f"shipments/{order.number}/parcels", {"weight_g": 1}),
        other.get(f"parcels/{parcel}"),
        other.send("GET", f"parcels/{parcel}/label"),
        other.post(f"parcels/{parcel}/weight", {"weight_g": 1}),
        other.post(f"parcels/{parcel}/departure"),
        other.post(f"parcels/{parcel}/withdrawal"),
        other.post(f"parcels/{parcel}/tracking", body),
        wms.get("shipments/NONE"),
    ):
        assert code(answer) == (404, "not_found")
