"""WeChat's shipping management as this house calls it: as the mini-program of one storefront."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from redis import Redis

from storefronts import queries as storefronts
from wechat.shipping import ShippingClient
from wechat.tokens import AccessTokens


def shipping_client(storefront_id: int) -> ShippingClient:
    """A client with the storefront's own appid and the access token that all processes share."""
    app = storefronts.mini_program(storefront_id)
    tokens = AccessTokens(app, _redis(settings.REDIS_URL), base_url=settings.WECHAT_API_BASE)
    return ShippingClient(app.appid, tokens, settings.WECHAT_API_BASE)


@lru_cache(maxsize=4)
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
