"""The identity screen: verified at once or soon after, told when tried too often, carried to other shops."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from compliance import vault
from compliance.law import Law
from compliance.models import AllowanceAccount
from customers import labels
from customers.models import Customer, Identity, IdentityAttempt, IdentityShare
from customers.queries import held
from kernel.clock import shanghai_day
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of
from tests.stand_in import StandIn

PAIR = {"name": "张小明", "number": make.id_number(41)}


@pytest.fixture
def newcomer(client: Client, world: make.World) -> Phone:
    """Logged in, with the separate consent."""
    person = make.customer(world.shop, "newcomer")
    make.consent(person, now=make.present())
    return phone_of(client, person)


def shown(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return {name: told[name] for name in ("state", "under_way", "rejected_for")}


def test_a_pair_that_belongs_together_is_verified_at_once(newcomer: Phone, provider: StandIn) -> None:
    assert shown(newcomer.put("me/identity", PAIR)) == {
        "state": "verified",
        "under_way": False,
        "rejected_for": "",
    }
    assert newcomer.get("me").json()["identity_state"] == "verified"


@pytest.mark.parametrize(
    ("code", "found"), [("-1", "differs"), ("-2", "malformed"), ("-3", "malformed"), ("-5", "no_record")]
)
def test_every_no_reads_alike_to_the_one_who_asks_and_an_operator_sees_which(
    newcomer: Phone, provider: StandIn, code: str, found: str
) -> None:
    provider.control("switches", call="identity", mode="result", code=code)
    answer = newcomer.put("me/identity", PAIR)
    assert shown(answer) == {"state": "rejected", "under_way": False, "rejected_for": "not_confirmed"}
    assert found not in answer.content.decode()
    assert shown(newcomer.get("me/identity"))["rejected_for"] == "not_confirmed"
    identity = Identity.objects.select_related("customer__subject__key").get(rejected_for=found)
    copied = {one.code: one.rows for one in held(identity.customer.subject, make.present())}
    (attempt,) = copied["verifications"]
    made = IdentityAttempt.objects.get(customer=identity.customer)
    assert attempt == {
        "made_at": made.made_at,
        "state": "已答复 answered",
        "verdict": "未能确认 not confirmed",
        "provider": "tencent.faceid",
    }
    assert found not in str(copied)
    assert made.verdict == found


def test_every_no_is_kept_equally_long() -> None:
    days = Law(shanghai_day(make.present())).figure("identity/result_days")
    assert days == {"matches": 180, "differs": 3, "malformed": 3, "no_record": 3}


def test_a_provider_that_is_away_leaves_it_stated_and_under_way(newcomer: Phone) -> None:
    assert shown(newcomer.put("me/identity", PAIR)) == {
        "state": "stated",
        "under_way": True,
        "rejected_for": "",
    }
    IdentityAttempt.objects.update(state="overtaken")  # the consent was withdrawn: nobody asks any more
    assert shown(newcomer.get("me/identity"))["under_way"] is False


def test_a_quote_and_an_order_wait_for_the_verification(
    client: Client, world: make.World, newcomer: Phone
) -> None:
    newcomer.put("me/identity", PAIR)
    quote = newcomer.post("quotes", {"lines": [{"sku": "HD-1", "quantity": 1}]}).json()
    assert ([refusal["rule"] for refusal in quote["refusals"]], quote["placeable"]) == (["IDENTITY-3"], False)
    assert not AllowanceAccount.objects.exists()


def test_too_many_attempts_are_told_when_to_come_back(newcomer: Phone) -> None:
    names = ("王一", "王二", "王三", "王四", "王五", "王六")
    answers = [newcomer.put("me/identity", {**PAIR, "name": name}) for name in names]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    problem = answers[-1].json()
    assert problem["code"] == "identity_attempts"
    assert answers[-1]["Retry-After"] == str(problem["seconds"])
    assert 0 < problem["seconds"] <= 24 * 3600


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "short",
        "0" * 15,
        "0" * 65,
        "0b9f2c1e made by the phone",
        "0b9f2c1e-made-by-the-phone\n",
        "有中文有中文有中文有",
    ],
)
def test_a_malformed_device_is_refused_and_nothing_is_done(newcomer: Phone, sent: str) -> None:
    answer = newcomer.put("me/identity", PAIR, X_Device=sent.encode().decode("latin-1"))
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert answer.json() == {
        "type": "/problems/invalid_device",
        "title": "请求头 X-Device 应为 16 至 64 位字母、数字或连字符，或不传；未做任何操作。",
        "status": 422,
        "code": "invalid_device",
    }
    assert newcomer.get("me/identity").json()["state"] == "none"
    assert IdentityAttempt.objects.filter(number_index=vault.blind("id_number", PAIR["number"])).count() == 0


@pytest.mark.parametrize("sent", ["0b9f2c1e-made-by-the-phone", "0" * 16, "Z" * 64, None])
def test_a_device_is_kept_as_a_blind_index_and_may_be_left_out(newcomer: Phone, sent: str | None) -> None:
    headers = {} if sent is None else {"X_Device": sent}
    assert newcomer.put("me/identity", PAIR, **headers).status_code == 200
    kept = IdentityAttempt.objects.latest("pk").device_index
    assert (bytes(kept) if kept else None) == (vault.blind("device", sent) if sent else None)


def with_phone(person: Customer, who: str = make.ALICE) -> Customer:
    key = vault.unwrap(person.subject.key)
    person.phone_sealed = key.seal(labels.PHONE, person.public_id, make.PHONES[who])
    person.phone_index = vault.blind("phone", make.PHONES[who])
    person.save()
    make.consent(person, "identity_reuse", now=make.present())
    return person


def test_an_identity_is_carried_to_another_shop_without_being_typed_again(
    client: Client, world: make.World, alice: Phone
) -> None:
    with_phone(world.alice)
    there = with_phone(make.customer(make.storefront("swift")))
    make.consent(there, now=make.present())
    elsewhere = phone_of(client, there)
    offer = alice.post("me/identity/share")
    assert offer.status_code == 201
    code = offer.json()["code"]
    assert (len(code), code[5]) == (11, "-")
    assert alice.get("me/identity/share").json()["open_until"] == offer.json()["expires_at"]
    taken = elsewhere.post("me/identity/reuse", {"code": code})
    assert taken.status_code == 200
    assert taken.json() == {"state": "verified", "name_masked": "王*", "number_masked": "110105********002X"}
    listed = alice.get("me/identity/share").json()
    assert listed["open_until"] is None
    assert [one["storefront"] for one in listed["items"]] == [{"zh": "swift 海外旗舰店", "en": "Swift Shop"}]
    assert elsewhere.get("me/identity/share").json() == {"open_until": None, "items": []}


def test_a_code_of_a_stranger_a_wrong_and_a_cancelled_one_look_alike(
    client: Client, world: make.World, alice: Phone
) -> None:
    with_phone(world.alice)
    there = with_phone(make.customer(make.storefront("swift"), make.BOB), make.BOB)
    make.consent(there, now=make.present())
    bob = phone_of(client, there)
    codes = [alice.post("me/identity/share").json()["code"], "ABCDE-FGHJK"]
    answers = [bob.post("me/identity/reuse", {"code": code}).json() for code in codes]
    alice.delete("me/identity/share")
    answers.append(bob.post("me/identity/reuse", {"code": codes[0]}).json())
    assert [answer["code"] for answer in answers] == ["share_invalid"] * 3
    assert answers[0] == answers[1] == answers[2]
    assert not Identity.objects.filter(customer=there).exists()
    assert IdentityShare.objects.filter(redeemed_at=None).count() == 1


def test_without_the_consent_nothing_is_offered_or_taken(alice: Phone, world: make.World) -> None:
    offered = alice.post("me/identity/share")
    taken = alice.post("me/identity/reuse", {"code": "ABCDE-FGHJK"})
    assert [(one.status_code, one.json()["code"]) for one in (offered, taken)] == [
        (409, "consent_needed"),
        (409, "consent_needed"),
    ]
    assert IdentityShare.objects.count() == 0
