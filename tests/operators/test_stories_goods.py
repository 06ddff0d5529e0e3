"""What an owner, a merchandiser and a compliance officer do before a browser, told in both languages."""

from __future__ import annotations

from base64 import b32decode
from datetime import timedelta

import pytest
from django.db.models import Sum
from django_otp.oath import totp

from catalog.models import PriceChange, Variant
from catalog.services import import_jobs, price_changes
from compliance.models import Access, Judgement
from kernel.models import Event
from kernel.money import priced
from orders.models import Order
from storefronts.models import Operator, OperatorSession
from tests import make
from tests.catalog import shelf
from tests.journeys.browser import bind_telephone
from tests.operators import rows
from tests.operators.stories import EN, Story, findings

OWN = "a-pass-of-xins-own"


@pytest.mark.parametrize("story", [EN], indirect=True)
def test_the_eyes_of_the_stories_see_what_nobody_can_read_or_name(story: Story) -> None:
    story.goes("admin:login")
    assert findings(story.page) == []
    pale = "<button></button><p style='color:#999;background:#fff'>Nobody reads this well</p>"
    story.page.evaluate("pale => document.querySelector('form').insertAdjacentHTML('beforeend', pale)", pale)
    assert sorted(one.split(":")[0] for one in findings(story.page)) == ["button-name", "color-contrast"]


def test_a_new_owner_binds_a_telephone_brings_in_a_colleague_and_is_led_to_the_first_order(
    story: Story,
) -> None:
    shop = make.storefront("lumiere")
    xin = rows.operator("xin", shop, first_password_until=story.now + timedelta(hours=1))
    page = story.page
    story.goes("admin:index")
    story.look()

    def logs_in(password: str) -> None:
        page.fill("[name=username]", "xin")
        story.enters("[name=password]", password)

    logs_in("not-hers")
    assert not OperatorSession.objects.filter(operator=xin).exists()
    logs_in(rows.PASSWORD)
    story.look()  # at what a first password opens
    page.fill("[name=new_password1]", OWN)
    story.enters("[name=new_password2]", OWN)
    story.look()
    secret = bind_telephone(page)
    story.look()
    story.clicks(page.get_by_role("link", name=story.says("我已保存，继续", "They are kept; go on")))
    steps = page.locator(".first-steps li")
    story.look("first-steps")
    assert OperatorSession.objects.get(operator=xin).factor == "code"
    done, coming = story.says("（已完成）", "(done)"), story.says("（下一步）", "(next)")
    assert [n for n in range(steps.count()) if done in steps.nth(n).inner_text()] == [0, 1]
    assert coming in steps.nth(2).inner_text()
    story.clicks(steps.nth(2).get_by_role("link"))
    page.wait_for_url(f"{story.at('admin:inventory_warehouse_changelist')}?*")
    page.context.clear_cookies()
    story.goes("admin:index")
    logs_in(OWN)
    story.look()
    story.enters("[name=code]", f"{totp(b32decode(secret), t0=-30):06d}")
    page.wait_for_url(story.at("admin:index"))
    story.goes("admin:storefronts_membership_changelist")
    story.clicks(page.get_by_role("link", name=story.says("添加同事", "Bring in a colleague")).first)
    story.look()
    page.fill("[name=name]", "bao")
    page.select_option("[name=role]", "finance")
    story.sends()
    story.look()
    bao = Operator.objects.get(username="bao")
    assert bao.check_password(page.locator("#first-password").inner_text())
    story.goes("admin:storefronts_membership_change", bao.memberships.get().pk)
    story.clicks(page.get_by_role("link", name=story.says("重置初始密码", "New first password")).first)
    story.look()
    story.goes("admin:index")
    page.get_by_role("button", name="xin@shop.test").click()
    story.clicks(page.get_by_role("button", name=story.says("English", "简体中文")))
    page.locator(f"html[lang={story.says('en', 'zh-hans')}]").wait_for()
    assert page.url == story.at("admin:index")


def test_an_owner_reads_the_day_and_follows_a_figure_to_its_rows(story: Story) -> None:
    sold = Order.objects.filter(state="paid").aggregate(fen=Sum("total_fen"))["fen"]
    story.sits("olga")
    story.goes("admin:index")
    story.look("home")
    story.keep("home-charts", to=".home-charts")
    page = story.page
    sales = page.locator("a, div", has=page.get_by_text(story.says("今日销售额", "Sales today"))).last
    assert priced(sold) in sales.inner_text()
    to_ship = page.get_by_role("link", name=story.says("待发货", "To ship"))
    assert "5" in to_ship.inner_text()
    story.clicks(to_ship)
    page.locator("#result_list").wait_for()
    assert page.locator("#result_list tbody tr").count() == 5


