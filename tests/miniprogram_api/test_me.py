"""The customer's own pages: profile, addresses, identity, consents; what is shown is masked where it must."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from compliance.models import Consent
from customers.models import Address, Identity
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of

HOME = {
    "name": "王爱丽",
    "phone": "13800138000",
    "division_code": "310115",
    "street": "世纪大道 1 号",
    "is_default": False,
}


@pytest.fixture
def newcomer(client: Client, world: make.World) -> Phone:
    """Logged in for the first time: no address, no identity, no consent."""
    return phone_of(client, make.customer(world.shop, "newcomer"))


def test_a_newcomer_has_an_empty_profile(newcomer: Phone) -> None:
    profile = newcomer.get("me").json()
    assert uuid.UUID(profile.pop("id"))
    assert profile == {"nickname": "", "phone_masked": "", "language": "zh", "identity_state": "none"}


def test_nickname_and_language_change_alone(newcomer: Phone) -> None:
    assert newcomer.put("me", {"nickname": "小新"}).json()["nickname"] == "小新"
    changed = newcomer.put("me", {"language": "en"}).json()
    assert (changed["nickname"], changed["language"]) == ("小新", "en")


def test_a_language_that_we_do_not_speak_is_refused_in_the_callers_own(newcomer: Phone) -> None:
    chinese = newcomer.put("me", {"language": "fr"})
    english = newcomer.put("me", {"language": "fr"}, Accept_Language="en-GB")
    assert (chinese.status_code, english.status_code) == (422, 422)
    assert chinese.json()["title"] == "部分字段缺失或格式有误。"
    assert english.json()["title"] == "Some fields are missing or malformed."
    assert "is not a valid choice" in english.json()["errors"]["language"][0]["message"]
    assert "is not a valid choice" not in chinese.json()["errors"]["language"][0]["message"]
    assert newcomer.get("me").json()["language"] == "zh"


def test_addresses_are_kept_changed_and_removed(newcomer: Phone) -> None:
    first = newcomer.post("me/addresses", HOME)
    assert first.status_code == 201
    assert first.json() == {
        **HOME,
        "id": first.json()["id"],
        "region": ["上海市", "浦东新区"],
        "is_default": True,
    }
    second = newcomer.post("me/addresses", {**HOME, "street": "人民路 2 号", "is_default": True}).json()
    listed = newcomer.get("me/addresses").json()["items"]
    assert [(a["street"], a["is_default"]) for a in listed] == [
        ("人民路 2 号", True),
        ("世纪大道 1 号", False),
    ]
    path = f"me/addresses/{second['id']}"
    changed = newcomer.put(path, {**HOME, "name": "王小丽"}).json()
    assert (changed["name"], changed["street"]) == ("王小丽", "世纪大道 1 号")
    assert newcomer.get(path).json() == changed
    assert newcomer.delete(path).status_code == 204
    assert newcomer.get(path).status_code == 404
    assert newcomer.delete(path).status_code == 404
    assert bytes(Address.objects.get(public_id=second["id"]).street_sealed) == b""


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("phone", "12345", "invalid_fields"),
        ("name", "", "invalid_fields"),
        ("division_code", "310000", "invalid_address"),
        ("division_code", "999999", "invalid_address"),
        ("street", "x", "invalid_fields"),
    ],
)
def test_an_address_that_cannot_be_right_is_not_kept(
    newcomer: Phone, field: str, value: str, code: str
) -> None:
    answer = newcomer.post("me/addresses", {**HOME, field: value})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert newcomer.get("me/addresses").json()["items"] == []


def test_an_identity_needs_its_consent_first_and_is_shown_masked(newcomer: Phone) -> None:
    stated = {"name": "张小明", "number": "11010519491231002x"}
    refused = newcomer.put("me/identity", stated)
    assert (refused.status_code, refused.json()["code"]) == (409, "consent_needed")
    assert newcomer.get("me/identity").json()["state"] == "none"
    assert newcomer.put("me/consents/sensitive_identity", {"version": "1"}).status_code == 200
    answer = newcomer.put("me/identity", stated)
    assert answer.status_code == 200
    assert answer.json() == {
        "state": "stated",  # nobody answers in the provider's place
        "under_way": True,
        "rejected_for": "",
        "name_masked": "张*",
        "number_masked": "110105********002X",
        "allowance": {
            "year": make.present().year,
            "limit_fen": 2_600_000,
            "used_fen": 0,
            "reserved_fen": 0,
            "left_fen": 2_600_000,
        },
    }
    assert newcomer.get("me/identity").json() == answer.json()
    assert newcomer.get("me").json()["identity_state"] == "stated"


def test_a_wrong_number_is_refused_without_repeating_it(alice: Phone) -> None:
    answer = alice.put("me/identity", {"name": "王爱丽", "number": "110105194912310021"})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "invalid_identity",
        "number",
    )
    assert "110105194912310021" not in answer.content.decode()
    assert alice.get("me/identity").json()["number_masked"] == "110105********002X"
    assert Identity.objects.count() == 1


def test_what_an_order_reserves_shows_in_the_allowance(alice: Phone, world: make.World) -> None:
    make.order(world.alice, ("HD-1", 2), now=make.present())
    allowance = alice.get("me/identity").json()["allowance"]
    assert (allowance["reserved_fen"], allowance["left_fen"]) == (20_000, 2_580_000)


def test_consents_are_given_to_a_version_and_withdrawn(newcomer: Phone) -> None:
    texts = {text["kind"]: text for text in newcomer.get("me/consents").json()["items"]}
    assert list(texts) == [
        "privacy_policy",
        "sensitive_identity",
        "identity_reuse",
        "marketing",
        "personalisation",
        "transfer_abroad",
    ]
    assert "Maison Group SAS in France" in texts["transfer_abroad"]["text"]["en"]
    assert not any(text["given"] for text in texts.values())
    given = newcomer.put("me/consents/marketing", {"version": texts["marketing"]["version"]}).json()
    assert given["given"] is True and given["given_at"] is not None
    old = newcomer.put("me/consents/marketing", {"version": "0"})
    assert (old.status_code, old.json()["code"]) == (409, "consent_not_current")
    assert newcomer.delete("me/consents/marketing").status_code == 204
    assert newcomer.delete("me/consents/marketing").status_code == 204
    assert Consent.objects.get(kind="marketing").withdrawn_at is not None
    texts = {text["kind"]: text for text in newcomer.get("me/consents").json()["items"]}
    assert texts["marketing"]["given"] is False


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_consent_that_nobody_asks_for_is_404(newcomer: Phone, method: str) -> None:
    answer = newcomer.call(method, "me/consents/soul", {"version": "1"})
    assert (answer.status_code, answer.json()["code"]) == (404, "consent_unknown")
    assert not Consent.objects.filter(kind="soul").exists()


def test_divisions_lead_from_province_to_county(client: Client, db: None) -> None:
    nobody = Phone(client, "")
    provinces = nobody.get("divisions").json()["items"]
    assert provinces[0] == {"code": "110000", "name_zh": "北京市", "level": "province", "last": False}
    cities = nobody.get("divisions?parent=310000").json()["items"]
    counties = nobody.get(f"divisions?parent={cities[0]['code']}").json()["items"]
    assert {"code": "310115", "name_zh": "浦东新区", "level": "county", "last": True} in counties
    assert nobody.get("divisions?parent=310115").json()["items"] == []
    assert nobody.get("divisions?parent=999999").status_code == 404
    assert nobody.get("divisions?parent=x").status_code == 422


def test_the_risk_notice_has_the_hash_that_an_order_confirms(client: Client, db: None) -> None:
    notice = Phone(client, "").get("risk-notice").json()
    assert notice["sha256"] == make.notice_hash(make.present())
    assert len(notice["zh"]) == len(notice["en"]) == 3
