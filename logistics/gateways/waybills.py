"""What a carrier that issues waybills can be asked: one number to each of ours, and its way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kernel.errors import Upstream


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parcel comes from or goes to; never printed, as it may be a person's."""

    name: str
    phone: str
    province: str
    city: str
    county: str
    street: str
    company: str = ""

    def __repr__(self) -> str:
        return "<Place>"


@dataclass(frozen=True, slots=True)
class Cargo:
    """What is declared as the content."""

    name: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """One parcel for which a waybill is wanted."""

    own_number: str
    sender: Place
    receiver: Place
    cargo: tuple[Cargo, ...]
    weight_g: int


@dataclass(frozen=True, slots=True)
class Issued:
    """The carrier carries the parcel under this number; `routing` is what its sorters read on the label."""

    waybill: str
    routing: str


@dataclass(eq=False)
class CarrierRefused(Upstream):
    """The carrier has answered, and did nothing of what it was asked.

    Its words may repeat what it was told of a person; `number` is its code alone, and may be kept for ever.
    """

    code = "carrier_refused"
    title = "The carrier refused ({why})."
    title_zh = "承运商未受理（{why}）。"
    why: str
    number: str = ""
    permanent: bool = True


class Waybills(Protocol):
    """A carrier's own interface. Each call raises Unreachable where its outcome is not known."""

    def create(self, wanted: Wanted) -> Issued:
        """Ask for a waybill; asked twice for one number of ours it is the same. Raises CarrierRefused."""

    def find(self, own_number: str) -> Issued | None:
        """The waybill that was issued to our number; None where none was. Raises CarrierRefused."""

    def cancel(self, own_number: str, waybill: str) -> None:
        """Take a waybill back; one that is not known, or was taken back before, is gone as well.

        Raises CarrierRefused where the parcel is on its way.
        """
