"""The sandbox's bills tell what was paid on a day, are hashed as told, and go wrong when asked to."""

import gzip
import hashlib
import json
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest
import requests

SHANGHAI = timezone(timedelta(hours=8))


def today():
    return datetime.now(SHANGHAI).date().isoformat()


def to_tomorrow(play, hour):
    """Move the sandbox's clock to `hour` of tomorrow in Shanghai."""
    now = datetime.now(SHANGHAI)
    goal = (now + timedelta(days=1)).replace(hour=hour, minute=0, second=30, microsecond=0)
    play("advance", seconds=(goal - now).total_seconds())


def asked(merchant, call="tradebill", **query):
    facts = {"bill_date": today()} | query
    return merchant.call("GET", f"/v3/bill/{call}?" + "&".join(f"{k}={v}" for k, v in facts.items()))


def fetched(merchant, told):
    parts = urlsplit(told["download_url"])
    target = f"{parts.path}?{parts.query}"
    headers = {
        "Authorization": merchant.authorization("GET", target, ""),
        "Accept": "application/json",
        "User-Agent": "independent-client/1",
    }
    return requests.get(merchant.base + target, headers=headers, timeout=9)


def rows(content):
    assert content.startswith(b"\xef\xbb\xbf")
    return [line[1:].split(",`") for line in content.decode("utf-8-sig").splitlines() if line[0] == "`"]


@pytest.fixture
def paid(maison, play):
    """Two orders of today, paid: 123.45 and 20 yuan."""
    numbers = []
    for total in (12345, 2000):
        order = maison.order(amount={"total": total, "currency": "CNY"})
        assert maison.prepay(order).status_code == 200
        play("pay", out_trade_no=order["out_trade_no"])
        numbers.append(order["out_trade_no"])
    return numbers


def test_a_day_s_payments_are_in_the_bill_of_the_next_morning(maison, play, paid):
    to_tomorrow(play, 10)
    told = asked(maison).json()
    answer = fetched(maison, told)
    assert answer.status_code == 200
    assert "Wechatpay-Signature" not in answer.headers
    assert told["hash_type"] == "SHA1"
    assert told["hash_value"] == hashlib.sha1(answer.content).hexdigest()
    *trades, summary = rows(answer.content)
    assert [(row[6], row[9], row[12], row[22], row[24]) for row in trades] == [
        (paid[0], "SUCCESS", "123.45", "0.74", "123.45"),
        (paid[1], "SUCCESS", "20.0", "0.12", "20.0"),
    ]
    assert {len(row) for row in trades} == {27}
    assert summary == ["2", "143.45", "0.0", "0.0", "0.86", "143.45", "0.0"]


def test_the_hash_is_that_of_the_unpacked_file(maison, play, paid):
    to_tomorrow(play, 10)
    told = asked(maison, tar_type="GZIP").json()
    content = gzip.decompress(fetched(maison, told).content)
    assert told["hash_value"] == hashlib.sha1(content).hexdigest()
    assert len(rows(content)) == 3


def test_the_movements_add_up_to_the_balance(maison, play, paid):
    to_tomorrow(play, 10)
    *moved, summary = rows(fetched(maison, asked(maison, "fundflowbill").json()).content)
    assert [(row[3], row[5], row[6], row[7]) for row in moved] == [
        ("交易", "收入", "123.45", "123.45"),
        ("扣除交易手续费", "支出", "0.74", "122.71"),
        ("交易", "收入", "20.0", "142.71"),
        ("扣除交易手续费", "支出", "0.12", "142.59"),
    ]
    assert summary == ["4", "2", "143.45", "2", "0.86"]
    assert asked(maison, "fundflowbill", account_type="FEES").json()["code"] == "NO_STATEMENT_EXIST"


