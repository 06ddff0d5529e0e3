"""The sandbox refunds as WeChat does: once per number, up to what was paid, taken first and told of later."""

import base64
import json
import secrets

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1

from tests.sandbox.conftest import wait_until

ROOT = "/v3/refund/domestic/refunds"


def refund(merchant, number, fen=1000, **changed):
    body = {
        "out_trade_no": number,
        "out_refund_no": "R" + secrets.token_hex(8),
        "reason": "测试",
        "amount": {"refund": fen, "total": 12345, "currency": "CNY"},
    } | changed
    return merchant.call("POST", ROOT, json.dumps(body, ensure_ascii=False))


def found(merchant, number):
    return merchant.call("GET", f"{ROOT}/{number}")


def ended(merchant, number, status):
    wait_until(lambda: found(merchant, number).json()["status"] == status)
    return found(merchant, number).json()


@pytest.fixture
def paid(maison, play):
    """The number of an order of 123.45 yuan that was paid."""
    order = maison.order()
    maison.prepay(order)
    play("pay", out_trade_no=order["out_trade_no"])
    return order["out_trade_no"]


def test_a_refund_is_taken_then_succeeds_and_is_told_of(maison, play, paid, shop):
    taken = refund(maison, paid, 1000, notify_url=shop.url)
    told = taken.json()
    assert (taken.status_code, told["status"], told["amount"]["refund"]) == (200, "PROCESSING", 1000)
    assert "success_time" not in told
    assert ended(maison, told["out_refund_no"], "SUCCESS")["success_time"].endswith("+08:00")
    wait_until(lambda: shop.received)
    _, headers, body = shop.received[0]
    assert maison.platform.verifies(headers, body)
    notice = json.loads(body)
    plain = json.loads(maison.decrypt(notice["resource"]))
    assert notice["event_type"] == "REFUND.SUCCESS"
    assert (plain["refund_status"], plain["mchid"], plain["out_trade_no"]) == ("SUCCESS", maison.mchid, paid)
    assert plain["amount"] == {"total": 12345, "refund": 1000, "payer_total": 12345, "payer_refund": 1000}
    assert "status" not in plain
    assert maison.query(paid).json()["trade_state"] == "REFUND"


def test_the_same_number_is_refunded_once_and_other_content_is_refused(maison, paid):
    first = refund(maison, paid, out_refund_no="R-once").json()
    again = refund(maison, paid, out_refund_no="R-once").json()
    assert again["refund_id"] == first["refund_id"]
    other = refund(maison, paid, 999, out_refund_no="R-once")
    assert (other.status_code, other.json()["code"]) == (400, "INVALID_REQUEST")


def test_no_more_than_was_paid_goes_back_and_only_a_minute_apart(maison, play, paid):
    assert refund(maison, paid, 12000).status_code == 200
    soon = refund(maison, paid, 100)
    assert (soon.status_code, soon.json()["code"]) == (429, "FREQUENCY_LIMITED")
    play("advance", seconds=60)
    assert refund(maison, paid, 346).json()["code"] == "INVALID_REQUEST"
    assert refund(maison, paid, 345).status_code == 200


def test_fifty_parts_and_a_year_are_the_ends_of_it(maison, play, paid):
    for _ in range(50):
        assert refund(maison, paid, 1).status_code == 200
        play("advance", seconds=60)
    assert "次数" in refund(maison, paid, 1).json()["message"]
    order = maison.order()
    maison.prepay(order)
    play("pay", out_trade_no=order["out_trade_no"])
    play("advance", seconds=366 * 86_400)
    assert "一年" in refund(maison, order["out_trade_no"], 1).json()["message"]


def test_what_was_never_paid_or_is_another_merchants_is_not_refunded(maison, swift, play, paid):
    order = maison.order()
    maison.prepay(order)
    assert refund(maison, order["out_trade_no"]).json()["code"] == "INVALID_REQUEST"
    assert refund(swift, paid).json()["code"] == "RESOURCE_NOT_EXISTS"
    number = refund(maison, paid).json()["out_refund_no"]
    assert found(swift, number).json()["code"] == "RESOURCE_NOT_EXISTS"
    assert found(maison, "R-never").status_code == 404


def test_a_closed_refund_moved_nothing_and_leaves_room_for_another(maison, play, paid):
    play("switches", call="refund_outcome", mode="closed")
    number = refund(maison, paid, 12345).json()["out_refund_no"]
    ended(maison, number, "CLOSED")
    assert refund(maison, paid, 12345).status_code == 200


