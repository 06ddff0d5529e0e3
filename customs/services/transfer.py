"""Who transmits: the declaring enterprise, whose client and number at the exchange platform are used."""

from __future__ import annotations

from customs.ceb.message import Value
from customs.models import PortAccount
from storefronts.models import LegalParty


def transfer_of(account: PortAccount) -> dict[str, Value]:
    """BaseTransfer of every message of this account."""
    party = LegalParty.objects.filter(
        storefront_id=account.storefront_id, role=LegalParty.Role.DECLARANT
    ).first()
    return {
        "copCode": party.customs_code if party else "",
        "copName": party.name if party else "",
        "dxpMode": "DXP",
        "dxpId": account.dxp_id,
    }
