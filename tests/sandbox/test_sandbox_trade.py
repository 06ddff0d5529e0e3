"""The sandbox tells of parcel and release once every declaration of a payment has succeeded."""

import requests

from tests.sandbox.conftest import wait_until
from tests.sandbox.test_sandbox_customs import declare, paid

__all__ = ["paid"]


def told(base, kind, number):
    return requests.get(f"{base}/trade/{kind}/{number}", timeout=9)


def test_nothing_is_known_before_the_payment_is_declared(base, paid):
    for kind in ("shipments", "releases"):
        assert told(base, kind, paid["out_trade_no"]).status_code == 404
        assert told(base, kind, "T-nobody").status_code == 404


def test_a_declared_payment_is_carried_and_then_released(maison, base, paid):
    declare(maison, paid)
    number = paid["out_trade_no"]
    wait_until(lambda: told(base, "releases", number).status_code == 200)
    parcel, release = told(base, "shipments", number).json(), told(base, "releases", number).json()
    assert set(parcel) == {"waybill", "carrier", "handed_over_at"}
    assert (parcel["waybill"][:2], len(parcel["waybill"]), parcel["carrier"]) == ("SF", 15, "顺丰速运")
    assert (set(release), len(release["list"])) == ({"list", "released_at"}, 18)
    assert parcel["handed_over_at"] <= release["released_at"]
    assert told(base, "shipments", number).json() == parcel


def test_one_declaration_that_failed_keeps_all_back(maison, play, base, paid):
    play("switches", call="customs_outcome", mode="fail")
    declare(maison, paid)
    declare(maison, paid, customs="SHANGHAI_ZS")
    number = paid["out_trade_no"]
    play("customs", mchid=maison.mchid, customs="SHANGHAI_ZS", out_trade_no=number, state="SUCCESS")
    assert told(base, "shipments", number).status_code == 404


def test_what_is_told_can_be_changed_kept_back_and_spoilt(maison, play, base, paid):
    declare(maison, paid)
    number = paid["out_trade_no"]
    play("trade", out_trade_no=number, waybill="YT1", list="L1", hold=True)
    assert told(base, "shipments", number).status_code == 404
    play("trade", out_trade_no=number, hold=False)
    wait_until(lambda: told(base, "releases", number).status_code == 200)
    assert told(base, "shipments", number).json()["waybill"] == "YT1"
    assert told(base, "releases", number).json()["list"] == "L1"
    play("switches", call="releases", mode="500")
    assert [told(base, "releases", number).status_code for _ in range(2)] == [500, 200]
    assert play.refused("trade", waybill="X").status_code == 400
    assert requests.post(f"{base}/trade/shipments/{number}", timeout=9).status_code == 405
    assert told(base, "parcels", number).status_code == 404
