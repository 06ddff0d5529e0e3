"""Shop look: each part is a form, the draft is seen beside it, published once, and brought back."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from shopfront import queries
from shopfront.models import Draft, Version
from shopfront.services.drafting import save_draft
from storefronts.models import Storefront
from tests import make
from tests.make_looks import banner, grid, link, look, products, shown
from tests.operators import rows

pytestmark = pytest.mark.django_db


class Desk:
    """An operator at the page of a shop's look."""

    def __init__(self, client: Any, shop: Any, role: str = "merchandiser", language: str = "en") -> None:
        self.client, self.shop = client, shop
        client.force_login(rows.operator(f"{role}-{shop.code}-{language}", shop, role), backend=rows.BACKEND)
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    def home(self) -> str:
        return self.client.get(reverse("shop_look"), {"storefront": self.shop.pk}).content.decode()

    def url(self, part: str, query: str = "") -> str:
        return reverse("shop_look_part", args=[self.shop.pk, part]) + query

    def form(self, part: str, query: str = "") -> dict[str, Any]:
        """What a browser would send back of the form."""
        form = self.client.get(self.url(part, query)).context["form"]
        told = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        return {name: value for name, value in told.items() if value not in (None, False)}

    def send(self, part: str, values: dict[str, Any], query: str = "", **more: Any) -> str:
        seen = Draft.objects.filter(storefront=self.shop).values_list("revision", flat=True).first() or 0
        sent = {"revision": seen, **values, **more}
        answer = self.client.post(self.url(part, query), sent, follow=True)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", answer.content.decode())

    @property
    def draft(self) -> Any:
        return Draft.objects.get(storefront=self.shop).content


def picture(colour: str = "#b4566a80", size: tuple[int, int] = (900, 300)) -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGBA", size, colour).save(out, format="PNG")
    return SimpleUploadedFile("p.png", out.getvalue(), "image/png")


