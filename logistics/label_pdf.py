"""A label (电子面单) of 100 × 180 mm: barcode, route, whither and whence, in one embedded Chinese font.

Pure rendering: no settings, no database. The font is embedded, as a label printer has none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from logistics.gateways.waybills import Place

MM = float(mm)
WIDTH, HEIGHT = 100 * MM, 180 * MM
EDGE = 5 * MM
FONT = "label"


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
    """The label as a PDF of one page."""
    _font()
    page = BytesIO()
    canvas = Canvas(page, pagesize=(WIDTH, HEIGHT), invariant=True)
    canvas.setTitle(label.waybill)
    y = HEIGHT - 12 * MM
    _text(canvas, EDGE, y, 15, label.carrier)
    canvas.setFont(FONT, 8)
    canvas.drawRightString(WIDTH - EDGE, y, label.printed)
    y = _rule(canvas, y - 4 * MM)
    canvas.setFont(FONT, 26)
    canvas.drawCentredString(WIDTH / 2, y - 12 * MM, label.routing or " ")
    y = _rule(canvas, y - 17 * MM)
    y = _barcode(canvas, y, label.waybill)
    y = _rule(canvas, y)
    y = _place(canvas, y, "收", label.receiver, 13)
    y = _rule(canvas, y)
    y = _place(canvas, y, "寄", label.sender, 9)
    y = _rule(canvas, y)
    _text(canvas, EDGE, y - 6 * MM, 9, f"订单 {label.order}")
    canvas.setFont(FONT, 9)
    canvas.drawRightString(WIDTH - EDGE, y - 6 * MM, f"{label.weight_g / 1000:.2f} kg")
    y = _lines(canvas, (EDGE, y - 11 * MM), 8, "；".join(label.content), width=WIDTH - 2 * EDGE, most=4)
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
    canvas.setFont(FONT, 12)
    canvas.drawCentredString(WIDTH / 2, y - 27 * MM, waybill)
    return y - 31 * MM


def _place(canvas: Canvas, y: float, mark: str, place: Place, size: float) -> float:
    """Who and where, behind a mark in a ring; the next line below."""
    canvas.circle(EDGE + 4 * MM, y - 7.5 * MM, 4 * MM)
    canvas.setFont(FONT, 12)
    canvas.drawCentredString(EDGE + 4 * MM, y - 9 * MM, mark)
    left, wide = EDGE + 11 * MM, WIDTH - 2 * EDGE - 11 * MM
    _text(canvas, left, y - 7 * MM, size, f"{place.name}  {place.phone}")
    region = "".join(dict.fromkeys((place.province, place.city, place.county)))
    return _lines(canvas, (left, y - 8 * MM - size), size - 1, f"{region}{place.street}", width=wide, most=3)


def _lines(
    canvas: Canvas, at: tuple[float, float], size: float, text: str, *, width: float, most: int
) -> float:
    x, y = at
    broken = [part for piece in _pieces(text, size, width) for part in piece]
    for number, line in enumerate(broken[:most]):
        _text(canvas, x, y - number * size * 1.35, size, line)
    return y - max(1, min(most, len(broken))) * size * 1.35 - 1 * MM


def _pieces(text: str, size: float, width: float) -> list[list[str]]:
    """Broken at blanks where there are some, and between any two characters of Chinese."""
    found: list[list[str]] = []
    for part in simpleSplit(text, FONT, size, width):
        lines, line = [], ""
        for character in part:
            if pdfmetrics.stringWidth(line + character, FONT, size) > width:
                lines.append(line)
                line = ""
            line += character
        found.append([*lines, line])
    return found


def _text(canvas: Canvas, x: float, y: float, size: float, text: str) -> None:
    canvas.setFont(FONT, size)
    canvas.drawString(x, y, text)


def _rule(canvas: Canvas, y: float) -> float:
    canvas.line(EDGE, y, WIDTH - EDGE, y)
    return y


@lru_cache(maxsize=1)
def _font() -> None:
    path = files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc"
    pdfmetrics.registerFont(TTFont(FONT, str(path), subfontIndex=0))
