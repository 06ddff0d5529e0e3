"""Every call of the document has an example, made by a story that is played here and must come out the same.

UPDATE_EXAMPLES=1 writes them anew into partner_api/data/examples/.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from backend import delivery
from inventory import services as inventory
from inventory.models import Lot
from partner_api.examples import FOLDER
from partner_api.openapi import described
from partners.models import Partner
from partners.scopes import SCOPES
from partners.services.accounts import connect
from tests import make
from tests.catalog.shelf import shelves
from tests.logistics import shipping
from tests.partner_api.recording import Recorder, compare
from tests.partner_api.test_catalogue import SERUM
from tests.partner_api.test_orders import paid
from tests.partner_api.test_returns import sent
from tests.partner_api.test_shipments import bought, labelled
from tests.partners.calling import system
from tests.partners.wire import over
from tests.returns.conftest import customs  # noqa: F401 -- a fixture

pytestmark = pytest.mark.django_db(transaction=True)
ELSEWHERE = {
    *("put_product", "post_product_withdraw", "get_me", "get_warehouses", "post_stock_adjustments"),
    *("post_stock_counts", "get_order_receiver", "post_parcel_withdrawal", "delete_webhook"),
    *("get_webhook", "get_webhook_messages", "get_webhooks", "post_webhook_message_replay"),
    *(
        "post_files",
        "get_job_file",
        "post_webhook_resume",
        "post_webhook_secret",
        "post_webhook_test",
        "post_webhooks",
        "put_webhook",
    ),
    *("get_returns", "get_return", "post_return_receipt", "post_return_inspection"),
    *("get_returns_unexpected", "post_returns_unexpected", "post_shipment_swap"),
    *("get_lots_orders", "get_stock_stops", "post_stock_stops", "post_stock_stops_lift"),
}
# They answer without a token, or with what a person told customs.
UNSHOWN = {"get_status", "post_token", "get_declaration_message_content", "get_customs_message"}
DAY = datetime(2026, 11, 28, 5, 40, 35, tzinfo=UTC)


@pytest.fixture
def shop(client, monkeypatch, customs):  # noqa: F811
    monkeypatch.setattr("partner_api.webhooks.checked", lambda url: url)  # asks outside
    with time_machine.travel(DAY, tick=True):
        world = make.world()
        erp = system(client, world.shop, "erp")
        who = Partner.objects.get()
        connect(partner=who, storefront=world.shop, scopes=list(SCOPES), by="owner", now=make.present())
        made, _ = over(erp, Recorder)
        made.world = world
        yield made


def test_the_examples_that_no_journey_makes_are_what_is_answered(shop):
    for chapter in (goods, stock, orders, parcels, webhooks, returned, recalled):
        chapter(shop, shop.world)
    of_the_journey = {file.stem for file in FOLDER.glob("*.json")} - ELSEWHERE
    mine = {name: made for name, made in shop.kept.items() if name in ELSEWHERE}
    assert of_the_journey
    assert compare(mine) == [], "what is answered has changed: look, then UPDATE_EXAMPLES=1"


def test_every_call_has_an_example():
    names = {one["operationId"] for path in described()["paths"].values() for one in path.values()}
    told = {file.stem for file in FOLDER.glob("*.json")}
    assert told == names - UNSHOWN


def goods(shop, world):
    shelves(world.shop)
    shop.post_catalogue_upserts({"rows": [SERUM]})
    delivery.drain()
    sheet = b"sku,price\r\nRS-30,879.00\r\n"
    job = shop.post_files(sheet, kind="catalogue", name="prices.csv")
    delivery.drain()
    assert b"RS-30" in shop.get_job_file(job["id"])
    seen = shop.get_product("rose-serum")
    shop.put_product("rose-serum", seen | {"subtitle_en": "Bright by morning"})
    shop.post_product_publish("rose-serum")
    shop.post_product_withdraw("rose-serum", {"reason": "the label is printed anew"})


def stock(shop, world):
    shop.get_me()
    shop.get_warehouses()
    shop.get_stock(sku="HD-1")
    lot = shop.get_stock_lots(sku="HD-1")["items"][0]
    place = {"warehouse": world.warehouse.code}
    line = {"sku": "HD-1", "lot": lot["lot"], "inbound_list": lot["inbound_list"]}
    shop.post_stock_receipts({**place, "reference": "GRN-2026-118", "lines": [{**line, "quantity": 40}]})
    shop.post_stock_adjustments({**place, "lines": [{**line, "pieces": -1, "reason": "broken"}]})
    shop.post_stock_counts({**place, "note": "rack 7", "lines": [{**line, "counted": 38}]})


def orders(shop, world):
    shop.get_order_receiver(paid(world, ("HD-1", 1)).number, purpose="deliver")


def parcels(shop, world):
    shipping.sf(world.shop)
    order = bought(world)
    shop.post_shipment_pick(order.number)
    swap = {"sku": "HD-1", "quantity": 1, "damaged": True, "reason": "the box is crushed"}
    shop.post_shipment_swap(order.number, swap)
    made = shop.post_shipment_parcels(order.number, {"weight_g": 1_700})["id"]
    labelled(made)
    shop.post_parcel_withdrawal(made)


def recalled(shop, world):
    Lot.objects.filter(stock__variant=world.iron).update(code="2026-B7")
    order = paid(world, ("IR-1", 2))
    inventory.pick(holder=order.event_key, by="packer", now=make.present())
    lot = {"sku": "IR-1", "lot": "2026-B7"}
    shop.get_lots_orders(**lot)
    shop.post_stock_stops({**lot, "reason": "its cable gets hot"})
    shop.get_stock_stops()
    shop.post_stock_stops_lift({**lot, "reason": "tested: it does not"})


def returned(shop, world):
    row = sent(world)
    shop.get_returns(state="on_the_way")
    shop.get_return(row.number)
    shop.post_return_receipt(row.number, {})
    lines = [{"sku": "HD-1", "grade": "as_new", "quantity": 1}]
    shop.post_return_inspection(row.number, {"lines": lines})
    found = [{"sku": "HD-1", "grade": "opened", "quantity": 1}]
    body = {"order": row.order.number, "waybill": "SF1390042718305", "lines": found}
    shop.post_returns_unexpected(body)
    shop.get_returns_unexpected()


def webhooks(shop, world):
    body = {"url": "https://hooks.example.com/d2c", "types": ["order.paid", "order.cancelled"]}
    made = shop.post_webhooks(body)["id"]
    shop.get_webhooks()
    shop.get_webhook(made)
    shop.put_webhook(made, {**body, "types": ["order.paid"]})
    shop.post_webhook_test(made)
    sent = shop.get_webhook_messages(made)["items"][0]["id"]
    shop.post_webhook_message_replay(made, sent)
    shop.post_webhook_secret(made)
    shop.post_webhook_resume(made)
    shop.get_events()
    shop.delete_webhook(made)
