"""Who serves certain warehouses sees those alone: stock, orders, events, and what it is told."""

from __future__ import annotations

import pytest
from django.db.models import Max

from backend.delivery import drain
from inventory.models import Movement, Warehouse
from kernel.models import Event
from partners.gateways.webhook.address import Checked
from partners.models import Connection, Message, Notice
from partners.services import accounts, endpoints
from tests import make
from tests.partners.calling import system
from tests.returns.parts import bought

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


def limit(caller, world, *codes):
    row = caller.issued.credential.partner
    scopes = Connection.objects.get(partner=row, ended_at=None).scopes
    accounts.connect(
        partner=row, storefront=world.shop, scopes=scopes, warehouses=codes, by="olga", now=make.present()
    )


def items(answer):
    return answer.json()["items"]


def test_another_warehouses_stock_orders_and_events_are_not_there(client, world):
    near = world.warehouse
    Warehouse.objects.create(
        storefront=world.shop,
        code="far",
        name="Far",
        name_zh="远",
        trade_mode="0110",
        customs_district="0100",
    )
    mine, theirs = system(client, world.shop, "erp"), system(client, world.shop, "erp", name="theirs")
    limit(mine, world, near.code)
    limit(theirs, world, "far")
    for one in (mine, theirs):
        row = Connection.objects.get(partner=one.issued.credential.partner, ended_at=None)
        endpoints.make_endpoint(
            connection=row, url=Checked("https://a.example/"), types=["order.paid"], now=make.present()
        )
    order = bought(world, ("HD-1", 1))
    drain()
    lot = items(mine.get("stock/lots?sku=HD-1"))[0]["lot"]
    assert Notice.objects.get(type="order.paid").warehouse == near.code
    told = Message.objects.get(type="order.paid")
    assert told.endpoint.partner == mine.issued.credential.partner

    def seen(caller):
        lists = ("warehouses", "stock", "stock/lots", "orders", "orders?acknowledged=false", "events")
        return [bool(items(caller.get(one))) for one in lists]

    assert seen(mine) == [True] * 6
    assert seen(theirs) == [True, *[False] * 5]
    assert [row["code"] for row in items(theirs.get("warehouses"))] == ["far"]
    moved = Movement.objects.aggregate(Max("pk"))
    line = {"sku": "HD-1", "lot": lot}
    for answer in (
        theirs.get(f"stock?warehouse={near.code}"),
        theirs.get(f"orders/{order.number}"),
        theirs.post(f"orders/{order.number}/acknowledgement", {}),
        theirs.send("GET", f"orders/{order.number}/receiver?purpose=fulfil"),
        *(
            theirs.post(
                f"stock/{verb}", {"warehouse": near.code, "reference": "R", "lines": [{**line, **of}]}
            )
            for verb, of in (
                ("receipts", {"quantity": 1}),
                ("adjustments", {"pieces": 1, "reason": "found"}),
                ("counts", {"counted": 1}),
            )
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Movement.objects.aggregate(Max("pk")) == moved
    said = Event.objects.filter(name="partner.connected").latest("pk").facts
    assert (said["by"], said["warehouses"]) == ("olga", ["far"])
    limit(theirs, world)  # none: all
    assert seen(theirs) == [True] * 6
