"""The shop as a consumer walks through it, in a browser, against the real API and the sandbox.

What customs, carriers and the return centre do in between is played by the house; what the consumer sees and
taps is the built shop. Whether something happened is asked of the database, never of the page alone.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from backend.journey.stage import NAME, identity_number
from customers.models import Customer, NewsConsent, NewsTemplate
from orders.models import Order
from returns.models import ReturnRequest
from tests.customers.newsroom import FIELDS
from tests.journeys.within import House
from tests.shop.conftest import Phone, phone

pytestmark = pytest.mark.django_db(transaction=True)

BUY = ("立即购买", "Buy now")
PLACE = ("提交订单", "Place order")
NOTICE = ("我已阅读并确认以上风险告知", "I have read and confirm this risk notice")
PAY, LATER = ("支付", "Pay"), ("取消", "Cancel")
PAID, NOT_PAID = (
    re.compile("支付成功|Paid"),
    re.compile("您还没有付款|not paid yet|have not paid", re.IGNORECASE),
)
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def gives_an_address(one: Phone) -> None:
    one.types(NAME, "收货人", "Consignee")
    one.types("13800138000", "手机号", "Phone")
    one.here().locator("[aria-label=所在地区], [aria-label=Region]").first.click()
    for step, division in enumerate(("上海市", "上海市", "浦东新区"), 1):
        expect(one.front().locator(".step")).to_have_count(step)
        one.reads()
        one.front().locator(".one").get_by_text(division, exact=True).click()
    expect(one.here().locator(".wd-popup:visible")).to_have_count(0)
    one.types("示例路 1 号 2 室", "详细地址", "Street")
    one.tap("保存", "Save")


def proves_an_identity(one: Phone, number: str) -> None:
    one.types(NAME, "姓名", "Name")
    one.types(number, "身份证号", "Number")
    agree = one.here().locator("[role=checkbox][aria-checked=false]")
    if agree.count():
        agree.first.click()
    send, read = (
        ("提交核验", "Have it verified"),
        ("我已阅读", "I have read it", "知道了，继续", "I see, go on"),
    )
    one.tap(*send)
    for _ in range(3):  # what is to be read before, and why WeChat is about to ask
        one.reads()
        if one.button(*read).count():
            one.tap(*read)
        elif one.button(*send).count():
            one.tap(*send)


def agrees(one: Phone) -> None:
    """To what is asked in the checkout, each by itself, then the notice."""
    asked = one.button(re.compile("我同意《.*》|I agree: .*"))
    for _ in range(5):
        if not asked.count():
            break
        before = asked.count()
        asked.first.click()
        expect(asked).to_have_count(before - 1)
    one.tap(*NOTICE)


@LANGUAGES
def test_from_a_first_visit_to_paid(house: House, shop_browser: Browser, language: str) -> None:
    number = identity_number()
    with phone(house, shop_browser, user=f"anna-{language}", language=language) as anna:
        anna.open("pages/home/home")
        anna.here().locator(".card").first.click()
        anna.tap(*BUY)
        anna.tap(*BUY)
        assert "IDENTITY-1" in anna.reads()
        anna.tap("去核验", "Verify")
        anna.reads()
        proves_an_identity(anna, number)
        house.until(lambda: Customer.objects.latest("id").identity.state == "verified")
        anna.reads()
        anna.tap("返回继续下单", "Back to the order")
        anna.reads()
        anna.here().get_by_text(re.compile("添加收货地址|Add an address")).first.click()
        anna.reads()
        anna.tap("新增收货地址", "Add an address")
        anna.reads()
        gives_an_address(anna)
        assert "示例路 1 号 2 室" in anna.reads()
        agrees(anna)
        anna.reads()
        anna.tap(*PLACE)
        anna.answers(*LATER)
        anna.sees(NOT_PAID)
        assert Order.objects.get().state == "placed"
        anna.tap("重新支付", "Pay now")
        anna.answers(*PAY)
        anna.sees(PAID)
        assert Order.objects.get().state == "paid"
        anna.tap("查看订单", "See the order")
        anna.sees(Order.objects.get().number)
        anna.calm()


def test_over_the_limit_it_is_refused_with_rule_and_way_out(house: House, shop_browser: Browser) -> None:
    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.open("sub/order/confirm", lines="XL-1:21")
        alice.sees("LIMIT-1", re.compile("5,?000"), "减少件数")
        agrees(alice)
        expect(alice.button(*PLACE).first).to_be_disabled()
        assert ("POST", "/api/v1/orders") not in alice.asked and not Order.objects.exists()


def asks(one: Phone, *kind: str) -> None:
    """Chooses what and why, reads what it would give, and sends."""
    one.reads()
    one.here().locator(", ".join(f'[role=radio][aria-label="{name}"]' for name in kind)).first.click()
    one.reads()
    one.here().locator("[role=radiogroup]").nth(1).locator("[role=radio]").first.click()
    one.reads()


@LANGUAGES
def test_returned_within_the_window(house: House, shop_browser: Browser, language: str) -> None:
    order = house.delivers(("HD-1", 1))
    with phone(house, shop_browser, user=house.alice.user, language=language) as alice:
        alice.open("sub/order/order", number=order.number)
        alice.sees(order.number)
        alice.tap("退货/换货", "Return or exchange")
        asks(alice, "退货退款", "Return and refund")
        alice.sees("¥110.")
        alice.tap("提交申请", "Send request")
        alice.sees(re.compile(r"RMA\d{10}"))
        law = "中华人民共和国消费者权益保护法 第二十五条"
        alice.sees(law if language == "zh" else f"Consumer Rights Protection Law, art. 25 ({law})")
        asked = ReturnRequest.objects.get()
        assert (asked.kind, asked.order_id) == ("return", order.pk)
        house.until(lambda: ReturnRequest.objects.get().state == "to_send")
        alice.open("sub/service/return", number=asked.number)
        alice.tap("填写运单", "Enter waybill")
        alice.reads()
        alice.types("SF900000000001", "运单号", "Waybill number")
        alice.here().locator("[role=radio]").first.click()
        alice.tap("提交运单", "Save waybill")
        house.until(lambda: ReturnRequest.objects.get().state == "on_the_way")
        house.receives(asked.number, (1, 1, "as_new"))
        house.until(lambda: ReturnRequest.objects.get().state == "settled")
        alice.open("sub/service/return", number=asked.number)
        alice.sees(re.compile("已完成|Done"), "¥110.47")
    assert house.refunds(order) == [11_047]


def test_exchanged_for_another(house: House, shop_browser: Browser) -> None:
    """The old goods go back for a refund; the new order is one like any other, paid by itself."""
    order = house.delivers(("HD-1", 1))
    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.open("sub/service/ask", number=order.number)
        asks(alice, "换货")
        alice.tap("提交申请")
        alice.sees("换货新订单")
        alice.tap("去下单")
        alice.sees("确认订单")
        agrees(alice)
        alice.tap(*PLACE)
        alice.answers(*PAY)
        alice.sees(PAID)
        alice.calm()
    asked = ReturnRequest.objects.get()
    anew = Order.objects.exclude(pk=order.pk).get()
    assert (asked.kind, asked.order_id, anew.state) == ("exchange", order.pk, "paid")


def test_whoever_asks_for_a_return_is_asked_whether_to_be_told_of_it(
    house: House, shop_browser: Browser
) -> None:
    """At the touch that sends the request, which goes on whatever becomes of the messages."""
    for one in ("decided", "came_back", "refunded"):
        NewsTemplate.objects.create(
            storefront=house.world.shop, occasion=one, template_id=f"TPL-{one}", fields=FIELDS
        )
    first, second = house.delivers(("HD-1", 1)), house.delivers(("HD-1", 1))
    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.open("sub/service/ask", number=first.number)
        asks(alice, "退货退款")
        alice.page.route("**/me/subscriptions", lambda route: route.abort("internetdisconnected"))
        alice.tap("提交申请")
        alice.answers("允许")
        alice.sees(re.compile(r"RMA\d{10}"))
        assert (ReturnRequest.objects.count(), NewsConsent.objects.count()) == (1, 0)
        alice.page.unroute("**/me/subscriptions")
        alice.open("sub/service/ask", number=second.number)
        asks(alice, "退货退款")
        alice.tap("提交申请")
        alice.answers("允许")
        alice.sees(re.compile(r"RMA\d{10}"))
    assert ReturnRequest.objects.count() == 2
    assert {one.by_template.occasion for one in NewsConsent.objects.all()} == {
        "decided",
        "came_back",
        "refunded",
    }
