"""A notification is verified over its raw bytes before a single character of it is read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wechat.credentials import Merchant
from wechat.errors import Malformed
from wechat.pay import complaints
from wechat.pay.refunds import RefundReport
from wechat.pay.signing import decrypt, verify
from wechat.pay.types import Transaction, storable

PAID = "TRANSACTION.SUCCESS"
REFUNDED = frozenset({"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"})
LONGEST_NAME = 120  # of a notification's number, which WeChat writes in 36 characters, and of its kind
Resource = Transaction | RefundReport | complaints.Told | dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification. `id` repeats when WeChat repeats itself; `resource` is a Transaction for
    TRANSACTION.SUCCESS, a RefundReport for REFUND.*, complaints.Told for COMPLAINT.*, and the decrypted
    object as it came for every other event, known or not. `plain` is that object of any event."""

    id: str
    event_type: str
    resource: Resource = field(repr=False)
    plain: Mapping[str, Any] = field(repr=False, default_factory=dict)


def parse(headers: Mapping[str, str], raw_body: bytes, merchant: Merchant, now: datetime) -> Notification:
    """Verify, decrypt and read one notification; `raw_body` must be the bytes as received.

    Raises `Unverified`, `Undecryptable` or `Malformed` (all `WechatError`): answer 4xx/5xx with
    `{"code": "FAIL", "message": …}` and WeChat repeats it.
    https://pay.weixin.qq.com/doc/v3/merchant/4012791902
    """
    verify(headers, raw_body, merchant, now)
    return read(raw_body, merchant)


def read(raw_body: bytes, merchant: Merchant) -> Notification:
    """Decrypt and read a notification whose signature held. Raises `Undecryptable` or `Malformed`."""
    outer = _object(raw_body, "body")
    resource = outer.get("resource")
    if resource is None:
        plain: dict[str, Any] = {}
    elif isinstance(resource, dict):
        plain = _object(decrypt(resource, merchant.apiv3_key), "resource")
    else:
        raise Malformed(where="resource")
    event_type = _text(outer, "event_type")
    return Notification(
        id=_text(outer, "id"),
        event_type=event_type,
        resource=_read(event_type, plain),
        plain=plain,
    )


def _read(event_type: str, plain: dict[str, Any]) -> Resource:
    if event_type == PAID:
        return Transaction.from_dict(plain)
    if event_type in REFUNDED:
        return RefundReport.from_notification(plain)
    if event_type in complaints.EVENTS:
        return complaints.Told.from_notification(plain)
    return plain


def _object(raw: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):  # the latter: nested beyond all sense
        raise Malformed(where=where) from None
    if not isinstance(value, dict):
        raise Malformed(where=where)
    return value


def _text(outer: dict[str, Any], name: str) -> str:
    value = outer.get(name)
    if not isinstance(value, str) or not value or len(value) > LONGEST_NAME or not storable(value):
        raise Malformed(where=name)
    return value