def test_a_merchandiser_brings_a_sku_to_its_publication(story: Story) -> None:
    serum = Variant.objects.select_related("product").get(sku="RS-30")
    page = story.page

    def missing() -> list[str]:
        """What the page says is missing under 1210."""
        lines = page.locator("tbody tr", has=page.locator("td:nth-child(2)", has_text="✗"))
        return [line.split("\t")[0] for line in lines.all_inner_texts()]

    words = {
        "label": story.says("中文电子标签", "Chinese e-label"),
        "published": story.says("商品已上架", "the product is published"),
        "stock": story.says("该监管方式的仓库有可售库存", "a warehouse of the mode has pieces to sell"),
    }
    story.sits("mei", "merchandiser")
    story.goes("admin:catalog_variant_change", serum.pk)
    story.look("sku-checklist")
    assert missing() == [*words.values()]
    assert page.locator(".readonly", has_text=story.says("容量: 30ml", "Size: 30 ml")).count() == 1
    story.clicks(page.get_by_role("link", name=serum.hs_code))
    page.get_by_text(story.says("用于 RS-30", "Use for RS-30")).first.wait_for()
    story.look("hs-code")
    story.clicks(page.get_by_role("link", name=story.says("用于 RS-30", "Use for RS-30")).first)
    story.look()
    page.fill("[name=e_label_zh]", "产品名称：玫瑰焕亮精华液")
    page.fill("[name=hs_code]", serum.hs_code)
    story.clicks(page.locator("#content form [type=submit]"))
    page.get_by_text("玫瑰焕亮精华液").first.wait_for()
    serum.refresh_from_db()
    assert serum.e_label_zh == ""  # what would change is shown first
    story.clicks(page.get_by_role("button", name=story.says("确认更改", "Confirm")))
    page.wait_for_url(story.at("admin:catalog_variant_change", serum.pk))
    serum.refresh_from_db()
    assert serum.e_label_zh == "产品名称：玫瑰焕亮精华液"
    assert missing() == [words["published"], words["stock"]]
    story.goes("admin:catalog_product_changelist")
    story.acts("publish", serum.product)
    serum.product.refresh_from_db()
    assert serum.product.state == "published"
    story.look()
    make.stock(story.world.warehouse, serum)
    story.goes("admin:catalog_variant_change", serum.pk)
    assert missing() == []
    assert story.says("1210 可售 · 9610 不可售", "1210 may be sold · 9610 may not") in page.content()


def test_a_merchandiser_imports_goods_that_were_shown_first(story: Story) -> None:
    page = story.page
    story.sits("mei", "merchandiser")
    story.goes("goods_import")
    story.look()

    def sends(*lines: dict[str, str]) -> None:
        file = {"name": "goods.csv", "mimeType": "text/csv", "buffer": shelf.table(*lines)}
        page.set_input_files("[name=file]", file)
        story.clicks(page.locator("form:has([name=file]) [type=submit]"))
        works()

    def works() -> None:
        """A worker does what was asked for; the page looks again."""
        page.get_by_role("status").wait_for()
        for event in Event.objects.filter(name=import_jobs.ASKED).order_by("id"):
            import_jobs.prepare(event)
        page.reload()

    new = shelf.row(product_code="night-cream", sku="NC-50", name_zh="修护晚霜", name_en="Night Cream")
    sends({**new, "origin": "CN"})
    wrong = story.says("进口商品原产国不能为中国", "imports do not originate in China")
    page.get_by_text(wrong).first.wait_for()
    story.look()
    story.clicks(page.get_by_role("link", name=story.says("返回导入导出", "Back to goods in and out")))
    sends(new, shelf.row(price="799.00"))
    page.get_by_text("799.00").first.wait_for()
    story.look("import-preview")
    assert not Variant.objects.filter(sku="NC-50").exists()
    story.clicks(
        page.get_by_role("button", name=story.says("确认导入以下更改", "Import what is shown below"))
    )
    works()
    prices = dict(Variant.objects.filter(sku__in=("NC-50", "RS-30")).values_list("sku", "price_fen"))
    assert prices == {"NC-50": 89_900, "RS-30": 79_900}


def test_a_merchandiser_lowers_prices_from_tomorrow_on(story: Story) -> None:
    page, goods = story.page, (story.world.dryer, story.world.iron)
    story.sits("mei", "merchandiser")
    story.goes("admin:catalog_variant_changelist")
    story.acts("price_many", *goods)
    page.select_option("[name=how]", "percent")
    page.fill("[name=value]", "-12.5")
    page.select_option("[name=step]", "100")
    page.fill("[name=starts_at]", "2026-11-21T10:00")
    story.clicks(page.locator("#content form [type=submit]"))
    confirm = page.get_by_role("button", name=story.says("确认调价", "Confirm"))
    confirm.wait_for()
    story.look("price-preview")
    assert not PriceChange.objects.exists()
    story.clicks(confirm)
    page.wait_for_url(story.at("admin:catalog_variant_changelist"))
    story.goes("admin:catalog_pricechange_changelist")
    story.look()

    def prices() -> list[int]:
        return list(Variant.objects.filter(pk__in=[v.pk for v in goods]).values_list("price_fen", flat=True))

    assert (sorted(prices()), PriceChange.objects.filter(state="planned").count()) == ([5_000, 10_000], 2)
    story.now += timedelta(hours=20)
    assert price_changes.apply_due(now=story.now) == 2
    assert sorted(prices()) == [4_400, 8_800]
    story.goes("admin:catalog_pricecut_add")  # where a SKU is chosen while one types
    story.look()


def test_an_officer_opens_what_is_sealed_for_a_purpose_that_is_kept(story: Story) -> None:
    page = story.page
    judged = Judgement.objects.filter(order_number=story.world.alice.orders.latest("pk").number).latest("pk")
    story.sits("guan", "compliance")
    story.goes("admin:compliance_judgement_change", judged.pk)
    story.look()
    story.clicks(page.get_by_role("link", name=story.says("打开判定事实", "Open the facts")))
    story.enters("[name=purpose]", "no")
    assert not Access.objects.filter(who="guan").exists()  # too short to be a purpose
    story.enters("[name=purpose]", "核对限额投诉，工单 118")
    assert story.says("年龄: 76", "age: 76") in page.locator("main").inner_text()
    story.look("judgement-facts")
    found = Access.objects.get(who="guan")
    assert (found.purpose, found.ref) == ("核对限额投诉，工单 118", str(judged.pk))
    story.goes("admin:compliance_access_changelist")
    assert "工单 118" in page.locator("#result_list").inner_text()
    story.look("access-log")
