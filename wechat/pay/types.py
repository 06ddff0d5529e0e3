"""A transaction is read strictly where we rely on it, and tolerates every member WeChat may add."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wechat.errors import Malformed

SUCCESS = "SUCCESS"
LONGEST = 128  # no member we read is longer
MOST_FEN = 10**12


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
        amount = _object(raw, "amount")
        payer = _object(raw, "payer")
        state = _required(raw, "trade_state")
        transaction = cls(
            appid=_required(raw, "appid"),
            mchid=_required(raw, "mchid"),
            out_trade_no=_required(raw, "out_trade_no"),
            transaction_id=_text(raw, "transaction_id"),
            trade_state=state,
            success_time=_instant(raw, "success_time"),
            openid=_text(payer, "openid"),
            total_fen=_fen(amount, "total"),
            payer_total_fen=_fen(amount, "payer_total"),
            currency=_text(amount, "currency"),
            raw=dict(raw),
        )
        if state == SUCCESS:
            for member in ("transaction_id", "total_fen", "currency"):
                if getattr(transaction, member) is None:
                    raise Malformed(where=member)
        return transaction


def _object(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(where=name)
    return value


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    """Text, or None where the member is absent, null or empty: WeChat writes all three for "nothing"."""
    value = raw.get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(where=name)
    if value and (len(value) > LONGEST or "\x00" in value):
        raise Malformed(where=name)
    return value or None


def _required(raw: Mapping[str, Any], name: str) -> str:
    value = _text(raw, name)
    if value is None:
        raise Malformed(where=name)
    return value


def _fen(raw: Mapping[str, Any], name: str) -> int | None:
    value = raw.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_FEN:
        raise Malformed(where=name)
    return int(value)


def _instant(raw: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(raw, name)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(where=name) from None
    if instant.tzinfo is None or not 2011 <= instant.year <= 2100:
        raise Malformed(where=name)
    return instant
