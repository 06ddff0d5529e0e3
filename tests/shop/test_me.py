"""A consumer's own corner of the shop: who they are, what is held about them, and the end of it."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, expect

from customers.models import Address, Customer, Identity
from reviews.models import Review, ReviewPicture
from tests import make
from tests.journeys.within import House
from tests.shop.conftest import Phone, phone

pytestmark = pytest.mark.django_db(transaction=True)

EXPLAINED, SURE = ("知道了，继续", "I see, go on"), ("确定", "OK")


def gives_an_address(one: Phone) -> None:
    """Explained first, then taken over from WeChat, its divisions found by their names."""
    one.open("sub/me/addresses")
    one.tap("新增收货地址", "Add an address")
    one.tap("从微信导入收货地址", "Take one from WeChat")
    one.sees("仅用于配送和申报" if one.language == "zh" else "for delivery and declaration alone")
    one.tap(*EXPLAINED)
    one.answers(*SURE)
    one.sees("北仑区")
    one.tap("保存", "Save")
    one.sees("王小明", "新碶街道明州路 1 号")


def gives_an_identity(one: Phone, number: str) -> None:
    """A mistyped number is told before it is sent; nothing is agreed to unasked, the notice shown first."""
    send = ("提交核验", "Have it verified")
    one.open("sub/me/identity")
    typed = one.here().locator("input")
    typed.nth(0).fill("张小花")
    typed.nth(1).fill(number[:17] + ("1" if number[17] != "1" else "2"))
    one.tap(*send)
    one.sees("校验码" if one.language == "zh" else "does not fit")
    typed.nth(1).fill(number)
    agreed = one.here().get_by_role("checkbox")
    assert agreed.get_attribute("aria-checked") == "false"
    agreed.click()
    one.tap(*send)
    one.tap("我已阅读", "I have read it")
    one.tap(*send)
    one.tap(*EXPLAINED)
    one.sees("已通过实名核验" if one.language == "zh" else "You can buy cross-border goods")
    assert ("PUT", "/api/v1/me/notices/providing") in one.asked


@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_an_identity_to_the_end_of_the_account(
    house: House, shop_browser: Browser, language: str
) -> None:
    with phone(house, shop_browser, user="bo", language=language) as bo:
        gives_an_address(bo)
        gives_an_identity(bo, make.id_number(77))
        customer = Customer.objects.latest("pk")
        assert Identity.objects.get(customer=customer).state == "verified"

        bo.open("sub/me/data")
        bo.tap("申请副本", "Ask for a copy")
        bo.sees("正在准备副本" if language == "zh" else "Your copy is being made")
        house.beat()
        with bo.page.expect_download() as handed:
            bo.tap("领取并保存", "Take and keep it")
        copy = zipfile.ZipFile(io.BytesIO(handed.value.path().read_bytes()))
        assert any("张小花" in copy.read(name).decode() for name in copy.namelist())

        bo.open("sub/me/closing")
        bo.here().get_by_role("checkbox").click()
        bo.tap("注销账号", "Close the account")
        bo.answers(*SURE)
        bo.sees("账号已注销" if language == "zh" else "The account is closed")
    customer.refresh_from_db()
    assert customer.closed_at is not None
    assert not Identity.objects.filter(customer=customer).exists()
    emptied = Address.objects.get(customer=customer)
    assert (bytes(emptied.name_sealed), bytes(emptied.street_sealed)) == (b"", b"")


def photograph(name: str) -> FilePayload:
    drawn = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(drawn, format="JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def test_a_review_takes_pictures_as_many_as_it_may_and_leaves_out_what_was_taken_away(
    house: House, shop_browser: Browser
) -> None:
    order = house.delivers(("HD-1", 1))
    with phone(house, shop_browser, user=house.alice.user) as alice:
        alice.open("sub/order/review", number=order.number)
        alice.sees("HD-1")
        alice.here().locator("[role=radiogroup] [role=radio]").nth(3).click()
        alice.here().get_by_label("添加照片，最多 6 张").click()
        with alice.page.expect_file_chooser() as opened:
            alice.tap("知道了，继续")
        opened.value.set_files([photograph(f"{n}.jpg") for n in range(8)])
        away = alice.here().locator('[aria-label^="删除"]')
        expect(away).to_have_count(6)
        away.first.click()
        expect(away).to_have_count(5)
        alice.tap("发表")
        alice.sees("没有待评价的商品")
        alice.calm()
    review = Review.objects.get()
    assert (review.rating, ReviewPicture.objects.filter(words__review=review).count()) == (4, 5)
