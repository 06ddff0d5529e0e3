"""The carrier is asked to tell customs of its waybill (511), with what the order says and nothing else."""

from __future__ import annotations

from datetime import datetime

from compliance import services as compliance
from customs.documents.declared import kilograms, yuan
from customs.gateways.senders import AskedWaybill, senders
from customs.models import Filing
from customs.services.gather import gather
from kernel.tenancy import tenant
from orders.models import Order

FIELDS = ("consignee_name", "consignee_phone", "consignee_address", "order_number", "waybill")


def ask_carrier(*, filing: Filing, now: datetime) -> bool:
    """Ask once more or for the first time; False where nobody is to be asked. Raises Unreachable.

    Three steps: what is told is put on record, the carrier is asked with no transaction open, and that it
    was asked is noted.
    """
    asked_through = senders()
    if asked_through is None:
        return False
    with tenant(filing.storefront_id):
        declaration = filing.declaration
        account = declaration.account
        assert account is not None
        order = Order.objects.select_related("warehouse", "key", "customer").get(pk=declaration.order_id)
        trade = gather(order=order, account=account, now=now)
        assert order.subject_id is not None
        compliance.disclose(
            storefront_id=order.storefront_id,
            subject_id=order.subject_id,
            order_number=order.number,
            recipient_kind="carrier",
            recipient=trade.waybill.carrier.name,
            country="CN",
            purpose="declare",
            basis="law",
            fields=FIELDS,
            now=now,
        )
    asked_through.waybill(
        dxp_id=account.dxp_id,
        asked=AskedWaybill(
            number=trade.waybill.number,
            order_number=trade.number,
            carrier_code=trade.waybill.carrier.code,
            carrier_name=trade.waybill.carrier.name,
            consignee=trade.consignee.name,
            phone=trade.consignee.phone,
            address=trade.consignee.address,
            weight_kg=kilograms(trade.waybill.weight_g),
            freight=yuan(trade.freight_fen),
            again=filing.app_type == "2",
        ),
    )
    Filing.objects.filter(pk=filing.pk, sent_at=None).update(sent_at=now)
    return True
