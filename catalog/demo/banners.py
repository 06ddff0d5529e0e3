"""Banners, wordmarks and tab icons of the demonstration's shops, drawn the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from catalog.demo.pictures import PALETTES, paint_of
from catalog.demo.stage import Stage

WIDTH, HEIGHT = 1500, 700
LOGO, ICON = (640, 160), 162
_OVER = 2


@dataclass(frozen=True, slots=True)
class Ware:
    """A product on a banner, as the catalogue's demonstration knows it."""

    code: str
    category: str
    brand: str
    brand_name: str
    name: str


def banner(
    wares: Sequence[Ware], *, frame: str, ground: str, ink: str, headline: str, above: str
) -> Image.Image:
    """Words on the left, up to three products on the right: in arches, discs or panes."""
    whole = Image.new("RGB", (WIDTH * _OVER, HEIGHT * _OVER), ground)
    pen = ImageDraw.Draw(whole)
    _tiles(whole, [_pictured(ware) for ware in wares[:3]], frame)
    x, y = 90 * _OVER, 232 * _OVER
    _spaced(pen, (x, y), above.upper(), points=24 * _OVER, fill=ink, space=6 * _OVER)
    pen.line([(x, y + 62 * _OVER), (x + 84 * _OVER, y + 62 * _OVER)], fill=ink, width=2 * _OVER)
    for number, words in enumerate(headline.split("\n")):
        _spaced(pen, (x, y + (92 + number * 88) * _OVER), words, points=70 * _OVER, fill=ink, space=_OVER)
    return whole.reduce(_OVER)


def portrait(ware: Ware, side: int) -> Image.Image:
    """A product by itself, small and square."""
    return _pictured(ware).resize((side, side), Image.Resampling.LANCZOS)


def wordmark(name: str, *, ink: str, accent: str, shape: str) -> Image.Image:
    """A sign and the name beside it, on nothing: it stands on whatever the page is."""
    size = LOGO[0] * _OVER, LOGO[1] * _OVER
    whole = Image.new("RGBA", size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(whole)
    side = 96 * _OVER
    top = (size[1] - side) // 2
    _SIGNS[shape](pen, top, side, accent)
    points, room = 60 * _OVER, size[0] - side - top - 40 * _OVER
    while _length(pen, name, points, points // 10) > room:
        points -= 2
    at = top + side + 24 * _OVER, size[1] // 2
    _spaced(pen, at, name, points=points, fill=ink, space=points // 10, anchor="lm")
    return whole.reduce(_OVER)


def icon(tab: str, *, colour: str, line: float, filled: bool) -> Image.Image:
    """One of the four tabs in one colour, `line` hundredths thick, or filled."""
    over = 4
    side = ICON * over
    whole = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(whole)
    width = round(side * line / 100)
    ink: dict[str, Any] = {"fill": colour if filled else None, "outline": colour, "width": width}

    def at(*values: float) -> tuple[int, ...]:
        return tuple(round(value * side / 100) for value in values)

    if tab == "home":
        walls = [at(16, 46), at(50, 16), at(84, 46), at(84, 84), at(16, 84)]
        pen.polygon(walls, fill=ink["fill"])
        pen.line([*walls, walls[0], walls[1]], fill=colour, width=width, joint="curve")
        pen.line([at(50, 84), at(50, 62)], fill="#ffffff" if filled else colour, width=width)
    elif tab == "category":
        for x, y in ((16, 16), (54, 16), (16, 54)):
            pen.rounded_rectangle(at(x, y, x + 30, y + 30), at(6)[0], **ink)
        pen.ellipse(at(54, 54, 84, 84), **ink)
    elif tab == "cart":
        pen.rounded_rectangle(at(18, 36, 82, 86), at(8)[0], **ink)
        pen.arc(at(34, 14, 66, 58), 180, 360, fill=colour, width=width)
    else:
        pen.ellipse(at(34, 14, 66, 46), **ink)
        pen.pieslice(at(14, 54, 86, 126), 180, 360, **ink)
    return whole.reduce(over)


def _pictured(ware: Ware) -> Image.Image:
    stage = Stage(PALETTES.get(ware.brand, next(iter(PALETTES.values()))))
    paint_of(ware.code, ware.category)(stage, ware.brand_name, ware.name)
    return stage.finish()


# Left, top, width and height of each picture, and how round its corners are.
_FRAMES = {
    "arches": (((720, 120, 230, 437), (970, 60, 250, 475), (1240, 150, 210, 399)), 0.5),
    "discs": (((960, 90, 420, 420), (700, 300, 280, 280), (1240, 430, 220, 220)), 0.5),
    "panes": (((750, 0, 375, 700), (1125, 0, 375, 350), (1125, 350, 375, 350)), 0.0),
}


def _tiles(whole: Image.Image, pictures: list[Image.Image], frame: str) -> None:
    """Each picture in its place, cut to it from its middle."""
    places, radius = _FRAMES[frame]
    for picture, (left, top, width, height) in zip(pictures, places, strict=False):
        size = width * _OVER, height * _OVER
        side = max(size)
        shown = picture.resize((side, side), Image.Resampling.LANCZOS)
        cut = (side - size[0]) // 2, (side - size[1]) // 2
        shown = shown.crop((*cut, cut[0] + size[0], cut[1] + size[1]))
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius * size[0], fill=255)
        whole.paste(shown, (left * _OVER, top * _OVER), mask)


def _blossom(pen: ImageDraw.ImageDraw, top: int, side: int, colour: str) -> None:
    """Four petals around a middle."""
    part = side // 2
    for x, y in ((0, 1), (2, 1), (1, 0), (1, 2)):
        left, upper = top + x * part // 2, top + y * part // 2
        pen.ellipse((left, upper, left + part, upper + part), outline=colour, width=side // 24)


def _cross(pen: ImageDraw.ImageDraw, top: int, side: int, colour: str) -> None:
    """A cross with round arms, as pharmacies have."""
    third = side // 3
    for box in ((third, 0, 2 * third, side), (0, third, side, 2 * third)):
        pen.rounded_rectangle([top + value for value in box], third // 2, fill=colour)


def _block(pen: ImageDraw.ImageDraw, top: int, side: int, colour: str) -> None:
    """A square with a bean in it."""
    pen.rectangle((top, top, top + side, top + side), fill=colour)
    inset = side // 4
    pen.ellipse((top + inset, top + side // 6, top + side - inset, top + side - side // 6), fill="#f5efe4")
    pen.line(
        [(top + side // 2, top + side // 6), (top + side // 2, top + side - side // 6)],
        fill=colour,
        width=side // 14,
    )


_SIGNS = {"blossom": _blossom, "cross": _cross, "block": _block}


def _font(points: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=points)


def _length(pen: ImageDraw.ImageDraw, words: str, points: int, space: int) -> float:
    return pen.textlength(words, font=_font(points)) + space * len(words)


def _spaced(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    words: str,
    *,
    points: int,
    fill: str,
    space: int,
    anchor: str = "la",
) -> None:
    """Words letter by letter, each `space` further apart."""
    x, y = at
    font = _font(points)
    for letter in words:
        pen.text((x, y), letter, font=font, fill=fill, anchor=anchor)
        x += pen.textlength(letter, font=font) + space
