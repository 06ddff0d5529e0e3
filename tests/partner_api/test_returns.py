"""A warehouse receives and grades what came back, once; alone it lets no money go beyond the limit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.delivery import drain
from inventory.models import Lot, Movement
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from logistics.models import Shipment
from partners.services import accounts
from returns.models import ReturnGrade, ReturnRequest, StrayParcel
from returns.services import way
from returns.services.arrive import receive
from returns.services.hands import SECOND, SameHands
from returns.services.settle import settle
from storefronts.models import FourEyes
from tests import make
from tests.partner_api.test_files import sent as sheet_sent
from tests.partner_api.test_files import sheet
from tests.partners.calling import System, system
from tests.races.crowd import at_once
from tests.returns.conftest import customs  # noqa: F401 -- a fixture
from tests.returns.parts import asked, bought, cleared, left, wish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("customs")]
WHO, WAYBILL = "partner:Ningbo WMS", "SF1390042718299"


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def wms(client, world):
    return system(client, world.shop)


def code(answer):
    return answer.status_code, answer.json()["code"]


def sent(world, *lines, pieces=1):
    """A return on its way: of an order that came today, asked for and sent now."""
    at = make.present()
    order = bought(world, *lines)
    cleared(world, order, at - timedelta(days=1))
    left(order)
    Shipment.objects.filter(order=order).update(state="delivered", delivered_at=at)
    row = asked(order, wish(pieces), at=at)
    drain(now=at)
    row.refresh_from_db()
    way.send(request=row, carrier="SF", waybill=WAYBILL, by="consumer", now=at)
    drain(now=at)
    return ReturnRequest.objects.get(pk=row.pk)


def limit(world, fen):
    FourEyes.objects.create(storefront=world.shop, verb=FourEyes.Verb.REFUND, above=fen)


def received(wms, row):
    assert wms.post(f"returns/{row.number}/receipt", {}).status_code == 200


NEW = {"sku": "HD-1", "grade": "as_new", "quantity": 1}


def test_a_sheet_of_returns_receives_each_of_them_once(wms, world):
    row = sent(world)
    told = sheet(("number", "came_on"), (row.number, ""), ("NONE", ""), (row.number, "2020/1/1"))
    for first in ("taken", "unchanged"):
        _, lines = sheet_sent(wms, "returns", told)
        assert [line[2] for line in lines] == [first, "refused", "unchanged"]
    row.refresh_from_db()
    assert (row.state, Event.objects.filter(name="return.received").count()) == ("received", 1)


def test_a_return_is_expected_received_and_graded_once_and_its_money_goes(wms, world):
    row = sent(world)
    (seen,) = wms.get("returns?state=on_the_way").json()["items"]
    assert (seen["number"], seen["order"], seen["waybill"]) == (row.number, row.order.number, row.waybill)
    assert (seen["warehouse"], seen["reason"], seen["to_inspect"]) == (
        world.warehouse.code,
        "changed_mind",
        False,
    )
    whole = wms.get(f"returns/{row.number}")
    (line,) = whole.json()["lines"]
    assert (line["sku"], line["quantity"], line["found"], whole["ETag"][0]) == ("HD-1", 1, [], '"')
    assert [lot["left"] for lot in line["lots"]] == [2]
    for secret in (make.NAMES[make.ALICE], make.PHONES[make.ALICE]):
        assert secret not in whole.content.decode()
    there = f"returns/{row.number}"
    assert code(wms.post(f"{there}/inspection", {"lines": [NEW]})) == (409, "wrong_state")
    far = (shanghai_day(make.present()) - timedelta(days=3)).isoformat()
    assert code(wms.post(f"{there}/receipt", {"came_on": far})) == (422, "return_day")
    came = wms.post(f"{there}/receipt", {}, idempotency_key="rec-00001")
    assert (came.status_code, came.json()["state"], came.json()["to_inspect"]) == (200, "received", True)
    assert wms.post(f"{there}/receipt", {}, idempotency_key="rec-00001")["Idempotent-Replay"] == "true"
    assert code(wms.post(f"{there}/receipt", {})) == (409, "wrong_state")
    lot = Lot.objects.get(stock__variant=world.dryer)
    for wrong, why in (
        ({**NEW, "sku": "IR-1"}, (422, "line_refused")),
        ({**NEW, "lot": "NONE"}, (422, "line_refused")),
        ({**NEW, "quantity": 2}, (422, "return_grades")),
        ({**NEW, "grade": "opened", "place": "shelf"}, (422, "return_grades")),
        ({**NEW, "grade": "eaten"}, (422, "invalid_fields")),
    ):
        assert code(wms.post(f"{there}/inspection", {"lines": [wrong]})) == why, wrong
    body = {"lines": [NEW], "deducted_fen": 1, "why": "used"}
    assert code(wms.post(f"{there}/inspection", body)) == (422, "return_too_much_kept")
    assert ReturnGrade.objects.count() == 0
    done = wms.post(f"{there}/inspection", {"lines": [{**NEW, "lot": lot.code}]}).json()
    assert (done["state"], done["to_inspect"]) == ("refunding", False)
    (grade,) = done["lines"][0]["found"]
    assert (grade["grade"], grade["place"], grade["lot"]) == ("as_new", "shelf", lot.code)
    assert done["lines"][0]["lots"][0]["left"] == 1
    assert code(wms.post(f"{there}/inspection", {"lines": [NEW]})) == (409, "wrong_state")
    assert [*Movement.objects.filter(kind="return").values_list("on_hand", "by")] == [(1, WHO)]
    assert Event.objects.get(key=row.event_key, name="return.received").facts["by"] == WHO
    drain()
    assert [one["state"] for one in wms.get("returns").json()["items"]] == ["refunding"]


def test_who_receives_and_grades_alone_lets_nothing_go_beyond_the_limit(wms, world):
    limit(world, 100)
    row = sent(world)
    received(wms, row)
    done = wms.post(f"returns/{row.number}/inspection", {"lines": [NEW]}).json()
    row.refresh_from_db()
    assert (done["state"], row.refund, row.next_at) == ("inspected", None, row.refund_by)
    assert Case.objects.get(kind=SECOND, state="open").facts["by"] == WHO
    now = make.present()
    with pytest.raises(SameHands):
        settle(request=row, by=WHO, now=now)
    assert settle(request=row, by="olga", now=now).state == "refunding"
    assert Case.objects.get(kind=SECOND).state == "settled"
    other = sent(world)
    received(System(wms.client, system(wms.client, world.shop, name="another").issued, wms.storefront), other)
    told = wms.post(f"returns/{other.number}/inspection", {"lines": [NEW]})
    assert told.json()["state"] == "refunding"  # two pairs of eyes


def test_two_warehouses_at_once_receive_and_grade_once(client, wms, world):
    row = sent(world)
    two = [wms, system(client, world.shop, name="another")]
    for one in two:
        one.bearer()

    def send(one, path, body):
        def call():
            mine = System(type(client)(), one.issued, one.storefront, one.token)
            return mine.post(f"returns/{row.number}/{path}", body).status_code

        return call

    def admin():
        return receive(request=row, by="mei", now=make.present())

    met = at_once([*(send(one, "receipt", {}) for one in two), admin])
    assert (met[:2].count(200) <= 1, met[:2].count(200) + met[:2].count(409)) == (True, 2)
    assert Event.objects.filter(key=row.event_key, name="return.received").count() == 1
    assert sorted(at_once([send(one, "inspection", {"lines": [NEW]}) for one in two])) == [200, 409]
    assert (ReturnGrade.objects.count(), Movement.objects.filter(kind="return").count()) == (1, 1)


def test_what_nobody_expects_lies_apart_under_a_number_and_no_money_moves(wms, world):
    row = sent(world)
    order = row.order
    here = "returns/unexpected"
    assert code(wms.post(here, {"return_number": row.number, "lines": [NEW]})) == (409, "stray_expected")
    assert code(wms.post(here, {"waybill": "SF404"})) == (422, "stray_empty")
    assert code(wms.post(here, {"contents": "x", "pieces": 1, "came_on": "2026-01-01"})) == (
        422,
        "return_day",
    )
    assert code(wms.post(here, {"order": "NONE", "lines": [NEW]})) == (404, "not_found")
    assert code(wms.post(here, {"lines": [NEW]})) == (422, "line_refused")  # of which order?
    unknown = wms.post(here, {"waybill": "SF404", "contents": "a red shoe", "pieces": 1})
    assert (unknown.status_code, unknown.json()["order"], unknown.json()["state"]) == (201, None, "kept")
    known = {"order": order.number, "lines": [NEW]}
    made = wms.post(here, known, idempotency_key="stray-0001")
    assert wms.post(here, known, idempotency_key="stray-0001").json() == made.json()
    assert (made.status_code, made.json()["order"]) == (201, order.number)
    kept = StrayParcel.objects.get(number=made.json()["number"])
    assert (kept.by, kept.found.get().quantity) == (WHO, 1)
    assert wms.post(here, known).status_code == 201  # the other piece of the order
    assert code(wms.post(here, known)) == (422, "return_lot_pieces")  # no more came than left
    assert Lot.objects.get(stock__variant=world.dryer).quarantined == 2
    first = wms.get(f"{here}?limit=1").json()
    rest = wms.get(f"{here}?cursor={first['next']}").json()
    assert [one["order"] for one in first["items"] + rest["items"]] == [None, order.number, order.number]
    StrayParcel.objects.filter(pk=kept.pk).update(state="sent_back")
    assert wms.get(f"{here}?number={kept.number}").json()["items"][0]["state"] == "sent_back"
    assert [one["number"] for one in wms.get(f"{here}?state=sent_back").json()["items"]] == [kept.number]
    other = system(wms.client, world.shop, name="another")
    assert len(other.get(here).json()["items"]) == 2  # of nobody known one sees one's own
    assert other.get(f"{here}?number={unknown.json()['number']}").json()["items"] == []
    assert ReturnRequest.objects.get().refund is None


def test_a_page_of_returns_costs_the_same_for_one_as_for_many_and_anothers_are_not_there(client, wms, world):
    costs, rows = [], []
    wms.get("returns")
    for many in (1, 3):
        rows += [sent(world, ("HD-1", 1)) for _ in range(many)]
        with CaptureQueriesContext(connection) as queries:
            found = wms.get("returns").json()
        costs.append(len(queries))
    assert (len(found["items"]), costs[0]) == (4, costs[1])
    assert costs[0] <= 12
    assert wms.get(f"returns?cursor={found['next']}").json()["items"] == []
    assert wms.get("returns?fields=number&limit=1").json()["items"] == [{"number": rows[0].number}]
    for bad in ("state=x", "fields=x", "cursor=x", "changed_since=x"):
        assert wms.get(f"returns?{bad}").status_code == 422, bad
    other = system(client, world.shop, name="theirs")
    accounts.connect(
        partner=other.issued.credential.partner,
        storefront=world.shop,
        scopes=["returns:read", "returns:write"],
        warehouses=["far"],
        by="o",
        now=make.present(),
    )
    assert other.get("returns").json()["items"] == other.get("returns/unexpected").json()["items"] == []
    number, order = rows[0].number, rows[0].order.number
    for answer in (
        other.get(f"returns/{number}"),
        other.post(f"returns/{number}/receipt", {}),
        other.post(f"returns/{number}/inspection", {"lines": [NEW]}),
        other.post("returns/unexpected", {"order": order, "lines": [NEW]}),
        other.post("returns/unexpected", {"return_number": number, "lines": [NEW]}),
        other.get(f"returns?warehouse={world.warehouse.code}"),
    ):
        assert code(answer) == (404, "not_found")