def test_a_shop_is_furnished_published_and_brought_back(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.SHOP_ADDRESS = "https://shop.test/{storefront}/"
    world = make.world()
    desk = Desk(client, world.shop)
    assert "Nothing is published yet" in desk.home() and "maison 海外旗舰店" not in desk.home()
    # colours, a name and a logo that stays clear
    values = desk.form("look") | {"primary": "#8E3B52", "wordmark_zh": "欧本", "logo_file": picture()}
    assert "The draft is saved." in desk.send("look", values)
    made = desk.draft["look"]
    assert (made["primary"], made["wordmark"]["zh"], made["logo"]["width"]) == ("#8e3b52", "欧本", 640)
    with Image.open(tmp_path / made["logo"]["path"]) as kept:
        assert kept.mode == "RGBA" and kept.getpixel((0, 0))[3] == 128
    assert "--primary:#8e3b52;" in client.get(desk.url("colours")).content.decode()
    desk.send("look", desk.form("look"), logo_gone="on")
    assert desk.draft["look"]["logo"] is None
    # tabs, and words
    desk.send("tabs", desk.form("tabs") | {"me-text_en": "You", "me-icon_file": picture(size=(200, 200))})
    assert (desk.draft["tabs"][3]["text"]["en"], desk.draft["tabs"][3]["icon"]["width"]) == ("You", 162)
    desk.send(
        "words",
        desk.form("words")
        | {"notices-0_text": "", "notices-0-text_zh": "春节休息", "notices-0-text_en": "Closed for New Year"}
        | {
            "notices-0-until": "2027-02-20T00:00",
            "search_words-0_zh": "吹风机",
            "search_words-0_en": "dryer",
        },
    )
    (notice,) = desk.draft["notices"]
    assert (notice["until"], notice["from"]) == ("2027-02-20T00:00:00+08:00", None)
    assert desk.draft["search_words"] == [{"zh": "吹风机", "en": "dryer"}]
    # a banner of two pictures, of which one goes nowhere
    rows_of_it = {
        **desk.form("banner"),
        **{"items-0-picture_file": picture(), "items-0-says_zh": "大图", "items-0-says_en": "Large"},
        **{"items-0-link-kind": "product", "items-0-link-code": "gone"},
    }
    assert "Closed for New Year" in desk.send("banner", rows_of_it)  # it stands on the drawn telephone
    block = desk.draft["blocks"][-1]
    assert (block["kind"], block["items"][0]["picture"]["width"]) == ("banner", 900)
    page = desk.home()
    assert "block 4 · item 1 · link: there is no product on sale with the code gone" in page
    refused = desk.send("publish", {})
    assert "block 4 · item 1 · link" in refused and not Version.objects.exists()
    query = f"?id={block['id']}"
    desk.send("block", desk.form("block", query) | {"items-0-link-code": "p-hd-1"}, query)
    desk.send("move", {"block": block["id"], "to": "up"})
    assert [one["kind"] for one in desk.draft["blocks"]] == ["grid", "products", "banner", "products"]
    desk.send("move", {"block": "newest", "to": "away"})
    assert [one["kind"] for one in desk.draft["blocks"]] == ["grid", "banner", "products"]
    assert re.search(r"https://shop\.test/maison/\?preview=[\w%:-]+", desk.home())
    assert "Done." in desk.send("publish", {}) and "already looks like this" in desk.send("publish", {})
    assert "Consumers see version 1. The draft is the same." in re.sub(r"\s+", " ", desk.home())
    # what is withdrawn later is told, and left out
    world.dryer.product.state = "withdrawn"
    world.dryer.product.save(update_fields=["state"])
    assert "left out of the first page" in desk.home()
    desk.send(
        "text",
        {"title_zh": "关于", "title_en": "About"} | {f"paragraphs-0_{one}": "x" for one in ("zh", "en")},
    )
    assert desk.draft["blocks"][-1]["paragraphs"] == [{"zh": "x", "en": "x"}]
    desk.send("again", {})
    assert len(desk.draft["blocks"]) == 3
    shown(world.shop.pk, look(products("other")), Draft.objects.get().revision)
    first = Version.objects.get(number=1)
    step = reverse("admin:shopfront_version_step", args=[first.pk, "back"])
    client.post(step, {})
    assert queries.shown_version(world.shop.pk).brings_back == 1
    seen = Draft.objects.get().revision
    client.post(step.replace("/back/", "/draft/"), {"revision": seen})
    assert len(desk.draft["blocks"]) == 3


def test_faults_are_told_by_their_place_and_nothing_is_saved(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    world = make.world()
    desk = Desk(client, world.shop, language="zh-CN")
    assert "底部导航 4 · 文字 · 英文：请填写中英文两种文字" in desk.send(
        "tabs", desk.form("tabs") | {"me-text_en": ""}
    )
    bad = {"items-0-says_zh": "大图", "items-0-says_en": "L", "items-0-link-kind": "none"}
    assert "项 1 · 图片：请上传图片" in desk.send("banner", desk.form("banner") | bad)
    svg = SimpleUploadedFile("x.svg", b"<svg onload=alert(1)>", "image/svg+xml")
    assert "x.svg 不是可用的图片" in desk.send("look", desk.form("look") | {"logo_file": svg})
    assert not Draft.objects.exists()
    pale = look(banner(link("product", "gone")), grid(link("page", "me")))
    pale["look"]["ink"] = "#bbbbbb"
    save_draft(storefront_id=world.shop.pk, content=pale, revision=0, by="x", now=make.NOW)
    page = desk.home()
    assert (
        "外观 · 文字：正文与页面背景的对比度为" in page
        and "区块 1 · 项 1 · 链接：没有在售的商品：gone" in page
    )


def test_who_comes_second_is_told_and_a_double_click_is_one_wish(client):
    world = make.world()
    desk = Desk(client, world.shop)
    values = desk.form("look")
    desk.send("look", values | {"once": "n-1"})
    assert "was changed meanwhile" in desk.send("look", values, revision=0)
    again = client.post(desk.url("look"), values | {"revision": 0, "once": "n-1"})
    assert again.status_code == 302 and Draft.objects.get().revision == 1
    for _ in range(2):
        assert client.post(desk.url("publish"), {"revision": 1, "once": "n-2"}).status_code == 302
    assert Version.objects.count() == 1
    assert "was changed meanwhile" in desk.send("move", {"block": "nothing", "to": "up"})


def test_maintenance_is_an_owners_word_and_takes_hold_without_a_publication(client):
    world = make.world()
    desk = Desk(client, world.shop, "owner")
    start = desk.form("serving")
    told = desk.send("serving", start | {"maintenance": "on", "zh": "盘点中", "en": "", "version": "1.2.0"})
    assert "Maintenance wants a sentence in both languages" in told
    until = f"{make.present() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    values = {"maintenance": "on", "zh": "盘点中", "en": "Counting", "version": "1.2.0", "until": until}
    assert "Done." in desk.send("serving", start | values)
    row = Storefront.objects.get(pk=world.shop.pk)
    assert (row.maintenance_zh, row.minimum_version, row.maintenance_until is None) == (
        "盘点中",
        "1.2.0",
        False,
    )
    assert client.get("/api/v1/home", headers={"X-Appid": row.appid}).status_code == 503
    seen = desk.form("serving")["seen"]
    desk.send("serving", {"zh": "盘点中", "en": "Counting", "version": "", "seen": seen})
    row.refresh_from_db()
    assert (row.maintenance_zh, row.minimum_version) == ("", "")
    assert Desk(client, world.shop, "merchandiser").client.get(desk.url("serving")).status_code == 403


@pytest.mark.parametrize("role", ["finance", "auditor", "customer_service"])
def test_nobody_else_furnishes_it_nor_anyone_anothers(client, role):
    world = make.world()
    shown(world.shop.pk, look(products("a")))
    desk = Desk(client, world.shop, role)
    assert client.get(reverse("shop_look")).status_code == 403
    stranger = Desk(client, make.storefront("swift"), "owner")
    assert (
        "maison"
        not in stranger.client.get(reverse("shop_look"), {"storefront": world.shop.pk}).content.decode()
    )
    for who in (desk, stranger):
        client.force_login(rows.operator(f"again-{who.shop.pk}-{role}", who.shop, role), backend=rows.BACKEND)
        for part in ("look", "block", "publish", "move", "colours", "serving", "nothing"):
            for answer in (client.get(desk.url(part)), client.post(desk.url(part), {"revision": 1})):
                assert answer.status_code == 404, part
    back = reverse("admin:shopfront_version_step", args=[Version.objects.get().pk, "back"])
    assert client.post(back).status_code in (302, 403, 404) and Version.objects.count() == 1
