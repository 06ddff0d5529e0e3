"""A carrier is told province, city and county as it knows them, also where a county has no city above it."""

from __future__ import annotations

import pytest

from inventory.models import Warehouse
from logistics.gateways.sf import RECEIVER, _contact
from logistics.gateways.waybills import Issued, Wanted
from logistics.models import CarrierAccount
from logistics.services import packing, waybills
from logistics.services.receiver import sender_of
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER

PLACES = [
    ("310115", "上海市", "上海市", "浦东新区"),
    ("110101", "北京市", "北京市", "东城区"),
    ("500229", "重庆市", "重庆市", "城口县"),
    ("330206", "浙江省", "宁波市", "北仑区"),
    ("441900", "广东省", "东莞市", ""),
    ("442000", "广东省", "中山市", ""),
    ("460400", "海南省", "儋州市", ""),
    ("620200", "甘肃省", "嘉峪关市", ""),
    ("429004", "湖北省", "仙桃市", ""),
    ("419001", "河南省", "济源市", ""),
    ("659001", "新疆维吾尔自治区", "石河子市", ""),
]


@pytest.mark.parametrize(("code", "province", "city", "county"), PLACES)
def test_a_sender_is_in_the_city_in_which_it_is(code, province, city, county):
    account = CarrierAccount(sender="仓", hotline="0574", origin=code, origin_place="东路 8 号")
    found = sender_of(Warehouse(), account)
    assert (found.province, found.city, found.county) == (province, city, county)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("code", "province", "city", "county"), PLACES[4:9:4])
def test_sf_is_told_the_city_of_a_consumer_who_has_no_county(
    house, monkeypatch, code, province, city, county
):
    house.alice.addresses.all().delete()
    make.address(house.alice, division_code=code, street="鸿福路 1 号 1808 室")
    told: list[dict[str, str]] = []

    def create(self, wanted: Wanted) -> Issued:
        told.append(_contact(RECEIVER, wanted.receiver))
        return Issued("SF7444500123456", "")

    monkeypatch.setattr("logistics.gateways.sf.Sf.create", create)
    packing.pack(shipment=shipping.shipment(house), carrier="SF", by="op", now=LATER)
    assert waybills.sweep(now=make.present()) == 1
    (one,) = told
    assert (one["province"], one["city"], one["county"]) == (province, city, county)
    assert one["address"] == "鸿福路 1 号 1808 室"
