"""What an owner, a merchandiser and a compliance officer do before a browser, told in both languages."""

from __future__ import annotations

from base64 import b32decode

from django_otp.oath import totp

from catalog.models import Variant
from storefronts.models import OperatorSession
from tests import make
from tests.journeys.browser import bind_telephone
from tests.operators import rows
from tests.operators.stories import Story, findings


def test_the_eyes_of_the_stories_see_what_nobody_can_read_or_name(story: Story) -> None:
    story.goes("admin:login")
    assert findings(story.page) == []
    pale = "<button></button><p style='color:#999;background:#fff'>Nobody reads this well</p>"
    story.page.evaluate("pale => document.querySelector('form').insertAdjacentHTML('beforeend', pale)", pale)
    assert sorted(one.split(":")[0] for one in findings(story.page)) == ["button-name", "color-contrast"]


def test_a_new_owner_binds_a_telephone_and_is_led_to_the_first_order(story: Story) -> None:
    shop = make.storefront("lumiere")
    xin = rows.operator("xin", shop)
    page = story.page
    story.goes("admin:index")
    story.look()

    def logs_in(password: str) -> None:
        page.fill("[name=username]", "xin")
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.wait_for_load_state()

    logs_in("not-hers")
    assert not OperatorSession.objects.filter(operator=xin).exists()
    logs_in(rows.PASSWORD)
    story.look()
    secret = bind_telephone(page)
    story.look()
    page.get_by_role("link", name=story.says("我已保存，继续", "They are kept; go on")).click()
    steps = page.locator(".first-steps li")
    story.look("first-steps")
    assert OperatorSession.objects.get(operator=xin).factor == "code"
    done, coming = story.says("（已完成）", "(done)"), story.says("（下一步）", "(next)")
    assert [n for n in range(steps.count()) if done in steps.nth(n).inner_text()] == [0, 1]
    assert coming in steps.nth(2).inner_text()
    steps.nth(2).get_by_role("link").click()
    page.wait_for_url(f"{story.at('admin:inventory_warehouse_changelist')}?*")
    page.context.clear_cookies()
    story.goes("admin:index")
    logs_in(rows.PASSWORD)
    story.look()
    page.fill("[name=code]", f"{totp(b32decode(secret), t0=-30):06d}")
    page.press("[name=code]", "Enter")
    page.wait_for_url(story.at("admin:index"))
    page.get_by_role("button", name="xin@shop.test").click()
    page.get_by_role("button", name=story.says("English", "简体中文")).click()
    page.locator(f"html[lang={story.says('en', 'zh-hans')}]").wait_for()
    assert page.url == story.at("admin:index")


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
    page.get_by_role("link", name=serum.hs_code).click()
    page.get_by_text(story.says("用于 RS-30", "Use for RS-30")).first.wait_for()
    story.look("hs-code")
    page.get_by_role("link", name=story.says("用于 RS-30", "Use for RS-30")).first.click()
    story.look()
    page.fill("[name=e_label_zh]", "产品名称：玫瑰焕亮精华液")
    page.fill("[name=hs_code]", serum.hs_code)
    page.locator("#content form [type=submit]").click()
    page.get_by_text("玫瑰焕亮精华液").first.wait_for()
    serum.refresh_from_db()
    assert serum.e_label_zh == ""  # what would change is shown first
    story.look()
    page.get_by_role("button", name=story.says("确认更改", "Confirm")).click()
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
