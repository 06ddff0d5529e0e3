"""Every call of the document has an example, made by a story that is played here and must come out the same.

UPDATE_EXAMPLES=1 writes them anew into partner_api/data/examples/.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from backend import delivery
from partner_api.examples import FOLDER
from partner_api.openapi import described
from partners.models import Partner
from partners.scopes import SCOPES
from partners.services.accounts import connect
from tests import make
from tests.catalog.shelf import shelves
from tests.partner_api.recording import Recorder, compare
from tests.partner_api.test_catalogue import CREAM, SERUM
from tests.partner_api.test_orders import paid
from tests.partners.calling import system
from tests.partners.wire import over

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime(2026, 11, 28, 5, 40, 35, tzinfo=UTC)


@pytest.fixture
def shop(client, monkeypatch):
    monkeypatch.setattr("partner_api.webhooks.checked", lambda url: url)  # asks outside
    with time_machine.travel(DAY, tick=True):
        world = make.world()
        erp = system(client, world.shop, "erp")
        who = Partner.objects.get()
        connect(partner=who, storefront=world.shop, scopes=list(SCOPES), by="owner", now=make.present())
        made, _ = over(erp, Recorder)
        made.world = world
        yield made


def test_every_call_has_an_example_and_it_is_what_is_answered(shop):
    for chapter in (catalogue, stock, orders, webhooks):
        chapter(shop, shop.world)
    assert compare(shop.kept) == [], "what is answered has changed: look, then UPDATE_EXAMPLES=1"
    names = {one["operationId"] for path in described()["paths"].values() for one in path.values()}
    told = {file.stem for file in FOLDER.glob("*.json")}
    assert told == names - {"get_status", "post_token"}


def catalogue(shop, world):
    shelves(world.shop)
    rows = [SERUM, {**CREAM, "hs_code": "12"}, {"sku": "HD-1", "weight_g": 640}]
    job = shop.post_catalogue_upserts({"rows": rows})
    delivery.drain()
    shop.get_job(job["id"])
    shop.get_job_results(job["id"])


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
    paid(world, ("HD-1", 1), ("IR-1", 2))
    number = shop.get_orders()["items"][0]["number"]
    shop.get_order(number)
    shop.post_order_acknowledgement(number, {"reference": "SO-1042"})
    shop.get_order_receiver(number, purpose="deliver")


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
