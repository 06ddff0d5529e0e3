"""What a consumer answered to WeChat's question is taken in once: each “yes” is good for one message."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from customers.models import Customer, NewsConsent, NewsTemplate
from customers.occasions import ASKED_AT
from customers.services import account
from kernel.errors import Missing
from kernel.tenancy import tenant

ACCEPTED = "accept"
MOST_OPEN = 20  # of one customer and template: who says yes more often is not believed


class NoTemplate(Missing):
    """No message of this storefront has this template."""

    code = "news_template_not_found"
    title = "This storefront sends no message by this template."
    title_zh = "该店铺没有使用此订阅消息模板。"


@dataclass(frozen=True, slots=True)
class Asked:
    """One template to ask for, and how many messages the customer has agreed to and not had yet."""

    occasion: str
    template_id: str
    left: int


def to_ask(*, customer: Customer, moment: str) -> list[Asked]:
    """The templates to ask a consumer for at a moment, in the order of what they tell of; two statements."""
    order = ASKED_AT[moment]
    rows = NewsTemplate.objects.filter(
        storefront_id=customer.storefront_id, active=True, occasion__in=[one.value for one in order]
    )
    return _told(customer, sorted(rows, key=lambda row: [one.value for one in order].index(row.occasion)))


def take_answers(*, customer: Customer, answers: Mapping[str, str], key: str, now: datetime) -> list[Asked]:
    """Take in what was answered per template, once per `key` of the client.

    A “no” takes nothing back, as at WeChat, and nothing is kept of it. Raises NoTemplate, and nothing is
    taken in then.
    """
    with tenant(customer.storefront_id):
        account.lock(customer)
        rows = list(
            NewsTemplate.objects.filter(
                storefront_id=customer.storefront_id, active=True, template_id__in=list(answers)
            ).order_by("id")
        )
        if len(rows) != len(answers):
            raise NoTemplate()
        left = {one.template_id: one.left for one in _told(customer, rows)}
        NewsConsent.objects.bulk_create(
            [
                NewsConsent(
                    storefront_id=customer.storefront_id,
                    customer=customer,
                    by_template=row,
                    answer_hash=hashlib.sha256(key.encode()).hexdigest(),
                    given_at=now,
                )
                for row in rows
                if answers[row.template_id] == ACCEPTED and left[row.template_id] < MOST_OPEN
            ],
            ignore_conflicts=True,
        )
        return _told(customer, rows)


def _told(customer: Customer, rows: Sequence[NewsTemplate]) -> list[Asked]:
    open_ones = NewsConsent.objects.filter(customer=customer, by_template__in=rows, spent_at=None)
    left = dict(open_ones.values_list("by_template").annotate(Count("id")))
    return [Asked(row.occasion, row.template_id, left.get(row.pk, 0)) for row in rows]
