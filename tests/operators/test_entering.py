"""The way in: password, then a code that is good once; what is wrong is slowed down, then locked out."""

from __future__ import annotations

import re
from base64 import b32decode, b32encode, b85decode
from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib import admin
from django.db import IntegrityError
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from backend.seeding import demo
from compliance import vault
from compliance.keyring import KeysUnavailable
from compliance.models import DataKey
from compliance.vault import Tampered
from kernel.models import Event
from operators.reveal import PurposeForm
from operators.scope import LABELLERS, SECOND_FACTOR
from operators.steps import Stepped
from storefronts.models import Membership, Operator, OperatorSession
from storefronts.services import second_factor
from storefronts.telephones import Telephone
from tests import make
from tests.conftest import WebClient
from tests.operators import rows
from tests.operators.test_verbs import change

pytestmark = pytest.mark.django_db
CODE, ENROL, ACCOUNT = "/admin/login/code/", "/admin/login/enrol/", "/admin/account/"
START = make.present()


@pytest.fixture(autouse=True)
def clock():
    """It stands still, and is moved on for the next code."""
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def shop():
    return make.storefront()


@pytest.fixture
def owner(shop):
    return rows.operator("owner", shop)


@pytest.fixture
def client(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def password(client, name="owner", said=rows.PASSWORD, **more):
    return client.post(
        reverse("admin:login"), {"username": name, "password": said, "next": "/admin/"}, **more
    )


def bound(operator):
    """The operator's telephone and recovery codes."""
    at = make.present()
    device = second_factor.begin(operator=operator, now=at)
    codes = second_factor.confirm(operator=operator, shown=device.pk, code=shown(device), now=at)
    return Telephone.objects.get(pk=device.pk), codes


def shown(device):
    return f"{totp(device.bin_key):06d}"


def inside(client):
    return client.get("/admin/").status_code == 200


def test_who_has_no_telephone_binds_one_by_its_first_code_and_sees_the_recovery_codes_once(client, owner):
    assert password(client)["Location"] == "/admin/"
    page = client.get("/admin/orders/order/", follow=True)
    assert page.redirect_chain[-1][0].startswith(ENROL)
    html = page.content.decode()
    secret = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', html)[1]
    assert "<svg" in html and "no-store" in page["Cache-Control"]
    key = b32decode(secret.replace(" ", ""))
    wrong = client.post(ENROL, {"code": "000000"})
    assert "The code is wrong" in wrong.content.decode() and not inside(client)
    Telephone.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    told = client.post(ENROL, {"code": f"{totp(key):06d}", "next": "/admin/orders/order/"}).content.decode()
    codes = re.findall(r"<li>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</li>", told)
    assert len(codes) == 10 and 'href="/admin/orders/order/"' in told and inside(client)
    assert secret not in told
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert not stored & {code.replace("-", "") for code in codes} and len(stored) == 10
    assert (
        Event.objects.get(name="operator.factor_set").storefront_id == owner.memberships.get().storefront_id
    )


def test_no_page_and_no_action_before_the_code_and_a_code_is_good_once(client, owner, shop, clock):
    device, _ = bound(owner)
    clock.shift(60)
    password(client)
    case = reverse("admin:kernel_case_changelist")
    for url in ("/admin/", case, ACCOUNT, "/admin/rules/", "/admin/returns/numbers/", "/admin/search/?s=x"):
        assert client.get(url).status_code == 302, url
    assert client.post(case, {"action": "download"})["Location"].startswith("/admin/login/")
    assert client.get(ENROL)["Location"].startswith(CODE)  # the password alone binds no other telephone
    assert client.post(ENROL, {"code": shown(device)})["Location"].startswith(CODE)
    before = client.cookies["sessionid"].value
    code = shown(device)
    assert client.post(CODE, {"code": code, "next": case})["Location"] == case
    assert inside(client) and client.cookies["sessionid"].value != before
    other = WebClient()
    password(other)
    assert "was used before" in other.post(CODE, {"code": code}, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert not inside(other)


def test_the_secret_rests_sealed_and_no_other_can_be_stored(owner, shop):
    (device, _), (other, _) = bound(owner), bound(rows.operator("other", shop))
    secret, plain = device.bin_key, TOTPDevice.objects.get(pk=device.pk)
    assert len(secret) == 20 and b32encode(secret).decode() not in b85decode(plain.key).decode("latin-1")
    Telephone.objects.filter(pk=other.pk).update(key=plain.key)
    with pytest.raises(Tampered):
        assert Telephone.objects.get(pk=other.pk).bin_key
    other.save()
    key = DataKey.objects.get(pk=Operator.objects.get(pk=owner.pk).factor_key_id)
    second_factor.reset(operator=owner, by="ben", reason="lost", now=make.present())
    key.refresh_from_db()
    assert (bytes(key.wrapped), Telephone.objects.get().user_id) == (b"", other.user_id)
    with pytest.raises(IntegrityError):
        TOTPDevice.objects.create(user=owner, name="as the library makes it")


def test_while_no_key_can_be_opened_a_code_is_neither_wrong_nor_counted(client, owner, clock, monkeypatch):
    device, _ = bound(owner)
    clock.shift(60)
    password(client)
    code = shown(device)

    def closed(row):
        raise KeysUnavailable()

    with monkeypatch.context() as patched:
        patched.setattr(vault, "unwrap", closed)
        told = client.post(CODE, {"code": code})
        assert told.status_code == 503 and "try again shortly" in told.content.decode()
    assert not AccessAttempt.objects.exists() and not inside(client)
    client.post(CODE, {"code": code})
    assert inside(client)


def test_a_recovery_code_opens_once_and_the_others_stay(client, owner, clock):
    _, codes = bound(owner)
    clock.shift(60)
    password(client)
    assert client.post(CODE, {"code": codes[3].upper()}).status_code == 302
    assert inside(client) and StaticToken.objects.count() == 9
    assert Event.objects.filter(name="operator.recovery_used", facts={"left": 9}).exists()
    other = WebClient()
    password(other)
    other.post(CODE, {"code": codes[3]})
    assert not inside(other)


def test_personal_data_in_plain_is_for_roles_that_give_a_code():
    pages = [page for page in admin.site._registry.values() if isinstance(page, Stepped)]
    opening = [one for page in pages for one in page.steps if issubclass(one.form, PurposeForm)]
    assert {one.name for one in opening} >= {"reveal", "view"}
    assert [one.title for one in opening if not one.roles <= SECOND_FACTOR] == []
    assert sorted(LABELLERS) == ["fulfilment", "owner"]
    assert set(Membership.Role.values) - SECOND_FACTOR == {"merchandiser"}


@pytest.mark.parametrize("role", Membership.Role.values)
def test_a_code_is_asked_of_roles_that_touch_money_or_personal_data(client, shop, role):
    rows.operator("someone", shop, role)
    password(client, "someone")
    assert (not client.get("/admin/", follow=True).redirect_chain[-1][0].startswith(ENROL)) is (
        role not in SECOND_FACTOR
    )
    assert inside(client) is (role not in SECOND_FACTOR)


def test_who_need_not_and_has_a_telephone_gives_its_code_too_and_a_new_role_asks_for_one(client, shop, clock):
    seller = rows.operator("seller", shop, "merchandiser")
    password(client, "seller")
    client.get("/admin/", follow=True)
    assert inside(client)
    Membership.objects.create(operator=seller, storefront=shop, role="finance")
    assert not inside(client)
    Membership.objects.filter(role="finance").delete()
    device, _ = bound(seller)
    clock.shift(60)
    other = WebClient()
    password(other, "seller")
    assert other.get("/admin/", follow=True).redirect_chain[-1][0].startswith(CODE)
    other.post(CODE, {"code": shown(device)})
    assert inside(other)


def test_a_superuser_gives_a_code(client):
    rows.operator("root", is_superuser=True)
    password(client, "root")
    assert not inside(client)


def test_one_may_leave_before_the_code(client, owner):
    password(client)
    client.post("/admin/login/leave/")
    assert "_auth_user_id" not in client.session


def test_after_wrong_codes_not_even_the_right_one_is_taken_at_once(client, owner, clock):
    device, _ = bound(owner)
    clock.shift(60)
    password(client)
    client.post(CODE, {"code": "000000"})
    client.post(CODE, {"code": shown(device)})
    assert not inside(client)
    clock.shift(30)
    client.post(CODE, {"code": shown(device)})
    assert inside(client)


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "输错次数过多"), ("en", "Too many wrong tries")])
def test_five_wrong_passwords_lock_the_name_at_that_address_for_an_hour(
    client, owner, settings, clock, language, words
):
    settings.AXES_ENABLED = True
    here = {"REMOTE_ADDR": "198.51.100.7", "HTTP_ACCEPT_LANGUAGE": language}
    answers = [password(client, said="wrong", **here) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert words in answers[-1].content.decode()
    assert password(client, **here).status_code == 429
    assert password(WebClient(), REMOTE_ADDR="198.51.100.8").status_code == 302
    clock.shift(timedelta(hours=1, minutes=1))
    assert password(client, **here).status_code == 302


def test_wrong_codes_count_as_wrong_passwords_do_and_the_platform_unlocks(client, owner, settings, clock):
    settings.AXES_ENABLED = True
    device, _ = bound(owner)
    clock.shift(60)
    here = {"REMOTE_ADDR": "198.51.100.7"}
    password(client, **here)
    answers = [client.post(CODE, {"code": "000000"}, **here) for _ in range(5)]
    assert [one.status_code for one in answers] == [200] * 4 + [429]
    assert AccessAttempt.objects.get().username == "owner"
    assert "000000" not in AccessAttempt.objects.get().post_data
    assert password(WebClient(), **here).status_code == 429
    clock.shift(60)
    assert client.post(CODE, {"code": shown(device)}, **here).status_code == 429
    platform = WebClient()
    platform.force_login(rows.operator("root", is_superuser=True), backend=rows.BACKEND)
    attempt = AccessAttempt.objects.get()
    sent = {"action": "unlock", "_selected_action": [attempt.pk]}
    platform.post(reverse("admin:axes_accessattempt_changelist"), sent)
    assert client.post(CODE, {"code": shown(device)}, **here).status_code == 302
    assert inside(client)


def test_an_owner_resets_a_colleagues_telephone_with_a_reason_and_not_their_own_nor_a_strangers(
    client, owner, shop
):
    fang = rows.operator("fang", shop, "finance")
    both = rows.operator("both", shop, "finance")
    Membership.objects.create(operator=both, storefront=make.storefront("swift"), role="finance")
    for one in (fang, both, owner):
        bound(one)
    hers = WebClient()
    hers.force_login(fang, backend=rows.BACKEND)
    client.force_login(owner, backend=rows.BACKEND)
    step = {
        one.username: f"{change('storefronts_operator', one.pk)}".replace("change", "step/reset")
        for one in (fang, both, owner)
    }
    assert client.post(step["fang"], {"reason": ""}).status_code == 200
    assert client.post(step["fang"], {"reason": "telephone lost, asked in person"}).status_code == 302
    assert client.post(step["both"], {"reason": "I should like to"}).status_code == 403
    assert client.post(step["owner"], {"reason": "I should like to"}).status_code == 403
    assert [second_factor.has_factor(one) for one in (fang, both, owner)] == [False, True, True]
    assert not inside(hers) and inside(client)
    told = Event.objects.get(name="operator.factor_reset")
    assert told.facts == {"by": "owner", "reason": "telephone lost, asked in person"}


def test_only_an_owner_of_the_storefront_resets(client, owner, shop):
    bound(owner)
    url = change("storefronts_operator", owner.pk).replace("change", "step/reset")
    for name, role in (("fin", "finance"), ("law", "compliance")):
        client.force_login(rows.operator(name, shop, role), backend=rows.BACKEND)
        assert client.post(url, {"reason": "I should like to"}).status_code == 403
    client.force_login(rows.operator("stranger", make.storefront("swift")), backend=rows.BACKEND)
    assert client.post(url, {"reason": "I should like to"}).status_code == 404
    assert second_factor.has_factor(owner)


def test_the_demonstrations_operator_has_the_telephone_whose_code_is_printed(client, settings, tmp_path):
    settings.LOCAL = tmp_path
    demo.put_operator()
    password(client, demo.OPERATOR, demo.operator_password())
    client.post(CODE, {"code": demo.operator_code()})
    assert inside(client)
    assert OperatorSession.objects.get(factor="code").operator.username == demo.OPERATOR


def test_no_secret_that_another_session_has_seen_is_bound(owner, clock):
    spy, honest = WebClient(), WebClient()
    for one in (spy, honest):
        password(one)
    seen = secret_in(spy)
    assert secret_in(spy) == seen  # a wrong code and a second look show the same
    own = secret_in(honest)
    assert own != seen
    spy.post(ENROL, {"code": f"{totp(seen):06d}"})
    assert not inside(spy)  # its device went when the other was shown one
    own = secret_in(honest)
    clock.shift(16 * 60)
    honest.post(ENROL, {"code": f"{totp(own):06d}"})
    assert not inside(honest)  # a secret waits a quarter of an hour
    honest.post(ENROL, {"code": f"{totp(secret_in(honest)):06d}"})
    assert inside(honest) and Telephone.objects.count() == 1


def secret_in(client):
    text = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', client.get(ENROL).content.decode())[1]
    return b32decode(text.replace(" ", ""))


def test_a_session_that_was_left_open_changes_neither_telephone_nor_recovery_codes(client, owner, clock):
    device, _ = bound(owner)
    clock.shift(60)
    password(client)
    client.post(CODE, {"code": shown(device)})
    assert client.get(ENROL).status_code == 200  # a code was given just now
    clock.shift(6 * 60)
    assert client.get(ENROL)["Location"] == "/admin/login/prove/?for=telephone"
    assert client.post(ENROL, {"code": "123456"})["Location"].startswith("/admin/login/prove/")
    before = set(StaticToken.objects.values_list("token", flat=True))
    assert client.post(f"{ACCOUNT}recovery/")["Location"] == "/admin/login/prove/"
    assert set(StaticToken.objects.values_list("token", flat=True)) == before
    assert "The code is wrong" in client.post("/admin/login/prove/", {"code": "000000"}).content.decode()
    assert inside(client)
    Telephone.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert client.post("/admin/login/prove/", {"code": shown(device)})["Location"].startswith(ACCOUNT)
    assert len(re.findall(r"<li>", client.post(f"{ACCOUNT}recovery/").content.decode())) == 10
