"""A transaction is read strictly where we rely on it, and tolerates every member WeChat may add."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wechat.errors import Malformed

SUCCESS = "SUCCESS"
LONGEST = 128  # no member we read is longer
TRANSACTION_ID = 32  # as WeChat documents its own number
MOST_FEN = 10**12
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Transaction:
    """What WeChat Pay says about one payment number (out_trade_no). Amounts are fen.

    `trade_state`: SUCCESS, REFUND, NOTPAY, CLOSED, REVOKED, USERPAYING, PAYERROR, or one yet unknown to us.
    SUCCESS always has `transaction_id`, `total_fen` and `currency`; an unpaid one may lack them, and
    `payer_total_fen` (what the payer gave after WeChat's own coupons), `success_time` and `openid` as well.
    """

    appid: str
    mchid: str
    out_trade_no: str
    transaction_id: str | None
    trade_state: str
    success_time: datetime | None
    openid: str | None = field(repr=False)
    total_fen: int | None
    payer_total_fen: int | None
    currency: str | None
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Transaction":
        """Read WeChat's JSON object; raises `Malformed` naming what is missing or of a wrong type."""
        amount = member(raw, "amount")
        payer = member(raw, "payer")
        state = required(raw, "trade_state")
        transaction = cls(
            appid=required(raw, "appid"),
            mchid=required(raw, "mchid"),
            out_trade_no=required(raw, "out_trade_no"),
            transaction_id=text(raw, "transaction_id", TRANSACTION_ID),
            trade_state=state,
            success_time=instant(raw, "success_time"),
            openid=text(payer, "openid"),
            total_fen=fen(amount, "total"),
            payer_total_fen=fen(amount, "payer_total"),
            currency=text(amount, "currency"),
            raw=dict(raw),
        )
        if state == SUCCESS:
            for name in ("transaction_id", "total_fen", "currency"):
                if getattr(transaction, name) is None:
                    raise Malformed(where=name)
        return transaction


def member(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of this name; an empty one where it is absent or null."""
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(where=name)
    return value


def text(raw: Mapping[str, Any], name: str, longest: int = LONGEST) -> str | None:
    """Text, or None where the member is absent, null or empty: WeChat writes all three for "nothing"."""
    value = raw.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(where=name)
    if value and (len(value) > longest or not storable(value)):
        raise Malformed(where=name)
    return value or None


def storable(value: str) -> bool:
    """Whether a table can hold the text: JSON may spell NUL and half a surrogate pair, which it cannot."""
    return value.isprintable() or _UNSTORABLE.search(value) is None


def required(raw: Mapping[str, Any], name: str, longest: int = LONGEST) -> str:
    """Text that must be there."""
    value = text(raw, name, longest)
    if value is None:
        raise Malformed(where=name)
    return value


def fen(raw: Mapping[str, Any], name: str) -> int | None:
    """A whole amount, or None where it is absent or null."""
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_FEN:
        raise Malformed(where=name)
    return int(value)


def instant(raw: Mapping[str, Any], name: str) -> datetime | None:
    """An instant with its offset, or None where it is absent or null."""
    written = text(raw, name)
    if written is None:
        return None
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise Malformed(where=name) from None
    if found.tzinfo is None or not 2011 <= found.year <= 2100:
        raise Malformed(where=name)
    return found
