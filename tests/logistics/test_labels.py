"""A label can be read by people and by a scanner, shows no whole telephone, and is kept sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pypdfium2
import pytest
from reportlab.graphics.barcode.code128 import Code128

from compliance import vault
from compliance.models import Access
from kernel import files
from kernel.models import File
from logistics.gateways.waybills import Place
from logistics.label_pdf import Label, LabelLacksCharacters, LabelTooLong, render
from logistics.models import Parcel, Shipment
from logistics.services import labels, packing
from logistics.services.receiver import ReceiverGone, receiver_for_label
from orders.models import Order
from tests import make
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.stepping import step

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


LONG = (
    "世纪大道一千二百三十四号环球金融中心裙房东侧物业管理处旁边的临时快递收发点请从北门进入绕过喷泉后左转" * 5
)
NAME = "穆罕默德阿卜杜勒拉赫曼" * 7


@pytest.mark.parametrize("length", [20, 50, 90, 140, 200])
def test_no_address_and_no_name_that_may_be_entered_is_cut(length):
    street = LONG[: length - 5] + "1808室"
    pdf = render(replace(LABEL, receiver=replace(TO, name=NAME[:60], street=street)))
    text = "".join(text_of(pdf).split())
    assert f"{NAME[:60]}138****8000上海市浦东新区{street}寄" in text.replace("收", "", 1)
    assert "宁波美妆保税仓057488880000浙江省宁波市北仑区保税东路8号3库" in text
    assert "订单26112712345678" in text and "熨斗IR-1×1签收前请验视包裹。" in text
    assert everything_is_on_paper(pdf)


def test_the_longest_sender_and_routing_that_may_be_entered_are_on_the_paper():
    sender = replace(FROM, name="仓" * 100, street="路" * 115 + "3号库A区", phone="0" * 20)
    pdf = render(replace(LABEL, sender=sender, routing="021W-FA-008-" * 3, waybill="7" * 40))
    text = "".join(text_of(pdf).split())
    assert f"{'仓' * 100}{'0' * 20}" in text and f"{'路' * 115}3号库A区" in text
    assert "021W-FA-008-" * 3 in text and "7" * 40 in text
    assert everything_is_on_paper(pdf)


def test_what_has_no_room_even_in_the_smallest_letters_is_refused():
    with pytest.raises(LabelTooLong) as refused:
        render(replace(LABEL, receiver=replace(TO, street="路" * 1_500)))
    assert refused.value.facts() == {"part": "收件人"}


def test_of_goods_that_have_no_room_it_says_how_many_more_there_are():
    goods = tuple(f"法国原装进口高端修护保湿面霜限量礼盒装第 {number} 款 × 2" for number in range(1, 201))
    pdf = render(replace(LABEL, content=goods))
    text = "".join(text_of(pdf).split())
    shown = text.count("限量礼盒装")
    assert 20 < shown < 200 and f"另有{200 - shown}种" in text
    assert everything_is_on_paper(pdf)


def ink(pdf: bytes) -> int:
    """How many dots of the page are dark."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=4, grayscale=True).to_pil()
    return sum(picture.histogram()[:128])


@pytest.mark.parametrize("rare", ["𠮷", "㛃", "䶮", "𨋢", "𬭎", "𫖯", "𬎆", "㐂"])
def test_rare_characters_of_names_and_streets_are_printed(rare):
    blank = ink(render(replace(LABEL, receiver=replace(TO, name="欧　丽", street="路　1 号"))))
    pdf = render(replace(LABEL, receiver=replace(TO, name=f"欧{rare}丽", street=f"路{rare}1 号")))
    common = ink(render(replace(LABEL, receiver=replace(TO, name="欧瑾丽", street="路瑾1 号")))) - blank
    assert common * 0.5 < ink(pdf) - blank < common * 2
    assert f"LabelRare-{ord(rare):X}".encode() in pdf and everything_is_on_paper(pdf)


def test_a_rare_character_has_the_shape_that_its_font_has_and_no_others():
    first, other = (render(replace(LABEL, receiver=replace(TO, name=name))) for name in ("㛃", "䶮"))
    assert "㛃138****8000" in "".join(text_of(first).split())
    assert "䶮138****8000" in "".join(text_of(other).split())
    assert b"LabelRare-36C3" in first and b"LabelRare-36C3" not in other


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"receiver": replace(TO, name="李𰀀𠮷𰀀")}, "收件人姓名 第 2、4 字"),
        ({"receiver": replace(TO, street="𨋢𰀀村 1 号")}, "收件地址 第 2 字"),
        (
            {"sender": replace(FROM, name="𰀀仓"), "content": ("面霜", "霜𰀀")},
            "寄件人姓名 第 1 字；商品2 第 2 字",
        ),
    ],
)
def test_of_a_character_that_no_font_has_it_tells_the_place_and_not_the_character(changes, where):
    with pytest.raises(LabelLacksCharacters) as refused:
        render(replace(LABEL, **changes))
    assert refused.value.facts() == {"where": where}
    assert "𰀀" not in refused.value.text("zh") + refused.value.text("en") + str(refused.value)


def everything_is_on_paper(pdf: bytes) -> bool:
    """Whether every letter lies within the margins, and no two lines on each other."""
    page = pypdfium2.PdfDocument(pdf)[0]
    text = page.get_textpage()
    boxes = [text.get_charbox(at) for at in range(text.count_chars())]
    wide, high = page.get_size()
    inside = all(
        left >= 10 and right <= wide - 10 and low >= 10 and top <= high for left, low, right, top in boxes
    )
    centres = [((left + right) / 2, (low + top) / 2) for left, low, right, top in boxes if right > left]
    return inside and all(
        abs(x - u) > 1 or abs(y - v) > 4
        for number, (x, y) in enumerate(centres)
        for u, v in centres[number + 1 :]
    )


@pytest.fixture
@step
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
def test_a_label_that_is_refused_is_not_kept_and_the_look_stays_on_record(parcel, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(labels, "receiver_for_label", lambda **told: receiver_named("𰀀野", **told))
        with pytest.raises(LabelLacksCharacters):
            labels.label_of(parcel=parcel, by="mei", now=LATER)
    assert (File.objects.count(), Access.objects.filter(who="operator:mei").count()) == (0, 3)


def receiver_named(name: str, **told) -> Place:
    return replace(receiver_for_label(**told), name=name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("order", "shipment"), [("cancelled", "labelled"), ("paid", "cancelled"), ("paid", "returned")]
)
def test_what_does_not_leave_gets_no_label_though_its_carrier_keeps_the_waybill(parcel, order, shipment):
    labels.label_of(parcel=parcel, by="mei", now=LATER)  # and the one that is kept is not shown either
    Order.objects.filter(pk=parcel.shipment.order_id).update(state=order)
    Shipment.objects.update(state=shipment, dispatched_at=LATER)
    with pytest.raises(labels.NothingLeaves) as refused:
        labels.label_of(parcel=parcel, by="mei", now=LATER)
    assert refused.value.facts() == {"order": order, "shipment": shipment}


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
