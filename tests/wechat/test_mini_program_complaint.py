"""A complaint made in the mini-program is read as it stands, strictly, and shows nothing of the consumer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wechat.complaint_messages import MiniProgramComplaint
from wechat.errors import Malformed

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
ORDER = {
    "complaintOrderId": 8759334,
    "openId": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "createTime": 1795168800,
    "phoneNumber": 13800138000,
    "type": 12,
    "status": 206,
    "customerMaterial": {"content": "包装破损", "mediaIdList": []},
    "orderId": "4200000404201909069117582536",
    "outTradeNo": "P26030100001",
    "expireTime": 0,
}


def read(**changes):
    answer = {"errcode": 0, "errmsg": "ok", "complaintOrder": {**ORDER, **changes}, "item": []}
    return MiniProgramComplaint.from_detail(answer, complaint_id="8759334", told_at=AT)


def test_where_it_stands_is_read_and_nothing_of_the_consumer():
    found = read()
    assert (found.complaint_id, found.status, found.told_at, found.expires_at) == ("8759334", "206", AT, None)
    assert found.complained_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (found.transaction_id, found.out_trade_no) == ("4200000404201909069117582536", "P26030100001")
    assert (found.detail, found.phone) == ("", "")


def test_numbers_may_come_as_text_and_the_end_of_a_status_as_seconds():
    found = read(complaintOrderId="8759334", status="201", expireTime=1795341600)
    assert (found.status, found.expires_at) == ("201", datetime(2026, 11, 22, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"complaintOrderId": 8759335}, "complaintOrderId"),
        ({"complaintOrderId": None}, "complaintOrderId"),
        ({"status": ""}, "status"),
        ({"status": True}, "status"),
    ],
)
def test_another_complaints_answer_or_one_without_a_status_is_none(changes, where):
    with pytest.raises(Malformed) as refused:
        read(**changes)
    assert refused.value.where == where


@pytest.mark.parametrize("answer", [{}, {"complaintOrder": []}, {"complaintOrder": None}])
def test_an_answer_without_a_complaint_is_none(answer):
    with pytest.raises(Malformed):
        MiniProgramComplaint.from_detail(answer, complaint_id="1", told_at=AT)
