"""Which of WeChat's ports a payment is declared at: the one of the warehouse's customs district, and a second
one beside it where the storefront has a number there.

The table is data/customs_ports.csv. A district that WeChat has no port for is registered and declared under
Guangzhou (总署版), as WeChat's own service answers; the prefixes of districts are our reading of their codes.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "data" / "customs_ports.csv"
ANY = "GUANGZHOU_ZS"


@dataclass(frozen=True, slots=True)
class Port:
    """One of WeChat's codes; `besides` names the port that must be declared at as well."""

    code: str
    name_zh: str
    name: str
    current: bool
    besides: str
    districts: tuple[str, ...]


@cache
def ports() -> dict[str, Port]:
    """Every port by its code, in the order of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: Port(
                code=row["code"],
                name_zh=row["name_zh"],
                name=row["name"],
                current=row["current"] == "1",
                besides=row["besides"],
                districts=tuple(row["districts"].split()),
            )
            for row in csv.DictReader(file)
        }


def choices() -> list[tuple[str, str]]:
    """The ports as choices of a model field."""
    return [(port.code, f"{port.name_zh} · {port.name}") for port in ports().values()]


def ports_of(district: str, *, registered: Collection[str]) -> list[str]:
    """Where a payment of goods under this customs district (关区代码) is declared, the main port first.

    A second call is made at a port that stands beside the main one, for this district, if the storefront is
    `registered` there; where it is not, that is a case (`declare_second_port`).
    """
    main = _main_of(district)
    return [main, *(code for code in besides_of(district) if code in registered)]


def besides_of(district: str) -> list[str]:
    """The ports that want a second call beside the main one of this district, whoever is registered there."""
    main = _main_of(district)
    return [port.code for port in ports().values() if port.besides == main and _match(port, district)]


def _main_of(district: str) -> str:
    best = max(
        (port for port in ports().values() if not port.besides and _match(port, district)),
        key=lambda port: _match(port, district),
        default=ports()[ANY],
    )
    return best.code


def _match(port: Port, district: str) -> int:
    """How many characters of the district the port claims; the longest claim wins."""
    return max((len(prefix) for prefix in port.districts if district.startswith(prefix)), default=0)
