"""The sandbox tells complaints as WeChat does: clocks, states, history, and a telephone only we can read."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1

from tests.sandbox.conftest import wait_until

ROOT, WHERE = "/v3/merchant-service/complaints-v2", "/v3/merchant-service/complaint-notifications"
DAY = 86_400


@pytest.fixture
def paid(maison, play):
    order = maison.order()
    maison.prepay(order)
    play("pay", out_trade_no=order["out_trade_no"])
    return order["out_trade_no"]


@pytest.fixture
def complaint(maison, play, paid):
    return play("complain", mchid=maison.mchid, out_trade_no=paid, phone="13800138000")["complaint_id"]


def post(merchant, target, **body):
    return merchant.call("POST", target, json.dumps(body, ensure_ascii=False))


def reply(merchant, number, content="已联系您", **changed):
    body = {"complainted_mchid": merchant.mchid, "response_content": content} | changed
    return post(merchant, f"{ROOT}/{number}/response", **body)


def state(merchant, number):
    return merchant.call("GET", f"{ROOT}/{number}").json()["complaint_state"]


def test_a_complaint_is_told_where_the_merchant_said(maison, play, paid, shop):
    assert maison.call("GET", WHERE).status_code == 404
    assert post(maison, WHERE, url=shop.url).json() == {"mchid": maison.mchid, "url": shop.url}
    assert post(maison, WHERE, url=shop.url).json()["code"] == "INVALID_REQUEST"
    assert maison.call("PUT", WHERE, json.dumps({"url": shop.url})).status_code == 200
    made = play("complain", mchid=maison.mchid, out_trade_no=paid)
    wait_until(lambda: shop.received)
    _, headers, body = shop.received[0]
    assert maison.platform.verifies(headers, body)
    notice = json.loads(body)
    assert notice["event_type"] == "COMPLAINT.CREATE"
    assert json.loads(maison.decrypt(notice["resource"])) == {
        "complaint_id": made["complaint_id"],
        "action_type": "CREATE_COMPLAINT",
    }
    assert maison.call("DELETE", WHERE).status_code == 204
    assert maison.call("GET", WHERE).status_code == 404


def test_an_unheard_complaint_is_told_more_often_than_a_payment(maison, play, paid, shop):
    post(maison, WHERE, url=shop.url)
    shop.answers = [500] * 40
    play("complain", mchid=maison.mchid, out_trade_no=paid)
    rows = [row for row in play.until_quiet() if row["event_type"] == "COMPLAINT.CREATE"]
    assert [row["outcome"] for row in rows] == ["refused"] * 40 + ["acknowledged"]


def test_what_was_never_paid_is_not_complained_of(maison, play):
    order = maison.order()
    maison.prepay(order)
    refused = play.refused("complain", mchid=maison.mchid, out_trade_no=order["out_trade_no"])
    assert refused.status_code == 409


def test_the_telephone_opens_under_the_merchants_key_alone(maison, complaint):
    told = maison.call("GET", f"{ROOT}/{complaint}").json()
    padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
    assert maison.key.decrypt(base64.b64decode(told["payer_phone"]), padding) == b"13800138000"
    assert told["complaint_order_info"][0]["amount"] == 12345


def test_a_complaint_is_pending_then_in_process_then_done_and_may_come_back(maison, play, complaint):
    assert state(maison, complaint) == "PENDING"
    own = {"complainted_mchid": maison.mchid}
    assert post(maison, f"{ROOT}/{complaint}/complete", **own).json()["code"] == "INVALID_REQUEST"
    assert reply(maison, complaint).status_code == 204
    assert state(maison, complaint) == "PROCESSING"
    assert post(maison, f"{ROOT}/{complaint}/complete", **own).status_code == 204
    assert state(maison, complaint) == "PROCESSED"
    assert reply(maison, complaint).json()["code"] == "INVALID_REQUEST"
    play("complain", complaint_id=complaint, action="continue")
    assert state(maison, complaint) == "PENDING"
    rows = maison.call("GET", f"{ROOT}/{complaint}/negotiation-historys?limit=300&offset=0").json()["data"]
    assert [row["operate_type"] for row in rows] == [
        "USER_CONTINUE_COMPLAINT",
        "MERCHANT_CONFIRM_COMPLETE",
        "MERCHANT_RESPONSE",
        "USER_CREATE_COMPLAINT",
    ]


def test_a_reply_has_two_hundred_characters_and_four_images(maison, complaint):
    assert reply(maison, complaint, "长" * 201).json()["code"] == "PARAM_ERROR"
    assert reply(maison, complaint, response_images=["a"] * 5).json()["code"] == "PARAM_ERROR"
    assert reply(maison, complaint, response_images=["never-uploaded"]).json()["code"] == "PARAM_ERROR"
    assert reply(maison, complaint, "长" * 200).status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "APPROVE", "launch_refund_day": 0}, 204),
        ({"action": "APPROVE", "launch_refund_day": -1}, 400),
        ({"action": "REJECT"}, 400),
        ({"action": "REJECT", "reject_reason": "商品无误"}, 204),
        ({"action": "PERHAPS"}, 400),
    ],
)
def test_a_refund_is_approved_or_rejected_and_moves_no_money(maison, paid, complaint, body, status):
    assert post(maison, f"{ROOT}/{complaint}/update-refund-progress", **body).status_code == status
    assert maison.query(paid).json()["trade_state"] == "SUCCESS"


def test_a_complaint_that_asks_for_no_refund_has_none_to_decide(maison, play, paid):
    number = play("complain", mchid=maison.mchid, out_trade_no=paid, problem_type="OTHERS")["complaint_id"]
    refused = post(maison, f"{ROOT}/{number}/update-refund-progress", action="APPROVE")
    assert refused.json()["code"] == "INVALID_REQUEST"


def test_the_list_takes_thirty_days_and_fifty_a_page(maison, play, swift, complaint):
    def listed(merchant, first, last, **more):
        query = "&".join(f"{name}={value}" for name, value in more.items())
        return merchant.call("GET", f"{ROOT}?begin_date={first}&end_date={last}&{query}")

    today = maison.call("GET", f"{ROOT}/{complaint}").json()["complaint_time"][:10]
    page = listed(maison, today, today, limit=50, offset=0).json()
    assert [row["complaint_id"] for row in page["data"]] == [complaint]
    assert page["total_count"] == 1
    assert listed(swift, today, today).json()["total_count"] == 0
    assert listed(maison, today, today, limit=51).status_code == 400
    assert listed(maison, "2026-10-01", "2026-10-31").status_code == 400
    assert listed(maison, "2026-10-01", "2026-10-30").status_code == 200
    assert swift.call("GET", f"{ROOT}/{complaint}").status_code == 404


def test_after_a_day_without_a_word_wechat_refunds_by_itself(maison, play, paid, complaint):
    assert play.refused("complain", complaint_id=complaint, action="enforce").status_code == 409
    play("advance", seconds=DAY + 1)
    play("complain", complaint_id=complaint, action="enforce")
    assert maison.query(paid).json()["trade_state"] == "REFUND"
    told = maison.call("GET", f"{ROOT}/{complaint}").json()
    assert (told["complaint_state"], told["complaint_full_refunded"]) == ("PROCESSED", True)


def test_after_an_answer_the_end_is_due_in_three_days(maison, play, complaint):
    reply(maison, complaint)
    play("advance", seconds=2 * DAY)
    assert play.refused("complain", complaint_id=complaint, action="enforce").status_code == 409
    play("advance", seconds=DAY + 1)
    assert play("complain", complaint_id=complaint, action="enforce")["complaint_id"] == complaint


def test_a_reply_whose_answer_is_lost_was_made_all_the_same(maison, play, complaint):
    play("switches", call="complaint_reply", mode="500_after", out_trade_no=complaint)
    assert reply(maison, complaint).status_code == 500
    assert state(maison, complaint) == "PROCESSING"