def test_there_is_no_bill_before_ten_nor_of_today_nor_of_a_day_without_money(maison, swift, play, paid):
    assert asked(maison).json()["code"] == "PARAM_ERROR"
    to_tomorrow(play, 9)
    assert asked(maison).json()["code"] == "STATEMENT_CREATING"
    play("advance", seconds=3600)
    assert asked(maison).status_code == 200
    assert asked(swift).json()["code"] == "NO_STATEMENT_EXIST"


def test_an_address_lives_half_a_minute_and_for_its_merchant_alone(maison, swift, play, paid):
    to_tomorrow(play, 10)
    told = asked(maison).json()
    assert fetched(swift, told).status_code == 403
    assert fetched(maison, told).status_code == 200
    play("advance", seconds=31)
    assert fetched(maison, told).status_code == 403


def test_switches_spoil_a_bill_in_one_way_each(maison, play, paid):
    to_tomorrow(play, 10)

    def spoilt(mode, call="tradebill"):
        play("switches", call=call, mode=mode)
        told = asked(maison, call).json()
        return told, rows(fetched(maison, told).content)

    play("switches", call="tradebill", mode="late")
    assert asked(maison).json()["code"] == "STATEMENT_CREATING"
    told, whole = spoilt("wrong_hash")
    content = fetched(maison, told).content
    assert told["hash_value"] != hashlib.sha1(content).hexdigest()
    assert spoilt("truncated")[1] == whole[:-1]
    assert len(spoilt("extra_line")[1]) == len(whole) + 1
    assert [row[6] for row in spoilt("missing_line")[1][:-1]] == [paid[1]]
    assert [row[24] for row in spoilt("wrong_amount")[1][:-1]] == ["124.45", "20.0"]
    assert [row[7] for row in spoilt("wrong_balance", "fundflowbill")[1][:2]] == ["123.45", "122.78"]
    play("switches", call="tradebill", mode="elsewhere")
    assert urlsplit(asked(maison).json()["download_url"]).netloc == "localhost:9"


def test_a_refund_is_a_row_of_the_day_on_which_it_was_taken(maison, play, paid):
    body = {
        "out_trade_no": paid[0],
        "out_refund_no": "R-billed",
        "amount": {"refund": 345, "total": 12345, "currency": "CNY"},
    }
    assert maison.call("POST", "/v3/refund/domestic/refunds", json.dumps(body)).status_code == 200
    play.until_quiet()
    to_tomorrow(play, 10)
    told = asked(maison).json()
    *_, row, sums = rows(fetched(maison, told).content)
    assert (row[9], row[15], row[16], row[19]) == ("REFUND", "R-billed", "3.45", "SUCCESS")
    assert (sums[0], sums[2]) == ("3", "3.45")


def test_a_refund_stands_in_the_bill_of_the_day_on_which_it_was_accepted(maison, play, paid):
    body = {
        "out_trade_no": paid[0],
        "out_refund_no": "R0001",
        "amount": {"refund": 1000, "total": 12345, "currency": "CNY"},
    }
    assert maison.call("POST", "/v3/refund/domestic/refunds", json.dumps(body)).status_code == 200
    to_tomorrow(play, 10)
    *trades, summary = rows(fetched(maison, asked(maison).json()).content)
    refund = trades[-1]
    assert (refund[6], refund[9], refund[15], refund[16], refund[25]) == (
        paid[0],
        "REFUND",
        "R0001",
        "10.0",
        "10.0",
    )
    assert (refund[12], refund[22], refund[24]) == ("0.0", "-0.06", "0.0")
    assert summary == ["3", "143.45", "10.0", "0.0", "0.8", "143.45", "10.0"]
    *moved, _ = rows(fetched(maison, asked(maison, "fundflowbill").json()).content)
    assert [(row[3], row[5], row[6], row[7]) for row in moved[4:]] == [
        ("退款", "支出", "10.0", "132.59"),
        ("扣除交易手续费", "收入", "0.06", "132.65"),
    ]


