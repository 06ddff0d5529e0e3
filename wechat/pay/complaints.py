"""Consumer complaints (消费者投诉) at WeChat Pay: listed, read strictly, answered, decided and completed.

https://pay.weixin.qq.com/docs/merchant/apis/consumer-complaint/complaints/list-complaints-v2.html
and the pages beside it. Of what a consumer wrote nothing shows in a repr, and the telephone stays as it came:
encrypted to the merchant's own key.
"""

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1

from wechat.credentials import Merchant
from wechat.errors import Malformed, OutcomeUnknown, Undecryptable
from wechat.pay.client import PayClient, fitted
from wechat.pay.types import fen, instant, required, storable, text

REPLY_LENGTH, MOST_IMAGES, REASON_LENGTH = 200, 4, 200
LIST_DAYS, LIST_LIMIT, HISTORY_LIMIT = 30, 50, 300
LONGEST_TEXT, ID_LENGTH, MOST_TIMES = 4096, 64, 1000
EVENTS = frozenset({"COMPLAINT.CREATE", "COMPLAINT.STATE_CHANGE"})
_ROOT, _NOTIFY = "/v3/merchant-service/complaints-v2", "/v3/merchant-service/complaint-notifications"


class State(StrEnum):
    """Where WeChat says a complaint is; it may say others, which mean nothing to us."""

    PENDING = "PENDING"  # the first reply is due
    PROCESSING = "PROCESSING"  # answered, not yet finished
    PROCESSED = "PROCESSED"


class Decision(StrEnum):
    """What the merchant says of the refund that is wished; APPROVE moves no money."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"


@dataclass(frozen=True, slots=True)
class Told:
    """A notification's content: that something happened to a complaint; what it is now must be read."""

    complaint_id: str
    action: str

    @classmethod
    def from_notification(cls, raw: Mapping[str, Any]) -> "Told":
        """Read the resource of a COMPLAINT.* notification; an action that is new or missing is no error."""
        return cls(required(raw, "complaint_id", ID_LENGTH), text(raw, "action_type") or "")


