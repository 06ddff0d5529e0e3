"""Several pictures are added at once, put in order, told in words and taken away; nothing hidden is shown."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from catalog import queries
from catalog.models import Media
from catalog.services.pictures import arrange_pictures
from kernel.models import Event
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


def picture(colour: str, kind: str = "JPEG", size: tuple[int, int] = (1800, 900)) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "A-CAMERA-THAT-TELLS"
    Image.new("RGB", size, colour).save(out, format=kind, exif=exif)
    return out.getvalue()


def test_pictures_are_added_arranged_and_taken_away(
    client, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.MEDIA_ROOT = str(tmp_path)
    world = make.world()
    product = world.dryer.product

    def enter(shop, role="merchandiser"):
        client.force_login(rows.operator(f"the-{role}-{shop.pk}", shop, role), backend=rows.BACKEND)

    def send(*contents):
        files = [SimpleUploadedFile(f"{n}.jpg", one, "image/jpeg") for n, one in enumerate(contents)]
        return client.post(step("pictures"), {"pictures": files})

    def step(name):
        return reverse("admin:catalog_product_step", args=[product.pk, name])

    enter(world.shop)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert client.get(step("arrange")).status_code == 403  # there is none
    both = picture("red"), picture("blue", "PNG", (300, 300))
    assert send(*both).status_code == 302 and send(*both).status_code == 302  # twice is once
    first, second = Media.objects.filter(product=product).order_by("position")
    assert [(one.width, one.height) for one in (first, second)] == [(1600, 800), (300, 300)]
    content = Path(tmp_path, first.path).read_bytes()
    assert b"A-CAMERA" not in content and Path(tmp_path, first.thumbnail_path).exists()
    refused = send(picture("green"), b"<svg onload=alert(1)>").content.decode()
    assert "1.jpg is not a JPEG, PNG or WebP" in refused and Media.objects.count() == 2
    page = client.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()
    assert first.thumbnail_path in page and "1600 × 800" in page
    words = {f"{word}_{one.pk}": f"{word} {one.pk}" for word in ("zh", "en") for one in (first, second)}
    places = {f"place_{first.pk}": "2", f"place_{second.pk}": "1"}
    assert client.post(step("arrange"), {**words, **places}).status_code == 302
    shown = queries.product(world.shop.pk, product.code, now=make.NOW)["pictures"]
    assert [one["alt"]["en"] for one in shown] == [f"en {second.pk}", f"en {first.pk}"]
    assert send(picture("green")).status_code == 302
    named = {"storefront_id": world.shop.pk, "code": product.code, "alts": {}, "by": "mia", "now": make.NOW}
    arrange_pictures(**named, order=[second.pk, first.pk], gone=[])
    third = Media.objects.get(position=2)  # added after the others were looked at: it stays, behind them
    assert client.post(step("arrange"), {**words, **places}).status_code == 302  # nor was it on the page
    assert list(Media.objects.order_by("position")) == [second, first, third]
    with django_capture_on_commit_callbacks(execute=True):
        arrange_pictures(**named, order=[second.pk, first.pk], gone=[third.pk])
    assert not Path(tmp_path, third.path).exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(step("arrange"), {**words, **places, f"place_{first.pk}": ""})
    assert list(Media.objects.all()) == [second] and not Path(tmp_path, first.path).exists()
    assert Event.objects.filter(name__startswith="product.pictures_").count() == 7
    enter(make.storefront("swift"))
    assert send(picture("red")).status_code == 404 and client.get(step("arrange")).status_code == 404
    enter(world.shop, "finance")
    assert send(picture("red")).status_code == 403
    assert Media.objects.count() == 1
