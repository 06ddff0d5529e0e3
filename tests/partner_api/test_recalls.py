"""Where a lot went is told without anything personal; goods are stopped, and lifted by who stopped them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.delivery import drain
from inventory import services as inventory
from inventory.models import Lot, Pick, SaleStop, Stock
from partners.models import Connection, Notice
from tests import make
from tests.partner_api.test_warehouses import limit
from tests.partners.calling import system
from tests.races.crowd import at_once
from tests.returns.parts import bought, left

pytestmark = pytest.mark.django_db(transaction=True)


def code(reply):
    return reply.status_code, reply.json()["code"]


def test_a_lot_is_followed_to_its_orders(client):
    world = make.world()
    erp = system(client, world.shop, "erp")
    lot = Lot.objects.get(stock__variant=world.dryer)
    Lot.objects.filter(pk=lot.pk).update(code="B/7 ü")
    gone, here = bought(world, ("HD-1", 2)), bought(world, ("HD-1", 1), ("IR-1", 1))
    left(gone)
    inventory.pick(holder=here.event_key, by="op", now=make.NOW)
    where = "lots/orders?sku=HD-1&lot=B%2F7%20%C3%BC"
    reply = erp.get(where)
    assert [(one["order"], one["quantity"]) for one in reply.json()["items"]] == [
        (gone.number, 2),
        (here.number, 1),
    ]
    first, second = reply.json()["items"]
    assert (first["shipped_at"] is None, second["shipped_at"], first["state"]) == (False, None, "paid")
    for secret in (make.NAMES[make.ALICE], make.PHONES[make.ALICE], make.NUMBERS[make.ALICE]):
        assert secret not in reply.content.decode()
    begun = erp.get(f"{where}&limit=1").json()
    assert erp.get(f"{where}&limit=1&cursor={begun['next']}").json() == {"items": [second], "next": None}
    with CaptureQueriesContext(connection) as all_:
        erp.get(where)
    with CaptureQueriesContext(connection) as one:
        erp.get(f"{where}&limit=1")
    assert len(all_) == len(one) <= 12
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        plan = Pick.objects.filter(lot__in=[lot.pk], put_back_at=None, pk__gt=0).order_by("pk").explain()
        cursor.execute("SET enable_seqscan = on")
    assert "Index" in plan
    inventory.release(holder=here.event_key, now=make.NOW)
    assert [one["order"] for one in erp.get(where).json()["items"]] == [gone.number]
    for bad in ("sku=HD-1&lot=none", "sku=IR-1&lot=B%2F7%20%C3%BC", "sku=none&lot=x"):
        assert code(erp.get(f"lots/orders?{bad}")) == (404, "not_found")
    assert erp.get("lots/orders?sku=HD-1").status_code == 422
    other = system(client, make.storefront("swift"), "erp")
    assert code(other.get(where)) == (404, "not_found")
    Lot.objects.filter(pk=lot.pk).update(code="")  # pieces that came without a number
    assert [one["order"] for one in erp.get("lots/orders?sku=HD-1&lot=").json()["items"]] == [gone.number]
    assert code(system(client, world.shop, name="wms").get(where)) == (403, "scope_missing")


def test_goods_are_stopped_at_once_told_of_and_lifted_by_who_stopped_them(client):
    world = make.world()
    erp, other = system(client, world.shop, "erp"), system(client, world.shop, "erp", name="other")
    lot = Lot.objects.get(stock__variant=world.dryer)
    Lot.objects.filter(pk=lot.pk).update(code="B-7")
    said = {"sku": "HD-1", "lot": "B-7", "reason": "burns"}
    made = erp.post("stock/stops", said)
    assert (made.status_code, made.json()["lot"], made.json()["yours"]) == (201, "B-7", True)
    lot.refresh_from_db()
    assert (lot.stopped, lot.quarantined) == (True, lot.on_hand)
    assert code(other.post("stock/stops", said)) == (409, "already_stopped")
    whole = erp.post("stock/stops", {"sku": "IR-1", "reason": "all of it"})
    assert (whole.json()["lot"], Stock.objects.get(variant=world.iron).stopped) == (None, True)
    shown = other.get("stock/stops?limit=1").json()
    rest = other.get(f"stock/stops?cursor={shown['next']}").json()
    assert [(one["sku"], one["yours"]) for one in (*shown["items"], *rest["items"])] == [
        ("HD-1", False),
        ("IR-1", False),
    ]
    drain()
    assert set(Notice.objects.filter(type="stock.stopped").values_list("subject", flat=True)) == {
        "sku:HD-1",
        "sku:IR-1",
    }
    lift = {"sku": "HD-1", "lot": "B-7", "reason": "tested, good"}
    assert code(other.post("stock/stops/lift", lift)) == (403, "stop_of_others")
    assert code(erp.post("stock/stops/lift", {**lift, "lot": ""})) == (404, "not_found")
    # what a partner stopped and the brand stops by its own word is the brand's to lift
    iron = inventory.stop_sale(variant=world.iron, reason="recalled", by="olga", now=make.NOW)
    assert code(erp.post("stock/stops/lift", {"sku": "IR-1", "reason": "x"})) == (403, "stop_of_others")
    with pytest.raises(inventory.AlreadyStopped):
        inventory.stop_sale(variant=world.iron, reason="again", by="owen", now=make.NOW)
    assert (iron.by, iron.reason, SaleStop.objects.filter(variant=world.iron).count()) == (
        "olga",
        "recalled",
        1,
    )
    codes = at_once([lambda: erp.post("stock/stops/lift", lift).status_code] * 2)
    assert sorted(codes) in ([200, 404], [200, 409])
    lot.refresh_from_db()
    assert (lot.stopped, lot.quarantined) == (False, 0)
    inventory.stop_sale(variant=world.dryer, reason="the brand's word", by="olga", now=make.NOW)
    assert code(erp.post("stock/stops/lift", {**lift, "lot": ""})) == (403, "stop_of_others")
    for bad in ({"sku": "none", "reason": "x"}, {"sku": "HD-1", "lot": "none", "reason": "x"}):
        assert code(erp.post("stock/stops", bad)) == (404, "not_found")
    assert erp.post("stock/stops", {"sku": "HD-1"}).status_code == 422
    limit(erp, world, world.warehouse.code)
    assert code(erp.post("stock/stops", said)) == (403, "stops_everywhere")
    assert SaleStop.objects.filter(lifted_at=None).count() == 2
    assert not Connection.objects.filter(kind="warehouse", scopes__contains=["recalls:write"]).exists()
