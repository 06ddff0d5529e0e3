"""A warehouse, an ERP and a broker work by the partners' API alone, while a consumer buys and returns.

Catalogue in, stock in, order out, shipped, declared, returned: each by the client that developers are given,
over HTTP, with the port, the carrier and WeChat on the other side.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from catalog.models import Variant
from inventory.services.papers import file_item
from kernel import throttle
from miniprogram_api import kept
from partner_client import PartnerError, transport
from partners.models import Partner
from partners.scopes import USUAL
from partners.services.accounts import connect, issue_credential
from tests.journeys.within import DAY, HOUR, House, house_at
from tests.partner_api.recording import Recorder, compare
from tests.partner_api.test_examples import ELSEWHERE
from tests.partners.calling import partner
from tests.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)

DRYER = {
    "sku": "HD-9",
    "product_code": "hair-dryer-nine",
    "category": "small",
    "brand": "aube",
    "name_zh": "吹风机九号",
    "name_en": "Hair dryer nine",
    "price_fen": 30_000,
    "weight_g": 500,
    "hs_code": "8516310000",
    "origin": "FR",
    "unit": "001",
    "legal_unit_1": "001",
    "legal_quantity_1": "1",
    "spec_zh": "电吹风|九号",
    "e_label_zh": "产品名称：吹风机九号",
    "customs_confirmed": True,
}


@pytest.fixture
def house(
    stand_in_process: StandIn, settings: Any, monkeypatch: pytest.MonkeyPatch, redis: Any
) -> Iterator[House]:
    kept.forget()
    throttle.writes.reset()
    with house_at(stand_in_process, settings, monkeypatch) as made:
        clock = SimpleNamespace(time=lambda: made.now().timestamp(), sleep=lambda _: None)
        monkeypatch.setattr(transport, "time", clock)
        monkeypatch.setattr("oauth2_provider.oauth2_validators.timezone", SimpleNamespace(now=made.now))
        yield made
    kept.forget()


def client(house: House, kind: str, name: str) -> Recorder:
    """A partner's system, as it is connected by the owner."""
    who = partner(house.world.shop, kind, name=name)
    Partner.objects.filter(pk=who.pk).update(per_minute=100_000)  # a journey's days pass in seconds
    if kind == "warehouse":  # its labels name the receiver
        scopes = {*USUAL[kind], "personal:name", "personal:address"}
        connect(partner=who, storefront=house.world.shop, scopes=scopes, by="owner", now=house.now())
    issued = issue_credential(partner=who, by="owner", now=house.now())
    told = (issued.client_id, issued.client_secret, issued.signing_key)
    return Recorder(house.base, *told, house.world.shop.code)


def filed(house: House, sku: str) -> None:
    """The brand's own people enter under which item of the account book the SKU is filed."""
    file_item(
        warehouse=house.world.warehouse,
        variant=Variant.objects.get(sku=sku),
        item_no="9009",
        record_no="LJHD9",
        filed_on=None,
        by="owner",
        now=house.now(),
    )


