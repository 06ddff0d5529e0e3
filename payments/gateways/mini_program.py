"""A complaint made in a storefront's mini-program, read where it stands: WeChat has no list of them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from redis import Redis

from storefronts import queries as storefronts
from wechat.complaint_messages import MiniProgramComplaint
from wechat.miniprogram import MiniProgramClient
from wechat.tokens import AccessTokens


def complaint(*, storefront_id: int, complaint_id: str, asked_at: datetime) -> MiniProgramComplaint:
    """What WeChat says of one complaint, asked for at `asked_at`. Raises wechat.errors; Busy, too, for a
    number that it does not know."""
    app, base_url = storefronts.mini_program(storefront_id), settings.WECHAT_API_BASE
    redis = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    tokens = AccessTokens(app, redis, base_url=base_url)
    answer = MiniProgramClient(app, base_url=base_url, tokens=tokens).complaint.get_order_detail(complaint_id)
    return MiniProgramComplaint.from_detail(answer, complaint_id=complaint_id, told_at=asked_at)
