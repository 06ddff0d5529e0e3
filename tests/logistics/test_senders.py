"""A parcel comes from its own warehouse: label, carrier and WeChat are told one sender, and keep to it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from inventory.models import Warehouse
from logistics.gateways.waybills import CarrierRefused, Issued, Place, Wanted
from logistics.models import CarrierAccount, Parcel
from logistics.services import labels, packing, shipments, telling, watching, waybills
from logistics.services.receiver import hotline_of, sender_of
from logistics.services.tracking import WATCHED_FOR
from tests.logistics import shipping
from tests.logistics.telling import bought, info, left, there
from tests.logistics.test_labels import text_of
from tests.logistics.test_waybills import later, packed

OWN = {
    "sender": "郑州美妆保税仓",
    "hotline": "037166661111",
    "origin": "410105",
    "origin_place": "花园北路 160 号",
}
ACCOUNT = CarrierAccount(
    sender="宁波仓", hotline="057488880000", origin="330206", origin_place="保税东路 8 号"
)
NINGBO = Place("宁波仓", "057488880000", "浙江省", "宁波市", "北仑区", "保税东路 8 号", "宁波仓")


def test_what_a_warehouse_does_not_say_its_account_says_and_a_place_is_never_mixed():
    assert sender_of(Warehouse(), ACCOUNT) == NINGBO
    named = sender_of(Warehouse(sender="郑州仓"), ACCOUNT)
    assert (named.name, named.company, named.phone, named.city) == (
        "郑州仓",
        "郑州仓",
        "057488880000",
        "宁波市",
    )
    called = sender_of(Warehouse(hotline="037166661111"), ACCOUNT)
    assert (called.name, called.phone) == ("宁波仓", "037166661111")
    moved = sender_of(Warehouse(origin="410105", origin_place="花园北路 160 号"), ACCOUNT)
    assert (moved.name, moved.province, moved.street) == ("宁波仓", "河南省", "花园北路 160 号")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("half", [{"origin": "410105"}, {"origin_place": "花园北路 160 号"}])
def test_the_database_keeps_a_warehouses_place_whole(world, half):
    with pytest.raises(IntegrityError, match="warehouse_origin_whole"), transaction.atomic():
        Warehouse.objects.update(**half)


@pytest.fixture
def told(monkeypatch) -> list[Place]:
    """The senders that SF is told."""
    seen: list[Place] = []

    def create(self, wanted: Wanted) -> Issued:
        seen.append(wanted.sender)
        if len(seen) == 1 and wanted.sender.phone == "000000":
            raise CarrierRefused(why="1012 电话不能为空", number="1012")
        return Issued(f"SF744450012345{len(seen)}", "")

    monkeypatch.setattr("logistics.gateways.sf.Sf.create", create)
    return seen


@pytest.mark.django_db(transaction=True)
def test_carrier_and_label_name_the_warehouse_that_packed_and_not_the_accounts(house, told):
    Warehouse.objects.update(**OWN)
    parcel = packed(house)
    waybills.sweep(now=later(0))
    where = ("河南省", "郑州市", "金水区", OWN["origin_place"])
    assert told == [Place(OWN["sender"], OWN["hotline"], *where, OWN["sender"])]
    text = "".join(text_of(labels.label_of(parcel=parcel, by="op", now=later(0))).split())
    assert "郑州美妆保税仓037166661111河南省郑州市金水区花园北路160号" in text
    assert "宁波" not in text


@pytest.mark.django_db(transaction=True)
def test_wechat_is_told_the_telephone_of_the_warehouse(carriers, known):
    Warehouse.objects.update(**OWN)
    order = bought(carriers, known)
    parcel = packing.pack(shipment=order.shipment, carrier="SF", by="op", now=later(60 * 24))
    Parcel.objects.filter(pk=parcel.pk).update(state="issued", waybill="SF1001", issued_at=later(60 * 24))
    left(order, now=later(60 * 25))
    telling.sweep(now=later(60 * 25))
    assert info(order).state == "told"
    (seen,) = there(carriers, order)["shipping"]["shipping_list"]
    assert seen["contact"] == {"consignor_contact": "****1111"}


@pytest.mark.django_db(transaction=True)
def test_a_carrier_is_asked_by_the_telephone_it_was_told_though_the_warehouse_has_another(carriers, house):
    CarrierAccount.objects.filter(provider="kuaidi100").update(active=False)
    parcel = packed(house)
    waybills.sweep(now=later(0))
    Warehouse.objects.update(**OWN)
    carriers.control("parcel", waybill=Parcel.objects.get().waybill, step="picked_up", push=False)
    watching.sweep(now=later(1) + WATCHED_FOR)  # SF tells its routes to one of both ends alone
    parcel.refresh_from_db()
    assert (hotline_of(parcel), parcel.latest) == ("057488880000", "picked_up")


@pytest.mark.django_db(transaction=True)
def test_after_a_refusal_the_carrier_is_told_the_telephone_that_was_mended(house, told):
    Warehouse.objects.update(hotline="000000")
    parcel = packed(house)
    waybills.sweep(now=later(0))
    Warehouse.objects.update(hotline="037166661111")
    shipments.try_again(parcel=Parcel.objects.get(), by="op", now=later(1))
    waybills.sweep(now=later(2))
    parcel.refresh_from_db()
    assert [one.phone for one in told] == ["000000", "037166661111"]
    assert (parcel.state, parcel.hotline) == ("issued", "037166661111")


@pytest.mark.django_db(transaction=True)
def test_a_parcel_of_no_account_has_no_sender(world):
    parcel = Parcel(shipment=shipping.shipment(world), carrier_account=None)
    assert hotline_of(parcel) == ""
