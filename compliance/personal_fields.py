"""How an app declares what it owes to privacy: one entry for each personal field, beside the field's app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Class = Literal["ordinary", "sensitive", "pseudonym"]
Basis = Literal["contract", "law", "consent"]


@dataclass(frozen=True, slots=True)
class Passing:
    """Personal data that is given on as it comes in and stands in no row: a disclosure tells that it went.

    `data` are words of data/disclosures.yaml, `recipients` kinds of it.
    """

    data: tuple[str, ...]
    purpose: str
    basis: Basis
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One personal field (`model` as "app.Model") with what is done with it over its life.

    `klass`: ordinary, sensitive (sealed and shown masked), or pseudonym (a blind index or key that points to
    a person). `retention`, `export` and `erase` are sentences for the person who asks; `recipients` says to
    whom it may be given (kinds of data/disclosures.yaml).
    """

    model: str
    field: str
    klass: Class
    purpose: str
    basis: Basis
    retention: str
    export: str
    erase: str
    recipients: tuple[str, ...] = ()
    shown: str = ""
