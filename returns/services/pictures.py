"""Pictures that prove a claim: given one by one for an order, sealed under its key, shown to who gave them.

What is not used by a request within a day is let go of (personal.py).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from compliance import services as compliance
from compliance import vault
from kernel import files, ids, pictures
from kernel.errors import Conflict, Invalid, Missing
from kernel.tenancy import tenant
from orders.models import Order
from returns import labels
from returns.models import ReturnPicture
from returns.services.ask import MOST_PICTURES
from returns.services.holding import hold_order

UNUSED = timedelta(days=1)


class BadPicture(Invalid):
    """Only what is a picture, by its content, and no larger than is needed to see something."""

    code = "return_picture"
    title = "Send one JPEG, PNG or WebP picture of at most 5 MB, as the field “picture” of a form."
    title_zh = "请以表单字段 picture 上传一张不超过 5 MB 的 JPEG、PNG 或 WebP 图片。"


class PictureTooLarge(Invalid):
    """What is larger than a phone takes or shows is not decoded."""

    code = "return_picture_large"
    title = (
        "The picture is too large: at most 5 MB, 25 million pixels as JPEG, 9 million as PNG or WebP."
        " Choose a lower resolution in the camera, or send a screenshot of the picture."
    )
    title_zh = (
        "图片过大：不超过 5 MB，照片（JPEG）不超过 2500 万像素，PNG、WebP 不超过 900 万像素。"
        "请在相机设置中调低分辨率后重拍，或打开图片截屏后上传截图。"
    )


@dataclass(eq=False)
class TooManyPictures(Conflict):
    """As many as a request may have lie there unused."""

    code = "return_pictures_full"
    title = "At most {most} pictures can wait for a request; use them, or give others tomorrow."
    title_zh = "待使用的图片最多{most}张，请先提交申请或明日再传。"
    most: int


def take_picture(*, number: str, content: bytes, now: datetime) -> ReturnPicture:
    """Keep a picture for a return of the order `number`. Locks payment, order; call it with no transaction
    open, for to read a picture takes a while. Raises BadPicture, PictureTooLarge, TooManyPictures,
    ProcessingLimited."""
    try:
        plain = pictures.plain(content)
    except pictures.TooLarge as failure:
        raise PictureTooLarge() from failure
    except ValueError as failure:
        raise BadPicture() from failure
    with tenant(Order.objects.values_list("storefront_id", flat=True).get(number=number)):
        order = hold_order(number)
        if order.customer is not None:
            compliance.refuse_limited(order.customer.subject)
        waiting = ReturnPicture.objects.filter(order=order, request=None, at__gt=now - UNUSED)
        if waiting.count() >= MOST_PICTURES:
            raise TooManyPictures(MOST_PICTURES)
        public_id = ids.uuid7()
        text = base64.b64encode(plain).decode()
        file = files.store(
            storefront_id=order.storefront_id,
            name="return-picture",
            media_type=pictures.MEDIA_TYPE,
            content=vault.unwrap(order.key).seal(labels.PICTURE, public_id, text),
            now=now,
            sealed=True,
        )
        return ReturnPicture.objects.create(
            public_id=public_id, storefront_id=order.storefront_id, order=order, file=file, at=now
        )


def open_picture(row: ReturnPicture) -> bytes:
    """The picture for who gave it; anyone else leaves an access row first. Raises Missing once the key of its
    order is destroyed."""
    try:
        key = vault.unwrap(row.order.key)
    except vault.VaultClosed as closed:
        raise Missing() from closed
    return base64.b64decode(key.open(labels.PICTURE, row.public_id, files.read(row.file)))
