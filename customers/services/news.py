"""A consumer is told once what became of an order: one consent to a message, one message.

Three steps: the attempt is committed with the consent that it spends and what it discloses; WeChat is asked
with no transaction open; the outcome is committed. WeChat knows no number of ours for a message, so one that
may have been delivered is never sent again: the consumer misses it at worst, and sees the order's page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from compliance import services as compliance
from compliance import vault
from customers import labels, occasions
from customers.gateways import news as gateway
from customers.models import Customer, News, NewsConsent, NewsTemplate
from customers.states import NEWS
from kernel.cases import open_case, settle_open
from kernel.errors import Conflict
from kernel.tenancy import tenant
from storefronts.models import Storefront
from wechat import OPERATOR, subscribe
from wechat.errors import OutcomeUnknown, Rejected, WechatError
from wechat.subscribe import SubscribeMessage, cut, moment

log = structlog.get_logger(__name__)

REFUSED = "news.refused"
PURPOSE, FIELDS = "notify", ("openid", "order_number", "order_progress")
GOOD_FOR = timedelta(days=2)  # older news is none
IN_HAND = timedelta(minutes=1)  # longer than any call takes


class InHand(Conflict):
    """Another worker is sending this message at this moment."""

    code = "news_in_hand"
    title = "This message is being sent."
    title_zh = "该消息正在发送。"


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened to an order, when, and when it was recorded; `carrier` where one has it.

    `about` is the number of a return of the order, or of a parcel, which has no `page`, and `says` what
    became of it. `stands` says whether it is still worth telling: of a cancelled order nothing is.
    """

    order_number: str
    occasion: str
    at: datetime
    recorded_at: datetime
    carrier: str = ""
    stands: bool = True
    about: str = ""
    says: str = ""
    page: bool = True

    @property
    def once(self) -> dict[str, str]:
        """What is told at most once."""
        return {
            "order_number": self.order_number,
            "occasion": self.occasion,
            "about": self.about,
            "says": self.says,
        }


@dataclass(frozen=True, slots=True)
class Attempt:
    """One committed attempt."""

    news: News
    message: SubscribeMessage


def tell(*, customer_id: int, fact: Fact, now: datetime) -> None:
    """Send the news of a fact, where the consumer agreed to it and was not told before.

    Raises wechat.errors where WeChat executed nothing and may later: call again with the same fact. Must be
    called with no transaction open.
    """
    attempt = _attempt(customer_id, fact, now)
    if attempt is None:
        return
    news = attempt.news
    try:
        gateway.send(storefront_id=news.storefront_id, message=attempt.message)
    except Rejected as failure:
        if failure.call != subscribe.CALL:  # our own credentials: the message was not even tried
            _move(news, "wait", now)
            raise
        _rejected(news, failure, now)
    except OutcomeUnknown as failure:
        _move(news, "lose" if failure.call == subscribe.CALL else "wait", now)
        if failure.call != subscribe.CALL:
            raise
        log.warning("news_unknown", news=news.pk, error=failure.reason)
    except WechatError:  # busy, or asked too often: nothing was executed
        _move(news, "wait", now)
        raise
    else:
        _move(news, "send", now)
        settle_open(
            kinds=[REFUSED], key=news.by_template.event_key, by="system", note="one was sent", now=now
        )


def _attempt(customer_id: int, fact: Fact, now: datetime) -> Attempt | None:
    """Commit that WeChat is about to be asked; None where there is nothing to say, or nobody to say it to."""
    with tenant(Customer.objects.values_list("storefront_id", flat=True).get(pk=customer_id)):
        customer = Customer.objects.select_for_update(of=("self",)).get(pk=customer_id)
        if customer.closed_at is not None:
            return None
        news = News.objects.filter(**fact.once).first()
        if news is None:
            news = _begun(customer, fact, now)
        elif news.state == "sending":
            if news.tried_at is not None and now < news.tried_at + IN_HAND:
                raise InHand()
            NEWS.move(news, "lose", now=now, facts=news.history())  # whoever sent it has died
        if news is None or news.state != "owed":
            return None
        if not _is_news(customer, fact, now):
            _give_back(news)
            NEWS.move(news, "drop", now=now, facts=news.history(), consent=None)
            return None
        message = _message(customer, news, fact)
        if news.tried_at is None:
            _disclose(customer, news, now)
        NEWS.move(news, "try", now=now, facts=news.history(), tried_at=now)
        return Attempt(news, message)