def test_from_the_catalogue_to_the_return_by_the_partners_api_alone(house: House) -> None:
    erp, wms = client(house, "erp", "Paris ERP"), client(house, "warehouse", "Ningbo WMS")
    broker, carrier = client(house, "broker", "Ningbo Broker"), client(house, "carrier", "Yunda")
    place = house.world.warehouse.code

    # Catalogue in: the broker classifies, the ERP puts it on the shelves.
    job = broker.post_catalogue_upserts({"rows": [DRYER]})
    house.until(lambda: broker.get_job(job["id"])["state"] == "done")
    (row,) = broker.get_job_results(job["id"])["items"]
    assert (row["sku"], row["outcome"], row["faults"]) == ("HD-9", "created", [])
    erp.post_product_publish("hair-dryer-nine")
    erp.get_product("hair-dryer-nine")
    erp.get_products()
    assert erp.get_variant("HD-9")["price_fen"] == 30_000

    # Stock in.
    inbound = wms.get_stock_lots(sku="HD-1")["items"][0]["inbound_list"]
    line = {"sku": "HD-9", "quantity": 20, "lot": "L-9", "inbound_list": inbound or ""}
    wms.post_stock_receipts({"warehouse": place, "reference": "GRN-9", "lines": [line]})
    assert [(one["quarantined"], one["available"]) for one in wms.get_stock(sku="HD-9")["items"]] == [(20, 0)]
    filed(house, "HD-9")  # 商品备案, without which nothing leaves a bonded zone
    assert [one["available"] for one in wms.get_stock(sku="HD-9")["items"]] == [20]
    kept.forget()

    # Order out.
    order = house.buys(("HD-9", 2))
    house.beat()
    (seen,) = erp.get_orders(acknowledged=False)["items"]
    assert (seen["number"], seen["total_fen"], seen["lines"][0]["sku"]) == (
        order.number,
        order.total_fen,
        "HD-9",
    )
    erp.post_order_acknowledgement(order.number, {"reference": "SO-1"})
    assert erp.get_orders(acknowledged=False)["items"] == []

    erp.get_orders()
    erp.get_order(order.number)

    # Shipped: not while it may be cancelled, not before the release.
    with pytest.raises(PartnerError) as held:
        wms.post_shipment_pick(order.number)
    assert held.value.status == 409
    house.later(HOUR)
    house.beat()
    wms.get_shipments(state="to_pick")
    (to_pick,) = wms.post_shipment_pick(order.number)["lines"]
    assert [(one["lot"], one["quantity"]) for one in to_pick["lots"]] == [("L-9", 2)]
    with pytest.raises(PartnerError) as heavy:
        wms.post_shipment_parcels(order.number, {"weight_g": 9_000})
    weight = heavy.value.problem["expected_g"] + 20
    parcel = wms.post_shipment_parcels(order.number, {"weight_g": weight})["id"]
    house.until(lambda: wms.get_parcel(parcel)["waybill"])
    with pytest.raises(PartnerError) as early:
        wms.post_parcel_departure(parcel)
    assert early.value.status in {403, 409}

    wms.get_parcel_label(parcel)
    wms.post_parcel_weight(parcel, {"weight_g": weight})  # said again, it changes nothing

    # Declared.
    house.clears(order)
    house.beat()
    wms.post_parcel_departure(parcel)
    assert [one["on_hand"] for one in wms.get_stock(sku="HD-9")["items"]] == [18]
    declared = broker.get_declaration(order.number)
    assert (declared["state"], bool(declared["list_no"])) == ("closed", True)
    messages = broker.get_declaration_messages(order.number)["items"]
    assert [one["type"] for one in messages if one["direction"] == "out"][:1] == ["CEB311Message"]
    broker.get_declarations()
    house.beat()
    told = {one["type"] for one in wms.each(wms.get_events)}
    assert told >= {"order.paid", "shipment.to_pick", "shipment.labelled", "shipment.dispatched"}

    # Delivered: the carrier tells, twice is once.
    house.later(HOUR)
    told_by = {"events": [{"at": house.now().isoformat(), "code": "picked_up", "text": "已揽收"}]}
    assert [carrier.post_parcel_tracking(parcel, told_by)["taken"] for _ in range(2)] == [1, 0]
    house.later(2 * DAY)
    told_by = {"events": [{"at": house.now().isoformat(), "code": "delivered", "text": "已签收"}]}
    assert carrier.post_parcel_tracking(parcel, told_by)["parcel"]["latest"] == "delivered"
    assert erp.get_shipment(order.number)["state"] == "delivered"

    # Returned: within the seven days, received and graded by the warehouse; the money goes by itself.
    house.back()
    line = {"position": 1, "quantity": 1}
    wish = {"kind": "return", "reason": "changed_mind", "lines": [line]}
    refund_fen = house.quoted(order, wish)["refund_fen"]
    asked = house.asks(order, wish)["number"]
    house.sends(asked)
    house.beat()
    (expected,) = wms.get_returns(state="on_the_way")["items"]
    assert (expected["number"], expected["order"]) == (asked, order.number)
    house.later(2 * DAY)
    wms.post_return_receipt(asked)
    found = {"sku": "HD-9", "quantity": 1, "lot": "L-9", "grade": "as_new", "inbound_list": inbound or ""}
    wms.post_return_inspection(asked, {"lines": [found]})
    stray = {"order": order.number, "lines": [{"sku": "HD-9", "quantity": 1, "lot": "L-9"}], "waybill": "YT1"}
    wms.post_returns_unexpected({**stray, "lines": [], "contents": "a cable", "pieces": 1})
    house.until(lambda: erp.get_return(asked)["state"] == "settled")
    assert house.refunds(order) == [refund_fen]
    assert [one["on_hand"] for one in wms.get_stock(sku="HD-9")["items"]] == [19]

    made = carrier.kept | broker.kept | wms.kept | erp.kept
    told = compare({name: one for name, one in made.items() if name not in ELSEWHERE})
    assert told == [], "what is answered has changed: look, then UPDATE_EXAMPLES=1"
