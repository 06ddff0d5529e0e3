"""A label (电子面单) of 100 × 180 mm: barcode, route, whither and whence, its Chinese fonts embedded.

Pure rendering: no settings, no database. Fonts are embedded, as a label printer has none of its own.
What is long is wrapped and set smaller; whither and whence are never cut, and a character that no font has
is refused rather than left blank.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from io import BytesIO

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from kernel.errors import Conflict
from logistics.gateways.waybills import Place
from logistics.label_fonts import font_of, runs, wide

MM = float(mm)
WIDTH, HEIGHT = 100 * MM, 180 * MM
EDGE = 5 * MM
SMALLEST, LEADING = 6.0, 1.35
RECEIVER_HIGH, SENDER_HIGH, FOOT = 55 * MM, 36 * MM, 10 * MM
WHOSE = {"receiver": "收件", "sender": "寄件"}
PARTS = (
    ("name", "人姓名"),
    ("phone", "电话"),
    ("province", "省"),
    ("city", "市"),
    ("county", "区县"),
    ("street", "地址"),
)
_WORD = re.compile(r"[!-~]+|.", re.DOTALL)


@dataclass(eq=False)
class LabelTooLong(Conflict):
    """Set in the smallest letters it still has no room."""

    code = "label_too_long"
    title = "The label has no room for {part}: shorten it, or use the carrier's own label."
    title_zh = "面单容纳不下“{part}”，请缩短，或改用承运商面单。"
    part: str


@dataclass(eq=False)
class LabelLacksCharacters(Conflict):
    """No font has a picture for some characters: they would be printed as nothing.

    It tells where they stand and never which they are, as they may be of a person's name.
    """

    code = "label_lacks_characters"
    title = "The label's fonts lack a character at {where}: use the carrier's own label."
    title_zh = "面单字体缺字（{where}），请改用承运商面单。"
    where: str


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a label; the receiver's telephone is masked before it gets here."""

    carrier: str
    waybill: str
    routing: str
    receiver: Place
    sender: Place
    order: str
    content: tuple[str, ...]
    weight_g: int
    printed: str


def render(label: Label) -> bytes:
    """The label as a PDF of one page. Raises LabelLacksCharacters, LabelTooLong."""
    _check(label)
    page = BytesIO()
    canvas = Canvas(page, pagesize=(WIDTH, HEIGHT), invariant=True)
    canvas.setTitle(label.waybill)
    y = HEIGHT - 12 * MM
    _text(canvas, EDGE, y, 15, label.carrier)
    _right(canvas, y, 8, label.printed)
    y = _rule(canvas, y - 4 * MM)
    _centred(canvas, y - 12 * MM, 26, label.routing)
    y = _rule(canvas, y - 17 * MM)
    y = _barcode(canvas, y, label.waybill)
    y = _rule(canvas, y)
    y = _place(canvas, y, "收", label.receiver, size=13, high=RECEIVER_HIGH)
    y = _rule(canvas, y)
    y = _place(canvas, y, "寄", label.sender, size=9, high=SENDER_HIGH)
    y = _rule(canvas, y)
    _text(canvas, EDGE, y - 6 * MM, 9, f"订单 {label.order}")
    _right(canvas, y - 6 * MM, 9, f"{label.weight_g / 1000:.2f} kg")
    _content(canvas, y - 11 * MM, label.content)
    _text(canvas, EDGE, 6 * MM, 7, "签收前请验视包裹。")
    canvas.showPage()
    canvas.save()
    return page.getvalue()


def _barcode(canvas: Canvas, y: float, waybill: str) -> float:
    code = Code128(waybill, barHeight=18 * MM, barWidth=0.375 * MM, quiet=True, humanReadable=False)
    if code.width > WIDTH - 2 * EDGE:  # a long number gets thinner bars
        code = Code128(
            waybill, barHeight=18 * MM, barWidth=0.375 * MM * (WIDTH - 2 * EDGE) / code.width, quiet=True
        )
    code.drawOn(canvas, (WIDTH - code.width) / 2, y - 21 * MM)
    _centred(canvas, y - 27 * MM, 12, waybill)
    return y - 31 * MM


