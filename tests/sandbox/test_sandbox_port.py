"""The port takes what fits, compares three documents, and lets a list through to its release."""

import pytest
from lxml import etree

from tests.sandbox.conftest import wait_until
from tests.sandbox.declarant import EBP, Declarant
from tests.sandbox.test_sandbox_customs import becomes, declare, paid

__all__ = ["paid"]


@pytest.fixture
def declarant(world, base, play):
    return Declarant(world["storefronts"][0]["port"], base)


@pytest.fixture
def ready(maison, declarant, paid):
    """A payment that was declared, an order and a waybill that customs has; the number of the waybill."""
    declare(maison, paid, merchant_customs_no=EBP["ebpCode"])
    becomes(maison, paid, "SUCCESS")
    waybill = "SF7" + paid["out_trade_no"][-12:]
    declarant.send("CEB311Message", declarant.order(paid))
    assert declarant.ask_carrier(paid, waybill).status_code == 200
    wait_until(lambda: declarant.statuses("CEB312Message")[-1:] == ["399"])
    wait_until(lambda: declarant.statuses("CEB512Message")[-1:] == ["399"])
    return waybill


def test_an_order_is_told_of_four_times_under_its_own_number(declarant, paid):
    declarant.send("CEB311Message", declarant.order(paid))
    wait_until(lambda: len(declarant.hear()) == 4)
    assert declarant.statuses("CEB312Message", orderNo=paid["out_trade_no"]) == ["2", "3", "120", "399"]


def test_a_list_whose_papers_agree_is_released_and_taxed(declarant, paid, ready):
    declarant.send("CEB621Message", declarant.listed(paid, ready))
    wait_until(lambda: "CEB816Message" in [name for name, _ in declarant.hear()])
    wait_until(lambda: declarant.statuses("CEB622Message")[-1:] == ["899"])
    assert declarant.statuses("CEB622Message") == ["2", "3", "120", "399", "800", "899"]
    told = [told for name, told in declarant.hear() if name == "CEB622Message"]
    assert {one["copNo"] for one in told} == {"L" + paid["out_trade_no"][-15:]}
    assert len({one["preNo"] for one in told}) == 1
    assert (len(told[-1]["invtNo"]), told[-1]["invtNo"][:4], told[-1]["invtNo"][8]) == (18, "3105", "I")
    assert "invtNo" not in told[0]


def test_receipts_stay_until_they_are_taken(declarant, paid):
    declarant.send("CEB311Message", declarant.order(paid))
    url = f"{declarant.base}/receipts/{declarant.dxp_id}"

    def waiting():
        return declarant.http.get(url, timeout=9).json()["receipts"]

    wait_until(lambda: len(waiting()) >= 1)
    first = waiting()[0]["id"]
    assert waiting()[0]["id"] == first
    declarant.http.post(f"{url}/taken", json={"ids": [first, "unknown"]}, timeout=9)
    assert first not in [one["id"] for one in waiting()]
    assert declarant.http.get(f"{declarant.base}/receipts/nobody", timeout=9).status_code == 404
    assert declarant.http.get(url, params={"limit": 0}, timeout=9).status_code == 400


def test_a_message_of_nobody_or_of_another_kind_is_answered_with_an_error(declarant, paid):
    unknown = declarant.tree("CEB311Message", [declarant.order(paid)], dxpId="DXPNOBODY")
    assert declarant.post(unknown).text == "ERROR 2001 指定的接收方不存在: DXPNOBODY"
    other = declarant.tree("CEB311Message", [declarant.order(paid)], copCode="1234567890")
    assert declarant.post(other).text.startswith("ERROR 10102")
    assert declarant.post(b"no XML", "CEB311Message.xml").text == "ERROR 0001 不是XML"


def test_what_does_not_fit_comes_back_as_900_with_the_place_and_the_message(declarant, paid):
    root = declarant.tree("CEB311Message", [declarant.order(paid, currency="156")])
    assert declarant.post(root).text == "OK"
    wait_until(lambda: len(declarant.hear()) == 1)
    name, told = declarant.hear()[0]
    assert (name, told["returnStatus"], told["oriMessageType"]) == ("CEB900Message", "-2", "CEB311Message")
    assert told["returnInfo"] == "0002 Order[1]/OrderHead/currency: 限定为142"
    assert told["oriCopMsgId"] == root.get("guid")
    assert etree.fromstring(told["oriBizMessage"].encode()).get("guid") == root.get("guid")
