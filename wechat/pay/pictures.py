"""Pictures that go with an answer to a complaint (图片上传): only what is one, and nothing else it carried.

https://pay.weixin.qq.com/docs/merchant/apis/consumer-complaint/images/create-images.html: at most 2 MB, JPG,
PNG or BMP. The signature is over `meta` alone, which tells the file's hash.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from wechat.errors import OutcomeUnknown
from wechat.pay.client import PayClient

MOST_BYTES, MOST_PIXELS, LONGEST_MEDIA_ID = 2 * 1024 * 1024, 40_000_000, 512
TAKEN = ("JPEG", "PNG", "BMP")
UPLOAD_SECONDS = 10.0
_PATH, _CALL = "/v3/merchant-service/images/upload", "complaint_image"
_LOSSLESS = "PNG"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as it may leave: encoded anew, so that place, device and hidden text stay behind."""

    name: str
    media_type: str
    content: bytes


def picture(content: bytes) -> Picture:
    """`content` as a picture, whatever it is called; ValueError for anything that is none, or too large."""
    if not 0 < len(content) <= MOST_BYTES:
        raise ValueError("a picture has at most 2 MB")
    try:
        with Image.open(io.BytesIO(content), formats=TAKEN) as found:
            if found.width * found.height > MOST_PIXELS:
                raise ValueError("a picture has at most 40 million pixels")
            kind = found.format
            plain = ImageOps.exif_transpose(found).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError) as failure:
        raise ValueError("a picture is a whole JPG, PNG or BMP") from failure
    into, lossless = io.BytesIO(), kind == _LOSSLESS
    plain.save(into, format=_LOSSLESS if lossless else "JPEG", **({} if lossless else {"quality": 90}))
    made = into.getvalue()
    if len(made) > MOST_BYTES:
        raise ValueError("a picture has at most 2 MB")
    ending, media_type = ("png", "image/png") if lossless else ("jpg", "image/jpeg")
    return Picture(f"{hashlib.sha256(made).hexdigest()[:16]}.{ending}", media_type, made)


def upload(client: PayClient, one: Picture) -> str:
    """Leave a picture with WeChat Pay; the media_id to name it by. Raises as any call: nothing is said by it,
    so it may be sent again."""
    told = {"filename": one.name, "sha256": hashlib.sha256(one.content).hexdigest()}
    meta = json.dumps(told, separators=(",", ":")).encode()
    boundary = secrets.token_hex(16)
    parts = (
        ('name="meta"\r\nContent-Type: application/json', meta),
        (f'name="file"; filename="{one.name}"\r\nContent-Type: {one.media_type}', one.content),
    )
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    )
    body += f"--{boundary}--\r\n".encode()
    form = f"multipart/form-data; boundary={boundary}"
    reply = client.exchange_form(_CALL, _PATH, meta, body, form, read_seconds=UPLOAD_SECONDS)
    answer = client.read(_CALL, client.believed(_CALL, reply, client.merchant))
    media_id = answer.get("media_id")
    if not isinstance(media_id, str) or not 0 < len(media_id) <= LONGEST_MEDIA_ID:
        raise OutcomeUnknown(call=_CALL, reason="the answer has no media_id")
    return media_id
