"""An owner brings in a colleague: a first password, shown once, opens one page; they are one pair of eyes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.urls import reverse

from kernel import approvals
from kernel.approvals import NeedsColleague
from kernel.models import Approval, Event, Receipt
from operators.bringing_in import BringInForm
from storefronts.models import FourEyes, Membership, Operator, OperatorSession
from storefronts.services import colleagues, four_eyes, second_factor
from tests import make
from tests.conftest import WebClient
from tests.operators import rows
from tests.operators.test_entering import CODE, ENROL, bound, inside, password, shown
from tests.operators.test_verbs import change
from tests.races.crowd import at_once
from tests.shape.test_house import ROOT, sources

pytestmark = pytest.mark.django_db
ADD, CHOOSE = "/admin/storefronts/membership/colleague/", "/admin/login/password/"
OWN = {"new_password1": "an-own-pass-phrase", "new_password2": "an-own-pass-phrase"}
START = make.present()


@pytest.fixture
def shop():
    return make.storefront()


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def entered(operator):
    client = WebClient(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(operator, backend=rows.BACKEND)
    return client


def form(shop, **changes):
    return {"storefront": shop.pk, "name": "lin", "role": "finance", "once": "1", **changes}


def told(answer):
    """The first password of an answer, or nothing."""
    found = re.search(r'id="first-password"[^>]*>([^<]+)<', answer.content.decode())
    return found[1] if found else ""


def brought(by, shop, name="lin", role="finance"):
    return colleagues.bring_in(storefront=shop, name=name, role=role, by=by, now=make.present())


def again(member):
    return reverse("admin:first_password", args=[member.pk])


def test_an_owner_brings_in_a_colleague_and_the_first_password_is_in_one_answer_alone(shop):
    other = make.storefront("swift")
    mei = entered(rows.operator("mei", shop, "merchandiser"))
    assert (mei.get(ADD).status_code, mei.post(ADD, form(shop)).status_code) == (403, 403)
    client = entered(rows.operator("owner", shop))
    page = client.get(ADD)
    assert "swift" not in page.content.decode() and "no-store" in page["Cache-Control"]
    assert BringInForm.base_fields["storefront"].choices == []  # what one is shown is not another's
    for tampered in ({"storefront": other.pk}, {"role": "platform"}, {"is_superuser": "on", "name": "LIN"}):
        assert not told(client.post(ADD, form(shop, **tampered)))
    assert Operator.objects.count() == 2
    first = client.post(ADD, form(shop, is_superuser="on", is_active=""))
    lin, given = Operator.objects.get(username="lin"), told(first)
    assert lin.check_password(given) and "no-store" in first["Cache-Control"]
    assert (lin.is_staff, lin.is_superuser, lin.let_in_by) == (True, False, ["owner"])
    assert list(lin.memberships.values_list("storefront", "role")) == [(shop.pk, "finance")]
    second = client.post(ADD, form(shop, is_superuser="on", is_active=""), follow=True)
    member = lin.memberships.get()
    assert not told(second) and "was shown once" in second.content.decode()
    assert second.redirect_chain[-1][0].startswith(again(member))
    assert "with something else in it" in client.post(ADD, form(shop, name="wei")).content.decode()
    assert "works here already" in client.post(ADD, form(shop, once="2")).content.decode()
    lin.refresh_from_db()
    assert lin.check_password(given) and Operator.objects.count() == 3
    event = Event.objects.get(name="operator.brought_in")
    assert event.facts == {"by": "owner", "role": "finance"} and event.storefront_id == shop.pk
    kept = [
        *Event.objects.values_list("facts"),
        *Receipt.objects.values_list("body"),
        *Operator.objects.values(),
    ]
    assert given not in str(kept)


def test_a_name_is_nobody_elses_in_any_case_and_whose_it_is_is_not_told(shop):
    owner = rows.operator("owner", shop)
    rows.operator("Wei", make.storefront("swift"))
    said = {}
    for name in ("wei", "clock", "system", "WEI", "wеi", "w", "operator:wei", "-wei"):
        with pytest.raises((colleagues.NameNotFree, colleagues.NameUnfit)) as refused:
            brought(owner, shop, name)
        said[name] = refused.value.code.removeprefix("operator_name_")
    assert said == {"wei": "not_free", "clock": "not_free", "system": "not_free"} | dict.fromkeys(
        ("WEI", "wеi", "w", "operator:wei", "-wei"), "unfit"
    )
    assert Operator.objects.count() == 2
    for name in ("WEI", "System"):
        with pytest.raises(CommandError, match="cannot be used"):
            call_command("make_operator", "--username", name, "--superuser")


def test_who_left_comes_back_under_their_name_by_who_let_them_in_alone(shop):
    owner, ben = rows.operator("owner", shop), rows.operator("ben", shop)
    member, first = brought(owner, shop)
    lin = member.operator
    assert not inside(entered(lin))  # with a first password nobody is in
    old = OperatorSession.objects.get(operator=lin).pk
    member.delete()
    lin_elsewhere = Membership.objects.create(operator=lin, storefront=make.storefront("swift"), role="owner")
    with pytest.raises(colleagues.NameNotFree):
        brought(owner, shop)
    lin_elsewhere.delete()
    with pytest.raises(colleagues.NameNotFree):
        brought(ben, shop)
    again, second = brought(owner, shop, role="auditor")
    lin.refresh_from_db()
    assert again.operator == lin and lin.check_password(second) and not lin.check_password(first)
    assert not OperatorSession.objects.filter(pk=old).exists()
    assert list(lin.memberships.values_list("storefront", "role")) == [(shop.pk, "auditor")]


def test_only_an_owner_of_that_very_storefront_brings_in_and_no_role_that_there_is_not(shop):
    other = make.storefront("swift")
    strangers = [rows.operator("fang", shop, "finance"), rows.operator("stranger", other)]
    for by, role in [(one, "auditor") for one in strangers] + [(rows.operator("owner", shop), "platform")]:
        with pytest.raises(colleagues.NotYourColleague):
            brought(by, shop, role=role)
    assert Membership.objects.filter(storefront=shop).count() == 2
    assert BringInForm(shops=[]).fields["role"].choices[0][0] == ""  # nobody is an owner by not looking
    assert brought(rows.operator("root", is_superuser=True), shop)[0].storefront == shop


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one_colleague_and_a_second_click_waits_for_the_first(shop):
    owner = rows.operator("owner", shop)
    ben = rows.operator("ben", shop)
    done = at_once([lambda by=by: brought(by, shop) for by in (owner, ben)])
    assert sorted(type(one).__name__ for one in done) == ["NameNotFree", "tuple"]
    one, other = entered(owner), WebClient(HTTP_ACCEPT_LANGUAGE="en")
    other.cookies = one.cookies
    sent = form(shop, name="wei")
    clicks = at_once([lambda client=client: client.post(ADD, sent, follow=True) for client in (one, other)])
    assert sorted(bool(told(answer)) for answer in clicks) == [False, True]
    assert ["was shown once" in one.content.decode() for one in clicks if not told(one)] == [True]
    assert Operator.objects.filter(username="wei").count() == 1


def test_a_first_password_opens_one_page_until_it_is_replaced(client, shop, clock):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    _, given = brought(rows.operator("owner", shop), shop)
    password(client, "lin", given)
    for url in ("/admin/", ENROL, "/admin/account/", "/admin/password_change/", "/admin/login/prove/"):
        assert client.get(url, follow=True).redirect_chain[-1][0].startswith(CHOOSE), url
    assert client.post(ENROL, {"code": "000000"})["Location"].startswith(CHOOSE)
    assert not second_factor.has_factor(Operator.objects.get(username="lin"))
    kept = dict.fromkeys(OWN, given)
    for sent, said in (
        (kept, "Choose another"),
        (dict.fromkeys(OWN, "short"), "too short"),
        ({}, "required"),
    ):
        assert said in client.post(CHOOSE, sent).content.decode(), sent
    other = WebClient()
    password(other, "lin", given)
    before = client.cookies["sessionid"].value
    assert client.post(CHOOSE, OWN)["Location"] == "/admin/login/?next=%2Fadmin%2F"
    assert client.cookies["sessionid"].value != before and not other.get(CHOOSE)["Location"].endswith(ENROL)
    lin = Operator.objects.get(username="lin")
    assert lin.check_password(OWN["new_password1"]) and lin.first_password_until is None
    assert (
        client.get("/admin/", follow=True).redirect_chain[-1][0].startswith(ENROL)
    )  # the next step, as ever
    assert lin.let_in_by == ["owner"]
    assert Event.objects.get(name="operator.password_chosen").facts == {"by": "lin"}
    assert client.post(CHOOSE, OWN)["Location"] == "/admin/login/"


def test_a_first_password_opens_nothing_after_three_days(client, shop, clock):
    _, given = brought(rows.operator("owner", shop), shop)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    clock.shift(timedelta(hours=72) - timedelta(seconds=1))
    password(client, "lin", given)
    assert client.get(CHOOSE).status_code == 200
    clock.shift(1)
    over = client.post(CHOOSE, OWN, follow=True)
    assert "ask the owner for a new one" in over.content.decode() and "_auth_user_id" not in client.session
    password(client, "lin", given)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/admin/login/")
    assert Operator.objects.get(username="lin").check_password(given)


def test_a_new_first_password_ends_all_sessions_and_the_telephone_stays(shop, clock):
    owner = rows.operator("owner", shop)
    lin = rows.operator("lin", shop, "finance")
    device, _ = bound(lin)
    hers, client, member = entered(lin), entered(owner), lin.memberships.get()
    assert (
        inside(hers)
        and "New first password" in client.get(change("storefronts_membership", member.pk)).content.decode()
    )
    assert "telephone stays" in client.get(again(member)).content.decode()
    assert not told(client.post(again(member), {"reason": "", "once": "1"})) and inside(hers)
    sent = {"reason": "lost it, told me in person", "once": "1"}
    given = told(client.post(again(member), sent))
    assert not OperatorSession.objects.filter(operator=lin).exists()
    repeated = client.post(again(member), sent, follow=True)
    assert "was shown once" in repeated.content.decode() and not told(repeated)
    lin.refresh_from_db()
    assert lin.check_password(given) and not inside(hers) and lin.let_in_by == ["owner"]
    event = Event.objects.get(name="operator.password_given")
    assert event.facts == {"by": "owner", "reason": sent["reason"]} and event.storefront_id == shop.pk
    new, early = WebClient(HTTP_ACCEPT_LANGUAGE="en"), WebClient(HTTP_ACCEPT_LANGUAGE="en")
    password(new, "lin", given)
    assert new.get(CHOOSE)["Location"].startswith(CODE)  # who gave it has no telephone
    assert new.post(CHOOSE, OWN)["Location"].startswith(CODE)
    clock.shift(60)
    assert new.post(CODE, {"code": shown(device)}).status_code == 302 and not inside(new)
    password(early, "lin", given)
    stale = Operator.objects.get(pk=lin.pk)
    latest = told(client.post(again(member), {**sent, "once": "2"}))
    assert new.post(CHOOSE, OWN)["Location"].startswith("/admin/login/")  # its session is over
    with pytest.raises(colleagues.FirstPasswordOver):
        colleagues.choose_password(operator=stale, password=OWN["new_password1"], now=make.present())
    lin.refresh_from_db()
    assert lin.check_password(latest)
    client.post(reverse("admin:storefronts_membership_delete", args=[member.pk]), {"post": "yes"})
    password(new, "lin", latest)
    assert not inside(new) and new.get(CHOOSE)["Location"].startswith(CODE)


def test_nobody_lets_in_oneself_the_platform_a_stranger_or_who_works_elsewhere_too(shop):
    owner, other = rows.operator("owner", shop), make.storefront("swift")
    both = rows.operator("both", shop, "finance")
    Membership.objects.create(operator=both, storefront=other, role="auditor")
    root = rows.operator("root", shop, "finance", is_superuser=True)
    stranger = rows.operator("stranger", other, "finance")
    client, fang = entered(owner), entered(rows.operator("fang", shop, "finance"))
    for one, status in ((owner, 403), (both, 403), (root, 403), (stranger, 404)):
        member = one.memberships.order_by("pk").first()
        assert client.post(again(member), {"reason": "because"}).status_code == status, one
        assert fang.post(again(member), {"reason": "because"}).status_code in (403, 404), one
        with pytest.raises(colleagues.NotYourColleague):
            colleagues.give_password(operator=one, by=owner, reason="because", now=make.present())
    assert {one.let_in_by == [] for one in Operator.objects.all()} == {True}


def test_who_let_whom_in_is_one_pair_of_eyes_until_the_platform_vouches(shop, monkeypatch):
    owner, ben = rows.operator("owner", shop), rows.operator("ben", shop)
    FourEyes.objects.create(storefront=shop, verb="refund", above=5_000)
    lin, wei = (brought(owner, shop, name)[0].operator for name in ("lin", "wei"))
    deep = brought(ben, shop, "deep", "owner")[0].operator
    deeper = brought(deep, shop, "deeper")[0].operator
    one = [(owner, lin), (lin, owner), (lin, wei), (ben, deeper), (deeper, deep)]
    two = [(owner, ben), (lin, ben), (deeper, owner), (wei, deep)]

    def decided(asks, decides):
        asked = approvals.ask(
            storefront_id=shop.pk,
            verb="refund",
            key=str(Approval.objects.count()),
            facts={},
            by=asks.username,
            now=make.present(),
        )
        url = change("kernel_approval", asked.pk).replace("change", "step/grant")
        Operator.objects.filter(pk=decides.pk).update(first_password_until=None)
        answer = entered(Operator.objects.get(pk=decides.pk)).post(url, {"reason": "seen"}, follow=True)
        asked.refresh_from_db()
        granted, text = asked.granted, answer.content.decode()
        assert ("make_operator" in text and "one pair of eyes" in text) is (granted is None)
        return granted

    assert [decided(*pair) for pair in one] == [None] * len(one)
    assert [decided(*pair) for pair in two] == [True] * len(two)
    Operator.objects.filter(pk=deep.pk).delete()
    assert decided(ben, deeper) is None  # who stood between them is gone
    bound(lin)
    hers = entered(lin)
    monkeypatch.setenv("OPERATOR_PASSWORD", "")
    call_command("make_operator", "--username", "lin", "--vouch")
    lin.refresh_from_db()
    assert (lin.let_in_by, lin.first_password_until, second_factor.has_factor(lin)) == ([], None, False)
    assert not inside(hers) and lin.factor_key is None
    assert [decided(lin, owner), decided(wei, lin), decided(wei, owner)] == [True, True, None]
    colleagues.give_password(operator=lin, by=owner, reason="lost it", now=make.present())
    colleagues.give_password(operator=lin, by=ben, reason="lost it", now=make.present())
    assert [decided(lin, owner), decided(ben, lin)] == [None, None]  # whoever knew it once


def test_nothing_is_decided_but_by_way_of_who_may_be_whom():
    ours = [one for one in sources() if not one.is_relative_to(ROOT / "tests")]
    asks = [str(one.relative_to(ROOT)) for one in ours if "approvals.decide(" in one.read_text("utf-8")]
    assert asks == ["storefronts/services/four_eyes.py"]


def test_who_asks_where_nobody_may_decide_is_told_how_to_find_somebody(shop):
    owner = rows.operator("owner", shop)
    brought(owner, shop)
    row = FourEyes.objects.create(storefront=shop, verb="refund", above=5_000)
    url, client = change("storefronts_foureyes", row.pk), entered(owner)
    assert "make_operator" in client.post(url, {"above": "6000"}, follow=True).content.decode()
    rows.operator("ben", shop, "compliance")
    told_now = client.post(url, {"above": "7000"}, follow=True).content.decode()
    assert "already waits" in told_now and "make_operator" not in told_now
    with pytest.raises(NeedsColleague):
        row.above = 8_000
        four_eyes.set_limit(row=row, by="owner", now=make.present())
