"""Of direct mail the list is compared with its bill before customs does; of bonded goods it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from customs.documents.facts import Consignee, Orderer, Party, Payment, Place, Trade, Waybill
from customs.matching import mismatches

NOBODY = Party()
ON_ITS_BILL = Place(
    customs_code="3105",
    port_code="3104",
    traffic="5",
    dispatch_country="110",
    site_code="",
    ems_no="",
    area=NOBODY,
    traffic_no="B-LRA",
    voyage_no="CX0839",
    bill_no="160-12345675",
    consigned="SF1",
)
NOTHING = Trade(
    number="1",
    transaction_id="",
    trade_mode="1210",
    goods_fen=0,
    freight_fen=0,
    discount_fen=0,
    duty_fen=0,
    vat_fen=0,
    excise_fen=0,
    platform=NOBODY,
    seller=NOBODY,
    payment_firm=NOBODY,
    declarant=NOBODY,
    guarantor=NOBODY,
    orderer=Orderer("", "", "", ""),
    consignee=Consignee("", "", "", ""),
    lines=(),
    payment=Payment("", 0, "", "", ""),
    waybill=Waybill("SF1", NOBODY, 0, 1),
    place=ON_ITS_BILL,
)
KEYS = ("traffic_no", "voyage_no", "bill_no", "waybill_on_bill")


def found(place: Place, *, mode: str = "9610", listing: bool = True) -> dict[str, tuple[str, str, str]]:
    """What of bill and voyage differs: found, wanted, and who mends it."""
    trade = replace(NOTHING, trade_mode=mode, place=place)
    return {
        one.key: (one.found, one.wanted, one.mender)
        for one in mismatches(trade, listing=listing)
        if one.key in KEYS
    }


def test_what_is_on_its_bill_differs_in_nothing():
    assert found(ON_ITS_BILL) == {}


@pytest.mark.parametrize(
    ("lacks", "wanted"),
    [("traffic_no", "运输工具编号"), ("voyage_no", "航班航次号"), ("bill_no", "提运单号")],
)
def test_a_list_that_lacks_one_of_the_three_is_not_sent(lacks, wanted):
    assert found(replace(ON_ITS_BILL, **{lacks: ""})) == {lacks: ("—", wanted, "operator")}


@pytest.mark.parametrize(("consigned", "shown"), [("SF2", "SF2"), ("", "—")])
def test_the_waybill_of_the_list_stands_on_the_bill(consigned, shown):
    assert found(replace(ON_ITS_BILL, consigned=consigned)) == {
        "waybill_on_bill": (shown, "SF1", "warehouse")
    }


def test_before_the_list_and_of_bonded_goods_nobody_asks_for_a_bill():
    nowhere = replace(ON_ITS_BILL, traffic_no="", voyage_no="", bill_no="", consigned="")
    assert set(found(nowhere)) == set(KEYS)
    assert found(nowhere, listing=False) == {}
    assert found(nowhere, mode="1210") == {}