def _is_news(customer: Customer, fact: Fact, now: datetime) -> bool:
    """Whether it may and should be told now; who limited the processing of their data is sent nothing."""
    return fact.stands and now <= fact.recorded_at + GOOD_FOR and customer.subject.limited_at is None


def _begun(customer: Customer, fact: Fact, now: datetime) -> News | None:
    """The news with the oldest consent to it, under the customer's lock; None without one."""
    if not _is_news(customer, fact, now):
        return None
    template = NewsTemplate.objects.filter(
        storefront_id=customer.storefront_id, occasion=fact.occasion, active=True
    ).first()
    if template is None:
        return None
    consent = (
        NewsConsent.objects.filter(customer=customer, by_template=template, spent_at=None)
        .order_by("id")
        .first()
    )
    if consent is None:
        return None
    NewsConsent.objects.filter(pk=consent.pk).update(spent_at=now)
    return News.objects.create(
        storefront_id=customer.storefront_id,
        customer=customer,
        by_template=template,
        consent=consent,
        **fact.once,
        happened_at=fact.at,
        made_at=now,
    )


def _message(customer: Customer, news: News, fact: Fact) -> SubscribeMessage:
    """In the words of the template's fields: the order's number and what became of it, nobody's name."""
    key = vault.unwrap(customer.subject.key)
    shop = Storefront.objects.values_list("name_zh", flat=True).get(pk=news.storefront_id)
    says = {
        "order": fact.order_number,
        "return": fact.about,
        "at": moment(fact.at),
        "carrier": fact.carrier or occasions.zh(fact.occasion),
        "says": fact.says or occasions.zh(fact.occasion),
        "shop": shop,
    }
    page = news.by_template.page
    if not fact.page and "{return}" in page:
        page = ""
    return SubscribeMessage(
        openid=key.open(labels.OPENID, customer.public_id, bytes(customer.openid_sealed)),
        template_id=news.by_template.template_id,
        data={name: cut(name, says[holds]) for name, holds in news.by_template.fields.items()},
        page=page.replace("{order}", fact.order_number).replace("{return}", fact.about),
    )


def _disclose(customer: Customer, news: News, now: datetime) -> None:
    compliance.disclose(
        storefront_id=news.storefront_id,
        subject_id=customer.subject_id,
        order_number=news.order_number,
        recipient_kind="partner",
        recipient=OPERATOR,
        country="CN",
        purpose=PURPOSE,
        basis="consent",
        fields=FIELDS,
        now=now,
    )


def _rejected(news: News, failure: Rejected, now: datetime) -> None:
    """Refused by the reader, the consent is spent. Else it is our template, and the consent is still good."""
    if failure.wechat_code == subscribe.NO_CONSENT:
        _move(news, "refuse", now, error=failure.wechat_code)
        return
    _move(news, "fail", now, error=failure.wechat_code)
    open_case(
        storefront_id=news.storefront_id,
        kind=REFUSED,
        key=news.by_template.event_key,
        title="WeChat refuses a storefront's messages",
        facts={"occasion": news.occasion, "error": failure.wechat_code, "order": news.order_number},
        now=now,
    )


def _move(news: News, verb: str, now: datetime, error: str = "") -> None:
    """Write the outcome; where the account was closed meanwhile nothing of it is left."""
    with tenant(news.storefront_id):
        Customer.objects.select_for_update(of=("self",)).get(pk=news.customer_id)
        row = News.objects.filter(pk=news.pk).first()
        if row is None or row.state not in NEWS.moves[verb]:
            return
        changes: dict[str, Any] = {"error": error} if error else {}
        if verb == "fail":
            _give_back(row)
            changes["consent"] = None
        NEWS.move(row, verb, now=now, facts=row.history(), **changes)


def _give_back(news: News) -> None:
    NewsConsent.objects.filter(news=news).update(spent_at=None)
