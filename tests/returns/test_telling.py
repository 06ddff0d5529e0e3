"""Who agreed to it is told once of each step of a return: decided, received, refunded."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError

from backend import delivery
from backend.subscriptions import SUBSCRIPTIONS
from customers.models import News, NewsConsent, NewsTemplate
from customers.services.news_consents import take_answers, to_ask
from kernel.models import Delivery
from returns.models import ReturnRequest
from returns.reasons import Kind
from returns.services import strays
from returns.services.arrive import receive
from returns.services.decide import appeal, approve, refuse, withdraw
from returns.services.way import send
from returns.tasks import OCCASIONS
from tests import make
from tests.returns import parts
from tests.returns.parts import DELIVERED, asked, delivered, graded
from tests.returns.test_lives import pays
from tests.returns.test_strays import AT, came

pytestmark = pytest.mark.django_db(transaction=True)
TOLD = ("decided", "came_back", "refunded")
FIELDS = {"character_string1": "return", "character_string2": "order", "phrase3": "says"}


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def sent(monkeypatch, world):
    """What WeChat was told; Alice agreed to two messages of each."""
    told = []
    monkeypatch.setattr(
        "customers.services.news.gateway.send", lambda *, storefront_id, message: told.append(message)
    )
    for one in TOLD:
        template = NewsTemplate(
            storefront=world.shop,
            occasion=one,
            template_id=f"TPL-{one}",
            fields=FIELDS,
            page="pages/return?number={return}",
        )
        template.full_clean()
        template.save()
    asks = to_ask(customer=world.alice, moment="return")
    assert [one.occasion for one in asks] == list(TOLD)
    for key in ("first", "second"):
        answers = {one.template_id: "accept" for one in asks}
        take_answers(customer=world.alice, answers=answers, key=key, now=DELIVERED)
    with time_machine.travel(DELIVERED, tick=False):
        yield told


def says(sent):
    return [(one.template_id, one.data["phrase3"]) for one in sent]


def test_each_step_is_told_once_and_leads_to_the_page_of_its_return(world, customs, sent):
    order = delivered(world)
    row = asked(order)
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    receive(request=row, by="op", now=DELIVERED)
    graded(ReturnRequest.objects.get(), DELIVERED)
    delivery.drain(now=DELIVERED)
    pays(row, DELIVERED)
    assert says(sent) == [
        ("TPL-decided", "退货已同意"),
        ("TPL-came_back", "退货已收到"),
        ("TPL-refunded", "退款已到账"),
    ]
    assert sent[0].data["character_string1"] == row.number
    assert sent[0].data["character_string2"] == order.number[:32]
    assert sent[0].page == f"pages/return?number={row.number}"
    Delivery.objects.filter(handler="returns.tasks.tell_consumer").update(done_at=None)
    delivery.drain(now=DELIVERED + timedelta(seconds=1))
    assert (len(sent), News.objects.count()) == (3, 3)
    assert NewsConsent.objects.filter(spent_at=None).count() == 3


def test_a_parcel_that_nobody_expected_is_told_of_and_that_it_is_sent_back(world, customs, sent):
    order = delivered(world)
    parcel = came(order)
    strays.send_back(parcel=parcel, carrier="SF", waybill="SF2000000000077", by="op", now=AT)
    delivery.drain(now=AT)
    assert says(sent) == [("TPL-came_back", "包裹待核实"), ("TPL-came_back", "包裹已寄回")]
    assert {(one.data["character_string1"], one.page) for one in sent} == {(parcel.number, "")}


def test_a_parcel_of_a_return_leads_to_its_page(world, customs, sent):
    order = delivered(world)
    row = withdraw(request=asked(order), by="consumer", now=DELIVERED)
    came(order, row)
    delivery.drain(now=AT)
    assert (sent[-1].data["phrase3"], sent[-1].page) == ("包裹待核实", f"pages/return?number={row.number}")


def test_a_second_return_and_a_second_decision_are_told_by_themselves(world, customs, sent):
    parts.policy(world, approves=False)
    order = delivered(world)
    row = refuse(request=asked(order), answer="不符", by="anna", now=DELIVERED)
    delivery.drain(now=DELIVERED)
    approve(request=appeal(request=row, now=DELIVERED), by="ben", now=DELIVERED)
    approve(request=asked(order, key="k-2"), by="ben", now=DELIVERED)
    delivery.drain(now=DELIVERED)
    assert says(sent) == [("TPL-decided", "申请未通过"), ("TPL-decided", "退货已同意")]
    assert NewsConsent.objects.filter(spent_at=None, by_template__occasion="decided").count() == 0


def test_what_ends_by_silence_or_needs_no_parcel_is_told_too(world, customs, sent, monkeypatch):
    monkeypatch.setattr("returns.services.ask._pictures", lambda *_: [])
    parts.policy(world, approves=False)
    order = delivered(world, ("HD-1", 4))
    row = appeal(request=refuse(request=asked(order), answer="不符", by="anna", now=DELIVERED), now=DELIVERED)
    refuse(request=row, answer="不符", by="ben", now=DELIVERED)
    delivery.drain(now=DELIVERED)
    agreed = [NewsTemplate.objects.get(occasion="decided").template_id]
    for key in ("third", "fourth"):
        take_answers(customer=world.alice, answers=dict.fromkeys(agreed, "accept"), key=key, now=DELIVERED)
    missing = parts.wish(kind=Kind.CLAIM, reason="missing")
    approve(request=asked(order, missing, key="k-2"), by="ben", now=DELIVERED)
    row = approve(request=asked(order, key="k-3"), by="ben", now=DELIVERED)
    row = send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)
    graded(receive(request=row, by="op", now=DELIVERED), DELIVERED, "short", "nowhere")
    delivery.drain(now=DELIVERED)
    assert [one for _, one in says(sent)] == [
        "申请未通过",
        "申诉未通过",
        "申请已同意",
        "退货已同意",
        "退货已收到",
        "验货有出入",
    ]


def test_every_occasion_of_returns_is_heard_and_its_words_fit_a_phrase():
    for (event, _), (occasion, words) in OCCASIONS.items():
        assert "returns.tasks.tell_consumer" in [one.path for one in SUBSCRIPTIONS[event]]
        assert occasion in TOLD and len(words) <= 5


def test_the_number_of_a_return_stands_in_no_message_of_a_parcel(world):
    template = NewsTemplate(storefront=world.shop, occasion="shipped", template_id="T", fields=FIELDS)
    with pytest.raises(ValidationError):
        template.full_clean()
