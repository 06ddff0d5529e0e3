"""Notifications arrive encrypted and signed, again and again on WeChat's ladder until one is acknowledged."""

import json
import time
from itertools import pairwise

import pytest

LADDER = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]


def pay(play, merchant, shop, **how):
    order = merchant.order(notify_url=shop.url)
    merchant.prepay(order)
    return order["out_trade_no"], play("pay", out_trade_no=order["out_trade_no"], **how)


def seen(rows):
    return [(row["treatment"], row["status"], row["outcome"]) for row in rows]


def test_a_payment_is_told_encrypted_and_signed(play, maison, platform, shop):
    number, paid = pay(play, maison, shop)
    (row,) = play.until_quiet()
    ((_, headers, body),) = shop.received
    assert platform.verifies(headers, body)
    assert headers["Content-Type"] == "application/json"
    told = json.loads(body)
    assert told["id"] == paid["notification_id"] == row["id"]
    assert told["event_type"] == "TRANSACTION.SUCCESS"
    assert told["resource_type"] == "encrypt-resource"
    assert told["resource"]["original_type"] == "transaction"
    assert len(told["resource"]["nonce"]) == 12
    assert json.loads(maison.decrypt(told["resource"])) == maison.query(number).json()
    assert seen([row]) == [(None, 204, "acknowledged")]


def test_both_platform_keys_sign_in_turns_unless_one_is_asked_for(play, maison, platform, shop):
    for _ in range(2):
        pay(play, maison, shop)
    play.until_quiet()
    pay(play, maison, shop, signed_by="certificate")
    play.until_quiet()
    pay(play, maison, shop, signed_by="public_key")
    play.until_quiet()
    assert all(platform.verifies(headers, body) for _, headers, body in shop.received)
    serials = [headers["Wechatpay-Serial"] for _, headers, _ in shop.received]
    assert set(serials[:2]) == {platform.cert_serial, platform.public_key_id}
    assert serials[2:] == [platform.cert_serial, platform.public_key_id]


def test_an_unacknowledged_notification_is_repeated_on_the_whole_ladder(play, maison, shop):
    play("time_scale", seconds_per_second=0.00002)
    shop.answers = [500, 404, 302, 201] + [500] * 20
    pay(play, maison, shop)
    rows = play.until_quiet()
    assert len(rows) == len(shop.received) == 16
    assert [row["attempt"] for row in rows] == list(range(1, 17))
    assert {row["outcome"] for row in rows} == {"refused"}
    assert len({body for _, _, body in shop.received}) == 1
    assert len({headers["Wechatpay-Nonce"] for _, headers, _ in shop.received}) == 16
    at = [moment for moment, _, _ in shop.received]
    waits = [later - earlier for earlier, later in pairwise(at)]
    for wait, rung in zip(waits, LADDER, strict=True):
        assert rung * 0.00002 - 0.03 <= wait <= rung * 0.00002 + 0.4
    assert sum(LADDER) == 24 * 3600 + 4 * 60


@pytest.mark.parametrize("status", [200, 204])
def test_retries_stop_when_one_is_acknowledged(play, maison, shop, status):
    shop.answers = [500, 500, status]
    pay(play, maison, shop)
    assert [row["status"] for row in play.until_quiet()] == [500, 500, status]


def test_a_changed_time_scale_also_shortens_waits_under_way(play, maison, shop):
    play("time_scale", seconds_per_second=1)
    shop.answers = [500]
    pay(play, maison, shop)
    time.sleep(0.2)
    assert play.log()["pending"] == 1
    play("time_scale", seconds_per_second=0.001)
    assert [row["status"] for row in play.until_quiet()] == [500, 204]


def test_reset_stops_what_is_on_its_way(play, maison, shop):
    play("time_scale", seconds_per_second=1)
    shop.answers = [500]
    pay(play, maison, shop)
    time.sleep(0.2)
    play("reset")
    play("time_scale", seconds_per_second=0.00001)
    time.sleep(0.1)
    assert len(shop.received) == 1
    assert play.log() == {"calls": [], "notifications": [], "pending": 0}


def test_a_receiver_that_is_down_is_tried_again(play, maison, shop):
    shop.server.shutdown()
    shop.server.server_close()
    pay(play, maison, shop)
    rows = play.until_quiet()
    assert [row["outcome"] for row in rows] == ["unreachable"] * 16


def test_a_receiver_has_five_seconds(play, maison, shop):
    def too_slow(*_):
        time.sleep(5.5)
        return 204

    shop.answers = [too_slow]
    began = time.monotonic()
    pay(play, maison, shop)
    deadline = time.monotonic() + 8
    while len(rows := play.log()["notifications"]) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [row["outcome"] for row in rows] == ["unreachable", "acknowledged"]
    assert 5 <= time.monotonic() - began < 7


def test_a_notification_can_be_lost_altogether_yet_a_query_knows(play, maison, shop):
    play("switches", call="notify", mode="lost_notification")
    number, _ = pay(play, maison, shop)
    assert [row["outcome"] for row in play.until_quiet()] == ["lost"] * 16
    assert shop.received == []
    assert maison.query(number).json()["trade_state"] == "SUCCESS"
    pay(play, maison, shop)
    play.until_quiet()
    assert len(shop.received) == 1


def test_the_first_deliveries_can_be_lost(play, maison, shop):
    play("switches", call="notify", mode="lost_notification", deliveries=3)
    pay(play, maison, shop)
    assert [row["outcome"] for row in play.until_quiet()] == ["lost"] * 3 + ["acknowledged"]
    assert len(shop.received) == 1


