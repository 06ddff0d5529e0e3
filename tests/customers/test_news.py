"""A consumer is told once of a fact, by one consent; what may have been delivered is never sent again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from compliance import services as compliance
from compliance.models import Disclosure
from customers import occasions
from customers.gateways import news as gateway
from customers.models import News, NewsConsent, NewsTemplate
from customers.services import news
from customers.services.news import InHand, tell
from customers.services.news_consents import MOST_OPEN, NoTemplate, take_answers, to_ask
from kernel.models import Case, Event
from tests import make
from tests.customers.newsroom import (
    FIELDS,
    NUMBER,
    agreed,
    calls,
    delivered,
    fact,
    no_shared_token,
    reader,
    template,
)
from tests.payments.conftest import wechat, world
from tests.waiting import somebody_waits
from wechat.errors import Busy, OutcomeUnknown, RateLimited, Rejected

__all__ = ["no_shared_token", "wechat", "world"]
from wechat import OPERATOR

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shipped(wechat, world) -> NewsTemplate:
    reader(wechat, world.alice)
    return template(wechat, world.shop)


def told(world, what=None, now=None) -> None:
    tell(customer_id=world.alice.pk, fact=what or fact(), now=now or make.present())


def open_consents() -> int:
    return NewsConsent.objects.filter(spent_at=None).count()


def test_a_message_says_what_became_of_an_order_and_nothing_of_a_person(wechat, world, shipped):
    agreed(wechat, world.alice, shipped)
    at = datetime(2026, 11, 5, 1, 4, tzinfo=UTC)
    told(world, fact(at=at, recorded_at=make.present()))
    (message,) = delivered(wechat)
    assert message["data"] == {
        "character_string1": NUMBER,
        "time2": "2026年11月5日 09:04",
        "phrase3": "已发货",
        "thing4": world.shop.name_zh,
    }
    assert message["page"] == f"pages/order?number={NUMBER}"
    row = Disclosure.objects.get(purpose="notify")
    assert (row.recipient_kind, row.recipient, row.basis) == ("partner", OPERATOR, "consent")
    assert row.fields == ["openid", "order_number", "order_progress"]
    assert list(
        Event.objects.filter(key__startswith="news:").order_by("id").values_list("name", flat=True)
    ) == [
        "news.sending",
        "news.sent",
    ]


def test_one_consent_is_one_message_and_one_fact_is_told_once(wechat, world, shipped):
    agreed(wechat, world.alice, shipped, key="answer-1")
    for _ in range(3):
        told(world)
    assert (len(delivered(wechat)), open_consents()) == (1, 0)
    told(world, fact(number="261127000000002"))
    assert (calls(wechat), News.objects.count()) == (1, 1)
    agreed(wechat, world.alice, shipped, key="answer-2")
    told(world, fact(number="261127000000002"))
    told(world, fact(number="261127000000002"))
    assert (len(delivered(wechat)), calls(wechat), open_consents()) == (2, 2, 0)


def test_who_did_not_agree_is_told_nothing_and_nothing_is_kept(wechat, world, shipped):
    take_answers(
        customer=world.alice, answers={shipped.template_id: "reject"}, key="answer-1", now=make.present()
    )
    told(world)
    assert (calls(wechat), News.objects.count(), NewsConsent.objects.count()) == (0, 0, 0)


def test_a_reader_who_refused_at_wechat_spends_the_consent_and_that_is_all(wechat, world, shipped):
    agreed(wechat, world.alice, shipped, theirs=False)
    told(world)
    told(world)
    row = News.objects.get()
    assert (row.state, row.error, open_consents(), calls(wechat)) == ("refused", "43101", 0, 1)
    assert not Case.objects.exists()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", ["timeout_after", "timeout_before", "500_after", "500_before"])
def test_what_may_have_been_delivered_is_not_sent_again(wechat, world, shipped, mode):
    """WeChat would deliver a second one: the reader agreed to two there."""
    agreed(wechat, world.alice, shipped)
    wechat.control("subscription", template_id=shipped.template_id, user="alice", act="accept")
    wechat.control("switches", call="subscribe_send", mode=mode, seconds=4)
    told(world)
    told(world)
    assert News.objects.get().state == "unknown"
    assert len(delivered(wechat)) == (1 if mode.endswith("after") else 0)
    assert open_consents() == 0


@pytest.mark.parametrize(("code", "error"), [(-1, Busy), (45009, RateLimited)])
def test_what_was_not_executed_is_sent_later_by_the_same_consent(wechat, world, shipped, code, error):
    agreed(wechat, world.alice, shipped)
    wechat.control("switches", call="subscribe_send", mode="error", code=code)
    with pytest.raises(error):
        told(world)
    assert (News.objects.get().state, open_consents()) == ("owed", 0)
    told(world)
    assert (News.objects.get().state, len(delivered(wechat))) == ("sent", 1)
    assert Disclosure.objects.filter(purpose="notify").count() == 1


@pytest.mark.parametrize(
    ("switch", "error"),
    [({"mode": "500_before"}, OutcomeUnknown), ({"mode": "error", "code": 40125}, Rejected)],
)
def test_without_an_access_token_no_message_was_tried(wechat, world, shipped, switch, error):
    agreed(wechat, world.alice, shipped)
    wechat.control("switches", call="stable_token", **switch)
    with pytest.raises(error):
        told(world)
    assert (News.objects.get().state, calls(wechat)) == ("owed", 0)
    told(world)
    assert News.objects.get().state == "sent"


@pytest.mark.parametrize("code", [40003, 40037, 41030, 47003])
def test_a_template_that_wechat_refuses_is_a_case_and_the_consent_is_still_good(wechat, world, shipped, code):
    agreed(wechat, world.alice, shipped)
    wechat.control("switches", call="subscribe_send", mode="error", code=code)
    told(world)
    row, case = News.objects.get(), Case.objects.get(kind="news.refused")
    assert (row.state, row.error, row.consent, open_consents()) == ("failed", str(code), None, 1)
    assert case.facts == {"occasion": "shipped", "error": str(code), "order": NUMBER}
    told(world)
    assert calls(wechat) == 1
    told(world, fact(number="261127000000002"))
    case.refresh_from_db()
    assert (len(delivered(wechat)), case.state, open_consents()) == (1, "settled", 0)


def test_old_news_is_none(wechat, world, shipped):
    agreed(wechat, world.alice, shipped)
    now = make.present()
    told(world, fact(recorded_at=now - timedelta(days=2, seconds=1)), now=now)
    assert (News.objects.count(), open_consents()) == (0, 1)
    wechat.control("switches", call="subscribe_send", mode="error", code=-1)
    with pytest.raises(Busy):
        told(world, fact(at=now), now=now)
    told(world, fact(at=now), now=now + timedelta(days=2, seconds=1))
    assert (News.objects.get().state, open_consents(), calls(wechat)) == ("dropped", 1, 1)


def test_of_an_order_that_stands_no_more_nothing_is_told_and_the_consent_is_still_good(
    wechat, world, shipped
):
    agreed(wechat, world.alice, shipped)
    wechat.control("switches", call="subscribe_send", mode="error", code=-1)
    with pytest.raises(Busy):
        told(world)
    told(world, fact(stands=False))
    assert (News.objects.get().state, open_consents(), delivered(wechat)) == ("dropped", 1, [])


def test_who_limited_the_processing_is_sent_nothing(wechat, world, shipped):
    agreed(wechat, world.alice, shipped)
    compliance.limit_processing(subject_id=world.alice.subject_id, now=make.present())
    told(world)
    assert (calls(wechat), open_consents()) == (0, 1)


def test_a_worker_that_died_while_sending_is_followed_by_no_second_message(
    wechat, world, shipped, monkeypatch
):
    agreed(wechat, world.alice, shipped)

    def dies(**facts):
        raise SystemExit

    monkeypatch.setattr(gateway, "send", dies)
    now = make.present()
    with pytest.raises(SystemExit):
        told(world, now=now)
    monkeypatch.undo()
    with pytest.raises(InHand):
        told(world, now=now + timedelta(seconds=59))
    told(world, now=now + timedelta(seconds=61))
    assert (News.objects.get().state, calls(wechat)) == ("unknown", 0)


def test_of_two_workers_with_one_consent_one_sends(wechat, world, shipped, monkeypatch):
    """Both are past the look for news before either has made it; one consent is left for them."""
    agreed(wechat, world.alice, shipped)
    real, both = news._begun, threading.Barrier(2, timeout=20)
    late: list[str] = []

    def begun(*args):
        late.append("here")
        if not late[1:]:
            go_on.wait(20)
        return real(*args)

    go_on = threading.Event()
    monkeypatch.setattr(news, "_begun", begun)

    def work(number: str) -> None:
        try:
            both.wait()
            tell(customer_id=world.alice.pk, fact=fact(number=number), now=make.present())
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work, args=(f"26112700000000{one}",)) for one in (1, 2)]
    for worker in workers:
        worker.start()
    for _ in range(5000):
        if somebody_waits():
            break
    else:
        pytest.fail("the second worker never waited for the first")
    go_on.set()
    for worker in workers:
        worker.join(20)
    assert (calls(wechat), News.objects.count(), open_consents()) == (1, 1, 0)


@pytest.mark.parametrize(
    ("occasion", "fields"),
    [
        ("shipped", {}),
        ("shipped", ["thing1"]),
        ("shipped", {"name1": "order"}),
        ("shipped", {"thing1": "order"}),
        ("shipped", {"character_string1": "address"}),
        ("shipped", {"time1": "says"}),
        ("cleared", {"thing1": "carrier"}),
    ],
)
def test_no_template_is_kept_that_wechat_would_refuse_or_that_names_a_person(world, occasion, fields):
    made = NewsTemplate(storefront=world.shop, occasion=occasion, template_id="T", fields=fields)
    with pytest.raises(ValidationError, match="fields"):
        made.full_clean()


def test_a_name_that_is_too_long_is_cut_and_not_refused(wechat, world):
    world.shop.name_zh = "很长很长很长很长很长很长很长很长很长很长的店铺"
    world.shop.save(update_fields=["name_zh"])
    reader(wechat, world.alice)
    agreed(wechat, world.alice, template(wechat, world.shop, fields={"thing1": "shop", "thing2": "carrier"}))
    told(world, fact(carrier="顺丰速运"))
    (message,) = delivered(wechat)
    assert message["data"] == {"thing1": "很长很长很长很长很长很长很长很长很长很…", "thing2": "顺丰速运"}


def test_an_answer_that_is_sent_again_counts_once(wechat, world, shipped):
    cleared = template(wechat, world.shop, "cleared")
    answers = {shipped.template_id: "accept", cleared.template_id: "ban"}
    for _ in range(3):
        left = take_answers(customer=world.alice, answers=answers, key="answer-1", now=make.present())
    assert [(one.occasion, one.left) for one in left] == [("shipped", 1), ("cleared", 0)]
    take_answers(customer=world.alice, answers=answers, key="answer-2", now=make.present())
    asked = to_ask(customer=world.alice, moment="payment")
    assert [(one.occasion, one.left) for one in asked] == [("shipped", 2), ("cleared", 0)]
    assert [one.occasion for one in to_ask(customer=world.alice, moment="shipping")] == ["cleared"]


def test_a_template_that_is_unknown_or_used_no_more_takes_no_answer_and_none_beside_it(
    wechat, world, shipped
):
    old = template(wechat, world.shop, "cleared", active=False)
    for other in (old.template_id, "TPL-of-nobody"):
        with pytest.raises(NoTemplate):
            take_answers(
                customer=world.alice,
                answers={shipped.template_id: "accept", other: "accept"},
                key="answer-1",
                now=make.present(),
            )
    assert NewsConsent.objects.count() == 0


def test_nobody_agrees_to_more_messages_than_can_be_meant(wechat, world, shipped):
    for one in range(MOST_OPEN + 2):
        agreed(wechat, world.alice, shipped, key=f"answer-{one}", theirs=False)
    assert open_consents() == MOST_OPEN


def test_at_most_three_templates_are_asked_for_at_once_and_each_occasion_has_both_names():
    assert {moment: len(asked) for moment, asked in occasions.ASKED_AT.items()} == {
        "payment": 3,
        "shipping": 2,
        "return": 3,
    }
    names = {one: (occasions.zh(one), occasions.en(one)) for one in occasions.Occasion.values}
    assert names == {
        "shipped": ("已发货", "shipped"),
        "cleared": ("已清关", "cleared by customs"),
        "delivered": ("已签收", "delivered"),
        "decided": ("退换货已审核", "return decided"),
        "came_back": ("退货已收到", "goods are back"),
        "refunded": ("退款已到账", "refunded"),
    }
    assert occasions.unfit("delivered", FIELDS | {"thing9": "carrier"}) == ""