@dataclass(frozen=True, slots=True)
class ComplaintReport:
    """What WeChat Pay says about one complaint. Amounts are fen; `wished_fen` is None where none is asked.

    The payment is the first of those the complaint names: a consumer complains of one.
    """

    complaint_id: str
    state: str
    complained_at: datetime
    mchid: str
    out_trade_no: str
    transaction_id: str
    amount_fen: int | None
    wished_fen: int | None
    problem_type: str
    detail: str = field(repr=False)
    sealed_phone: str = field(repr=False)
    full_refunded: bool
    waits_for_answer: bool
    times: int

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "ComplaintReport":
        """Read WeChat's JSON object; raises `Malformed` naming what is missing or of a wrong type."""
        at = instant(raw, "complaint_time")
        if at is None:
            raise Malformed(where="complaint_time")
        orders = raw.get("complaint_order_info") or []
        if not isinstance(orders, list) or not all(isinstance(one, dict) for one in orders):
            raise Malformed(where="complaint_order_info")
        order: Mapping[str, Any] = orders[0] if orders else {}
        return cls(
            complaint_id=required(raw, "complaint_id", ID_LENGTH),
            state=required(raw, "complaint_state"),
            complained_at=at,
            mchid=text(raw, "complainted_mchid") or "",
            out_trade_no=text(order, "out_trade_no") or "",
            transaction_id=text(order, "transaction_id") or "",
            amount_fen=fen(order, "amount"),
            wished_fen=fen(raw, "apply_refund_amount"),
            problem_type=text(raw, "problem_type") or "",
            detail=_long(raw, "complaint_detail"),
            sealed_phone=_long(raw, "payer_phone"),
            full_refunded=_flag(raw, "complaint_full_refunded"),
            waits_for_answer=_flag(raw, "incoming_user_response"),
            times=min(fen(raw, "user_complaint_times") or 1, MOST_TIMES),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list. `unreadable` are the ids (empty where even that is missing) of what has not the
    documented shape: one bad complaint hides none of the others."""

    reports: tuple[ComplaintReport, ...]
    unreadable: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened in a complaint, as the negotiation history (协商历史) tells it."""

    log_id: str
    at: datetime
    kind: str
    detail: str = field(repr=False)


def told_where(client: PayClient) -> str:
    """The address to which complaints are told. Raises ResourceNotExist where none is set."""
    return _address(client, "complaint_url_query", "GET", None)


def tell_there(client: PayClient, url: str, *, again: bool = False) -> str:
    """Set the address to which complaints are told; `again` where one is set already. Raises as any call."""
    content = {"url": client.checked_notify_url(url)}
    return _address(client, "complaint_url", "PUT" if again else "POST", content)


def listed(client: PayClient, *, first: date, last: date, offset: int = 0) -> Page:
    """Up to 50 complaints of the days `first` to `last` (Shanghai, both counted, at most 30)."""
    if not 0 <= (last - first).days < LIST_DAYS or offset < 0:
        raise ValueError("complaints are listed over 1 to 30 days")
    asked = {
        "limit": LIST_LIMIT,
        "offset": offset,
        "begin_date": first.isoformat(),
        "end_date": last.isoformat(),
        "complainted_mchid": client.merchant.mchid,
    }
    body = client.send("complaints", "GET", f"{_ROOT}?{urlencode(asked)}", None)
    answer = client.read("complaints", body)
    reports, unreadable = [], []
    for raw in _rows("complaints", answer):
        try:
            reports.append(ComplaintReport.from_dict(raw))
        except Malformed:
            name = raw.get("complaint_id")
            unreadable.append(name[:ID_LENGTH] if isinstance(name, str) and storable(name) else "")
    total = answer.get("total_count")
    if isinstance(total, bool) or not isinstance(total, int):
        raise OutcomeUnknown(call="complaints", reason="the answer has no total_count")
    return Page(tuple(reports), tuple(unreadable), total)


def detail(client: PayClient, complaint_id: str) -> ComplaintReport:
    """The complaint as it stands. Raises ResourceNotExist, and as any call."""
    body = client.send("complaint", "GET", _path(complaint_id), None)
    try:
        report = ComplaintReport.from_dict(client.read("complaint", body))
    except Malformed as error:
        raise OutcomeUnknown(call="complaint", reason=f"the answer is malformed: {error.where}") from None
    if report.complaint_id != complaint_id:
        raise OutcomeUnknown(call="complaint", reason="the answer is about another complaint")
    return report


def history(client: PayClient, complaint_id: str) -> list[Step]:
    """What was said and decided in it, up to the 300 entries WeChat tells at once."""
    call = "complaint_history"
    path = f"{_path(complaint_id)}/negotiation-historys?limit={HISTORY_LIMIT}&offset=0"
    try:
        return [_step(raw) for raw in _rows(call, client.read(call, client.send(call, "GET", path, None)))]
    except Malformed as error:
        raise OutcomeUnknown(call=call, reason=f"the answer is malformed: {error.where}") from None


def respond(client: PayClient, complaint_id: str, content: str, images: tuple[str, ...] = ()) -> None:
    """Answer the consumer. `images` are media ids of uploads. ValueError for what WeChat could never take."""
    if len(images) > MOST_IMAGES:
        raise ValueError("a reply has at most four images")
    body: dict[str, Any] = {
        "complainted_mchid": client.merchant.mchid,
        "response_content": reply_text(content),
    }
    if images:
        body["response_images"] = list(images)
    client.send("complaint_reply", "POST", f"{_path(complaint_id)}/response", body)


def decide_refund(
    client: PayClient, complaint_id: str, decision: Decision, *, days: int = 0, reason: str = ""
) -> None:
    """Say what becomes of the refund: approved, to leave in `days` (0: today), or rejected for `reason`.

    No money moves: the refund itself is another call.
    """
    body: dict[str, Any] = {"action": decision.value}
    if decision is Decision.APPROVE:
        if days < 0:
            raise ValueError("a refund is launched today or later")
        body["launch_refund_day"] = days
    else:
        body["reject_reason"] = reply_text(reason)
    client.send("complaint_refund", "POST", f"{_path(complaint_id)}/update-refund-progress", body)


def complete(client: PayClient, complaint_id: str) -> None:
    """Say that the complaint is dealt with; a consumer may take it up again."""
    body = {"complainted_mchid": client.merchant.mchid}
    client.send("complaint_complete", "POST", f"{_path(complaint_id)}/complete", body)


def reply_text(content: str) -> str:
    """`content` as WeChat can show it; ValueError where nothing is left or it is longer than 200.

    It is never cut: half an answer may promise what the whole one does not.
    """
    shown = fitted(content, LONGEST_TEXT)
    if not 0 < len(shown) <= REPLY_LENGTH:
        raise ValueError("a reply has 1 to 200 characters")
    return shown


def open_phone(merchant: Merchant, sealed: str) -> str:
    """The telephone that WeChat encrypted to the merchant's key (RSAES-OAEP, SHA-1), the present one or one
    that it followed. Raises Undecryptable where none of them opens it."""
    padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303
    try:
        raw = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    for key in merchant.opening_keys:
        with suppress(ValueError):
            return key.decrypt(raw, padding).decode()
    raise Undecryptable(reason="the telephone opens under none of the merchant's keys")


def _address(client: PayClient, call: str, method: str, content: dict[str, Any] | None) -> str:
    try:
        return _needed_long(client.read(call, client.send(call, method, _NOTIFY, content)), "url")
    except Malformed as error:
        raise OutcomeUnknown(call=call, reason=f"the answer is malformed: {error.where}") from None


def _rows(call: str, answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = answer.get("data") or []
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise OutcomeUnknown(call=call, reason="the answer has no list of objects")
    return rows


def _step(raw: Mapping[str, Any]) -> Step:
    at = instant(raw, "operate_time")
    if at is None:
        raise Malformed(where="operate_time")
    kind = required(raw, "operate_type")
    return Step(required(raw, "log_id"), at, kind, _long(raw, "operate_details"))


def _path(complaint_id: str) -> str:
    if not complaint_id or len(complaint_id) > ID_LENGTH:
        raise ValueError("a complaint_id has 1 to 64 characters")
    return f"{_ROOT}/{quote(complaint_id, safe='')}"


def _long(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not storable(value):
        raise Malformed(where=name)
    return value


def _needed_long(raw: Mapping[str, Any], name: str) -> str:
    value = _long(raw, name)
    if not value:
        raise Malformed(where=name)
    return value


def _flag(raw: Mapping[str, Any], name: str) -> bool:
    value = raw.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(where=name)
    return bool(value)
