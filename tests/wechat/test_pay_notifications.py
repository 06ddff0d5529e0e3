"""A notification is believed after its signature holds, and an unknown one does not crash us."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from wechat.errors import Malformed, Undecryptable, Unverified
from wechat.pay.notifications import parse
from wechat.pay.types import Transaction

NOW = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
TRANSACTION = {
    "appid": "wx2421b1c4370ec43b",
    "mchid": "1900000109",
    "out_trade_no": "P26030100001",
    "transaction_id": "4200000985202103031441826014",
    "trade_state": "SUCCESS",
    "success_time": "2026-03-01T12:05:06+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 12345, "payer_total": 12345, "currency": "CNY", "payer_currency": "CNY"},
}


def outer(**members):
    return json.dumps(
        {"id": "EV-1", "create_time": "2026-03-01T12:05:06+08:00", "resource_type": "encrypt-resource"}
        | members
    ).encode()


def paid(platform):
    return outer(event_type="TRANSACTION.SUCCESS", resource=platform.seal(TRANSACTION))


def test_a_payment_notification_becomes_a_transaction(platform, merchant):
    body = paid(platform)
    notification = parse(platform.sign(body, at=NOW), body, merchant, NOW)
    assert (notification.id, notification.event_type) == ("EV-1", "TRANSACTION.SUCCESS")
    assert notification.resource == Transaction.from_dict(TRANSACTION)
    assert "oUpF8u" not in repr(notification)


def test_an_unknown_event_becomes_a_plain_dict(platform, merchant):
    body = outer(event_type="SECURITY_ECHO.SUCCESS", resource=platform.seal({"echo": "hello", "mchid": 1}))
    notification = parse(platform.sign(body, at=NOW), body, merchant, NOW)
    assert notification.event_type == "SECURITY_ECHO.SUCCESS"
    assert notification.resource == {"echo": "hello", "mchid": 1}


def test_an_event_without_resource_is_an_empty_dict(platform, merchant):
    body = outer(event_type="SOMETHING.NEW")
    assert parse(platform.sign(body, at=NOW), body, merchant, NOW).resource == {}


def test_a_notification_reformatted_on_the_way_is_not_read(platform, merchant):
    body = paid(platform)
    changed = json.dumps(json.loads(body), indent=1).encode()
    with pytest.raises(Unverified):
        parse(platform.sign(body, at=NOW), changed, merchant, NOW)


def test_a_stale_notification_is_not_read(platform, merchant):
    body = paid(platform)
    with pytest.raises(Unverified):
        parse(platform.sign(body, at=NOW), body, merchant, NOW + timedelta(seconds=300))


def test_an_unsigned_notification_is_not_read_even_if_it_decrypts(platform, merchant):
    with pytest.raises(Unverified):
        parse({}, paid(platform), merchant, NOW)


def test_a_resource_with_wrong_associated_data_is_undecryptable(platform, merchant):
    body = outer(
        event_type="TRANSACTION.SUCCESS", resource=platform.seal(TRANSACTION) | {"associated_data": "x"}
    )
    with pytest.raises(Undecryptable):
        parse(platform.sign(body, at=NOW), body, merchant, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b'{"id":"EV-1"}',
        b'{"id":1,"event_type":"X"}',
        b'{"id":"EV-1","event_type":"TRANSACTION.SUCCESS"}',
        b'{"id":"EV-1","event_type":"X","resource":"text"}',
    ],
)
def test_a_genuine_notification_of_a_strange_shape_is_malformed(platform, merchant, body):
    with pytest.raises(Malformed):
        parse(platform.sign(body, at=NOW), body, merchant, NOW)