@pytest.mark.parametrize("mode", ["signtest", "wrong_signature", "stale_timestamp"])
def test_a_bad_signature_is_followed_by_the_good_one(play, maison, platform, shop, mode):
    play("switches", call="notify", mode=mode, deliveries=2)
    shop.answers = [lambda headers, body: 204 if platform.verifies(headers, body) else 401] * 3
    pay(play, maison, shop)
    assert seen(play.until_quiet()) == [
        (mode, 401, "refused"),
        (mode, 401, "refused"),
        (None, 204, "acknowledged"),
    ]
    signatures = [headers["Wechatpay-Signature"] for _, headers, _ in shop.received]
    probes = [signature.startswith("WECHATPAY/SIGNTEST/") for signature in signatures]
    assert probes == [mode == "signtest", mode == "signtest", False]
    assert len({len(signature) for signature in signatures}) == 1
    assert len({body for _, _, body in shop.received}) == 1


def test_who_takes_a_probe_for_good_still_gets_the_good_one(play, maison, shop):
    play("switches", call="notify", mode="signtest")
    pay(play, maison, shop)
    assert seen(play.until_quiet()) == [
        ("signtest", 204, "acknowledged"),
        (None, 204, "acknowledged"),
    ]


def test_a_stale_timestamp_is_truly_signed(play, maison, platform, shop, monkeypatch):
    play("switches", call="notify", mode="stale_timestamp")
    pay(play, maison, shop)
    play.until_quiet()
    (_, headers, body), _ = shop.received
    assert not platform.verifies(headers, body)
    then = int(headers["Wechatpay-Timestamp"])
    assert abs(time.time() - 600 - then) < 5
    monkeypatch.setattr(time, "time", lambda: float(then))
    assert platform.verifies(headers, body)


def test_duplicates_come_at_the_same_time(play, maison, platform, shop):
    inside, most = [], []

    def slowly(*_):
        inside.append(1)
        time.sleep(0.15)
        most.append(len(inside))
        inside.pop()
        return 204

    shop.answers = [slowly] * 4
    play("switches", call="notify", mode="duplicate", copies=4)
    pay(play, maison, shop)
    rows = play.until_quiet()
    assert max(most) == 4
    assert [row["attempt"] for row in rows] == [1] * 4
    assert sorted(row["copy"] for row in rows) == [False, True, True, True]
    assert len({body for _, _, body in shop.received}) == 1
    assert all(platform.verifies(headers, body) for _, headers, body in shop.received)


def test_duplicates_may_bear_ids_of_their_own(play, maison, shop):
    play("switches", call="notify", mode="duplicate", copies=3, new_id=True)
    pay(play, maison, shop)
    play.until_quiet()
    bodies = [json.loads(body) for _, _, body in shop.received]
    assert len({body["id"] for body in bodies}) == 3
    assert len({maison.decrypt(body["resource"]) for body in bodies}) == 1


def test_a_refused_original_is_not_repeated_once_a_copy_was_taken(play, maison, shop):
    taken = []

    def one_only(*_):
        taken.append(1)
        return 204 if len(taken) == 1 else 500

    play("time_scale", seconds_per_second=0.02)
    shop.answers = [one_only, one_only]
    play("switches", call="notify", mode="duplicate")
    pay(play, maison, shop)
    assert sorted(row["status"] for row in play.until_quiet()) == [204, 500]


def test_a_wrong_amount_app_or_merchant_can_be_told(play, maison, swift, shop):
    override = {"total": 1, "appid": swift.appid, "mchid": swift.mchid}
    number, _ = pay(play, maison, shop, override=override)
    play.until_quiet()
    told = json.loads(maison.decrypt(json.loads(shop.received[0][2])["resource"]))
    assert (told["appid"], told["mchid"]) == (swift.appid, swift.mchid)
    assert (told["amount"]["total"], told["amount"]["payer_total"]) == (1, 1)
    truth = maison.query(number).json()
    assert (truth["appid"], truth["mchid"], truth["amount"]["total"]) == (maison.appid, maison.mchid, 12345)
    number, _ = pay(play, maison, shop, override={"total": 1}, override_query=True)
    assert maison.query(number).json()["amount"]["total"] == 1


def test_an_override_that_is_not_understood_moves_no_money(play, maison, shop):
    order = maison.order(notify_url=shop.url)
    maison.prepay(order)
    for override in ({"totl": 1}, {"total": "1"}, {"total": True}, []):
        assert play.refused("pay", out_trade_no=order["out_trade_no"], override=override).status_code == 400
    assert play.refused("pay", out_trade_no=order["out_trade_no"], signed_by="me").status_code == 400
    assert maison.query(order["out_trade_no"]).json()["trade_state"] == "NOTPAY"


def test_unknown_events_come_on_demand(play, maison, platform, shop):
    play("switches", call="notify", mode="security_echo")
    pay(play, maison, shop)
    play.until_quiet()
    told = {json.loads(body)["event_type"] for _, _, body in shop.received}
    assert told == {"SECURITY_ECHO.SUCCESS", "TRANSACTION.SUCCESS"}
    resource = {"complaint_id": "1", "action_type": "新"}
    play("notify_raw", mchid=maison.mchid, url=shop.url, event_type="COMPLAINT.CREATE", resource=resource)
    play.until_quiet()
    _, headers, body = shop.received[-1]
    assert platform.verifies(headers, body)
    assert json.loads(body)["event_type"] == "COMPLAINT.CREATE"
    assert json.loads(maison.decrypt(json.loads(body)["resource"])) == resource
    far = play.refused("notify_raw", mchid=maison.mchid, url="http://shop.example/", event_type="X")
    assert far.status_code == 400
