"""A partner with a credential, a number that signed a call, and a notice that was sent to its endpoint."""

from __future__ import annotations

from datetime import datetime

from partners.gateways.webhook.address import Checked
from partners.gateways.webhook.post import Outcome
from partners.models import Application, Message, Nonce
from partners.sender import note
from partners.services.accounts import issue_credential, open_partner
from partners.services.acknowledging import acknowledge
from partners.services.endpoints import make_endpoint, rotate_secret
from partners.services.publishing import publish
from storefronts.models import Storefront


def partner_rows(shop: Storefront, round: int, now: datetime) -> Application:
    """The credential."""
    wms = open_partner(storefront=shop, name=f"WMS {round}", kind="warehouse", by="someone", now=now)
    made = issue_credential(partner=wms, by="someone", now=now).credential
    Nonce.objects.create(storefront=shop, application=made, nonce="an-invented-nonce", at=now)
    there, _ = make_endpoint(
        connection=wms.connections.get(), url=Checked("https://wms.example/"), types=["order.paid"], now=now
    )
    rotate_secret(row=there, now=now)
    publish(storefront_id=shop.pk, name="order.paid", key=f"order:T{wms.pk}", at=now, now=now)
    note(Message.objects.get(endpoint=there), Outcome(500, 12, "HTTP 500"), now)
    acknowledge(connection=wms.connections.get(), number=f"T{wms.pk}", reference="ERP-1", now=now)
    return made
