"""Whom the door lets in: nobody who comes to buy while the shop is in maintenance, no mini-program too old.

What a consumer has or is owed goes on during maintenance: their orders, paying for one that stands, returns
whose days run, their data. It rests on what the process keeps of the storefront, and costs no statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from kernel.errors import Problem
from storefronts.queries import Serving
from storefronts.services.serving import VERSION, older

SOON, LATEST = 300, 3600  # seconds until one may ask again: where no end is told, and at most
CLIENT_VERSION = "X-Client-Version"


@dataclass(eq=False)
class ShopMaintenance(Problem):
    """The shop is being worked on; its title is the brand's own sentence."""

    status = 503
    code = "shop_maintenance"
    title = "The brand's own sentence: the shop is in maintenance."
    title_zh = "店铺维护中（显示品牌方填写的说明）。"
    said: tuple[str, str]
    until: datetime | None
    retry_after: int

    def facts(self) -> dict[str, Any]:
        return {
            "text": {"zh": self.said[0], "en": self.said[1]},
            "until": self.until,
            "seconds": self.retry_after,
        }

    def text(self, language: str) -> str:
        return self.said[0 if language == "zh" else 1]


@dataclass(eq=False)
class ClientTooOld(Problem):
    """The mini-program on this phone is older than the shop still serves."""

    status = 426
    code = "client_too_old"
    title = "This version of the mini-program is no longer served; at least {minimum_version} is needed."
    title_zh = "当前小程序版本过低，请更新至 {minimum_version} 或以上版本。"
    minimum_version: str


def admit(request: HttpRequest, serving: Serving, *, sells: bool, now: datetime) -> None:
    """Raises ClientTooOld for whoever says that they are, and ShopMaintenance for what `sells`.

    A version that is none is taken for none: a phone is not kept out for a header it got wrong.
    """
    version = request.headers.get(CLIENT_VERSION, "")
    least = serving.minimum_version
    if least and VERSION.fullmatch(version) and older(version, least):
        raise ClientTooOld(least)
    if sells and serving.maintenance is not None:
        until = serving.until
        wait = min(int((until - now).total_seconds()), LATEST) if until is not None else 0
        raise ShopMaintenance(serving.maintenance, until, wait if wait > 0 else SOON)
