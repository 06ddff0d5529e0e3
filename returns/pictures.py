"""A picture as it may be kept: whole, and encoded anew, so that place, device and hidden text stay behind."""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES, MOST_PIXELS, LONGEST_SIDE = 5 * 1024 * 1024, 40_000_000, 2048
TAKEN = ("JPEG", "PNG", "WEBP")
# What a picture that is none, is broken, or describes itself wrongly is met with.
UNREADABLE = (
    *(UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, EOFError),
    *(TypeError, KeyError, IndexError, struct.error),
)
MEDIA_TYPE = "image/jpeg"


def plain(content: bytes) -> bytes:
    """`content` as a JPEG of at most 2048 pixels a side; ValueError for what is no picture, or too large."""
    if not 0 < len(content) <= MOST_BYTES:
        raise ValueError("a picture has at most 5 MB")
    try:
        with Image.open(io.BytesIO(content), formats=TAKEN) as found:
            if found.width * found.height > MOST_PIXELS:
                raise ValueError("a picture has at most 40 million pixels")
            found.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(found).convert("RGBA")
    except UNREADABLE as failure:
        raise ValueError("a picture is a whole JPEG, PNG or WebP") from failure
    white = Image.new("RGB", upright.size, "white")
    white.paste(upright, mask=upright.getchannel("A"))
    into = io.BytesIO()
    white.save(into, format="JPEG", quality=85)
    return into.getvalue()
