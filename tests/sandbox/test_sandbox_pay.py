"""Orders are taken, told, paid and closed as Pay v3 does, with its error codes."""

import json
import re

import pytest


def error(answer):
    return answer.status_code, answer.json()["code"]


def test_an_order_gets_a_prepay_id_and_is_not_yet_paid(play, maison):
    order = maison.order(attach="车1")
    prepay_id = maison.prepay(order).json()["prepay_id"]
    assert re.fullmatch(r"wx\w{34}", prepay_id)
    assert maison.query(order["out_trade_no"]).json() == {
        "appid": maison.appid,
        "mchid": maison.mchid,
        "out_trade_no": order["out_trade_no"],
        "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付",
        "promotion_detail": [],
        "amount": {"total": 12345, "currency": "CNY", "payer_currency": "CNY"},
        "attach": "车1",
    }


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"appid": ...}, "/appid"),
        ({"mchid": ...}, "/mchid"),
        ({"description": ...}, "/description"),
        ({"description": ""}, "/description"),
        ({"description": "长" * 128}, "/description"),
        ({"description": None}, "/description"),
        ({"description": "coffee ☕️ 😀"}, "/description"),
        ({"attach": "a" * 129}, "/attach"),
        ({"attach": None}, "/attach"),
        ({"out_trade_no": ...}, "/out_trade_no"),
        ({"out_trade_no": "T1234"}, "/out_trade_no"),
        ({"out_trade_no": "T" * 33}, "/out_trade_no"),
        ({"out_trade_no": "T12345.6"}, "/out_trade_no"),
        ({"out_trade_no": 1234567}, "/out_trade_no"),
        ({"notify_url": ...}, "/notify_url"),
        ({"notify_url": "http://shop.example/notify"}, "/notify_url"),
        ({"notify_url": "https://shop.example/notify?order=1"}, "/notify_url"),
        ({"notify_url": "https://shop.example/" + "n" * 240}, "/notify_url"),
        ({"notify_url": "/notify"}, "/notify_url"),
        ({"amount": ...}, "/amount"),
        ({"amount": {}}, "/amount/total"),
        ({"amount": {"total": 0}}, "/amount/total"),
        ({"amount": {"total": -1}}, "/amount/total"),
        ({"amount": {"total": 1.0}}, "/amount/total"),
        ({"amount": {"total": "100"}}, "/amount/total"),
        ({"amount": {"total": True}}, "/amount/total"),
        ({"amount": {"total": 1, "currency": "HKD"}}, "/amount/currency"),
        ({"payer": ...}, "/payer"),
        ({"payer": {}}, "/payer/openid"),
        ({"payer": {"openid": "o 1"}}, "/payer/openid"),
        ({"limit_pay": "no_credit"}, "/limit_pay"),
        ({"scene_info": {}}, "/scene_info/payer_client_ip"),
        ({"settle_info": {"profit_sharing": "no"}}, "/settle_info/profit_sharing"),
        (
            {"detail": {"goods_detail": [{"merchant_goods_id": "A", "quantity": 0, "unit_price": 1}]}},
            "/detail/goods_detail/0/quantity",
        ),
        ({"time_expire": "2030-01-01 00:00:00"}, "/time_expire"),
        ({"time_expire": "2030-01-01T00:00:00"}, "/time_expire"),
        ({"time_expire": "2020-01-01T00:00:00+08:00"}, "/time_expire"),
        ({"time_expire": "2099-01-01T00:00:00+08:00"}, "/time_expire"),
    ],
)
def test_a_field_out_of_form_is_refused_by_name_and_nothing_is_ordered(play, maison, changed, field):
    order = maison.order(**changed)
    answer = maison.prepay(order)
    assert error(answer) == (400, "PARAM_ERROR")
    assert answer.json()["detail"]["field"] == field
    assert answer.json()["detail"]["location"] == "body"
    assert error(maison.query("T" * 33)) == (404, "ORDER_NOT_EXIST")
    if isinstance(number := order.get("out_trade_no"), str):
        assert error(maison.query(number)) == (404, "ORDER_NOT_EXIST")


@pytest.mark.parametrize("body", ["", "[]", "{", '{"appid": NaN}', "\ufeff{}"])
def test_a_body_that_is_no_json_object_is_refused(play, maison, body):
    assert error(maison.call("POST", "/v3/pay/transactions/jsapi", body)) == (400, "PARAM_ERROR")


