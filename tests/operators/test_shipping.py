"""Packers print labels and pack; owners set accounts, whose secrets are never shown; a stranger sees none."""

from __future__ import annotations

import pytest
from django.urls import reverse

from logistics.models import CarrierAccount, Parcel, Shipment
from logistics.services import accounts
from tests import make
from tests.logistics import shipping
from tests.operators import rows

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {
    "provider": "sf",
    "customer_code": "MAISON01",
    "secret": "check-word-typed-here",
    "hotline": "057488880000",
    "monthly_card": "7551234567",
    "sender": "宁波美妆保税仓",
    "origin": "330206",
    "origin_place": "保税东路 8 号",
}


@pytest.fixture
def parcel():
    world = make.world()
    rows.parcel_rows(make.order(world.alice, ("HD-1", 1)), 0)
    CarrierAccount.objects.update(origin="330206", origin_place="保税东路 8 号", hotline="057488880000")
    return Parcel.objects.get()


def label(row):
    return reverse("admin:logistics_parcel_show_label", args=[row.pk])


def test_a_packer_prints_a_label_and_nobody_else_does(client, parcel):
    client.force_login(rows.operator("packer", parcel.storefront, "fulfilment"), backend=rows.BACKEND)
    answer = client.get(label(parcel))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert "no-store" in answer["Cache-Control"]
    assert answer.content[:5] == b"%PDF-"
    for name, shop, role in (
        ("reader", parcel.storefront, "auditor"),
        ("stranger", make.storefront("swift"), "fulfilment"),
    ):
        client.force_login(rows.operator(name, shop, role), backend=rows.BACKEND)
        assert client.get(label(parcel)).status_code in (403, 404)


def test_an_owner_sets_an_account_whose_secret_is_never_shown(client, parcel):
    shop = parcel.storefront
    client.force_login(rows.operator("owner", shop), backend=rows.BACKEND)
    url = reverse("admin:storefronts_storefront_carriers", args=[shop.pk])
    bad = client.post(url, {**FORM, "origin": "000000"})
    assert bad.status_code == 200
    assert FORM["secret"] not in bad.content.decode()
    CarrierAccount.objects.update(active=False)
    assert client.post(url, FORM).status_code == 302
    account = CarrierAccount.objects.get(active=True)
    assert accounts.credential(account).secret == FORM["secret"]
    pages = [url, reverse("admin:logistics_carrieraccount_change", args=[account.pk])]
    assert [page for page in pages if FORM["secret"] in client.get(page).content.decode()] == []


def test_a_packer_starts_packing_from_the_list(client):
    world = make.world()
    made = shipping.shipment(world)
    client.force_login(rows.operator("packer", world.shop, "fulfilment"), backend=rows.BACKEND)
    url = reverse("admin:logistics_shipment_changelist")
    client.post(url, {"action": "start_packing", "_selected_action": [made.pk]})
    assert Shipment.objects.get().state == "packing"
