"""Every demo product has a picture, drawn the same on every machine."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PIL import Image

from catalog.demo import things, vessels
from catalog.demo.stage import SIDE, Colour, Palette, Stage, mix

THUMBNAIL = 320

PALETTES = {
    "maison-aubeline": Palette("#f7e3df", "#e9c3bd", "#c98a86", "#c9a45c", "#5b2530"),
    "rive-et-lune": Palette("#e6e9f4", "#bfc8e2", "#8d9bc9", "#2d3660", "#1f2647"),
    "officine-verdalba": Palette("#eaf0e0", "#c6d3ae", "#8ca56b", "#ede4c8", "#2f4526"),
    "southern-wren": Palette("#e2f1f3", "#b3d7da", "#3f8f9b", "#f2b84b", "#15454d"),
    "petit-orzel": Palette("#fff3d9", "#f6d99b", "#f0a95c", "#7fb7a0", "#6a3f14"),
    "domaine-orvaillac": Palette("#efe4e1", "#cfb3ad", "#6d2537", "#b08d57", "#3b1420"),
    "tenuta-solmarina": Palette("#f3ecd9", "#d9c79a", "#7c7a3a", "#c8693b", "#3c3a17"),
    "torrefazione-nerocalda": Palette("#efe3d6", "#cfb08f", "#4a2c1d", "#d9a441", "#3a1f12"),
    "lana-corvelli": Palette("#f0ebe4", "#d8cabb", "#b99a7b", "#7f8c99", "#43362b"),
    "elettra-fontabruna": Palette("#f5e6e0", "#e3bfae", "#c9523d", "#e9e2d6", "#3a1a14"),
    "dispensa-orofieno": Palette("#f6efdb", "#e0d2a6", "#e8dfc4", "#7f9a4b", "#4a3a12"),
    "kessenbrueck": Palette("#e7ebee", "#c2ccd3", "#6f8291", "#e3e6e8", "#1f2a33"),
}
_ANY = Palette("#eeeeee", "#cccccc", "#8a8a8a", "#dddddd", "#222222")

_SHADES = (("#ffffff", 0.0), ("#ffffff", 0.22), ("#000000", 0.16), ("", 0.3))  # "" is the brand's trim

Draw = Callable[[Stage, str, str], None]
_BY_CATEGORY: dict[str, Draw] = {
    "skincare": vessels.dropper,
    "makeup": vessels.lipstick,
    "masks": vessels.sachet,
    "haircare": vessels.pump,
    "women-fragrance": vessels.flask,
    "men-fragrance": vessels.flask,
    "unisex-fragrance": vessels.flask,
    "home-fragrance": vessels.spray,
    "supplements-daily": vessels.pills,
    "supplements-bone": vessels.pills,
    "supplements-digest": vessels.pills,
    "supplements-beauty": vessels.pills,
    "supplements-sport": vessels.tin,
    "infant-cereal": vessels.tin,
    "infant-puree": vessels.glass,
    "infant-snack": vessels.box,
    "wine-red": vessels.wine,
    "wine-white": vessels.wine,
    "wine-sparkling": vessels.bubbles,
    "spirits": vessels.decanter,
    "coffee-beans": vessels.coffee,
    "coffee-capsules": vessels.box,
    "coffee-instant": vessels.box,
    "pantry-grains": vessels.coffee,
    "pantry-sweet": vessels.pouch,
    "pantry-sauces": vessels.jar,
    "knitwear": things.sweater,
    "tops": things.tee,
    "accessories": things.scarf,
    "coffee-machines": things.espresso,
    "personal-care": things.dryer,
    "kitchen": things.juicer,
}
_BY_PRODUCT: dict[str, Draw] = {
    "aubeline-midnight-repair-cream": vessels.jar,
    "aubeline-lily-toner": vessels.spray,
    "aubeline-daily-veil-spf50": vessels.tube,
    "verdalba-olive-cleansing-milk": vessels.pump,
    "verdalba-calendula-hand-cream": vessels.tube,
    "verdalba-body-lotion-fig": vessels.pump,
    "aubeline-dew-lip-balm": vessels.jar,
    "aubeline-quartet-eyeshadow": vessels.palette,
    "aubeline-precise-mascara": vessels.tube,
    "aubeline-air-pressed-powder": vessels.compact,
    "aubeline-second-skin-foundation": vessels.pump,
    "verdalba-argan-hair-oil": vessels.dropper,
    "rive-lune-discovery-set": vessels.box,
    "wren-collagen-sachets": vessels.box,
    "orzel-pear-pouch": vessels.pouch,
    "orzel-apple-mango-pouch": vessels.pouch,
    "nerocalda-instant-freeze-dried": vessels.glass,
    "corvelli-cashmere-long-cardigan": things.cardigan,
    "corvelli-merino-turtleneck": things.turtleneck,
    "corvelli-poplin-shirt": things.shirt,
    "corvelli-cotton-socks": things.socks,
    "kessenbrueck-drip-brewer": things.brewer,
    "kessenbrueck-sonic-toothbrush": things.toothbrush,
    "kessenbrueck-foil-shaver": things.shaver,
    "fontabruna-retro-toaster": things.toaster,
}


def draw(*, code: str, category: str, brand: str, brand_name: str, name: str) -> Image.Image:
    """The picture of a product, SIDE pixels square; an unknown category becomes a box."""
    palette = PALETTES.get(brand, _ANY)
    # products of one brand differ a little in shade, always the same way
    towards, part = _SHADES[zlib.crc32(code.encode()) % len(_SHADES)]
    stage = Stage(replace(palette, body=_hex(mix(palette.body, towards or palette.trim, part))))
    paint_of(code, category)(stage, brand_name, name)
    return stage.finish()


def paint_of(code: str, category: str) -> Draw:
    """How a product is drawn."""
    return _BY_PRODUCT.get(code) or _BY_CATEGORY.get(category, vessels.box)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def save(picture: Image.Image, folder: Path, code: str) -> tuple[str, str]:
    """Write picture and thumbnail into `folder`; returns their file names."""
    folder.mkdir(parents=True, exist_ok=True)
    full, small = file_names(code)
    picture.save(folder / full, "WEBP", quality=88, method=2)
    picture.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS).save(
        folder / small, "WEBP", quality=86, method=2
    )
    return full, small


def file_names(code: str) -> tuple[str, str]:
    """File names of a product's picture and thumbnail."""
    return f"{code}-{SIDE}.webp", f"{code}-{THUMBNAIL}.webp"