def test_lengths_are_taken_up_to_their_limits(play, maison):
    order = maison.order(
        description="长" * 127,
        attach="a" * 128,
        out_trade_no="A-b_c|d*" + "0" * 24,
        notify_url="https://shop.example/" + "n" * 234,
        goods_tag="g" * 32,
        limit_pay=["no_credit"],
        detail={
            "cost_price": 1,
            "goods_detail": [{"merchant_goods_id": "A", "quantity": 1, "unit_price": 1}],
        },
        scene_info={"payer_client_ip": "203.0.113.9"},
        settle_info={"profit_sharing": False},
        something_new="passes",
    )
    assert maison.prepay(order).status_code == 200
    assert maison.query(order["out_trade_no"].replace("|", "%7C")).json()["trade_state"] == "NOTPAY"


def test_appid_merchant_and_openid_must_belong_together(play, maison, swift):
    assert error(maison.prepay(maison.order(appid=swift.appid))) == (400, "APPID_MCHID_NOT_MATCH")
    assert error(maison.prepay(maison.order(appid="wx0000000000000000"))) == (400, "APPID_MCHID_NOT_MATCH")
    assert error(maison.prepay(maison.order(mchid=swift.mchid))) == (403, "NO_AUTH")
    theirs = play("login", appid=swift.appid, user="alice")["openid"]
    foreign = maison.prepay(maison.order(payer={"openid": theirs}))
    assert error(foreign) == (400, "PARAM_ERROR")
    assert foreign.json()["detail"]["issue"] == "appid和openid不匹配"


def test_the_same_order_again_gets_a_fresh_prepay_id(play, maison):
    order = maison.order()
    first, second = maison.prepay(order).json()["prepay_id"], maison.prepay(order).json()["prepay_id"]
    assert first != second
    for prepay_id in (first, second):
        assert play.refused("pay", client={**maison.client(prepay_id), "paySign": "eA=="}).status_code == 400
    assert play("pay", prepay_id=first)["total"] == 12345


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": {"total": 12346, "currency": "CNY"}},
        {"description": "Tea"},
        {"attach": "new"},
        {"notify_url": "https://shop.example/other"},
        {"payer": {"openid": "oSomeoneElse"}},
        {"time_expire": "2030-01-01T00:00:00+08:00"},
    ],
)
def test_the_same_number_with_other_parameters_is_refused(play, maison, changed):
    order = maison.order()
    maison.prepay(order)
    answer = maison.prepay(order | changed)
    assert error(answer) == (400, "INVALID_REQUEST")
    assert answer.json()["message"] == "请求重入时，参数与首次请求时不一致"
    assert maison.query(order["out_trade_no"]).json()["amount"]["total"] == 12345


def test_two_merchants_may_use_the_same_number(play, maison, swift):
    for merchant, total in ((maison, 1), (swift, 2)):
        merchant.prepay(merchant.order(out_trade_no="SAME_NUMBER", amount={"total": total}))
    assert play.refused("pay", out_trade_no="SAME_NUMBER").status_code == 400
    assert play("pay", out_trade_no="SAME_NUMBER", mchid=swift.mchid)["total"] == 2
    assert maison.query("SAME_NUMBER").json()["trade_state"] == "NOTPAY"
    assert swift.query("SAME_NUMBER").json()["trade_state"] == "SUCCESS"


def test_another_merchants_order_is_not_told(play, maison, swift):
    order = maison.order()
    maison.prepay(order)
    transaction_id = play("pay", out_trade_no=order["out_trade_no"])["transaction_id"]
    by_id = f"/v3/pay/transactions/id/{transaction_id}?mchid="
    number = f"/v3/pay/transactions/out-trade-no/{order['out_trade_no']}"
    assert error(swift.call("GET", number + f"?mchid={maison.mchid}")) == (403, "NO_AUTH")
    assert error(swift.query(order["out_trade_no"])) == (404, "ORDER_NOT_EXIST")
    assert error(swift.call("GET", by_id + swift.mchid)) == (404, "ORDER_NOT_EXIST")
    close = swift.call("POST", number + "/close", json.dumps({"mchid": maison.mchid}))
    assert error(close) == (403, "NO_AUTH")
    assert maison.call("GET", by_id + maison.mchid).json()["out_trade_no"] == order["out_trade_no"]
    assert error(maison.call("GET", number)) == (400, "PARAM_ERROR")