def test_an_abnormal_refund_goes_to_a_bank_card_that_only_wechat_can_read(maison, play, paid):
    play("switches", call="refund_outcome", mode="abnormal")
    number = refund(maison, paid).json()["out_refund_no"]
    told = ended(maison, number, "ABNORMAL")
    target = f"{ROOT}/{told['refund_id']}/apply-abnormal-refund"
    platform = maison.platform

    def sealed(text):
        padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
        return base64.b64encode(
            platform.keys[platform.public_key_id].encrypt(text.encode(), padding)
        ).decode()

    card = {
        "out_refund_no": number,
        "type": "USER_BANK_CARD",
        "bank_type": "ICBC_DEBIT",
        "bank_account": sealed("6222020200112233"),
        "real_name": sealed("王爱丽"),
    }
    plain = json.dumps(card | {"real_name": "王爱丽"}, ensure_ascii=False)
    named = {"Wechatpay-Serial": platform.public_key_id}
    assert maison.call("POST", target, json.dumps(card)).json()["code"] == "PARAM_ERROR"  # under which key?
    assert maison.call("POST", target, plain, headers=named).json()["code"] == "PARAM_ERROR"
    answer = maison.call("POST", target, json.dumps(card), headers=named).json()
    assert (answer["status"], answer["user_received_account"]) == ("PROCESSING", "ICBC_DEBIT2233")
    assert ended(maison, number, "SUCCESS")["channel"] == "OTHER_BANKCARD"


def test_what_is_not_abnormal_takes_no_card(maison, play, paid):
    number = refund(maison, paid).json()["out_refund_no"]
    told = ended(maison, number, "SUCCESS")
    body = json.dumps({"out_refund_no": number, "type": "MERCHANT_BANK_CARD"})
    answer = maison.call("POST", f"{ROOT}/{told['refund_id']}/apply-abnormal-refund", body)
    assert answer.json()["code"] == "INVALID_REQUEST"


def test_switches_make_it_busy_poor_or_silent(maison, play, paid):
    play("switches", call="refund", mode="error", code="NOT_ENOUGH", status=403)
    play("switches", call="refund", mode="500_after")
    assert refund(maison, paid, out_refund_no="R-1").json()["code"] == "NOT_ENOUGH"
    assert found(maison, "R-1").status_code == 404
    assert refund(maison, paid, out_refund_no="R-1").status_code == 500
    assert found(maison, "R-1").status_code == 200
    play("advance", seconds=60)
    play("switches", call="refund_outcome", mode="stuck")
    refund(maison, paid, out_refund_no="R-2")
    play.until_quiet()
    assert found(maison, "R-2").json()["status"] == "PROCESSING"
    play("refund", mchid=maison.mchid, out_refund_no="R-2", status="SUCCESS")
    assert found(maison, "R-2").json()["status"] == "SUCCESS"


def test_wechat_may_refund_by_itself(maison, play, paid):
    facts = {"mchid": maison.mchid, "out_refund_no": "WX-1", "status": "SUCCESS"}
    assert play.refused("refund", **facts).status_code == 404
    told = play("refund", **facts, out_trade_no=paid, amount=500)
    assert told["refund_id"].startswith("5030")
    assert found(maison, "WX-1").json()["amount"]["refund"] == 500


def test_the_books_tell_what_is_true_here_and_what_will_yet_arrive(maison, play, paid):
    play("switches", call="notify", mode="lost_notification")
    open_one = maison.order()
    maison.prepay(open_one)
    told = refund(maison, paid, 1000, notify_url="http://127.0.0.1:9/notify").json()
    ended(maison, told["out_refund_no"], "SUCCESS")
    books = requests.get(f"{play.base}/sandbox/books", timeout=9).json()
    rows = {row["out_trade_no"]: row for row in books["orders"]}
    assert (rows[paid]["paid"], rows[paid]["payable"], rows[paid]["total"]) == (True, False, 12345)
    new = rows[open_one["out_trade_no"]]
    assert (new["paid"], new["payable"], new["transaction_id"]) == (False, True, None)
    assert {row["out_refund_no"]: (row["amount"], row["status"]) for row in books["refunds"]} == {
        told["out_refund_no"]: (1000, "SUCCESS")
    }
    wait_until(lambda: requests.get(f"{play.base}/sandbox/books", timeout=9).json()["arriving"] == 0)
