"""Which carrier this house asks, and with which account; another one is another file and another line."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from kernel.clock import now
from logistics.gateways.carrying import Carrier
from logistics.gateways.kuaidi100 import Kuaidi100
from logistics.gateways.sf import Sf
from logistics.gateways.stand_in import StandIn
from logistics.gateways.waybills import Waybills
from logistics.models import CarrierAccount
from logistics.services.accounts import credential


def carrier() -> Carrier | None:
    """The carrier that CARRIER names; None where it names nobody."""
    return PROVIDERS[settings.CARRIER]() if settings.CARRIER else None


def issuer(account: CarrierAccount) -> Waybills:
    """Who issues waybills on this account."""
    return sf(account)


def sf(account: CarrierAccount) -> Sf:
    """SF, spoken to with this account."""
    return Sf(credential(account), settings.SF_BASE, monthly_card=account.monthly_card, clock=now)


def kuaidi100(account: CarrierAccount) -> Kuaidi100:
    """kuaidi100, spoken to with this account."""
    return Kuaidi100(credential(account), settings.KUAIDI100_BASE)


PROVIDERS: dict[str, Callable[[], Carrier]] = {"stand_in": lambda: StandIn(settings.TRADE_BASE)}
