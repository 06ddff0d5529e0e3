"""Each character of a label is set in the font that has it: the common one, or for rare names a second one.

The second font has curves that PDF writers here cannot embed: each character that is taken from it becomes
a small font of its own, drawn from those curves.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from itertools import groupby
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont as Source
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

COMMON = "label"
SIMPLIFIED, REGULAR = 2, {"wght": 400}  # of the collection's faces the one as China writes; its usual weight
FINE = 1.0  # by how many thousandths of a letter a curve may differ


def font_of(character: str) -> str | None:
    """The name of the font that has it; None where none has."""
    if ord(character) in _common():
        return COMMON
    return _rare(character)


def runs(text: str) -> list[tuple[str, str]]:
    """The text in pieces of one font each. What no font has is set in the common one, as a blank."""
    return [(name, "".join(piece)) for name, piece in groupby(text, key=lambda one: font_of(one) or COMMON)]


def wide(text: str, size: float) -> float:
    """How wide the text is at a size."""
    return sum(float(pdfmetrics.stringWidth(piece, name, size)) for name, piece in runs(text))


@lru_cache(maxsize=1)
def _common() -> dict[int, int]:
    """The common font's glyphs by character."""
    path = files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc"
    font = TTFont(COMMON, str(path), subfontIndex=0)
    pdfmetrics.registerFont(font)
    glyphs: dict[int, int] = font.face.charToGlyph
    return glyphs


@lru_cache(maxsize=1)
def _second() -> tuple[dict[int, str], Any, int]:
    """The second font: names of glyphs by character, the glyphs, and how many units a letter is high."""
    path = files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
    font = Source(str(path), fontNumber=SIMPLIFIED, lazy=True)
    return font.getBestCmap(), font.getGlyphSet(location=REGULAR), font["head"].unitsPerEm


@lru_cache(maxsize=4096)
def _rare(character: str) -> str | None:
    names, glyphs, units = _second()
    name = names.get(ord(character))
    if name is None:
        return None
    pen, empty = TTGlyphPen(None), TTGlyphPen(None)
    glyphs[name].draw(Cu2QuPen(pen, FINE * units / 1000, reverse_direction=True))
    made = FontBuilder(units, isTTF=True)
    made.setupGlyphOrder([".notdef", name])
    made.setupCharacterMap({ord(character): name})
    made.setupGlyf({".notdef": empty.glyph(), name: pen.glyph()})
    made.setupHorizontalMetrics({".notdef": (units, 0), name: (round(glyphs[name].width), 0)})
    made.setupHorizontalHeader(ascent=880 * units // 1000, descent=-120 * units // 1000)
    known = f"LabelRare-{ord(character):X}"
    made.setupNameTable({"familyName": known, "styleName": "Regular", "psName": known})
    made.setupOS2()
    made.setupPost()
    file = BytesIO()
    made.save(file)
    file.seek(0)
    pdfmetrics.registerFont(TTFont(known, file))
    return known
