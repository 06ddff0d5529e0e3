"""A payment declared to customs: what is sent and what comes back, the same for both of WeChat's families.

The families are `customs_v2` (XML, signed with MD5) and `customs_v3`; whoever declares knows neither. What
WeChat writes is read strictly where we rely on it; what cannot be believed or read is an unknown outcome.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from kernel.clock import SHANGHAI
from wechat.errors import CustomsNumberUnknown, OutcomeUnknown, Rejected, ResourceNotExist
from wechat.pay.sealing import Named

PORT = re.compile(r"[A-Z_]{2,30}")
CUSTOMS_NUMBER = re.compile(r"[0-9A-Za-z_\-]{1,60}")
LONGEST_EXPLANATION = 200


class State(StrEnum):
    """Where a declaration stands, in WeChat's words."""

    UNDECLARED = "UNDECLARED"
    SUBMITTED = "SUBMITTED"  # taken, or changed, and not yet on its way to customs
    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"
    EXCEPT = "EXCEPT"  # customs' interface failed: send it again


class Match(StrEnum):
    """Whether the person who was named is the one whom WeChat holds as the payer; it never says who is."""

    SAME = "SAME"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True, slots=True)
class Piece:
    """What of which payment is declared where. Amounts are fen and one sum.

    The whole payment is one declaration; what was refunded of it is not declared. `duty_fen` is told to
    WeChat alone, customs never sees it.
    """

    appid: str
    out_trade_no: str
    transaction_id: str
    port: str
    customs_number: str
    order_fen: int
    transport_fen: int
    product_fen: int
    duty_fen: int

    def __post_init__(self) -> None:
        amounts = (self.order_fen, self.transport_fen, self.product_fen, self.duty_fen)
        if min(amounts) < 0 or not 0 < self.order_fen == self.transport_fen + self.product_fen:
            raise ValueError("order_fee is more than nothing, and transport_fee and product_fee together")
        if not PORT.fullmatch(self.port) or not CUSTOMS_NUMBER.fullmatch(self.customs_number):
            raise ValueError("a declaration needs a port and the merchant's number at its customs")


@dataclass(frozen=True, slots=True)
class Declared:
    """What WeChat says of one declaration.

    `department` (UNIONPAY, NETSUNION, OTHERS) and `department_number` are what customs asks for with the
    original payment data. `order_fen` is told by a query alone; `match` only where a person was named.
    """

    state: State
    department: str = ""
    department_number: str = ""
    explanation: str = ""
    modified_at: datetime | None = None
    order_fen: int | None = None
    match: Match | None = None


class CustomsClient(Protocol):
    """One family. Every call raises OutcomeUnknown, RateLimited and Rejected (CustomsNumberUnknown where the
    port does not know the merchant's number)."""

    matches_with_declaration: ClassVar[bool]

    def declare(self, piece: Piece, named: Named | None) -> Declared:
        """Declare; the same once more is the same. `named` goes along where the family takes it."""

    def amend(self, piece: Piece, named: Named | None) -> Declared:
        """Make the declaration void and a new one of `piece`, whose payment and port stay the same."""

    def query(self, piece: Piece) -> Declared | None:
        """How it stands; None where WeChat has no declaration of this payment at this port."""

    def redeclare(self, piece: Piece) -> Declared:
        """Send an unchanged declaration once more, after SUCCESS or EXCEPT."""

    def match(self, piece: Piece, named: Named) -> Match:
        """Whether `named` is the payer: of what is declared, where the family asks by itself."""


def state_of(call: str, text: str | None) -> State:
    """The state; an unknown word is an unknown outcome."""
    try:
        return State(text or "")
    except ValueError:
        raise OutcomeUnknown(call=call, reason="the answer has no state that we know") from None


def match_of(text: str | None) -> Match | None:
    """SAME or DIFFERENT; None for UNCHECKED, nothing, and what is unknown to us."""
    return Match(text) if text in tuple(Match) else None


def modified(text: str | None) -> datetime | None:
    """An instant as 20091227091010, in Shanghai; None where it is not one."""
    if text is None or not re.fullmatch(r"\d{14}", text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


def explained(text: str | None) -> str:
    """Customs' words about a declaration, shortened, without what no one can read."""
    return "".join(c for c in text or "" if c.isprintable())[:LONGEST_EXPLANATION]


def absent(refusal: Rejected) -> bool:
    """Whether this refusal of a query means that nothing is declared."""
    return isinstance(refusal, CustomsNumberUnknown | ResourceNotExist)
