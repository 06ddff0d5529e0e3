"""A picture as it may be kept: whole, and encoded anew, so that place, device and hidden text stay behind.

How large it is in memory is known from its header, before anything is decoded: a photo of a phone's camera is
decoded at a fraction of its size, other pictures are those of a screen, and one at a time in a process.
"""

from __future__ import annotations

import hashlib
import io
import struct
import threading
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES, LONGEST_SIDE = 5 * 1024 * 1024, 2048
# A camera of 24 million pixels; of what cannot be decoded smaller, a screen of 4K. Either takes at most some
# 160 MB: 4 bytes a pixel, and up to four copies of a WebP with transparency.
MOST_PIXELS = {"JPEG": 25_000_000, "PNG": 9_000_000, "WEBP": 9_000_000}
# What a picture that is none, is broken, or describes itself wrongly is met with.
UNREADABLE = (
    *(UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, EOFError),
    *(TypeError, KeyError, IndexError, struct.error),
)
MEDIA_TYPE = "image/jpeg"
_ONE_AT_A_TIME = threading.Lock()


class TooLarge(ValueError):
    """More bytes or pixels than are needed to see something."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture and its thumbnail below MEDIA_ROOT; the size in pixels is the picture's."""

    path: str
    thumbnail_path: str
    width: int
    height: int


def plain(content: bytes) -> bytes:
    """`content` as a JPEG of at most 2048 pixels a side; ValueError for what is no picture, TooLarge."""
    upright = _upright(content)
    white = Image.new("RGB", upright.size, "white")
    white.paste(upright, mask=upright.getchannel("A"))
    into = io.BytesIO()
    white.save(into, format="JPEG", quality=85)
    return into.getvalue()


def store(folder: str, content: bytes, *, side: int, thumbnail: int, clear: bool = False) -> Stored:
    """Keep `content`, encoded anew, and its thumbnail below `folder`, named by what they hold: twice is once.

    A `clear` one stays transparent where it was (PNG). Raises ValueError for what is no picture, TooLarge.
    """
    if clear:
        upright = _upright(content)
        made, ending = [_clear(upright, most) for most in (side, thumbnail)], "png"
    else:
        whole = plain(content)
        made, ending = [smaller(whole, most) for most in (side, thumbnail)], "jpg"
    below = f"{folder}/{hashlib.sha256(made[0][0]).hexdigest()[:40]}"
    paths = f"{below}.{ending}", f"{below}-{thumbnail}.{ending}"
    for path, (bytes_, _, _) in zip(paths, made, strict=True):
        if not default_storage.exists(path):
            default_storage.save(path, ContentFile(bytes_))
    return Stored(*paths, *made[0][1:])


def smaller(content: bytes, side: int) -> tuple[bytes, int, int]:
    """A picture that `plain` gave, at most `side` pixels a side, with its width and height."""
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as found:
        found.draft(None, (side, side))
        found.thumbnail((side, side), reducing_gap=None)
        into = io.BytesIO()
        found.save(into, format="JPEG", quality=85)
        return into.getvalue(), found.width, found.height


def _upright(content: bytes) -> Image.Image:
    if len(content) > MOST_BYTES:
        raise TooLarge()
    try:
        with _ONE_AT_A_TIME, Image.open(io.BytesIO(content), formats=list(MOST_PIXELS)) as found:
            if found.width * found.height > MOST_PIXELS[found.format or ""]:
                raise TooLarge()
            found.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # of a JPEG: decoded at ½, ¼ or ⅛
            found.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=None)
            return ImageOps.exif_transpose(found).convert("RGBA")
    except UNREADABLE as failure:
        raise ValueError("a picture is a whole JPEG, PNG or WebP") from failure


def _clear(upright: Image.Image, side: int) -> tuple[bytes, int, int]:
    small = upright.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    small.info.clear()
    into = io.BytesIO()
    small.save(into, format="PNG", optimize=True)
    return into.getvalue(), small.width, small.height
