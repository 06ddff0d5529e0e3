"""A label can be read by people and by a scanner, shows no whole telephone, and is kept sealed."""

from __future__ import annotations

from datetime import timedelta

import pypdfium2
import pytest
from reportlab.graphics.barcode.code128 import Code128

from compliance import vault
from compliance.models import Access
from kernel import files
from kernel.models import File
from logistics.gateways.waybills import Place
from logistics.label_pdf import Label, render
from logistics.models import Parcel
from logistics.services import labels, packing
from logistics.services.receiver import ReceiverGone
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER

TO = Place("欧阳爱丽", "138****8000", "上海市", "上海市", "浦东新区", "世纪大道 1 号世纪汇广场二座 1808 室")
FROM = Place("宁波美妆保税仓", "057488880000", "浙江省", "宁波市", "北仑区", "保税东路 8 号 3 库")
LABEL = Label(
    carrier="顺丰速运",
    waybill="SF7444500123456",
    routing="021W-FA-008",
    receiver=TO,
    sender=FROM,
    order="26112712345678",
    content=("吹风机 HD-1 × 2", "熨斗 IR-1 × 1"),
    weight_g=1700,
    printed="2026-11-27 10:00",
)


def text_of(pdf: bytes) -> str:
    page = pypdfium2.PdfDocument(pdf)[0]
    return page.get_textpage().get_text_range()


def bars(pdf: bytes) -> list[int]:
    """The widths of bars and gaps along a line through the barcode, in modules."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=8, grayscale=True).to_pil()
    row = [
        picture.getpixel((x, round(picture.height * (1 - (180 - 45) / 180)))) < 128
        for x in range(picture.width)
    ]
    runs: list[tuple[bool, int]] = []
    for dark in row:
        if runs and runs[-1][0] == dark:
            runs[-1] = (dark, runs[-1][1] + 1)
        else:
            runs.append((dark, 1))
    module = 8 * 0.375 * 72 / 25.4
    return [round(width / module) for _, width in runs[1:-1]]


def test_a_label_is_a_page_of_100_by_180_mm_that_tells_whither_and_whence():
    pdf = render(LABEL)
    page = pypdfium2.PdfDocument(pdf)[0]
    assert [round(side * 25.4 / 72) for side in page.get_size()] == [100, 180]
    text = "".join(text_of(pdf).split())
    for word in (
        "顺丰速运",
        "021W-FA-008",
        "SF7444500123456",
        "欧阳爱丽138****8000",
        "上海市浦东新区世纪大道1号世纪汇广场二座1808室",
        "宁波美妆保税仓057488880000",
        "浙江省宁波市北仑区保税东路8号3库",
        "订单26112712345678",
        "1.70kg",
        "吹风机HD-1×2；熨斗IR-1×1",
    ):
        assert word in text


def test_the_barcode_on_the_page_is_the_waybill_in_code_128():
    expected = Code128(LABEL.waybill, quiet=False)
    expected.validate()
    expected.encode()
    expected.decompose()
    widths = [int(c) if c.isdigit() else ord(c.lower()) - ord("a") + 1 for c in expected.decomposed]
    assert bars(render(LABEL)) == widths


def test_the_chinese_font_is_inside_the_label():
    pdf = render(LABEL)
    assert b"FontFile2" in pdf and b"WenQuanYi" in pdf
    assert len(pdf) < 100_000


@pytest.fixture
def parcel(world) -> Parcel:
    shipping.sf(world.shop)
    made = shipping.shipment(world, ("HD-1", 2))
    parcel = packing.pack(shipment=made, carrier="SF", by="op", now=LATER)
    Parcel.objects.filter(pk=parcel.pk).update(state="issued", waybill="SF1", issued_at=LATER)
    parcel.refresh_from_db()
    return parcel


@pytest.mark.django_db(transaction=True)
def test_a_label_is_kept_sealed_and_each_look_is_on_record(parcel):
    first = labels.label_of(parcel=parcel, by="mei", now=LATER)
    assert "王爱丽138****8000" in "".join(text_of(first).split())
    kept = File.objects.get(name="SF1.pdf")
    assert (kept.sealed, kept.expires_at) == (True, LATER + timedelta(days=14))
    assert b"%PDF" not in files.read(kept)
    assert Access.objects.filter(who="operator:mei").count() == 3
    assert labels.label_of(parcel=parcel, by="wei", now=LATER) == first
    assert Access.objects.filter(who="operator:wei").count() == 1
    assert File.objects.filter(name="SF1.pdf").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_label_is_made_anew_once_the_kept_one_is_over(parcel):
    labels.label_of(parcel=parcel, by="mei", now=LATER)
    labels.label_of(parcel=parcel, by="mei", now=LATER + timedelta(days=15))
    assert File.objects.filter(name="SF1.pdf").count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_a_waybill_or_a_readable_receiver_there_is_no_label(parcel, monkeypatch):
    with monkeypatch.context() as later:  # the key of a paid order is destroyed on its day, years from now
        later.setattr(vault, "unwrap", _closed)
        with pytest.raises(ReceiverGone):
            labels.label_of(parcel=parcel, by="mei", now=LATER)
    Parcel.objects.update(state="cancelled")
    with pytest.raises(labels.NoWaybill):
        labels.label_of(parcel=parcel, by="mei", now=make.NOW)


def _closed(data_key):
    raise vault.VaultClosed("destroyed")
