"""One row of every model of returns, with words and a picture that no page may show."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from compliance import vault
from inventory.models import Lot
from kernel import files
from kernel.clock import shanghai_day
from kernel.ids import uuid7
from reporting.models import Day, ForexDay, StaleDay
from returns import labels
from returns.models import (
    ReturnGrade,
    ReturnLine,
    ReturnPicture,
    ReturnPolicy,
    ReturnRequest,
    StrayParcel,
    StrayPiece,
)
from tests import make

WORDS = "盒子被压扁了"
PNG = b"\x89PNG\r\n\x1a\n a picture of the box"


def return_rows(order: Any, round: int) -> None:
    """A return of the first line with one row of everything, and what a day came to."""
    return_row(order, round)
    day = {"storefront": order.storefront, "day": shanghai_day(make.NOW) - timedelta(days=round)}
    Day.objects.create(**day, paid=1, paid_fen=15_000, counted_at=make.NOW)
    ForexDay.objects.create(**day, currency="EUR", promised_minor=1_829)
    StaleDay.objects.create(**day)


def return_row(order: Any, round: int) -> ReturnRequest:
    """The return itself."""
    shop, now = order.storefront, make.NOW
    key, public_id, line = vault.unwrap(order.key), uuid7(), order.lines.first()
    ReturnPolicy.objects.create(storefront=shop, starts_on=shanghai_day(now) - timedelta(days=round))
    row = ReturnRequest.objects.create(
        public_id=public_id,
        number=f"RMA{shop.pk}-{round}",
        storefront=shop,
        order=order,
        kind="claim",
        reason="damaged",
        key="k",
        words_sealed=key.seal(labels.WORDS, public_id, WORDS),
        goods_back=True,
        seller_pays=True,
        freight=True,
        quoted_fen=line.price_fen,
        quoted_late_fen=line.price_fen,
        quote={},
        decide_by=now,
        requested_at=now,
    )
    asked = ReturnLine.objects.create(storefront=shop, request=row, line=line, quantity=1)
    ReturnGrade.objects.create(
        storefront=shop,
        line=asked,
        grade="damaged",
        place="quarantine",
        quantity=1,
        lot=Lot.objects.filter(stock__variant=line.variant).first(),
        by="someone",
        at=now,
    )
    add_picture(row)
    stray = StrayParcel.objects.create(
        number=f"STR{shop.pk}-{round}",
        storefront=shop,
        order=order,
        request=row,
        waybill="SF1",
        came_on=shanghai_day(now),
        by="someone",
        at=now,
    )
    StrayPiece.objects.create(
        storefront=shop,
        parcel=stray,
        line=line,
        lot=Lot.objects.filter(stock__variant=line.variant).first(),
        grade="as_new",
        quantity=1,
    )
    return row


def add_picture(row: ReturnRequest) -> ReturnPicture:
    """A picture of the consumer's, sealed under the key of the order."""
    picture = uuid7()
    text = base64.b64encode(PNG).decode()
    return ReturnPicture.objects.create(
        public_id=picture,
        storefront=row.storefront,
        order=row.order,
        request=row,
        file=files.store(
            storefront_id=row.storefront_id,
            name="return-picture",
            media_type="image/png",
            content=vault.unwrap(row.order.key).seal(labels.PICTURE, picture, text),
            now=make.NOW,
            sealed=True,
        ),
        at=make.NOW,
    )
