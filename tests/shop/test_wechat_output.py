"""What goes to WeChat, run in a browser: the built pages on glass-easel, the real API, the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, TimeoutError, expect

from orders.models import Order
from tests.journeys.browser import page_of
from tests.journeys.within import House
from tests.shop.conftest import SIZE

DIST = Path(__file__).parents[2] / "miniprogram" / "dist" / "harness"
SAYS = """path => __harness.stack()[0]?.path === path
    && document.querySelector(".holder:not([hidden])").innerText.trim().length > 0"""
APPEARS = "() => __harness.stack().length > 0 || __harness.errors.length > 0"


pytestmark = pytest.mark.skipif(
    not (DIST / "index.html").exists(), reason="the WeChat output is not built: make miniprogram (Node 20)"
)


def handed_out(route: Route) -> None:
    """A file of the harness, as if the API's origin had it."""
    file = DIST / (route.request.url.split("/shop-harness/")[1].split("?")[0] or "index.html")
    route.fulfill(path=file) if file.is_file() else route.fulfill(status=404)


def machine_page(browser: Browser) -> tuple[Page, list[str]]:
    """A telephone with the harness on it, and what goes wrong there."""
    page, complaints = page_of(browser, viewport=SIZE, is_mobile=True, has_touch=True)
    page.route("**/shop-harness/**", handed_out)
    return page, complaints


def test_each_page_is_mounted(shop_browser: Browser) -> None:
    """Whatever the API says: here it is down, and each page stands and says so or asks for nothing."""
    base = "http://127.0.0.1:9"
    down = {"code": "unavailable", "title": "暂不可用", "detail": "请稍后再试。", "status": 503}
    page, complaints = machine_page(shop_browser)
    page.route(f"{base}/api/**", lambda route: route.fulfill(status=503, json=down))
    page.add_init_script("window.__wx = {appid: 'wx1', login: () => ({code: 'x'})}")
    page.goto(f"{base}/shop-harness/")
    page.wait_for_function(APPEARS)
    pages = page.evaluate("__harness.pages")
    blank = []
    for path in pages:
        page.evaluate("path => __harness.wx.reLaunch({url: '/' + path})", path)
        try:
            page.wait_for_function(SAYS, arg=path, timeout=5_000)
        except TimeoutError:
            blank.append(path)
    assert len(pages) >= 38
    assert page.evaluate("__harness.errors") == []
    assert [one for one in complaints if "503" not in one] == []
    assert blank == []
    page.context.close()


class Hand:
    """Alice's finger in WeChat: it logs in, and leaves the payment sheet as the test has said."""

    FIELDS = ("timeStamp", "nonceStr", "package", "signType", "paySign")

    def __init__(self, house: House, browser: Browser) -> None:
        self.house, self.leaves, self.asked = house, "", dict[str, str]()
        self.page, self.complaints = machine_page(browser)
        self.page.expose_function("hand", self.does)
        self.page.add_init_script(f"""window.__wx = {{appid: {house.alice.appid!r},
            login: () => hand("login", {{}}), requestPayment: (asked) => hand("pay", asked),
            requestSubscribeMessage: () => "cancel"}}""")

    def does(self, what: str, asked: dict[str, str]) -> Any:
        alice = self.house.alice
        if what == "login":
            return self.house.sandbox.tell("login", appid=alice.appid, user=alice.user)
        self.asked = {name: asked[name] for name in self.FIELDS}
        if self.leaves == "paid":
            self.pays()
        return "ok" if self.leaves in {"paid", "lie"} else self.leaves

    def pays(self) -> None:
        self.house.sandbox.tell("pay", client=self.asked)

    def opens(self) -> None:
        self.page.goto(f"{self.house.base}/shop-harness/")

    @property
    def here(self) -> Locator:
        return self.page.locator(".holder:visible")

    def sees(self, words: str) -> None:
        expect(self.here.get_by_text(words).locator("visible=true").first).to_be_visible(timeout=15_000)

    def taps(self, words: str, kind: str = "wx-button") -> None:
        """The last that is called so: a sheet's lies over the page's."""
        self.here.locator(kind).filter(has_text=words).locator("visible=true").last.tap(timeout=15_000)


@pytest.mark.django_db(transaction=True)
def test_bought_in_wechat_and_paid_when_the_server_says_so(house: House, shop_browser: Browser) -> None:
    """From the list to the order; then the sheet is left, breaks, lies, and at last the money has moved."""
    alice = Hand(house, shop_browser)
    alice.opens()
    alice.taps("HD-1", "wx-product-card")
    alice.taps("加入购物车")
    alice.sees("选择规格")
    alice.taps("加入购物车")
    expect(alice.page.get_by_text("已加入购物车")).to_be_visible()
    alice.page.evaluate("__harness.wx.switchTab({url: '/pages/cart/cart'})")
    alice.taps("结算")
    notice = alice.here.locator("[role=checkbox]").filter(has_text="我已阅读并确认")
    expect(notice).not_to_be_in_viewport()
    alice.taps("提交订单")
    expect(notice).to_be_in_viewport()
    alice.taps("我已阅读并确认", "[role=checkbox]")
    alice.leaves = "cancel"
    alice.taps("提交订单")
    alice.sees("您还没有付款")
    order = Order.objects.get()

    alice.leaves = "system error"
    alice.taps("重新支付")
    alice.sees("支付没有完成")

    alice.leaves = "lie"
    with alice.page.expect_response("**/payment/sync") as answer:
        alice.taps("重新支付")
    assert answer.value.json()["state"] == "placed"
    alice.sees("正在确认支付结果")
    assert alice.here.get_by_text("支付成功").count() == 0

    alice.pays()
    alice.sees("支付成功")
    order.refresh_from_db()
    assert order.state == "paid"
    assert alice.page.evaluate("__harness.errors") == []
    assert alice.complaints == []
    alice.page.context.close()
