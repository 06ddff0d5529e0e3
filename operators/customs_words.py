"""What customs' codes are called, and what is done next about a declaration, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from customs.ceb.tables import shapes
from customs.models import Filing
from customs.queries import DONE, TO_MEND
from customs.steps import says
from customs.steps import statuses as known_statuses
from operators import told
from operators.bilingual import chinese, say
from operators.names import state_name

# What a declaration waits for, and why it does not go on besides the steps of a refusal.
AWAITS = (
    "hold",
    "account",
    "payment",
    "waybill",
    "parcel",
    "receipts",
    "guarantee",
    "book",
    "consignment",
    "entry",
)
BLOCKS = ("mismatch", "form", "refused", "unreadable")


def awaits(code: str) -> str:
    """What a declaration waits for."""
    return state_name(code, code, "customs.awaits") if code else ""


def trouble(code: str) -> str:
    """Why a declaration does not go on."""
    return state_name(code, code, "customs.trouble") if code else ""


def stands_for(state: str, awaiting: str, why: str) -> str:
    """What a declaration waits for, or what stands in its way: the other is past, at its end both."""
    if state in DONE:
        return "-"
    return (trouble(why) if state in TO_MEND else awaits(awaiting)) or "-"


def status(code: str) -> str:
    """A returnStatus: its number and its word, an error's as well."""
    if not code:
        return "-"
    return f"{code} {meaning(code)}".strip()


def meaning(code: str) -> str:
    """What a status or an error code says; "" where the specification's tables have none of this number."""
    zh, en = says(code)
    return zh if chinese() else en


def document(kind: str) -> str:
    """A kind of document."""
    return state_name(kind, dict(Filing.Kind.choices).get(kind, kind), "customs.Filing")


def message(name: str) -> str:
    """A message of the specification by its name: CEB621Message and what that is."""
    shape = shapes().get(name)
    return f"{name} {shape.zh if chinese() else shape.en}" if shape else name


def messages() -> list[tuple[str, str]]:
    """Every message of the specification, for a filter."""
    return [(name, message(name)) for name in sorted(shapes())]


def statuses() -> list[tuple[str, str]]:
    """Every returnStatus that is no error, for a filter."""
    return [(code, status(code)) for code in known_statuses()]


def next_step(state: str, code: str) -> str:
    """What is done next about a declaration that is blocked or refused."""
    if code in BLOCKS:
        return told.case_todo(f"customs.{code}")
    return state_name(code, "", "customs.step") if code and state in TO_MEND else ""


def stopped(state: str) -> Any:
    """What is done next about a list that customs has stopped, or does not give back."""
    return _STOPPED[state]


def facts(told_of: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a case or event about a declaration, its codes in words."""
    read = {name: _FACTS[name] for name in _FACTS if name in told_of}
    rest = {name: value for name, value in told_of.items() if name not in read}
    return rest | {key: word(str(told_of[name])) or "-" for name, (key, word) in read.items()}


_STOPPED: Mapping[str, Any] = {
    "review": say(
        "联系报关企业，按海关要求补充单证说明；审核通过后自动继续。",
        "Have the declarant send what the officer asks for; it goes on by itself once that is passed.",
    ),
    "inspection": say(
        "通知仓库配合查验（开箱、拍照、资料）；查验放行后自动继续。",
        "Have the warehouse open, photograph and document the parcel; it goes on by itself once released.",
    ),
    "detained": say(
        "向申报地海关了解扣留原因及处理期限，备齐资料；货物不得出区。",
        "Ask the district why it is detained and until when, and provide what it needs; the goods stay.",
    ),
    "cancelling": say(
        "在口岸核对撤单申请：未收到的，在申报页面重新递交报文；清单已放行的，录入口岸显示的状态。",
        "Look for the request at the port: hand it over again where the port has none; where the list was"
        " released meanwhile, enter what the port shows.",
    ),
}


def _step(code: str) -> str:
    return state_name(code, code, "customs.step")


def _error(code: str) -> str:
    return f"{code} {meaning(code)}".strip()


# What a fact is called on these pages, where the same word means another thing elsewhere, and its words.
_FACTS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "status": ("customs_status", status),
    "code": ("customs_error", _error),
    "step": ("step", _step),
    "kind": ("document", document),
    "document": ("document", document),
    "awaits": ("awaits", awaits),
}


def age(since: datetime | None, now: datetime) -> Any:
    """How long ago, in the two largest units."""
    return "-" if since is None else span(now - since)


def span(long: timedelta) -> Any:
    """A duration in days and hours, or hours and minutes."""
    minutes = max(0, int(long.total_seconds() // 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return say(f"{days} 天 {hours} 小时", f"{days} d {hours} h")
    return say(f"{hours} 小时 {rest} 分", f"{hours} h {rest} min")
