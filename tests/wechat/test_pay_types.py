"""A transaction is read strictly where we rely on it and tolerantly everywhere else."""

from copy import deepcopy
from datetime import UTC, datetime

import pytest

from wechat.errors import Malformed
from wechat.pay.types import Transaction

PAID = {
    "appid": "wx2421b1c4370ec43b",
    "mchid": "1900000109",
    "out_trade_no": "P26030100001",
    "transaction_id": "4200000985202103031441826014",
    "trade_type": "JSAPI",
    "trade_state": "SUCCESS",
    "success_time": "2026-03-01T12:05:06+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 12345, "payer_total": 12000, "currency": "CNY", "payer_currency": "CNY"},
    "a_member_of_next_year": {"x": [None]},
}


def test_a_paid_transaction_is_read_with_amounts_in_fen():
    transaction = Transaction.from_dict(PAID)
    assert transaction.out_trade_no == "P26030100001"
    assert transaction.transaction_id == "4200000985202103031441826014"
    assert (transaction.total_fen, transaction.payer_total_fen, transaction.currency) == (12345, 12000, "CNY")
    assert transaction.success_time == datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
    assert transaction.openid == "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    assert transaction.raw == PAID


def test_an_unpaid_transaction_may_lack_amount_payer_and_number():
    raw = {k: PAID[k] for k in ("appid", "mchid", "out_trade_no")} | {"trade_state": "NOTPAY", "payer": {}}
    transaction = Transaction.from_dict(raw)
    assert transaction.trade_state == "NOTPAY"
    assert transaction.transaction_id is transaction.total_fen is transaction.openid is None


def test_an_unknown_state_is_handed_on():
    assert Transaction.from_dict(PAID | {"trade_state": "ACCEPT"}).trade_state == "ACCEPT"


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("appid",), None, "appid"),
        (("mchid",), 1900000109, "mchid"),
        (("out_trade_no",), "", "out_trade_no"),
        (("trade_state",), None, "trade_state"),
        (("transaction_id",), "", "transaction_id"),
        (("transaction_id",), "4" * 33, "transaction_id"),
        (("amount",), None, "total_fen"),
        (("amount",), [], "amount"),
        (("amount", "total"), "12345", "total"),
        (("amount", "total"), 123.45, "total"),
        (("amount", "total"), True, "total"),
        (("amount", "total"), -1, "total"),
        (("amount", "currency"), None, "currency"),
        (("payer",), "o", "payer"),
        (("success_time",), "yesterday", "success_time"),
        (("success_time",), "2026-03-01T12:05:06", "success_time"),
    ],
)
def test_a_paid_transaction_with_a_wrong_member_is_malformed(path, value, where):
    raw = deepcopy(PAID)
    target = raw
    for name in path[:-1]:
        target = target[name]
    target[path[-1]] = value
    with pytest.raises(Malformed) as caught:
        Transaction.from_dict(raw)
    assert caught.value.where == where


def test_the_openid_does_not_show_in_a_repr():
    assert "oUpF8u" not in repr(Transaction.from_dict(PAID))
