"""What WeChat pushes of subscribe messages is taken in once: a consent taken back, a message not arrived.

A “yes” is not taken from here: the mini-program tells it, and it counts once. Nor is a “no” to its question,
which takes no earlier “yes” back; only what was decided in WeChat's settings does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from compliance import vault
from customers.models import Customer, News, NewsConsent
from customers.states import NEWS
from kernel.tenancy import tenant
from storefronts.services import messages
from wechat import subscribe
from wechat.errors import WechatError
from wechat.subscribe_events import ARRIVED, CHANGE, REJECT, Arrived, SubscribeEvent

log = structlog.get_logger(__name__)

CLOCKS_DIFFER = timedelta(minutes=1)


def read(*, message_id: int, now: datetime) -> None:
    """One push of a storefront, in the caller's transaction."""
    try:
        found = messages.read(message_id=message_id)
        if found is None:
            return
        row, message = found
        told = SubscribeEvent.from_message(message)
    except WechatError as failure:
        messages.failed(message_id=message_id, failure=failure, now=now)
        return
    with tenant(row.storefront_id):
        customer = (
            Customer.objects.select_for_update(of=("self",))
            .filter(storefront_id=row.storefront_id, openid_index__in=vault.blinds("openid", told.openid))
            .first()
        )
        if customer is not None:
            for decided in told.decided:
                if message["Event"] == CHANGE and decided.status == REJECT:
                    withdraw(customer=customer, template_id=decided.template_id, now=now)
            for arrived in told.arrived:
                _arrived(customer, arrived, told.told_at, now)
    messages.taken(message=row, now=now)


def withdraw(*, customer: Customer, template_id: str, now: datetime) -> None:
    """No consent to this template is good any more, also none that waits to be sent or may be given back.

    The caller holds the customer.
    """
    NewsConsent.objects.filter(customer=customer, by_template__template_id=template_id, spent_at=None).update(
        spent_at=now
    )
    rows = News.objects.filter(customer=customer, by_template__template_id=template_id)
    for news in rows.filter(state__in=NEWS.moves["drop"]):
        NEWS.move(news, "drop", now=now, facts=news.history())
    rows.update(consent=None)


def _arrived(customer: Customer, arrived: Arrived, at: datetime, now: datetime) -> None:
    """Of the last message by this template: WeChat tells no number by which it would be known."""
    news = (
        News.objects.filter(
            customer=customer,
            by_template__template_id=arrived.template_id,
            state__in=NEWS.moves["fail"],
            tried_at__lte=at + CLOCKS_DIFFER,
        )
        .order_by("-tried_at", "-id")
        .first()
    )
    if news is None:
        log.warning("news_of_nothing", storefront=customer.storefront_id)
        return
    if arrived.code == ARRIVED:
        if news.state in NEWS.moves["send"]:
            NEWS.move(news, "send", now=now, facts=news.history())
        return
    verb = "refuse" if arrived.code == subscribe.NO_CONSENT else "fail"
    error = f"{arrived.code} {arrived.why}".strip()[:20]
    NEWS.move(news, verb, now=now, facts=news.history(), error=error)
