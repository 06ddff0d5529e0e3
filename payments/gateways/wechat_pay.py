"""WeChat Pay as this house calls it: the client of one merchant number, with that merchant's keys."""

from __future__ import annotations

from django.conf import settings

from kernel.clock import now
from storefronts import queries as storefronts
from storefronts.services import platform_keys
from wechat.pay.client import PayClient


def client_of(mchid: str) -> PayClient:
    """A client that signs as `mchid`, retired merchants too; raises Missing for one that is not ours."""
    return PayClient(
        storefronts.merchant_by_mchid(mchid),
        settings.WECHAT_PAY_BASE,
        unknown_serial=lambda serial: platform_keys.ask(mchid=mchid, serial=serial, now=now()),
    )


def notify_url(mchid: str) -> str:
    """Where WeChat Pay delivers for `mchid`: https, no query, no log-in (wechat.md B4)."""
    return f"{settings.PUBLIC_BASE_URL}/pay/wechat/{mchid}"
