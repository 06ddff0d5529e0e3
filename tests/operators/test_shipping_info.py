"""Packers have WeChat told again or of another waybill; who may only read or is a stranger does not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from kernel.cases import open_case
from kernel.models import Case
from logistics.models import ShippingInfo, TradeManagement
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def info():
    world = make.world()
    rows.parcel_rows(make.order(world.alice, ("HD-1", 1)), 0)
    return ShippingInfo.objects.get()


def step(row, name):
    return reverse("admin:logistics_shippinginfo_step", args=[row.pk, name])


def state():
    row = ShippingInfo.objects.get()
    return row.state, row.wanted


def test_a_packer_has_wechat_told_again(client, info):
    client.force_login(rows.operator("packer", info.storefront, "fulfilment"), backend=rows.BACKEND)
    assert client.get(step(info, "again")).status_code == 200
    assert client.post(step(info, "again")).status_code == 302
    assert state() == ("owed", info.known)


def test_waybills_are_read_a_line_each_and_a_step_names_itself_on_its_page(client, info):
    client.force_login(rows.operator("packer", info.storefront, "fulfilment"), backend=rows.BACKEND)
    ShippingInfo.objects.update(wanted=[["SF", "SF1"], ["YTO", "YT2"]], sent=[])
    page = client.get(reverse("admin:logistics_shippinginfo_change", args=[info.pk])).content.decode()
    assert "<div>SF SF1</div><div>YTO YT2</div>" in page
    page = client.get(step(info, "again")).content.decode()
    assert page.count("再次上报微信") == 3  # of the window, above the form, on its button


def test_a_packer_names_another_waybill_once_and_a_wrong_one_is_not_taken(client, info):
    client.force_login(rows.operator("packer", info.storefront, "fulfilment"), backend=rows.BACKEND)
    assert client.post(step(info, "waybill"), {"carrier": "SF", "waybill": "单号"}).status_code == 200
    assert state()[0] == "told"
    assert client.post(step(info, "waybill"), {"carrier": "YTO", "waybill": "YT90001"}).status_code == 302
    assert state() == ("amending", [["YTO", "YT90001"]])
    assert client.post(step(info, "waybill"), {"carrier": "SF", "waybill": "SF90001"}).status_code == 403
    assert client.post(step(info, "ours")).status_code == 403


def test_of_several_waybills_a_packer_says_which_one_is_replaced_and_the_others_stay(client, info):
    client.force_login(rows.operator("packer", info.storefront, "fulfilment"), backend=rows.BACKEND)
    told = [["SF", "SF70001"], ["YTO", "YT70002"]]
    ShippingInfo.objects.update(wanted=told, known=told, known_partial=True)
    new = {"carrier": "YTO", "waybill": "YT90001"}
    assert client.post(step(info, "waybill"), {**new, "replaces": "YT70002"}).status_code == 403
    ShippingInfo.objects.update(known_partial=False)  # all have left
    page = client.get(step(info, "waybill")).content.decode()
    assert '<option value="SF70001"' in page and '<option value="YT70002"' in page
    for wrong in (new, {**new, "replaces": "YT1"}):
        assert client.post(step(info, "waybill"), wrong).status_code == 200
    assert state() == ("told", told)
    assert client.post(step(info, "waybill"), {**new, "replaces": "YT70002"}).status_code == 302
    assert state() == ("amending", [["SF", "SF70001"], ["YTO", "YT90001"]])


def test_who_may_only_read_and_a_stranger_change_nothing(client, info):
    for name, shop, role, status in (
        ("reader", info.storefront, "auditor", 403),
        ("stranger", make.storefront("swift"), "fulfilment", 404),
    ):
        client.force_login(rows.operator(name, shop, role), backend=rows.BACKEND)
        assert client.post(step(info, "again")).status_code == status
    assert state()[0] == "told"


def test_a_comparison_can_be_wished_for(client, info):
    client.force_login(rows.operator("packer", info.storefront, "fulfilment"), backend=rows.BACKEND)
    before = TradeManagement.objects.get().check_at
    url = reverse("admin:logistics_trademanagement_changelist")
    client.post(url, {"action": "compare", "_selected_action": [TradeManagement.objects.get().pk]})
    assert TradeManagement.objects.get().check_at > before


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-CN", ["订单将超48小时未发货", "海关放行", "报备延迟发货"]),
        ("en", ["the 48 hours are nearly over", "release by customs", "report the delay"]),
    ],
)
def test_a_late_order_says_what_it_waits_for_and_what_to_do(client, info, language, words):
    open_case(
        storefront_id=info.storefront_id,
        kind="shipping_info.late",
        key=info.event_key,
        title="An order is not shipped, and the 48 hours are nearly over",
        facts={"order": info.number, "waits_for": "release"},
        now=make.NOW,
    )
    client.force_login(rows.operator("owner", info.storefront), backend=rows.BACKEND)
    url = reverse("admin:kernel_case_change", args=[Case.objects.get().pk])
    page = client.get(url, headers={"Accept-Language": language}).content.decode()
    assert [word for word in words if word not in page] == []
