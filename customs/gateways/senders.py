"""Who signs what this house may not (law.md R2.4): the carrier its waybill, the supervised site its entry.

`CUSTOMS_SENDERS` names whom they are asked through: on a laptop the sandbox's stand-in at the port. Where it
names nobody they tell customs by themselves, as their contracts say, and their receipts are waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import orjson
from django.conf import settings

from kernel.gateways import Gateway, Unreachable

PARTY = "senders"


@dataclass(frozen=True, slots=True)
class AskedWaybill:
    """What the carrier declares of a parcel (CEB511). In plain: it lives for one call."""

    number: str
    order_number: str
    carrier_code: str
    carrier_name: str
    consignee: str
    phone: str
    address: str
    weight_kg: Decimal
    freight: Decimal
    again: bool
    bill_no: str = ""


@dataclass(frozen=True, slots=True)
class AskedEntry:
    """What the site declares of goods that came in (CEB711)."""

    customs_code: str
    traffic: str
    traffic_no: str
    voyage_no: str
    bill_no: str
    waybills: Sequence[str]


class Senders(Protocol):
    """Carrier and site, asked for their messages; asked again for the same, they have told it already."""

    def waybill(self, *, dxp_id: str, asked: AskedWaybill) -> None:
        """Ask the carrier. Raises Unreachable."""

    def entry(self, *, dxp_id: str, asked: AskedEntry) -> None:
        """Ask the site. Raises Unreachable."""


def senders() -> Senders | None:
    """Whom CUSTOMS_SENDERS names; None where it names nobody."""
    return PROVIDERS[settings.CUSTOMS_SENDERS]() if settings.CUSTOMS_SENDERS else None


class StandIn:
    """The sandbox in the place of carrier and site."""

    def __init__(self, base_url: str) -> None:
        self._gateway = Gateway(PARTY, base_url)

    def waybill(self, *, dxp_id: str, asked: AskedWaybill) -> None:
        self._ask(
            "/carrier/waybills",
            {
                "dxp_id": dxp_id,
                "app_type": "2" if asked.again else "1",
                "waybill": asked.number,
                "order_no": asked.order_number,
                "logistics_code": asked.carrier_code,
                "logistics_name": asked.carrier_name,
                "consignee": asked.consignee,
                "phone": asked.phone,
                "address": asked.address,
                "weight": str(asked.weight_kg),
                "freight": str(asked.freight),
                "bill_no": asked.bill_no,
            },
        )

    def entry(self, *, dxp_id: str, asked: AskedEntry) -> None:
        self._ask(
            "/site/entries",
            {
                "dxp_id": dxp_id,
                "customs_code": asked.customs_code,
                "traf_mode": asked.traffic,
                "traf_no": asked.traffic_no,
                "voyage_no": asked.voyage_no,
                "bill_no": asked.bill_no,
                "waybills": list(asked.waybills),
            },
        )

    def _ask(self, target: str, told: dict[str, object]) -> None:
        headers = {"Content-Type": "application/json"}
        reply = self._gateway.call("POST", target, headers=headers, body=orjson.dumps(told))
        if reply.status != 200:
            raise Unreachable(party=PARTY, reason=f"HTTP {reply.status}")


PROVIDERS: dict[str, Callable[[], Senders]] = {"stand_in": lambda: StandIn(settings.PORT_BASE)}
