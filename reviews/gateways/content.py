"""A storefront's mini-program asks WeChat whether words may be shown."""

from __future__ import annotations

from django.conf import settings
from redis import Redis

from storefronts import queries as storefronts
from wechat import content
from wechat.content import Suggestion
from wechat.tokens import AccessTokens


def check_text(*, storefront_id: int, openid: str, text: str) -> Suggestion:
    """What WeChat suggests. Raises as `wechat.content.check_text`."""
    app, base_url = storefronts.mini_program(storefront_id), settings.WECHAT_API_BASE
    redis = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    tokens = AccessTokens(app, redis, base_url=base_url)
    return content.check_text(text, openid=openid, tokens=tokens, base_url=base_url)
