"""What tests of news need: templates on both sides, and a reader whom WeChat's stand-in knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import requests

from compliance import vault
from customers import labels
from customers.models import Customer, NewsTemplate
from customers.services.news import Fact
from customers.services.news_consents import take_answers
from tests import make
from tests.stand_in import StandIn

FIELDS = {"character_string1": "order", "time2": "at", "phrase3": "says", "thing4": "shop"}
NUMBER = "261127000000001"


@pytest.fixture(autouse=True)
def no_shared_token(settings: Any) -> None:
    """Each message fetches its own access token: one of the stand-in before its reset is none."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


def template(wechat: StandIn, shop: Any, occasion: str = "shipped", **changes: Any) -> NewsTemplate:
    """A template that both sides know."""
    name = f"TPL-{occasion}"
    fields = changes.pop("fields", FIELDS)
    wechat.control("subscription", appid=shop.appid, template_id=name, fields=list(fields))
    facts = {"template_id": name, "fields": fields, "page": "pages/order?number={order}", **changes}
    made = NewsTemplate(storefront=shop, occasion=occasion, **facts)
    made.full_clean()
    made.save()
    return made


def reader(wechat: StandIn, person: Customer, user: str = "alice") -> str:
    """From now on the customer is this user of the stand-in; their openid."""
    openid: str = wechat.control("login", appid=person.storefront.appid, user=user)["openid"]
    key = vault.unwrap(person.subject.key)
    person.openid_sealed = key.seal(labels.OPENID, person.public_id, openid)
    person.openid_index = vault.blind("openid", openid)
    person.save(update_fields=["openid_sealed", "openid_index"])
    return openid


def agreed(
    wechat: StandIn, person: Customer, *templates: NewsTemplate, key: str = "answer-1", theirs: bool = True
) -> None:
    """The customer said yes to each, here and (`theirs`) at WeChat."""
    answers = {one.template_id: "accept" for one in templates}
    take_answers(customer=person, answers=answers, key=key, now=make.present())
    for one in templates if theirs else ():
        wechat.control("subscription", template_id=one.template_id, user="alice", act="accept")


def fact(occasion: str = "shipped", number: str = NUMBER, at: datetime | None = None, **more: Any) -> Fact:
    """Something that happened now."""
    at = at or make.present()
    return Fact(number, occasion, at, more.pop("recorded_at", at), **more)


def delivered(wechat: StandIn) -> list[dict[str, Any]]:
    """What WeChat delivered."""
    told = requests.get(f"{wechat.url}/sandbox/subscriptions", timeout=15).json()["delivered"]
    return list(told)


def calls(wechat: StandIn) -> int:
    """How often WeChat was asked to send."""
    log = requests.get(f"{wechat.url}/sandbox/log", timeout=15).json()["calls"]
    return sum(one["call"] == "subscribe_send" for one in log)