def test_what_moves_beside_the_trades_stands_in_the_fund_bill_alone(maison, swift, play, paid):
    for kind, amount in (("提现", -10000), ("投诉扣款", -300), ("充值", 5000)):
        play("move", mchid=maison.mchid, kind=kind, amount=amount)
    to_tomorrow(play, 10)
    *moved, summary = rows(fetched(maison, asked(maison, "fundflowbill").json()).content)
    assert [(row[3], row[4], row[5], row[6], row[7]) for row in moved[4:]] == [
        ("提现", "提现", "支出", "100.0", "42.59"),
        ("投诉扣款", "投诉扣款", "支出", "3.0", "39.59"),
        ("充值", "充值", "收入", "50.0", "89.59"),
    ]
    assert summary == ["7", "3", "193.45", "4", "103.86"]
    assert len(rows(fetched(maison, asked(maison).json()).content)) == 3
    assert asked(swift, "fundflowbill").json()["code"] == "NO_STATEMENT_EXIST"


@pytest.mark.parametrize(
    ("free", "settled", "fee", "back", "prepaid", "given", "promotion"),
    [
        (True, "115.0", "0.69", "9.32", "0.0", "-0.06", "NOCASH"),
        (False, "123.45", "0.74", "10.0", "0.68", "-0.06", "CASH"),
    ],
)
def test_a_coupon_is_money_where_it_was_prepaid_and_taken_off_where_it_was_free(
    maison, play, free, settled, fee, back, prepaid, given, promotion
):
    order = maison.order(amount={"total": 12345, "currency": "CNY"})
    maison.prepay(order)
    play("pay", out_trade_no=order["out_trade_no"], coupon=845, free=free)
    query = f"/v3/pay/transactions/out-trade-no/{order['out_trade_no']}?mchid={order['mchid']}"
    told = maison.call("GET", query).json()
    assert (told["amount"]["total"], told["amount"]["payer_total"]) == (12345, 11500)
    assert [(one["type"], one["amount"]) for one in told["promotion_detail"]] == [(promotion, 845)]
    body = {
        "out_trade_no": order["out_trade_no"],
        "out_refund_no": "R0001",
        "amount": {"refund": 1000, "total": 12345, "currency": "CNY"},
    }
    answer = maison.call("POST", "/v3/refund/domestic/refunds", json.dumps(body)).json()
    assert (answer["amount"]["payer_refund"], answer["amount"]["discount_refund"]) == (932, 68)
    to_tomorrow(play, 10)
    sold, refunded, summary = rows(fetched(maison, asked(maison).json()).content)
    assert (sold[12], sold[13], sold[22], sold[24]) == (settled, "8.45", fee, "123.45")
    assert (refunded[13], refunded[16], refunded[17], refunded[22], refunded[25]) == (
        "0.0",
        back,
        prepaid,
        given,
        "10.0",
    )
    assert (summary[1], summary[2], summary[3]) == (settled, back, prepaid)
    moved = rows(fetched(maison, asked(maison, "fundflowbill").json()).content)
    assert [(row[3], row[6]) for row in moved[:4]] == [
        ("交易", settled),
        ("扣除交易手续费", fee),
        ("退款", back),
        ("扣除交易手续费", "0.06"),
    ]


def test_a_bill_tells_a_refund_as_it_stood_on_its_day(maison, play, paid):
    body = {
        "out_trade_no": paid[0],
        "out_refund_no": "R0001",
        "amount": {"refund": 1000, "total": 12345, "currency": "CNY"},
    }
    play("switches", call="refund_outcome", mode="stuck")
    assert maison.call("POST", "/v3/refund/domestic/refunds", json.dumps(body)).status_code == 200
    day = today()
    to_tomorrow(play, 10)
    mchid = maison.mchid
    play("refund", mchid=mchid, out_refund_no="R0001", status="SUCCESS")
    *_, refund, _ = rows(fetched(maison, asked(maison, bill_date=day).json()).content)
    assert refund[19] == "PROCESSING"
