"""Sessions: listed without their keys, ended by whom they belong to or an owner, and by their time."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils.translation import override

from operators.own_sessions import in_words
from storefronts.models import Membership, OperatorSession
from storefronts.sessions import hashed
from tests import make
from tests.conftest import WebClient
from tests.operators import rows

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
START = make.present()


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def shop():
    return make.storefront()


@pytest.fixture
def owner(shop):
    return rows.operator("owner", shop)


def entered(operator, **headers):
    client = WebClient(HTTP_ACCEPT_LANGUAGE="en", **headers)
    client.force_login(operator, backend=rows.BACKEND)
    client.get("/admin/")
    return client


def inside(client):
    return client.get("/admin/").status_code == 200


def key(client):
    return client.cookies["sessionid"].value


def test_an_operator_sees_own_sessions_in_words_and_ends_one_or_all_others(owner, shop, clock):
    here = entered(owner)
    there = entered(owner, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="198.51.100.7")
    third, fang = entered(owner), entered(rows.operator("fang", shop, "finance"))
    clock.shift(90)
    there.get("/admin/")
    page = here.get("/admin/account/").content.decode()
    assert "Firefox · Windows" in page and "198.51.100.7" in page and page.count("This one") == 1
    assert [one for one in (here, there, third) if key(one) in page or hashed(key(one)) in page] == []
    assert not OperatorSession.objects.filter(session_key=key(there)).exists()
    foreign = OperatorSession.objects.get(operator__username="fang").public_id
    assert here.post("/admin/account/end/", {"session": str(foreign)}).status_code == 404
    row = OperatorSession.objects.get(session_key=hashed(key(there)))
    assert here.post("/admin/account/end/", {"session": str(row.public_id)}).status_code == 302
    assert [inside(one) for one in (here, there, third, fang)] == [True, False, True, True]
    here.post("/admin/account/end/")
    assert [inside(one) for one in (here, third, fang)] == [True, False, True]


def test_an_owner_ends_the_sessions_of_members_and_no_one_elses(owner, shop):
    fang = entered(rows.operator("fang", shop, "finance"))
    foreign = entered(rows.operator("stranger", make.storefront("swift")))
    here = entered(owner)
    url = reverse("admin:storefronts_operatorsession_changelist")
    page = here.get(url).content.decode()
    assert "fang" in page and "stranger" not in page
    assert hashed(key(fang)) not in page
    assert fang.get(url).status_code == 403
    ids = [*OperatorSession.objects.exclude(operator=owner).values_list("pk", flat=True)]
    here.post(url, {"action": "end", "_selected_action": ids})
    assert [inside(one) for one in (here, fang, foreign)] == [True, False, True]


def test_a_new_password_ends_the_other_sessions(owner):
    here, there = entered(owner), entered(owner)
    new = "another-invented-pass-9"
    sent = {"old_password": rows.PASSWORD, "new_password1": new, "new_password2": new}
    assert here.post("/admin/password_change/", sent).status_code == 302
    assert [inside(here), inside(there)] == [True, False]
    assert OperatorSession.objects.filter(operator=owner).count() == 1


def test_another_role_ends_the_sessions_of_whose_it_is(owner, shop):
    mei = rows.operator("mei", shop, "merchandiser")
    here, hers = entered(owner), entered(mei)
    sent = {"operator": mei.pk, "storefront": shop.pk, "role": "fulfilment"}
    assert here.post(reverse("admin:storefronts_membership_add"), sent).status_code == 302
    assert Membership.objects.filter(operator=mei).count() == 2
    assert [inside(here), inside(hers)] == [True, False]


@pytest.mark.parametrize(("rest", "still"), [(29, True), (31, False)])
def test_a_session_is_over_when_nothing_was_asked_for_its_time(owner, settings, clock, rest, still):
    client = entered(owner)
    session = client.session
    session["idle_seconds"] = settings.OPERATOR_IDLE_MONEY_SECONDS
    session.save()
    clock.shift(timedelta(minutes=29))
    assert inside(client)
    clock.shift(timedelta(minutes=rest))
    assert inside(client) is still


def test_no_session_lasts_longer_than_twelve_hours_whatever_is_asked(owner, clock):
    client = entered(owner)
    for _ in range(11):
        clock.shift(timedelta(hours=1, minutes=5))
        assert inside(client)
    new = "another-invented-pass-9"
    sent = {"old_password": rows.PASSWORD, "new_password1": new, "new_password2": new}
    client.post("/admin/password_change/", sent)
    assert inside(client)  # a new key, and the same beginning
    clock.shift(timedelta(minutes=6))
    assert not inside(client)


def test_that_somebody_is_there_is_written_down_once_a_minute(owner, clock):
    client = entered(owner)
    row = OperatorSession.objects.get()
    clock.shift(30)
    client.get("/admin/")
    assert OperatorSession.objects.get().seen_at == row.seen_at
    clock.shift(40)
    client.get("/admin/")
    assert OperatorSession.objects.get().seen_at == row.seen_at + timedelta(seconds=70)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox · Windows"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605.1.15",
            "Safari · macOS",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge · Linux"),
        (
            "Mozilla/5.0 (Linux; Android 14) Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0",
            "WeChat · Android",
        ),
        ("curl/8.5", "another program"),
    ],
)
def test_a_browser_is_told_in_words(agent, words):
    with override("en"):
        assert in_words(agent) == words
