"""One row of every model of customs."""

from __future__ import annotations

from typing import Any

from compliance import vault
from customs import labels
from customs.models import (
    BookEntry,
    BookStock,
    ConsignedParcel,
    Consignment,
    DataRequest,
    Declaration,
    Filing,
    ListedPieces,
    Outbound,
    OutboundPieces,
    PortAccount,
    PortMessage,
    PortReceipt,
    TaxSheet,
    WarehouseEntry,
)
from customs.services.filing import new_guid
from inventory.models import Lot
from kernel.clock import shanghai_day
from logistics.models import Parcel
from payments.models import Payment
from payments.services.originals import Original, keep_original
from tests import make

FIGURES = ("held", "listed", "on_hand", "on_way", "beside", "difference")


def customs_rows(order: Any, round: int) -> None:
    """A declaration that has ended, with what was told and answered."""
    shop, now = order.storefront, make.NOW
    account, _ = PortAccount.objects.get_or_create(
        storefront=shop,
        customs_code="3105",
        defaults={"port_code": "3104", "traffic": "Y", "dxp_id": f"DXP{shop.pk}", "signer": "machine"},
    )
    own = vault.unwrap(shop.key)
    account.key_sealed = own.seal(labels.ACCOUNT_KEY, account.public_id, "of the port")
    account.password_sealed = own.seal(labels.ACCOUNT_PASSWORD, account.public_id, "88888888")
    account.save()
    declaration = Declaration.objects.create(
        storefront=shop,
        order=order,
        account=account,
        number=order.number,
        state="closed",
        list_no=f"31052026I{order.pk:09d}",
        released_at=now,
        cop_no=f"{order.number}"[-20:],
        opened_at=now,
        listed_at=now,
    )
    variant = order.lines.order_by("position")[0].variant
    ListedPieces.objects.create(
        storefront=shop, declaration=declaration, warehouse=order.warehouse, variant=variant, quantity=1
    )
    told = {"pieces": round + 1, "paper": f"QD310526E{round:09d}", "reason": "盘盈", "by": "anna", "at": now}
    BookEntry.objects.create(storefront=shop, warehouse=order.warehouse, variant=variant, **told)
    BookStock.objects.update_or_create(
        ems_no=f"T{shop.pk}{round}",
        variant=variant,
        defaults={"storefront": shop, "compared_at": now, **dict.fromkeys(FIGURES, 0)},
    )
    outbound = Outbound.objects.create(
        number=f"OUT{order.pk}-{round}",
        storefront=shop,
        warehouse=order.warehouse,
        ems_no="T3105W000001",
        destination="Maison, Lyon",
        by="anna",
        at=now,
    )
    lot = Lot.objects.filter(stock__variant=variant).first()
    assert lot is not None
    OutboundPieces.objects.create(storefront=shop, outbound=outbound, lot=lot, quantity=1)
    TaxSheet.objects.create(
        storefront=shop,
        declaration=declaration,
        tax_no=f"3105{declaration.pk:014d}",
        list_no=declaration.list_no,
        duty_fen=0,
        vat_fen=1820,
        excise_fen=0,
        status="1",
        told_at=now,
        received_at=now,
    )
    payment = Payment.objects.filter(order=order).first()
    if payment is not None:
        keep_original(payment=payment, original=Original(make.NAMES[make.ALICE], "{}"), now=now)
    message = PortMessage.objects.create(
        storefront=shop, account=account, name="CEB621Message", guid=new_guid(), made_at=now, sent_at=now
    )
    filing = Filing(
        storefront=shop,
        declaration=declaration,
        kind="list",
        guid=new_guid(),
        key=declaration.cop_no,
        app_type="1",
        digest="d" * 64,
        message=message,
        made_at=now,
        sent_at=now,
    )
    key = vault.unwrap(order.key)
    filing.body_sealed = key.seal(labels.FILING_BODY, filing.public_id, make.NAMES[make.ALICE])
    filing.save()
    receipt = PortReceipt(
        storefront=shop,
        account=account,
        filing=filing,
        name="CEB622Message",
        digest=f"{order.pk:064d}",
        status="2",
        told_at=now,
        outcome="taken",
        received_at=now,
    )
    receipt.raw_sealed = key.seal(labels.RECEIPT_RAW, receipt.public_id, make.NAMES[make.ALICE])
    receipt.save()
    request = DataRequest(
        storefront=shop,
        order=order,
        session=new_guid(),
        number=f"T{order.number}",
        service_ms=1,
        state="given",
        code="10000",
        asked_at=now,
        made_at=now,
        given_at=now,
        tries=1,
    )
    request.body_sealed = key.seal(labels.DATA_GIVEN, request.public_id, make.NAMES[make.ALICE])
    request.save()


def consignment_rows(parcel: Parcel, round: int) -> None:
    """A bill with this parcel on it, and what its site entered."""
    shop, now = parcel.storefront, make.NOW
    said = {"bill_no": f"160-{shop.pk}{round}", "voyage_no": "CX0839", "traffic_no": "B-LRA"}
    account = PortAccount.objects.get(storefront=shop)
    consignment = Consignment.objects.create(
        storefront=shop,
        account=account,
        port_code="3104",
        arrives_on=shanghai_day(now),
        opened_at=now,
        **said,
    )
    ConsignedParcel.objects.create(
        storefront=shop, consignment=consignment, parcel=parcel, waybill=parcel.waybill, put_on_at=now
    )
    WarehouseEntry.objects.create(
        storefront=shop,
        account=account,
        cop_no=f"RK{shop.pk}{round}",
        waybills=[parcel.waybill],
        received_at=now,
        **said,
    )
