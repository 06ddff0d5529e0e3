"""A picture for a claim is taken in by its content, kept sealed without what it hides, and used once."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image

from backend.middleware import MAX_PICTURE
from compliance import vault
from kernel import files
from kernel.models import File
from kernel.pictures import LONGEST_SIDE, MOST_BYTES, MOST_PIXELS
from returns.models import ReturnPicture, ReturnRequest
from returns.personal import KEEPING
from tests import make
from tests.miniprogram_api.conftest import Phone
from tests.miniprogram_api.returning import HOUR, Customs, alice, clock, customs, order, wish
from tests.returns.parts import DELIVERED

__all__ = ["Customs", "alice", "clock", "customs", "order"]
pytestmark = pytest.mark.django_db(transaction=True)
NOW = DELIVERED + HOUR
ROOT = Path(__file__).parents[2]
PLACE = b"31.2304N 121.4737E"


def drawn(kind="JPEG", size=(64, 48), **more):
    """A red picture."""
    into = io.BytesIO()
    Image.new("RGB", size, "red").save(into, format=kind, **more)
    return into.getvalue()


def telling():
    """One that tells where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = PLACE.decode()
    return drawn(exif=exif)


def given(phone, order, content, name="photo.jpg", field="picture"):
    return phone.client.post(
        f"/api/v1/orders/{order.number}/returns/pictures",
        {field: SimpleUploadedFile(name, content)},
        headers={"X-Appid": phone.appid, "Authorization": f"Bearer {phone.token}"},
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_given_and_seen_again_by_who_gave_it(alice, order, kind):
    answer = given(alice, order, drawn(kind, (3000, 1500)))
    assert answer.status_code == 201
    seen = alice.get(f"orders/{order.number}/returns/pictures/{answer.json()['id']}")
    assert (seen.status_code, seen["Content-Type"]) == (200, "image/jpeg")
    assert seen["Cache-Control"] == "private, no-store"
    found = Image.open(io.BytesIO(seen.content))
    red, green, blue = found.convert("RGB").getpixel((10, 10))
    assert (found.format, found.size) == ("JPEG", (LONGEST_SIDE, LONGEST_SIDE // 2))
    assert red > 240 and green < 20 and blue < 20


def test_what_a_picture_hides_is_gone_and_what_lies_on_disk_is_sealed(alice, order, monkeypatch):
    assert PLACE in telling()
    answer = given(alice, order, telling())
    seen = alice.get(f"orders/{order.number}/returns/pictures/{answer.json()['id']}").content
    stored = File.objects.get()
    raw = files.read(stored)
    assert (stored.sealed, PLACE in seen, seen[:3]) == (True, False, b"\xff\xd8\xff")
    assert b"\xff\xd8\xff" not in raw and seen[20:60] not in raw

    def closed(key):
        raise vault.VaultClosed("destroyed")

    monkeypatch.setattr(vault, "unwrap", closed)
    gone = alice.get(f"orders/{order.number}/returns/pictures/{answer.json()['id']}")
    assert gone.status_code == 404


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a" + b"0" * 50, b"<svg xmlns='http://www.w3.org/2000/svg'/>", drawn()[:300], drawn("BMP")],
)
def test_what_is_no_picture_by_its_content_is_refused(alice, order, content):
    answer = given(alice, order, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "return_picture")
    assert (ReturnPicture.objects.count(), File.objects.count()) == (0, 0)


def test_another_form_and_another_field_are_refused_and_a_huge_body_is_not_read(alice, order):
    path = f"orders/{order.number}/returns/pictures"
    for answer in (alice.post(path, {"picture": "x"}), given(alice, order, drawn(), field="file")):
        assert (answer.status_code, answer.json()["code"]) == (422, "return_picture")
    large = given(alice, order, drawn() + b"0" * (MOST_BYTES + 1 - len(drawn())))
    assert (large.status_code, large.json()["code"]) == (422, "return_picture_large")
    huge = given(alice, order, b"0" * MAX_PICTURE)
    assert (huge.status_code, huge.json()["code"]) == (413, "body_too_large")


def test_a_picture_of_too_many_pixels_is_not_decoded_and_says_what_to_do(alice, order, monkeypatch):
    monkeypatch.setitem(MOST_PIXELS, "PNG", 64 * 48 - 1)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda *_: pytest.fail("it was decoded"))
    told = given(alice, order, drawn("PNG")).json()
    assert (told["code"], "截屏" in told["title"]) == ("return_picture_large", True)


MEMORY = """
import resource, sys
from PIL import Image
from kernel.pictures import TooLarge, plain
Image.init()
content = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    plain(content)
except TooLarge:
    print("refused")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(
    ("kind", "mode", "size", "most"),
    [
        ("JPEG", "RGB", (6000, 4000), 100),
        ("PNG", "RGBA", (3600, 2500), 200),
        ("PNG", "RGBA", (8000, 5000), None),
    ],
)
def test_what_a_picture_takes_of_memory_is_bounded(tmp_path, kind, mode, size, most):
    """In a process of its own: what libraries in C take is seen by nobody else."""
    file = tmp_path / "picture"
    Image.new(mode, size, "red").save(file, format=kind)
    said = subprocess.run(
        [sys.executable, "-c", MEMORY, str(file)], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout.split()
    assert (said[:-1] == ["refused"]) == (most is None)
    assert int(said[-1]) <= (most or 5)


def test_nine_wait_for_a_request_and_the_next_day_others_may(alice, order, clock):
    for _ in range(9):
        assert given(alice, order, drawn()).status_code == 201
    full = given(alice, order, drawn())
    assert (full.status_code, full.json()["code"]) == (409, "return_pictures_full")
    ReturnPicture.objects.update(at=NOW - timedelta(days=1))
    assert given(alice, order, drawn()).status_code == 201


def test_a_claim_shows_its_pictures_and_what_nobody_used_is_let_go_after_a_day(alice, order):
    used, unused = (given(alice, order, drawn()).json()["id"] for _ in range(2))
    path = f"orders/{order.number}/returns"
    claim = wish("claim", "damaged")
    without = alice.post(path, claim, Idempotency_Key="claim-0001")
    assert (without.status_code, without.json()["code"]) == (422, "return_pictures_needed")
    asked = alice.post(path, claim | {"pictures": [used]}, Idempotency_Key="claim-0001")
    assert (asked.status_code, asked.json()["state"]) == (201, "requested")
    assert alice.get(f"returns/{asked.json()['number']}").json()["pictures"] == [used]
    twice = alice.post(path, claim | {"pictures": [used]}, Idempotency_Key="claim-0002")
    assert twice.json()["code"] == "return_pictures_needed"
    keeping = next(one for one in KEEPING if one.kind == "returns.unused_pictures")
    assert not keeping.due(NOW + timedelta(hours=23)).exists()
    rows = list(keeping.due(NOW + timedelta(days=1)))
    assert [str(one.public_id) for one in rows] == [unused]
    ReturnPicture.objects.filter(pk=rows[0].pk).update(request=ReturnRequest.objects.get())
    with transaction.atomic():
        keeping.let_go(rows, NOW)  # a request took it in this instant
    assert ReturnPicture.objects.count() == 2
    ReturnPicture.objects.filter(pk=rows[0].pk).update(request=None)
    with transaction.atomic():
        keeping.let_go(rows, NOW)
    assert (str(ReturnPicture.objects.get().public_id), File.objects.count()) == (used, 1)
    assert alice.get(f"{path}/pictures/{unused}").status_code == 404


def test_nobody_else_gives_or_sees_pictures_of_an_order(alice, order, world, client):
    mine = given(alice, order, drawn()).json()["id"]
    person = make.buyer(world.shop, make.BOB, make.id_number(2))
    bob = Phone(client, world.shop.appid, make.token(person, now=NOW))
    assert given(bob, order, drawn()).status_code == 404
    assert bob.get(f"orders/{order.number}/returns/pictures/{mine}").status_code == 404
    assert ReturnPicture.objects.count() == 1
