"""What tests of parcels need: a paid order past its hold, accounts at SF and kuaidi100."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from logistics.models import CarrierAccount, Parcel, Shipment
from logistics.services import accounts, packing, shipments
from orders.models import Order
from orders.states import ORDER
from tests import make
from tests.stepping import step

CHECK_WORD, KEY = "check-word-of-the-test-0123456789", "kuaidi-key-of-the-test"
LATER = make.NOW + timedelta(hours=2)  # the consumer can cancel no more


@step
def paid(world: make.World, *lines: tuple[str, int], now: datetime = make.NOW) -> Order:
    """A paid order of Alice's."""
    order = make.order(world.alice, *(lines or (("HD-1", 1),)))
    ORDER.move(order, "pay", now=now, paid_at=now, transaction_id="4200001", mchid="1", out_trade_no="P1")
    return order


@step
def sf(shop: Any, secret: str = CHECK_WORD, customer_code: str = "MAISON") -> CarrierAccount:
    """An account at SF."""
    terms = accounts.Terms(
        customer_code=customer_code,
        monthly_card="7551234567",
        sender="宁波美妆保税仓",
        hotline="057488880000",
        origin="330206",
        origin_place="保税东路 8 号 3 库",
    )
    return accounts.set_account(
        storefront=shop, provider="sf", terms=terms, secret=secret, by="test", now=make.NOW
    )


@step
def kuaidi100(shop: Any, secret: str = KEY, customer_code: str = "KD100TEST") -> CarrierAccount:
    """An account at kuaidi100."""
    terms = accounts.Terms(customer_code=customer_code, hotline="057488880000")
    return accounts.set_account(
        storefront=shop, provider="kuaidi100", terms=terms, secret=secret, by="test", now=make.NOW
    )


@step
def labelled(world: make.World, *lines: tuple[str, int], by: str = "op") -> Parcel:
    """The one parcel of a paid order, packed, weighed and with its waybill."""
    made = shipment(world, *lines)
    pieces = sum(line.quantity * line.variant.weight_g for line in made.order.lines.all())
    parcel = packing.pack(shipment=made, carrier="SF", by=by, now=LATER, weight_g=pieces + 200)
    Parcel.objects.filter(pk=parcel.pk).update(
        state="issued", waybill=f"SF{made.number[-10:]}", issued_at=LATER
    )
    Shipment.objects.filter(pk=made.pk).update(state="labelled")
    parcel.refresh_from_db()
    return parcel


@step
def shipment(world: make.World, *lines: tuple[str, int]) -> Shipment:
    """The shipment of a paid order that may be packed."""
    made = shipments.open_shipment(order=paid(world, *lines), now=make.NOW)
    assert made is not None
    return made
