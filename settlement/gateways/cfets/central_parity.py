"""CFETS publishes the central parity of the yuan (人民币汇率中间价) each workday at 9:15; read strictly.

What does not look exactly as it should is no rate: `Unreadable`, and nothing is taken of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import orjson

from kernel.clock import SHANGHAI
from kernel.errors import Upstream
from kernel.gateways import Gateway, Unreachable

PARTY = "cfets"
PATH = "/r/cms/www/chinamoney/data/fx/ccpr.json"
_PAIR = re.compile(r"(100)?([A-Z]{3})/([A-Z]{3})")
_PRICE = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}")
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2} \d{1,2}:\d{2}")
_NONE = "---"  # how a price that was not published is written
_FOUR = Decimal("0.0001")


@dataclass(eq=False)
class Unreadable(Upstream):
    """CFETS answered something that is not a page of rates."""

    code = "rates_unreadable"
    title = "The exchange rates of CFETS cannot be read: {reason}"
    title_zh = "中国外汇交易中心的汇率数据无法读取：{reason}"
    reason: str


@dataclass(frozen=True, slots=True)
class Parity:
    """One publication: when, what 100 units of each currency cost in yuan, and the page as it came."""

    published_at: datetime
    cny_per_100: dict[str, Decimal]
    body: bytes


def fetch(*, base_url: str) -> Parity:
    """The newest publication. Raises Unreachable, Unreadable."""
    reply = Gateway(PARTY, base_url).call("GET", PATH, headers={"Accept": "application/json"})
    if reply.status != 200:
        raise Unreachable(party=PARTY, reason=f"HTTP {reply.status}")
    return read(reply.body)


def read(body: bytes) -> Parity:
    """A page of rates; raises Unreadable."""
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unreadable(reason="not JSON") from None
    head, data, records = (_part(page, name, kind) for name, kind in _PARTS)
    if head.get("rep_code") != "200":
        raise Unreadable(reason=f"rep_code {head.get('rep_code')!r}")
    stamp = data.get("lastDate")
    if not isinstance(stamp, str) or _STAMP.fullmatch(stamp) is None:
        raise Unreadable(reason=f"lastDate {stamp!r}")
    try:
        published_at = datetime.strptime(stamp, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
    except ValueError:
        raise Unreadable(reason=f"lastDate {stamp!r}") from None
    rates: dict[str, Decimal] = {}
    for record in records:
        currency, rate = _rate(record)
        if currency in rates:
            raise Unreadable(reason=f"{currency} twice")
        if rate is not None:
            rates[currency] = rate
    if "USD" not in rates:
        raise Unreadable(reason="no USD")
    return Parity(published_at, rates, body)


_PARTS: tuple[tuple[str, type[Any]], ...] = (("head", dict), ("data", dict), ("records", list))


def _part(page: Any, name: str, kind: type[Any]) -> Any:
    part = page.get(name) if isinstance(page, dict) else None
    if not isinstance(part, kind):
        raise Unreadable(reason=f"no {name}")
    return part


def _rate(record: Any) -> tuple[str, Decimal | None]:
    """Yuan for 100 units, whichever way round the pair is quoted."""
    pair, price = (
        (record.get(name) for name in ("vrtEName", "price")) if isinstance(record, dict) else ("", "")
    )
    found = _PAIR.fullmatch(pair) if isinstance(pair, str) else None
    if found is None or (found.group(2) == "CNY") == (found.group(3) == "CNY"):
        raise Unreadable(reason=f"pair {pair!r}")
    hundred, base, quoted = found.groups()
    currency = quoted if base == "CNY" else base
    if price == _NONE:
        return currency, None
    if not isinstance(price, str) or _PRICE.fullmatch(price) is None or Decimal(price) == 0:
        raise Unreadable(reason=f"price {price!r} of {pair}")
    units = 1 if hundred else 100
    exact = Decimal(price) * units if quoted == "CNY" else units / Decimal(price)
    return currency, exact.quantize(_FOUR, ROUND_HALF_UP)
