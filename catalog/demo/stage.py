"""Where the demo's products are pictured: a grid of 100 × 100, a palette per brand, light from the left."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

SIDE = 800
_OVER = 2  # drawn larger, then reduced, for smooth edges
_UNIT = SIDE * _OVER / 100

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Palette:
    """Background above and below, the product's body, its cap or trim, and the ink of its label."""

    sky: str
    floor: str
    body: str
    trim: str
    ink: str


def mix(a: str, b: str, part: float) -> Colour:
    """`part` of colour b in colour a."""
    first, second = ImageColor.getrgb(a), ImageColor.getrgb(b)
    return (
        round(first[0] + (second[0] - first[0]) * part),
        round(first[1] + (second[1] - first[1]) * part),
        round(first[2] + (second[2] - first[2]) * part),
    )


class Stage:
    """One picture in the making; every measure is in hundredths of its side."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.image = _background(palette.sky, palette.floor).copy()
        self.pen = ImageDraw.Draw(self.image)

    def shadow(self, left: float, right: float, y: float) -> None:
        """A soft shadow on the floor, drawn small and blurred."""
        small = Image.new("L", (200, 200), 0)
        ImageDraw.Draw(small).ellipse((left * 2, y * 2 - 4, right * 2 + 8, y * 2 + 6), fill=105)
        soft = small.filter(ImageFilter.GaussianBlur(5)).resize(self.image.size, Image.Resampling.BICUBIC)
        self.image.paste(mix(self.palette.floor, "#20160f", 0.75), (0, 0), soft)

    def block(self, box: Box, fill: str | Colour, radius: float = 2) -> None:
        """A rounded rectangle."""
        self.pen.rounded_rectangle(_scaled(box), radius * _UNIT, fill=fill)

    def disc(self, box: Box, fill: str | Colour) -> None:
        """An ellipse."""
        self.pen.ellipse(_scaled(box), fill=fill)

    def shape(self, points: list[tuple[float, float]], fill: str | Colour) -> None:
        """A polygon."""
        self.pen.polygon([(x * _UNIT, y * _UNIT) for x, y in points], fill=fill)

    def line(self, points: list[tuple[float, float]], fill: str | Colour, width: float) -> None:
        """A line through points, its joints rounded."""
        self.pen.line(
            [(x * _UNIT, y * _UNIT) for x, y in points],
            fill=fill,
            width=round(width * _UNIT),
            joint="curve",
        )

    def gleam(self, box: Box, strength: float = 0.35, radius: float = 1) -> None:
        """A pale stripe of light on what was drawn before."""
        left, top, right, bottom = (round(v) for v in _scaled(box))
        mask = Image.new("L", (right - left, bottom - top), 0)
        ImageDraw.Draw(mask).rounded_rectangle(
            (0, 0, right - left, bottom - top), radius * _UNIT, fill=round(255 * strength)
        )
        self.image.paste("#ffffff", (left, top), mask)

    def text(self, x: float, y: float, words: str, size: float, *, width: float, fill: str = "") -> None:
        """Words centred on (x, y), made smaller until they fit into `width`."""
        words = _unaccented(words)
        font = _font(size)
        room = width * _UNIT
        while size > 1 and self.pen.textlength(words, font=font) > room:
            size *= 0.94
            font = _font(size)
        self.pen.text((x * _UNIT, y * _UNIT), words, font=font, fill=fill or self.palette.ink, anchor="mm")

    def label(self, box: Box, brand: str, name: str, *, plate: bool = True) -> None:
        """The product's label: brand above a thin rule, name below it in up to two lines."""
        left, top, right, bottom = box
        middle, width = (left + right) / 2, (right - left) * 0.88
        if plate:
            self.block(box, mix(self.palette.body, "#fffdf8", 0.86), 0.8)
        height = bottom - top
        self.text(middle, top + height * 0.3, brand.upper(), height * 0.2, width=width)
        self.line(
            [(middle - 3, top + height * 0.5), (middle + 3, top + height * 0.5)], self.palette.ink, 0.25
        )
        lines = _two_lines(name)
        for number, part in enumerate(lines):
            step = 0.68 if len(lines) == 1 else 0.62 + 0.19 * number
            self.text(middle, top + height * step, part, height * 0.14, width=width)

    def finish(self) -> Image.Image:
        """The picture at its final size."""
        return self.image.reduce(_OVER)


@cache
def _background(sky: str, floor: str) -> Image.Image:
    side = SIDE * _OVER
    ramp = Image.linear_gradient("L").resize((side, side))
    image = Image.composite(Image.new("RGB", ramp.size, floor), Image.new("RGB", ramp.size, sky), ramp)
    pen = ImageDraw.Draw(image)
    pen.ellipse(_scaled((17, 11, 83, 77)), fill=mix(sky, "#ffffff", 0.45))
    pen.rectangle(_scaled((0, 84, 100, 100)), fill=mix(floor, "#ffffff", 0.18))
    return image


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=max(8, size * _UNIT))


def _unaccented(words: str) -> str:
    """Pillow's built-in font has no accented letters."""
    return "".join(c for c in unicodedata.normalize("NFKD", words) if not unicodedata.combining(c))


def _two_lines(words: str) -> list[str]:
    """A long name broken where its halves are most alike."""
    if len(words) < 17 or " " not in words:
        return [words]
    parts = words.split(" ")
    breaks = [[" ".join(parts[:n]), " ".join(parts[n:])] for n in range(1, len(parts))]
    return min(breaks, key=lambda pair: abs(len(pair[0]) - len(pair[1])))


def _scaled(box: Box) -> tuple[float, float, float, float]:
    return (box[0] * _UNIT, box[1] * _UNIT, box[2] * _UNIT, box[3] * _UNIT)
