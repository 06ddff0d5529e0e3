"""A developer gets keys of the sandbox storefront alone, without anybody's help, for a week."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import time_machine

from kernel.clock import now as present
from partners import tasks
from partners.models import Application, Connection, Partner
from partners.scopes import PERSONAL, SCOPES
from partners.services import sandbox
from partners.services.accounts import Issued
from tests import make
from tests.conftest import WebClient
from tests.partners.calling import System

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/partner/sandbox/en/"


@pytest.fixture
def world(settings):
    made = make.world()
    settings.PARTNER_SANDBOX = made.shop.code
    return made


def press(browser, page=PAGE):
    """As a browser does: look at the page, then press its button."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(page).content.decode())
    return browser.post(page, {"csrfmiddlewaretoken": token[1]})


def keys(answer):
    text = html.unescape(answer.content.decode())
    client_id, secret, signing = re.findall(r"<td><code>([^<]+)</code>", text)
    return Issued(Application.objects.get(client_id=client_id), client_id, secret, signing)


def test_without_the_setting_there_is_no_page_and_no_link_to_it(client, settings):
    make.world()
    for answer in (client.get("/partner/sandbox/"), client.get(PAGE), client.post(PAGE)):
        assert answer.status_code == 404
    settings.PARTNER_SANDBOX = "nowhere"
    assert client.get(PAGE).status_code == 404
    settings.PARTNER_SANDBOX = ""
    assert "/partner/sandbox/" not in client.get("/partner/docs/en/").content.decode()
    assert Partner.objects.count() == 0


def test_one_press_gives_keys_that_work_here_and_nowhere_else_until_their_week_is_over(world):
    browser = WebClient(enforce_csrf_checks=True)
    assert browser.get("/partner/sandbox/", headers={"accept-language": "zh"})["Location"].endswith("/zh/")
    zh = browser.get("/partner/sandbox/zh/")
    assert ("获取密钥" in zh.content.decode(), browser.get("/partner/sandbox/fr/").status_code) == (True, 404)
    assert browser.post(PAGE).status_code == 403  # a form of another site
    assert Partner.objects.count() == 0
    answer = press(browser)
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert "form-action 'self'" in answer["Content-Security-Policy"]
    assert "<script" not in answer.content.decode()
    mine = System(browser, keys(answer), world.shop.code)
    granted = mine.get("/me").json()["storefronts"]
    assert [one["code"] for one in granted] == [world.shop.code]
    assert Connection.objects.get(ended_at=None).scopes == [name for name in SCOPES if name not in PERSONAL]
    assert mine.get("orders").status_code == 200
    lift = {"sku": "HD-1", "reason": "try"}
    assert mine.post("stock/stops", lift).status_code == 201
    other = make.storefront("swift")
    assert mine.get(f"/storefronts/{other.code}/orders").status_code == 404
    with time_machine.travel(present() + timedelta(days=7, minutes=1)):
        assert mine.get("/me").status_code == 401
        tasks.sweep()
        assert Partner.objects.get().state == "suspended"
        assert not Connection.objects.filter(ended_at=None).exists()
        assert mine.ask().status_code == 401
        assert sandbox.sweep(now=present()) == 0


def test_keys_are_not_given_without_end(world, monkeypatch, settings):
    settings.THROTTLE_FACTOR = 1
    monkeypatch.setattr(sandbox, "MOST", 2)
    browser = WebClient(REMOTE_ADDR="203.0.113.9")
    assert [press(browser).status_code for _ in range(3)] == [201, 201, 409]
    full = press(browser)
    assert "try again tomorrow" in full.content.decode()
    assert [press(browser).status_code for _ in range(2)] == [409, 429]
    assert press(WebClient(REMOTE_ADDR="203.0.113.10")).status_code == 409
    assert Partner.objects.count() == 2
    # one subscriber's addresses of IPv6 are one place
    mine = [WebClient(REMOTE_ADDR=f"2001:db8:7:7::{n}") for n in range(1, 7)]
    assert [press(one).status_code for one in mine] == [409] * 5 + [429]
    with time_machine.travel(present() + timedelta(days=8)):
        assert press(WebClient(REMOTE_ADDR="203.0.113.10")).status_code == 201
