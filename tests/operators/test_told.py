"""Events, cases and reasons are told in the reader's language, amounts in yuan, with links."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils.formats import localize
from django.utils.translation import deactivate_all, override

from kernel.cases import open_case
from operators import told
from operators.names import _names
from payments.services.settle import _STRAY_TITLES
from tests import make
from tests.operators import rows
from tests.operators.full import full_world


def said(language, call, *args, **more):
    with override(language):
        return str(call(*args, **more))


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("order.closing", "订单开始关闭", "order closing"),
        ("warehouse.changed", "修改仓库", "warehouse changed"),
        ("unheard.of", "unheard.of", "unheard.of"),
    ],
)
def test_an_event_has_a_name_in_both_languages(name, zh, en):
    assert (said("zh-hans", told.event_name, name), said("en", told.event_name, name)) == (zh, en)


def test_a_time_is_read_in_one_way_by_the_24_hour_clock():
    at = make.NOW.replace(hour=15, minute=5)
    assert said("en", localize, at).endswith("-20 15:05") and "15:05" in said("zh-hans", localize, at)


def test_a_move_is_told_as_states_and_a_reason_in_words():
    facts = {"from": "placed", "verb": "close", "reason": "expired"}
    zh = said("zh-hans", told.facts, facts, name="order.closing")
    assert [word for word in ("待付款 → 关闭中", "超时未付款") if word not in zh] == []
    assert "{" not in zh and "verb" not in zh and "placed" not in zh
    assert "not paid in time" in said("en", told.facts, facts, name="order.closing")


def test_what_a_return_is_and_why_it_was_asked_for_is_told_in_words():
    facts = {"order": "1", "kind": "refund_only", "reason": "changed_mind"}
    zh = said("zh-hans", told.facts, facts, name="return.requested")
    en = said("en", told.facts, facts, name="return.requested")
    assert "仅退款" in zh and "七日无理由" in zh and "refund_only" not in zh
    assert "refund only" in en and "changed their mind" in en


def test_an_amount_is_told_in_yuan_and_text_is_escaped():
    html = said("en", told.facts, {"total_fen": 12345, "error": "<b>"})
    assert "¥123.45" in html and "&lt;b&gt;" in html and "<b>" not in html


def test_a_refund_is_told_without_what_is_nothing_and_by_whom_in_words():
    facts = {
        "kind": "lines",
        "by": "operator:mei",
        "source": "answer",
        "replaces": [],
        "cash_fen": 900,
        "tax_fen": 0,
    }
    zh = said("zh-hans", told.facts, facts, name="refund.requested")
    assert [word for word in ("按商品退款", "mei", "接口应答", "¥9.00") if word not in zh] == []
    assert [word for word in ("lines", "operator:", "answer", "[]", "¥0.00") if word in zh] == []
    assert "消费者" in said("zh-hans", told.facts, {"by": "consumer"}, name="order.closing")
    assert "¥0.00" in said("zh-hans", told.facts, {"ours_fen": 0, "theirs_fen": 900})  # a case says both


def test_pieces_allowance_and_what_is_so_are_told_in_words():
    facts = {"pieces": {"VER-1": 2, "<b>": 1}, "measures": {"value": 12800, "sugar": 500}, "keeps": False}
    zh, en = said("zh-hans", told.facts, facts), said("en", told.facts, facts)
    assert "VER-1 × 2、&lt;b&gt; × 1" in zh and "¥128.00、sugar 500 克" in zh
    assert "有扣款或短少</span> 否" in zh
    assert "VER-1 × 2, &lt;b&gt; × 1" in en and "sugar 500 g" in en and "back</span> no" in en
    assert [word for word in ("{", "false", "保护措施") if word in zh + en] == []


def test_every_case_of_stray_money_has_a_name():
    assert {("case", f"payment.{reason}") for reason in _STRAY_TITLES} <= set(_names())
    assert {("reason", reason) for reason in _STRAY_TITLES} <= set(_names())


def test_every_help_text_of_the_house_is_there_in_both_languages():
    ours = {"storefronts", "catalog", "inventory"}  # where help texts stand beside a field to fill in
    models = [m for m in apps.get_models() if m._meta.app_label in ours and not m._meta.proxy]
    fields = [f for m in models for f in m._meta.concrete_fields]
    with override("zh-hans"):
        helped = {str(f.help_text) for f in fields if f.name.islower() and f.help_text}
    assert [t for t in helped if t.isascii() and "Django" not in t and "ISO" not in t] == []


def test_a_migration_is_written_from_the_models_own_help_text():
    field = apps.get_model("catalog.Variant")._meta.get_field("legal_unit_1")
    with override("en"):
        assert str(field.help_text) == "customs unit code"
        deactivate_all()
        assert str(field.help_text) == "法定第一计量单位"


@pytest.mark.django_db
def test_a_case_leads_to_its_order_and_payment_and_never_to_another_storefronts(client):
    world, made = full_world()
    facts = {
        "order": made["order"].number,
        "out_trade_no": made["payment"].out_trade_no,
        "total_fen": 16_365,
        "appid": "wx1",
    }
    links = [
        reverse("admin:orders_order_change", args=[made["order"].pk]),
        reverse("admin:payments_payment_change", args=[made["payment"].pk]),
    ]
    swift = make.storefront("swift")
    client.force_login(rows.operator("both", is_superuser=True), backend=rows.BACKEND)
    for shop, shown in ((world.shop, True), (swift, False)):
        case = open_case(
            storefront_id=shop.pk,
            kind="payment.late",
            key=f"transaction:{shop.pk}",
            title="t",
            facts=facts,
            now=make.NOW,
        )
        url = reverse("admin:kernel_case_change", args=[case.pk])
        html = client.get(url, headers={"accept-language": "zh-CN"}).content.decode()
        assert [f'href="{link}"' in html for link in links] == [shown, shown]
        assert "订单结束后付款到账" in html and "¥163.65" in html


@pytest.mark.django_db
def test_lists_name_brand_warehouse_and_storefront_in_the_readers_language(client):
    world, _ = full_world()
    make.storefront("swift")  # the column stands where there are several
    client.force_login(rows.operator("both", is_superuser=True), backend=rows.BACKEND)
    for page, zh, en in (
        ("orders_order", [world.warehouse.name_zh, world.shop.name_zh], world.warehouse.name),
        ("catalog_product", [world.shop.name_zh], "<img"),
        ("inventory_warehouse", [world.warehouse.name_zh], world.warehouse.name),
    ):
        url = reverse(f"admin:{page}_changelist")
        html = client.get(url, headers={"accept-language": "zh-CN"}).content.decode()
        assert [name for name in zh if name not in html] == []
        assert en in client.get(url, headers={"accept-language": "en"}).content.decode()
    listed = reverse("admin:catalog_variant_changelist")  # and amounts as they are read, in a file as numbers
    assert "¥100.00" in client.get(listed).content.decode()
    taken_home = b"".join(client.get(reverse("admin:catalog_variant_download")).streaming_content).decode()
    assert ",100.00," in taken_home and "¥" not in taken_home