def test_a_paid_order_tells_who_paid_what_and_when(play, maison):
    order = maison.order()
    prepay_id = maison.prepay(order).json()["prepay_id"]
    paid = play("pay", client=maison.client(prepay_id))
    told = maison.query(order["out_trade_no"]).json()
    assert re.fullmatch(r"4200\d{24}", paid["transaction_id"])
    assert (told["trade_state"], told["trade_state_desc"]) == ("SUCCESS", "支付成功")
    assert told["transaction_id"] == paid["transaction_id"]
    assert told["amount"] == {
        "total": 12345,
        "payer_total": 12345,
        "currency": "CNY",
        "payer_currency": "CNY",
    }
    assert told["payer"] == {"openid": "oSomeoneOrOther"}
    assert (told["trade_type"], told["bank_type"]) == ("JSAPI", "OTHERS")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", told["success_time"])


def test_a_paid_order_is_neither_ordered_nor_paid_nor_closed_again(play, maison):
    order = maison.order()
    maison.prepay(order)
    play("pay", out_trade_no=order["out_trade_no"])
    assert error(maison.prepay(order)) == (400, "ORDERPAID")
    assert error(maison.close(order["out_trade_no"])) == (400, "ORDERPAID")
    assert play.refused("pay", out_trade_no=order["out_trade_no"], force=True).status_code == 409
    assert maison.query(order["out_trade_no"]).json()["trade_state"] == "SUCCESS"


def test_a_closed_order_is_neither_ordered_nor_paid_again_and_closing_twice_is_no_error(play, maison):
    order = maison.order()
    maison.prepay(order)
    assert maison.close(order["out_trade_no"]).status_code == 204
    assert maison.close(order["out_trade_no"]).status_code == 204
    assert error(maison.prepay(order)) == (400, "ORDER_CLOSED")
    assert play.refused("pay", out_trade_no=order["out_trade_no"]).status_code == 409
    assert maison.query(order["out_trade_no"]).json()["trade_state"] == "CLOSED"
    assert error(maison.close("NEVER_ORDERED")) == (404, "ORDER_NOT_EXIST")


def test_a_late_payment_can_be_forced(play, maison):
    order = maison.order()
    maison.prepay(order)
    maison.close(order["out_trade_no"])
    play("pay", out_trade_no=order["out_trade_no"], force=True, openid="oSomeoneElse")
    told = maison.query(order["out_trade_no"]).json()
    assert (told["trade_state"], told["payer"]["openid"]) == ("SUCCESS", "oSomeoneElse")


def test_time_expire_ends_payment_but_does_not_close(play, maison, in_minutes):
    order = maison.order(time_expire=in_minutes(5))
    maison.prepay(order)
    play("advance", seconds=295)
    assert maison.prepay(order).status_code == 200
    play("advance", seconds=10)
    assert play.refused("pay", out_trade_no=order["out_trade_no"]).status_code == 409
    assert error(maison.prepay(order)) == (400, "INVALID_REQUEST")
    assert maison.query(order["out_trade_no"]).json()["trade_state"] == "NOTPAY"
    assert maison.close(order["out_trade_no"]).status_code == 204


def test_a_time_expire_below_a_minute_is_raised_and_none_means_seven_days(play, maison, in_minutes):
    soon, later = maison.order(time_expire=in_minutes(0.2)), maison.order()
    maison.prepay(soon)
    maison.prepay(later)
    play("advance", seconds=50)
    assert play("pay", out_trade_no=soon["out_trade_no"])["total"] == 12345
    play("advance", seconds=7 * 86_400 - 70)
    assert maison.prepay(later).status_code == 200
    play("advance", seconds=30)
    assert play.refused("pay", out_trade_no=later["out_trade_no"]).status_code == 409


def test_a_prepay_id_is_good_for_two_hours(play, maison):
    order = maison.order()
    old = maison.prepay(order).json()["prepay_id"]
    play("advance", seconds=7201)
    assert play.refused("pay", client=maison.client(old)).status_code == 409
    fresh = maison.prepay(order).json()["prepay_id"]
    assert play("pay", client=maison.client(fresh))["out_trade_no"] == order["out_trade_no"]


def test_client_parameters_that_the_merchant_did_not_sign_are_refused(play, maison, swift):
    prepay_id = maison.prepay(maison.order()).json()["prepay_id"]
    good = maison.client(prepay_id)
    for changed in (
        {"timeStamp": "1"},
        {"signType": "MD5"},
        {"package": "prepay_id=wxOther"},
        {"paySign": 1},
    ):
        assert play.refused("pay", client=good | changed).status_code in (400, 404)
    assert play.refused("pay", client=swift.client(prepay_id)).status_code == 400
    assert play("pay", client=good)["total"] == 12345


def test_reset_forgets_orders(play, maison):
    order = maison.order()
    maison.prepay(order)
    play("reset")
    assert error(maison.query(order["out_trade_no"])) == (404, "ORDER_NOT_EXIST")
