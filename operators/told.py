"""Events and cases in the reader's words: names, amounts in yuan, links to what is meant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime

from compliance.models import VALUE
from kernel.money import priced
from operators.bilingual import chinese, say
from operators.names import named, state_name

# What a row of the history already says by the event's name.
_SAID = ("from", "verb")
# Whose states an event of this thing tells of.
_OWNERS = {
    "order": "orders.Order",
    "payment": "payments.Payment",
    "refund": "payments.Refund",
    "bill": "payments.Bill",
    "complaint": "payments.Complaint",
    "answer": "payments.ComplaintAct",
    "payer": "compliance.PayerCheck",
    "naming": "customers.NamedPayer",
    "declaration": "payments.PaymentDeclaration",
    "customs_declaration": "customs.Declaration",
    "product": "catalog.Product",
    "incident": "compliance.Incident",
    "batch": "settlement.SettlementBatch",
    "shipping_info": "logistics.ShippingInfo",
    "consignment": "customs.Consignment",
    "return": "returns.ReturnRequest",
    "outbound": "customs.Outbound",
    "return_line": "returns.ReturnLine",
    "stray_parcel": "returns.StrayParcel",
}
Links = Mapping[str, str]


def event_name(name: str) -> str:
    """ "order.paid" in words; what the admin itself records is made of the model's name and the verb's."""
    known = named("event", name)
    if known:
        return known
    thing, _, verb = name.partition(".")
    subject, done = named("thing", thing), named("event", f"*.{verb}")
    if not subject or not done:
        return name
    return f"{done}{subject}" if chinese() else f"{subject} {done}"


def about(key: str, links: Links | None = None) -> Any:
    """ "order:123" as "order 123", with a link where the caller knows one."""
    thing, colon, number = key.partition(":")
    kind = named("thing", thing)
    if not colon or not kind:
        return key
    return format_html("{} {}", kind, linked(number.partition("@")[0], links))


def reason_name(code: Any) -> str:
    """Why an order was closed or money is stray."""
    return named("reason", str(code)) or str(code)


def case_title(kind: str, title: str) -> str:
    """What a reader sees of a case in a list: the name of its kind, else the stored title."""
    return named("case", kind) or title


def case_todo(kind: str) -> str:
    """What an operator does next about a case of this kind; "" where nothing is written."""
    return named("todo", kind)


def datum_name(label: str) -> str:
    """What a sealed datum is called ("orders.order.buyer_name"); a part of a label is shown as it is."""
    return named("datum", label) or label


def data(counted: Mapping[str, int]) -> Any:
    """Sealed data with how often each was opened, one a line."""
    if not counted:
        return "-"
    rows = ((datum_name(label), times) for label, times in counted.items())
    return format_html_join("", "<div>{} × {}</div>", rows)


def facts(told: Mapping[str, Any], links: Links | None = None, *, name: str = "") -> Any:
    """Facts as "name: value" one a line; a move of a state machine as "before → after". What is empty, and
    of an event (`name`) what is nothing beside an amount, is left out."""
    rows: list[tuple[Any, Any]] = []
    thing, _, after = name.partition(".")
    owner = _OWNERS.get(thing, "")
    before = told.get("from")
    if isinstance(before, str) and "verb" in told:
        names = [state_name(state, state, owner) for state in (before, after)]
        rows.append((say("状态", "state"), " → ".join(names)))
    amounts = bool(name) and any(value for key, value in told.items() if key.endswith("_fen"))
    rows += [
        (fact_name(key), (_choice(owner, value) if key in _CHOICES else "") or _value(key, value, links))
        for key, value in told.items()
        if key not in _SAID and value not in ([], {}) and not (amounts and key.endswith("_fen") and not value)
    ]
    if not rows:
        return "-"
    return format_html_join(
        "", '<div><span class="text-font-subtle-light dark:text-font-subtle-dark">{}</span> {}</div>', rows
    )


def linked(text: str, links: Links | None) -> Any:
    """The text, as a link when `links` has an address for it."""
    url = (links or {}).get(text)
    return text if url is None else link(url, text)


def link(url: str, text: Any) -> Any:
    """The text as a link, in the colour of links."""
    return format_html('<a class="text-link" href="{}">{}</a>', url, text)


def page_of(row: Any) -> str:
    """The address of a row's page in the admin."""
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def _word(code: str) -> str:
    return state_name(code, code)


def _instant(text: str) -> str:
    return str(localize(localtime(datetime.fromisoformat(text))))


def _waits(code: str) -> str:
    return state_name(code, code, "waits_for")


def _processing(code: str) -> str:
    return state_name(code, code, "compliance.ImpactAssessment")


def _document(code: str) -> str:
    return state_name(code, code, "customs.Filing")


def _next_step(code: str) -> str:
    return state_name(code, code, "customs.trouble")


def _actor(name: str) -> str:
    return named("actor", name) or name.removeprefix("operator:")


def _source(code: str) -> str:
    return named("source", code) or code


_READ = {
    "by": _actor,
    "source": _source,
    "kind": _word,
    "reason": reason_name,
    "event": event_name,
    "notice": _word,
    "severity": _word,
    "processing": _processing,
    "waits_for": _waits,
    "gives_back": _word,
    "document": _document,
    "step": _next_step,
}


# What names one of the choices of the row that an event is of.
_CHOICES = ("kind", "reason", "state")


def _choice(owner: str, value: Any) -> str:
    return named("state", f"{owner}:{value}") if owner else ""


def fact_name(key: str) -> str:
    """What a fact is called; its own key where it has no name."""
    return named("fact", key) or named("field", key) or key.removesuffix("_fen").replace("_", " ")


def _value(key: str, value: Any, links: Links | None) -> Any:
    if value in (None, ""):
        return "-"
    if key.endswith("_fen") and isinstance(value, int):
        return priced(value)
    read = _READ.get(key) or (_instant if key == "at" or key.endswith("_at") else None)
    if read:
        return read(str(value))
    if key == "key":
        return about(str(value), links)
    several = _several(key, value, links)
    if several:
        return format_html_join("、" if chinese() else ", ", "{}", ((one,) for one in several))
    if isinstance(value, bool):
        value = str(say("是", "yes") if value else say("否", "no"))
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return linked(text if len(text) <= 300 else f"{text[:300]}…", links)


def _several(key: str, value: Any, links: Links | None) -> list[Any]:
    """Names that a fact lists, or pieces and shares of an allowance that it counts."""
    if key in ("fields", "papers", "customers") and isinstance(value, list):
        return [linked(one, links) if key == "customers" else fact_name(one) for one in map(str, value)]
    if isinstance(value, Mapping) and all(type(n) is int for n in value.values()):
        counted = f"{{}} {{}} {say('克', 'g')}" if key == "measures" else "{} × {}"
        return [priced(n) if one == VALUE else counted.format(one, n) for one, n in value.items()]
    return []
