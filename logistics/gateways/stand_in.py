"""The sandbox in a carrier's place."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import orjson

from kernel.gateways import Gateway, Unreachable
from logistics.gateways.carrying import Handover

PARTY = "carrier"


class StandIn:
    def __init__(self, base_url: str) -> None:
        self._gateway = Gateway(PARTY, base_url)

    def handed_over(self, *, out_trade_no: str) -> Handover | None:
        reply = self._gateway.call("GET", f"/trade/shipments/{quote(out_trade_no, safe='')}")
        if reply.status == 404:
            return None
        if reply.status != 200:
            raise Unreachable(party=PARTY, reason=f"HTTP {reply.status}")
        told = orjson.loads(reply.body)
        return Handover(told["waybill"], told["carrier"], datetime.fromisoformat(told["handed_over_at"]))
