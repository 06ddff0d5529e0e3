"""A storefront's mini-program sends one message to one of its users."""

from __future__ import annotations

from django.conf import settings
from redis import Redis

from storefronts import queries as storefronts
from wechat import subscribe
from wechat.subscribe import SubscribeMessage
from wechat.tokens import AccessTokens


def send(*, storefront_id: int, message: SubscribeMessage) -> None:
    """Send it. Raises as `wechat.subscribe.send`."""
    app, base_url = storefronts.mini_program(storefront_id), settings.WECHAT_API_BASE
    redis = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    subscribe.send(message, tokens=AccessTokens(app, redis, base_url=base_url), base_url=base_url)
