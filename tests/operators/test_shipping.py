"""Packers print labels and pack; owners set accounts, whose secrets are never shown; a stranger sees none."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from django.apps import apps
from django.urls import reverse

from customs.gateways.clearing import Release
from customs.services.release import record_held_back, record_release
from inventory import services as inventory
from inventory.models import Lot, Pick, Stock
from kernel.models import Case
from kernel.tenancy import tenant
from logistics.models import CarrierAccount, Parcel, Shipment
from logistics.services import accounts, packing
from orders.models import Order
from tests import make
from tests.logistics import shipping
from tests.operators import rows
from tests.operators.full import full_world

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
    Order.objects.update(
        state="paid", paid_at=make.NOW, transaction_id="4200001", mchid="1", out_trade_no="P1"
    )
    client.force_login(rows.operator("packer", parcel.storefront, "fulfilment"), backend=rows.BACKEND)
    assert client.get(label(parcel).replace(str(parcel.pk), "²")).status_code == 404
    answer = client.get(label(parcel))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert "no-store" in answer["Cache-Control"]
    assert answer.content[:5] == b"%PDF-"
    for name, shop, role in (
        ("reader", parcel.storefront, "auditor"),
        ("seller", parcel.storefront, "merchandiser"),  # packs too, and gives no code
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


@pytest.fixture
def packer(client):
    """A world with an account at SF, and a packer who is logged in."""
    world = make.world()
    shipping.sf(world.shop)
    client.force_login(rows.operator("packer", world.shop, "fulfilment"), backend=rows.BACKEND)
    return world


def step(client, row, name, **values):
    kind = type(row)._meta.model_name
    return client.post(reverse(f"admin:logistics_{kind}_step", args=[row.pk, name]), values)


def test_a_parcel_is_packed_by_weight_and_by_a_colleagues_second_look(client, packer):
    made = shipping.shipment(packer, ("HD-1", 2))
    answer = step(client, made, "pack", weight_g="1400")
    assert f"包裹 {made.number}-1 实重 1400 克，应重 1200 克，请开箱复核。" in answer.content.decode()
    assert Case.objects.get().kind == "parcel.weight_differs"
    assert (Shipment.objects.get().state, Parcel.objects.count()) == ("packing", 0)
    client.force_login(rows.operator("lan", packer.shop, "fulfilment"), backend=rows.BACKEND)
    assert step(client, made, "pack", weight_g="1400", second_look="on").status_code == 302
    assert Parcel.objects.get().weighed_g == 1400
    page = client.get(reverse("admin:logistics_shipment_change", args=[made.pk])).content.decode()
    assert "先到期先出" not in page and "HD-1" in page and "/step/pack/" in page


def test_domestic_goods_are_packed_lot_by_lot_into_parcels_that_leave_one_by_one(client, packer):
    made = shipping.shipment(packer, ("HD-1", 3))
    assert step(client, made, "pick").status_code == 302
    lot = Pick.objects.get().lot_id
    part = {f"lot_{lot}": "1", "weight_g": "700", "nth": "1"}
    assert step(client, made, "pack-part", **part).status_code == 403  # an import list is one parcel
    Order.objects.update(trade_mode="0110")
    form = client.get(reverse("admin:logistics_shipment_step", args=[made.pk, "pack-part"])).content.decode()
    assert f'name="lot_{lot}" value="3"' in form and "已拣未装箱 3 件" in form
    nothing = step(client, made, "pack-part", **{**part, f"lot_{lot}": ""})
    assert "请填写装箱件数。" in nothing.content.decode()
    for _ in range(2):
        assert step(client, made, "pack-part", **part).status_code == 302
    assert step(client, made, "pack", weight_g="1200").status_code == 302  # the rest
    first, second = Parcel.objects.order_by("id")
    assert [parcel.single for parcel in (first, second)] == [False, False]
    for parcel in (first, second):
        Parcel.objects.filter(pk=parcel.pk).update(
            state="issued", waybill=f"SF{parcel.pk}", issued_at=make.NOW, sent_at=make.NOW
        )
    Shipment.objects.update(state="labelled")
    assert step(client, Parcel.objects.get(pk=first.pk), "dispatch").status_code == 302
    assert (Shipment.objects.get().state, Stock.objects.get(variant=packer.dryer).on_hand) == ("leaving", 99)
    assert step(client, Parcel.objects.get(pk=first.pk), "dispatch").status_code == 403
    page = client.get(reverse("admin:logistics_parcel_change", args=[second.pk])).content.decode()
    assert "内含商品" in page and "吹风机 HD-1" in page and "物流轨迹" in page
    page = client.get(reverse("admin:logistics_shipment_change", args=[made.pk])).content.decode()
    assert "部分已出库" in page and first.own_number in page and second.own_number in page
    assert step(client, made, "dispatch").status_code == 302
    assert Stock.objects.get(variant=packer.dryer).on_hand == 97


def test_what_became_of_one_of_several_parcels_is_said_on_its_own_row(client, packer):
    made = shipping.shipment(packer, ("HD-1", 2))
    Order.objects.update(trade_mode="0110")
    step(client, made, "pick")
    lot = Pick.objects.get().lot_id
    step(client, made, "pack-part", **{f"lot_{lot}": "1", "weight_g": "700", "nth": "1"})
    parcel = Parcel.objects.get()
    Parcel.objects.update(left_at=make.NOW)
    Shipment.objects.update(state="leaving")
    chosen = {"action": "lose", "_selected_action": [parcel.pk]}
    client.post(reverse("admin:logistics_parcel_changelist"), chosen)
    assert (Parcel.objects.get().latest, Shipment.objects.get().state) == ("lost", "leaving")
    chosen["_selected_action"] = [made.pk]
    page = client.post(reverse("admin:logistics_shipment_changelist"), chosen, follow=True)
    assert "该订单有多个包裹，请在对应包裹上操作。" in page.content.decode()


def test_a_damaged_piece_is_swapped_on_the_page_before_it_is_packed(client, packer):
    made = shipping.shipment(packer, ("HD-1", 2))
    step(client, made, "pick")
    lot = Pick.objects.get().lot
    said = {"lot": str(lot.pk), "pieces": "1", "damaged": "on", "reason": "dented"}
    assert step(client, made, "swap", **said).status_code == 302
    lot.refresh_from_db()
    assert (lot.picked, lot.quarantined) == (2, 1)
    step(client, made, "pack", weight_g="1200")
    assert step(client, made, "swap", **said).status_code == 403


def test_a_shipment_leaves_from_its_page_after_its_release(client, packer):
    row = shipping.labelled(packer, ("HD-1", 2)).shipment
    answer = step(client, row, "dispatch")
    assert "该订单尚未放行，货物不得出区。" in answer.content.decode()
    record_release(order=row.order, release=Release("L1", make.present()), now=make.present())
    assert "已放行" in client.get(reverse("admin:logistics_shipment_changelist")).content.decode()
    assert step(client, row, "dispatch").status_code == 302
    assert Shipment.objects.get().state == "dispatched"
    assert Stock.objects.get(variant=packer.dryer).on_hand == 98


def test_shipments_leave_together_and_what_may_not_is_told(client, packer):
    first, second = (shipping.labelled(packer, ("HD-1", 1)).shipment for _ in range(2))
    record_release(order=first.order, release=Release("L1", make.present()), now=make.present())
    url = reverse("admin:logistics_shipment_changelist")
    picked = {"action": "dispatch_all", "_selected_action": [first.pk, second.pk]}
    page = client.post(url, picked, follow=True).content.decode()
    assert "已处理 1 条" in page and "该订单尚未放行" in page
    states = dict(Shipment.objects.values_list("pk", "state"))
    assert states == {first.pk: "dispatched", second.pk: "labelled"}


def test_what_cannot_be_picked_from_the_list_is_told_and_stays_a_case(client, packer):
    made = shipping.shipment(packer, ("HD-1", 2))
    lot = Lot.objects.get(stock__variant=packer.dryer)
    inventory.stop_sale(variant=packer.dryer, lot=lot, reason="x", by="qa", now=make.NOW)
    url = reverse("admin:logistics_shipment_changelist")
    picked = {"action": "start_packing", "_selected_action": [made.pk]}
    page = client.post(url, picked, follow=True).content.decode()
    assert "HD-1 缺少 2 件" in page
    assert (Case.objects.get(kind="stock.short").seen, Shipment.objects.get().state) == (2, "to_pick")


def test_what_is_picked_and_here_is_a_pick_list(client, packer):
    first, second = (shipping.shipment(packer, ("HD-1", pieces)) for pieces in (2, 3))
    for made in (first, second):
        assert step(client, made, "pick").status_code == 302
    inventory.ship(holder=first.event_key, by="op", now=make.NOW)
    Lot.objects.update(expires_on="2028-01-01")
    answer = client.get(reverse("admin:inventory_pick_download") + "?here=1")
    _, line = csv.reader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines())
    held, lot, expires_on, pieces, *_ = line
    assert (second.number in held, "HD-1" in lot, pieces) == (True, True, "3")
    assert expires_on == "2028-01-01"


def test_late_shipments_are_a_list(client, packer):
    late, fine = (shipping.shipment(packer, ("HD-1", 1)) for _ in range(2))
    Shipment.objects.filter(pk=fine.pk).update(ship_by=make.present().date() + timedelta(days=9))
    gone = shipping.labelled(packer, ("HD-1", 1)).shipment
    Shipment.objects.filter(pk=gone.pk).update(state="dispatched", dispatched_at=make.present())
    page = client.get(reverse("admin:logistics_shipment_changelist") + "?late=1").content.decode()
    assert [row.number in page for row in (late, fine, gone)] == [True, False, False]


def test_what_may_leave_now_is_a_list(client, packer):
    bonded, released = (shipping.labelled(packer, ("HD-1", 1)).shipment for _ in range(2))
    record_release(order=released.order, release=Release("L1", make.present()), now=make.present())
    to_pick = shipping.shipment(packer, ("HD-1", 1))
    page = client.get(reverse("admin:logistics_shipment_changelist") + "?ready=1").content.decode()
    assert [row.number in page for row in (bonded, released, to_pick)] == [False, True, False]
    Order.objects.filter(pk=bonded.order_id).update(trade_mode="9610")
    page = client.get(reverse("admin:logistics_shipment_changelist") + "?ready=1").content.decode()
    assert bonded.number in page


def test_what_customs_holds_back_after_its_release_may_not_leave(client, packer):
    row = shipping.labelled(packer, ("HD-1", 1)).shipment
    Order.objects.filter(pk=row.order_id).update(gate="with_customs")
    url = reverse("admin:logistics_shipment_changelist")
    seen = []
    for step_of_customs in (None, let_go, hold_back, let_go):
        if step_of_customs:
            step_of_customs(row.order)
        page = client.get(url).content.decode()
        seen.append((row.number in client.get(f"{url}?ready=1").content.decode(), "未放行" in page))
    assert seen == [(False, True), (True, False), (False, True), (True, False)]


def let_go(order):
    Order.objects.filter(pk=order.pk).update(gate="after_release")
    record_release(order=order, release=Release("L1", make.present()), now=make.present())


def hold_back(order):
    with tenant(order.storefront_id):
        record_held_back(order=order, list_no="L1", now=make.present())


def test_the_first_page_counts_what_has_not_left_by_its_day(client, packer):
    shipping.shipment(packer, ("HD-1", 1))
    for days, count in ((9, 0), (-1, 1)):
        Shipment.objects.update(ship_by=make.present().date() + timedelta(days=days))
        cards = client.get(reverse("admin:index")).context["cards"]
        told = {str(card["title"]): (card["count"], card["wrong"]) for card in cards}
        assert told["逾承诺日未出库的订单"] == (count, bool(count))


def test_a_parcel_that_was_packed_without_scales_is_weighed_on_its_page(client, packer):
    made = shipping.shipment(packer, ("HD-1", 2))
    parcel = packing.pack(shipment=made, carrier="SF", by="op", now=make.present())
    assert step(client, parcel, "weigh", weight_g="1210").status_code == 302
    assert Parcel.objects.get().weighed_g == 1210


LISTS = (
    *("inventory_stock", "inventory_lot", "inventory_movement", "inventory_pick", "inventory_count"),
    *("inventory_countline", "logistics_shipment", "logistics_parcel", "logistics_parcelline"),
    "logistics_trackingevent",
    "logistics_shippinginfo",
)
OF_OWNERS = (
    *("catalog_product", "catalog_variant", "customers_news", "customers_newsconsent", "kernel_case"),
    "logistics_carrieraccount",
)


@pytest.mark.parametrize(
    ("name", "role"), [*((one, "fulfilment") for one in LISTS), *((one, "owner") for one in OF_OWNERS)]
)
def test_every_list_goes_home_with_ones_own_rows_and_nobodys_name(client, name, role):
    world, _ = full_world()
    own = apps.get_model(*name.split("_")).objects.filter(storefront_id=world.shop.pk).count()
    assert own > 0
    for shop, expected in ((world.shop, own), (make.storefront("swift"), 0)):
        reader = rows.operator(f"reader-{shop.code}", shop, role)
        client.force_login(reader, backend=rows.BACKEND)
        answer = client.get(reverse(f"admin:{name}_download"))
        told = b"".join(answer.streaming_content).decode("utf-8-sig")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert "no-store" in answer["Cache-Control"]
        assert len(list(csv.reader(told.splitlines()))) == 1 + expected
        assert not [who for who in (*make.NAMES.values(), *make.PHONES.values()) if who in told]


def test_a_packer_starts_packing_from_the_list(client):
    world = make.world()
    made = shipping.shipment(world)
    client.force_login(rows.operator("packer", world.shop, "fulfilment"), backend=rows.BACKEND)
    url = reverse("admin:logistics_shipment_changelist")
    client.post(url, {"action": "start_packing", "_selected_action": [made.pk]})
    assert Shipment.objects.get().state == "packing"
