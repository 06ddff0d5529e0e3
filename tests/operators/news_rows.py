"""One row of everything about news of an order."""

from __future__ import annotations

from datetime import datetime

from customers.models import News, NewsConsent, NewsTemplate
from orders.models import Order


def news_rows(order: Order, now: datetime) -> None:
    """A template, a consent that is spent and one that is not, and the message that was sent."""
    template, _ = NewsTemplate.objects.get_or_create(
        storefront=order.storefront,
        occasion="shipped",
        defaults={
            "template_id": f"TPL-{order.storefront_id}",
            "fields": {"character_string1": "order", "time2": "at"},
            "set_at": now,
        },
    )
    of_it = {"storefront": order.storefront, "customer": order.customer, "by_template": template}
    spent = NewsConsent.objects.create(
        **of_it, answer_hash=f"{order.number:0>64}", given_at=now, spent_at=now
    )
    NewsConsent.objects.create(**of_it, answer_hash=f"{order.number:1>64}", given_at=now)
    News.objects.create(
        **of_it,
        consent=spent,
        order_number=order.number,
        occasion="shipped",
        state="sent",
        happened_at=now,
        made_at=now,
        tried_at=now,
    )
