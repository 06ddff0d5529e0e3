"""What will go is told on every answer long before, and says after its day that it is gone.

`Deprecation` (RFC 9745) since when nobody should begin with it, `Sunset` (RFC 8594) until when it answers,
and `Link` to the page that says what to use instead. A year lies between the two at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpResponseBase
from django.utils.http import http_date

from kernel.errors import Problem

NOTICE: Final = timedelta(days=365)
PAGE: Final = "/partner/docs/changes"


class Gone(Problem):
    """Its day is over."""

    status = 410
    code = "sunset"
    title = "This call is no longer answered; use {instead}."
    title_zh = "该接口已停用，请使用 {instead}。"

    def __init__(self, instead: str) -> None:
        super().__init__()
        self.instead = instead

    def facts(self) -> dict[str, Any]:
        return {"instead": self.instead}


@dataclass(frozen=True, slots=True)
class Deprecated:
    """Since when a call is deprecated, until when it answers, and what takes its place."""

    since: datetime
    sunset: datetime
    instead: str

    def __post_init__(self) -> None:
        if self.sunset - self.since < NOTICE:
            raise ValueError("partners are told a year before a call goes")

    def mind(self, now: datetime) -> None:
        """Raises Gone once its day has come."""
        if now >= self.sunset:
            raise Gone(self.instead)

    def tell(self, answer: HttpResponseBase) -> None:
        """Say so in the headers."""
        answer["Deprecation"] = f"@{int(self.since.timestamp())}"
        answer["Sunset"] = http_date(self.sunset.timestamp())
        answer["Link"] = f'<{PAGE}>; rel="deprecation"'
