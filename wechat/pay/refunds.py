"""Refunds at WeChat Pay: one number is one refund for ever, and what WeChat says of it is read strictly.

https://pay.weixin.qq.com/doc/v3/merchant/4012791862 and the pages beside it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from wechat.errors import Malformed, OutcomeUnknown
from wechat.pay.client import PayClient, fitted
from wechat.pay.sealing import seal, sealing_key
from wechat.pay.types import fen, instant, member, required, text

OUT_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
REASON_LENGTH, MOST_PARTIAL, APART_SECONDS, DAYS = 80, 50, 60, 365
NUMBER_LENGTH = CHANNEL_LENGTH = 64
_ROOT = "/v3/refund/domestic/refunds"


class Status(StrEnum):
    """Where WeChat says a refund is; it may say others, which mean nothing to us."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    ABNORMAL = "ABNORMAL"  # the account it should return to takes no money; not the end
    CLOSED = "CLOSED"  # the end, and no money moved


class Card(StrEnum):
    """Where the money of an abnormal refund may go instead."""

    USER = "USER_BANK_CARD"
    MERCHANT = "MERCHANT_BANK_CARD"


@dataclass(frozen=True, slots=True)
class RefundReport:
    """What WeChat Pay says about one refund number. Amounts are fen.

    `mchid` is told by notifications alone, `currency` by answers alone. `channel` is ORIGINAL, BALANCE,
    OTHER_BALANCE or OTHER_BANKCARD, or a word of another year, cut: no money hangs on it. The account that
    received the money is left unread: it is a person's.
    """

    out_refund_no: str
    refund_id: str
    out_trade_no: str
    transaction_id: str
    status: str
    refund_fen: int
    total_fen: int
    currency: str | None
    channel: str
    success_time: datetime | None
    mchid: str | None = None

    @classmethod
    def from_answer(cls, raw: Mapping[str, Any]) -> "RefundReport":
        """Read the answer of a call; raises `Malformed` naming what is missing or of a wrong type."""
        return cls._read(raw, "status")

    @classmethod
    def from_notification(cls, raw: Mapping[str, Any]) -> "RefundReport":
        """Read the resource of a REFUND.* notification, where the status has another name."""
        required(raw, "mchid")
        return cls._read(raw, "refund_status")

    @classmethod
    def _read(cls, raw: Mapping[str, Any], status: str) -> "RefundReport":
        amount = member(raw, "amount")
        return cls(
            out_refund_no=required(raw, "out_refund_no", NUMBER_LENGTH),
            refund_id=required(raw, "refund_id", NUMBER_LENGTH),
            out_trade_no=required(raw, "out_trade_no"),
            transaction_id=required(raw, "transaction_id"),
            status=required(raw, status),
            refund_fen=_needed(amount, "refund"),
            total_fen=_needed(amount, "total"),
            currency=text(amount, "currency"),
            channel=_word(raw, "channel"),
            success_time=instant(raw, "success_time"),
            mchid=text(raw, "mchid"),
        )


def create(
    client: PayClient,
    *,
    out_trade_no: str,
    out_refund_no: str,
    refund_fen: int,
    total_fen: int,
    reason: str,
    notify_url: str,
) -> RefundReport:
    """Ask for a refund; sent again with the same number and the same content it is still one refund.

    That WeChat takes it (PROCESSING) is not yet that it succeeded. Raises NotEnough, RateLimited (both: the
    same again, later), Rejected, ResourceNotExist (no such payment), OutcomeUnknown, and ValueError for
    arguments that WeChat could never accept.
    """
    if not 0 < refund_fen <= total_fen:
        raise ValueError("a refund is at least a fen and at most the whole payment")
    body: dict[str, Any] = {
        "out_trade_no": out_trade_no,
        "out_refund_no": _checked(out_refund_no),
        "reason": reason_text(reason),
        "notify_url": client.checked_notify_url(notify_url),
        "amount": {"refund": refund_fen, "total": total_fen, "currency": "CNY"},
    }
    return _report(client, "refund", client.send("refund", "POST", _ROOT, body), out_refund_no)


def query(client: PayClient, out_refund_no: str) -> RefundReport:
    """The refund of this number. Raises ResourceNotExist where WeChat never took it, and as any call."""
    path = f"{_ROOT}/{quote(_checked(out_refund_no), safe='')}"
    return _report(client, "refund_query", client.send("refund_query", "GET", path, None), out_refund_no)


@dataclass(frozen=True, slots=True)
class BankCard:
    """A consumer's own card: WeChat's code of the bank, such as ICBC_DEBIT, and what is on the card."""

    bank_type: str
    account: str
    name: str

    def __repr__(self) -> str:
        return f"BankCard({self.bank_type})"


def apply_abnormal(
    client: PayClient, *, out_refund_no: str, refund_id: str, card: BankCard | None
) -> RefundReport:
    """Send the money of an abnormal refund to the consumer's `card`, or without one to the merchant's.

    Account and name leave encrypted to WeChat's key. Raises as `create`.
    """
    key = sealing_key(client.merchant, client.now())
    body: dict[str, Any] = {"out_refund_no": _checked(out_refund_no), "type": Card.MERCHANT.value}
    if card is not None:
        body |= {
            "type": Card.USER.value,
            "bank_type": card.bank_type,
            "bank_account": seal(key, card.account),
            "real_name": seal(key, card.name),
        }
    path = f"{_ROOT}/{quote(refund_id, safe='')}/apply-abnormal-refund"
    answer = client.send("refund_abnormal", "POST", path, body, sealed_for=key.serial)
    return _report(client, "refund_abnormal", answer, out_refund_no)


def reason_text(reason: str) -> str:
    """The reason as WeChat shows it to the consumer, at most 80 characters; ValueError if nothing is left."""
    shown = fitted(reason, REASON_LENGTH)
    if not shown:
        raise ValueError("a refund needs a reason")
    return shown


def _report(client: PayClient, call: str, body: bytes, out_refund_no: str) -> RefundReport:
    try:
        report = RefundReport.from_answer(client.read(call, body))
    except Malformed as error:
        raise OutcomeUnknown(call=call, reason=f"the answer is malformed: {error.where}") from None
    if report.out_refund_no != out_refund_no:
        raise OutcomeUnknown(call=call, reason="the answer is about another refund")
    return report


def _word(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return fitted(value, CHANNEL_LENGTH) if isinstance(value, str) else ""


def _needed(amount: Mapping[str, Any], name: str) -> int:
    value = fen(amount, name)
    if value is None:
        raise Malformed(where=name)
    return value


def may_be_asked(out_refund_no: str) -> bool:
    """Whether WeChat takes a question about this number: of a refund of its own it may tell another."""
    return OUT_REFUND_NO.fullmatch(out_refund_no) is not None


def _checked(out_refund_no: str) -> str:
    if not may_be_asked(out_refund_no):
        raise ValueError("out_refund_no must be 1 to 64 of [0-9A-Za-z_-|*@]")
    return out_refund_no
