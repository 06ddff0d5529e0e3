"""Which carrier this house asks; a real one is another file here and another line below."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from logistics.gateways.carrying import Carrier
from logistics.gateways.stand_in import StandIn


def carrier() -> Carrier | None:
    """The carrier that CARRIER names; None where it names nobody."""
    return PROVIDERS[settings.CARRIER]() if settings.CARRIER else None


PROVIDERS: dict[str, Callable[[], Carrier]] = {"stand_in": lambda: StandIn(settings.TRADE_BASE)}
