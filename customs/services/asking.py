"""The carrier is asked for its waybill (511), the site for its entry (711), with what they need alone."""

from __future__ import annotations

from datetime import datetime

from compliance import services as compliance
from customs.documents.declared import kilograms, yuan
from customs.gateways.senders import AskedEntry, AskedWaybill, senders
from customs.models import ConsignedParcel, Consignment, Filing
from customs.services.cargo import entries_of, on_it, refused, waybills_in
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
        if trade.place.bill_no:
            placed = ConsignedParcel.objects.filter(parcel__shipment__order=order, taken_off_at=None)
            placed.update(told_bill=trade.place.bill_no)
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
            bill_no=trade.place.bill_no,
        ),
    )
    Filing.objects.filter(pk=filing.pk, sent_at=None).update(sent_at=now)
    return True


def ask_site(*, consignment: Consignment, now: datetime) -> bool:
    """Ask the supervised site to enter what it has not yet; False where nobody is to be asked.

    In the same three steps; that waybills of persons were told is on record for each. Raises Unreachable.
    """
    asked_through = senders()
    if asked_through is None:
        return False
    account = consignment.account
    with tenant(consignment.storefront_id):
        known = waybills_in(one for one in entries_of(consignment) if not refused(one))
        rows = on_it(consignment).exclude(waybill__in=known).order_by("id")
        placed = list(rows.select_related("parcel__shipment__order"))
        for order in (one.parcel.shipment.order for one in placed):
            if order.subject_id is None:
                continue
            compliance.disclose(
                storefront_id=order.storefront_id,
                subject_id=order.subject_id,
                order_number=order.number,
                recipient_kind="partner",
                recipient=f"监管作业场所 {account.site_code or account.customs_code}",
                country="CN",
                purpose="declare",
                basis="law",
                fields=("waybill",),
                now=now,
            )
    if not placed:
        return True
    asked_through.entry(
        dxp_id=account.dxp_id,
        asked=AskedEntry(
            customs_code=account.customs_code,
            traffic=account.traffic,
            traffic_no=consignment.traffic_no,
            voyage_no=consignment.voyage_no,
            bill_no=consignment.bill_no,
            waybills=[one.waybill for one in placed],
        ),
    )
    return True