def _place(canvas: Canvas, y: float, mark: str, place: Place, *, size: float, high: float) -> float:
    """Who and where, behind a mark in a ring, as large as fits into `high`; the next line below."""
    canvas.circle(EDGE + 4 * MM, y - 7.5 * MM, 4 * MM)
    _text(canvas, EDGE + 4 * MM - wide(mark, 12) / 2, y - 9 * MM, 12, mark)
    left, room = EDGE + 11 * MM, WIDTH - 2 * EDGE - 11 * MM
    region = "".join(dict.fromkeys((place.province, place.city, place.county)))
    while True:
        who = _wrapped(f"{place.name}  {place.phone}", size, room)
        where = _wrapped(f"{region}{place.street}", size - 1, room)
        needed = 8 * MM + (len(who) * size + len(where) * (size - 1)) * LEADING
        if needed <= high:
            break
        size -= 0.5
        if size - 1 < SMALLEST:
            raise LabelTooLong(part={"收": "收件人", "寄": "寄件人"}[mark])
    below = _lines(canvas, (left, y - 7 * MM), size, who)
    below = _lines(canvas, (left, below - 1 * MM), size - 1, where)
    return min(below, y - 12 * MM - size)


def _content(canvas: Canvas, y: float, goods: tuple[str, ...]) -> None:
    """What is in it; of goods that have no room it says how many kinds there are more."""

    def lines(shown: int, size: float) -> list[str] | None:
        left_out = len(goods) - shown
        named = [*goods[:shown], *([f"另有 {left_out} 种"] if left_out else [])]
        broken = _wrapped("；".join(named), size, WIDTH - 2 * EDGE)
        return broken if y - len(broken) * size * LEADING >= FOOT - size else None

    shown = len(goods)
    if lines(shown, SMALLEST) is None:  # the more are named the more room they take
        shown = bisect_left(range(shown), True, key=lambda many: lines(many, SMALLEST) is None) - 1
    for size in (8.0, 7.0, SMALLEST):
        if fitting := lines(shown, size):
            _lines(canvas, (EDGE, y), size, fitting)
            return


def _lines(canvas: Canvas, at: tuple[float, float], size: float, lines: list[str]) -> float:
    """Line under line from `at` on; where the next one would stand."""
    x, y = at
    for number, line in enumerate(lines):
        _text(canvas, x, y - number * size * LEADING, size, line)
    return y - len(lines) * size * LEADING


def _wrapped(text: str, size: float, width: float) -> list[str]:
    """Broken between any two characters of Chinese; a word or number only where it has no room in a line."""
    lines = [""]
    for word in _WORD.findall(" ".join(text.split())):
        if wide(lines[-1] + word, size) <= width:
            lines[-1] += word
        elif wide(word, size) <= width:
            lines.append(word)
        else:
            for character in word:
                if wide(lines[-1] + character, size) > width:
                    lines.append("")
                lines[-1] += character
    return [line.strip() for line in lines]


def _centred(canvas: Canvas, y: float, size: float, text: str) -> None:
    """Across the page, smaller where it is long."""
    if text:
        size = min(size, size * (WIDTH - 2 * EDGE) / wide(text, size))
        _text(canvas, (WIDTH - wide(text, size)) / 2, y, size, text)


def _right(canvas: Canvas, y: float, size: float, text: str) -> None:
    _text(canvas, WIDTH - EDGE - wide(text, size), y, size, text)


def _check(label: Label) -> None:
    """Raises LabelLacksCharacters."""
    texts = [
        *(
            (f"{WHOSE[whose]}{name}", getattr(getattr(label, whose), field))
            for whose in WHOSE
            for field, name in PARTS
        ),
        ("承运商", label.carrier),
        ("运单号", label.waybill),
        ("路由", label.routing),
        ("订单号", label.order),
        *((f"商品{number}", named) for number, named in enumerate(label.content, start=1)),
    ]
    lacking = []
    for name, text in texts:
        at = [str(n) for n, one in enumerate(text, start=1) if not one.isspace() and font_of(one) is None]
        if at:
            lacking.append(f"{name} 第 {'、'.join(at)} 字")
    if lacking:
        raise LabelLacksCharacters(where="；".join(lacking))


def _text(canvas: Canvas, x: float, y: float, size: float, text: str) -> None:
    for font, piece in runs(text):
        canvas.setFont(font, size)
        canvas.drawString(x, y, piece)
        x += wide(piece, size)


def _rule(canvas: Canvas, y: float) -> float:
    canvas.line(EDGE, y, WIDTH - EDGE, y)
    return y
