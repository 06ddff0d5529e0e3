"""Direct mail is put on its bill from the admin: by file or by hand, corrected, sent on its way."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from customs.models import ConsignedParcel, Consignment, Declaration, WarehouseEntry
from customs.services import consigning
from kernel.cases import open_case
from kernel.models import Event
from tests import make
from tests.customs import mail
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.operators import rows

pytestmark = pytest.mark.django_db(transaction=True)
SAID = {
    "bill_no": "160-12345675",
    "voyage_no": "CX0839",
    "traffic_no": "B-LRA",
    "port_code": "5145",
    "arrives_on": "2026-11-30",
}


@pytest.fixture
def world() -> make.World:
    made = make.world()
    shipping.sf(made.shop)
    return made


@pytest.fixture
def account(world):
    return mail.district(world)


@pytest.fixture
def parcel(world, account):
    made = shipping.labelled(world, ("HD-1", 1))
    mail.left(made.shipment.order, LATER)
    return made


def enter(client, shop, role="fulfilment"):
    client.force_login(rows.operator(f"the-{role}", shop, role), backend=rows.BACKEND)
    return client


def opened(client, account) -> Consignment:
    answer = client.post(reverse("admin:customs_consignment_add"), {"account": account.pk, **SAID})
    assert answer.status_code == 302
    return Consignment.objects.get()


def step(client, row, name, **values):
    return client.post(reverse("admin:customs_consignment_step", args=[row.pk, name]), values)


def test_a_packer_opens_a_bill_fills_it_by_the_warehouses_file_and_sends_it(client, world, account, parcel):
    enter(client, world.shop)
    row = opened(client, account)
    assert (row.bill_no, row.port_code, str(row.arrives_on)) == ("160-12345675", "5145", "2026-11-30")
    file = SimpleUploadedFile("out.csv", f"运单号\n{parcel.waybill}\nSF404\n".encode())
    page = step(client, row, "put-on", file=file).content.decode()
    assert parcel.waybill in page and "已加入" in page and "SF404" in page and "内容不存在" in page
    assert ConsignedParcel.objects.get().waybill == parcel.waybill
    assert step(client, row, "close").status_code == 302
    row.refresh_from_db()
    assert row.state == "closed"
    by = Event.objects.filter(name__startswith="consignment.").values_list("name", "facts__by")
    assert set(by) == {(f"consignment.{what}", "the-fulfilment") for what in ("opened", "put_on", "closed")}
    assert step(client, row, "put-on", waybills=parcel.waybill).status_code == 403
    assert step(client, row, "reopen").status_code == 302
    row.refresh_from_db()
    assert row.state == "open"


def test_a_waybill_typed_by_hand_is_put_on_and_taken_off_again(client, world, account, parcel):
    enter(client, world.shop)
    row = opened(client, account)
    assert step(client, row, "put-on", waybills=f" {parcel.waybill} ").status_code == 200
    placed = ConsignedParcel.objects.get()
    shown = client.get(reverse("admin:customs_consignment_changelist")).content.decode()
    assert "160-12345675" in shown and "待封单" in shown
    picked = {"action": "take_off", "_selected_action": [placed.pk]}
    client.post(reverse("admin:customs_consignedparcel_changelist"), picked)
    placed.refresh_from_db()
    assert placed.taken_off_at is not None
    assert step(client, row, "drop").status_code == 302
    row.refresh_from_db()
    assert row.state == "dropped"


def test_a_correction_is_typed_over_what_stands_and_what_cannot_be_is_said(client, world, account):
    enter(client, world.shop)
    row = opened(client, account)
    page = client.get(reverse("admin:customs_consignment_step", args=[row.pk, "correct"])).content.decode()
    assert "160-12345675" in page and "CX0839" in page
    assert step(client, row, "correct", **{**SAID, "voyage_no": "CX0840"}).status_code == 302
    row.refresh_from_db()
    assert row.voyage_no == "CX0840"
    page = step(client, row, "correct", **{**SAID, "port_code": "51"}).content.decode()
    assert "该总运单填写有误" in page
    empty = step(client, row, "close").content.decode()
    assert "该总运单下没有包裹" in empty


def test_the_bill_of_a_voyage_that_is_there_is_refused_in_words(client, world, account):
    enter(client, world.shop)
    opened(client, account)
    answer = client.post(
        reverse("admin:customs_consignment_add"), {"account": account.pk, **SAID}, follow=True
    )
    assert "该提运单号与航班航次号的总运单已存在" in answer.content.decode()
    assert Consignment.objects.count() == 1


def test_who_may_not_pack_reads_and_a_stranger_finds_nothing(client, world, account):
    row = consigning.open_consignment(account=account, voyage=mail.voyage(), by="mei", now=LATER)
    enter(client, world.shop, "finance")
    assert client.get(reverse("admin:customs_consignment_change", args=[row.pk])).status_code == 200
    assert client.get(reverse("admin:customs_consignment_add")).status_code == 403
    assert step(client, row, "drop").status_code == 403
    enter(client, make.storefront("swift"), "owner")
    assert step(client, row, "drop").status_code == 404
    answer = client.post(reverse("admin:customs_consignment_add"), {"account": account.pk, **SAID})
    assert answer.status_code == 200  # not among the accounts that can be chosen
    assert Consignment.objects.get().state == "open"


def test_the_page_of_a_declaration_names_its_bill_its_entry_and_what_is_wrong_with_them(client):
    made = make.world()
    order = rows.fill(made)["order"]
    row = Consignment.objects.get()
    open_case(
        storefront_id=made.shop.pk,
        kind="customs.entry_late",
        key=row.event_key,
        title="",
        facts={"bill_no": row.bill_no},
        now=LATER,
    )
    enter(client, made.shop, "compliance")
    declared = Declaration.objects.get(order=order)
    page = client.get(reverse("admin:customs_declaration_change", args=[declared.pk])).content.decode()
    assert f"{row.bill_no} CX0839" in page and "B-LRA" in page and WarehouseEntry.objects.get().cop_no in page
    assert "总运单已抵达，监管场所尚未录入" in page
