"""Hostile words, colours, links and pictures at the pages of a shop's look; two colleagues at one of them."""

from __future__ import annotations

import io
import re
import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from shopfront.models import Draft, Version
from shopfront.services.drafting import save_draft
from storefronts.models import Storefront
from tests import make
from tests.make_looks import grid, link, look, products, shown
from tests.operators import rows
from tests.operators.test_shop_look import Desk

pytestmark = pytest.mark.django_db
HUGE = "9" * 40
WORST = ("\0", HUGE, "-1", "²", "x" * 5_000, "javascript:alert(1)", "</style><script>", "red;}*{x:y")


def png(width: int, height: int) -> bytes:
    """A PNG that says it is so large and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_nothing_hostile_is_kept_and_nothing_fails(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    world = make.world()
    desk = Desk(client, world.shop)
    for part in ("look", "tabs", "words", "banner", "grid", "products", "text", "coupons"):
        values = desk.form(part)
        for name in (one for one in values if not one.endswith("_file")):
            for bad in WORST if name.endswith(("code", "primary", "title_zh")) else WORST[:2]:
                answer = client.post(desk.url(part), {**values, name: bad, "revision": 0})
                assert answer.status_code in (200, 302), (part, name, bad)
                if answer.status_code == 302:  # nothing that is wrong in it
                    Draft.objects.all().delete()
    for bad in WORST:
        sent = {"revision": bad, "block": bad, "to": "up"}
        for part in ("publish", "again", "move"):
            assert client.post(desk.url(part), sent).status_code == 302
    for colour in ("red", "#12345", "#gggggg", "url(//x)", "#1f4d46;}"):
        desk.send("look", desk.form("look") | {"primary": colour})
    assert not Draft.objects.exclude(content__look__primary="#1f4d46").exists()
    assert re.fullmatch(
        r"\.phone\{(--[a-z-]+:#[0-9a-f]{6};){6}\}", client.get(desk.url("colours")).content.decode()
    )


def test_pictures_that_are_none_or_too_much_are_refused(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    desk = Desk(client, make.world().shop)
    for name, content in (
        ("<img src=x onerror=alert(1)>.png", b"GIF89a"),
        ("big.png", png(60_000, 60_000)),
        ("zero.png", png(0, 0)),
        ("long" * 90 + ".png", b"\x89PNG\r\n\x1a\n"),
        ("text.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("heavy.jpg", b"\xff\xd8" + b"\0" * (6 * 2**20)),
        ("../../../x.png", b"\xff\xd8\xff"),
    ):
        told = desk.send("look", desk.form("look") | {"logo_file": SimpleUploadedFile(name, content)})
        assert "<img src=x" not in told, name
    assert not Draft.objects.exists() and not list(tmp_path.rglob("*.*"))


def test_without_the_page_s_own_token_nothing_is_done(settings):
    world = make.world()
    shown(world.shop.pk, look(products("a")))
    client = Client(enforce_csrf_checks=True)
    desk = Desk(client, world.shop, "owner")
    for part in ("look", "publish", "again", "move", "serving"):
        assert client.post(desk.url(part), {"revision": 1}).status_code == 403, part
    step = reverse("admin:shopfront_version_step", args=[Version.objects.get().pk, "back"])
    assert client.post(step, {}).status_code == 403
    for part in ("publish", "again", "move"):  # an address alone does nothing
        assert client.get(desk.url(part)).status_code == 302
    assert (Version.objects.count(), Draft.objects.get().revision) == (1, 1)


def test_no_address_of_a_page_fails(client):
    shown(make.world().shop.pk, look(products("a")))
    client.force_login(rows.operator("platform", is_superuser=True), backend=rows.BACKEND)
    for shop in (HUGE, "0"):
        for part in ("look", "publish", "serving", "colours", "block"):
            for answer in (
                client.get(f"/admin/shop/look/{shop}/{part}/"),
                client.post(f"/admin/shop/look/{shop}/{part}/", {"revision": HUGE}),
            ):
                assert answer.status_code == 404, (shop, part)
    for pk in (HUGE, "x", "0"):
        assert client.get(f"/admin/shopfront/version/{pk}/step/back/").status_code in (302, 404)


def test_a_version_becomes_the_draft_in_place_of_the_one_that_was_seen(client):
    world = make.world()
    seen = shown(world.shop.pk, look(products("first")))
    Desk(client, world.shop)
    step = reverse("admin:shopfront_version_step", args=[Version.objects.get().pk, "draft"])
    held = client.get(step).context["form"].initial
    assert held == {"revision": seen}
    theirs = look(grid(link("page", "me")))
    save_draft(storefront_id=world.shop.pk, content=theirs, revision=seen, by="lin", now=make.NOW)
    for stale in (held, {}, {"revision": HUGE}, {"revision": "-1"}):
        assert client.post(step, stale, follow=True).status_code == 200
        assert Draft.objects.get().content == theirs
    client.post(step, client.get(step).context["form"].initial)
    assert [one["id"] for one in Draft.objects.get().content["blocks"]] == ["first"]


def test_who_sets_a_version_ends_nobody_s_maintenance_unseen(client):
    world = make.world()
    desk = Desk(client, world.shop, "owner")
    before = desk.form("serving")
    words = {"maintenance": "on", "zh": "盘点中", "en": "Counting"}
    assert "Done." in desk.send("serving", before | words)
    told = desk.send("serving", before | {"version": "1.2.0"})  # a page that was open all the while
    assert "was changed meanwhile" in told
    row = Storefront.objects.get(pk=world.shop.pk)
    assert (row.maintenance_zh, row.minimum_version) == ("盘点中", "")
    assert "Done." in desk.send("serving", desk.form("serving") | {"version": "1.2.0"})
    row.refresh_from_db()
    assert (row.maintenance_zh, row.minimum_version) == ("盘点中", "1.2.0")


def test_a_picture_of_a_place_is_kept_without_it(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    desk = Desk(client, make.world().shop)
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x010E] = "31.2304N 121.4737E"
    Image.new("RGB", (300, 300), "red").save(out, "PNG", exif=exif)
    desk.send("look", desk.form("look") | {"logo_file": SimpleUploadedFile("p.png", out.getvalue())})
    (path,) = (one for one in tmp_path.rglob("*.png") if "-320" not in one.name)
    assert b"31.2304N" in out.getvalue() and b"31.2304N" not in path.read_bytes()
