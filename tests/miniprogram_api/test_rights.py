"""Over HTTP: see, take away, limit, withdraw, correct, close; each refusal names its reason."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from backend import delivery
from catalog.naming import names_of
from compliance import services as compliance
from compliance.models import NoticeSeen
from compliance.queries import allowed
from customers.models import Customer, Identity
from orders.models import Order
from storefronts import queries as storefronts
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of
from wechat.login import LoginSession

CART = {"lines": [{"sku": "HD-1", "quantity": 1}]}


@pytest.fixture(autouse=True)
def _wechat(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(
        "customers.services.account.code_to_session",
        lambda app, code, base_url: LoginSession(openid=f"o-maison-{code}", unionid=None, session_key="x"),
    )


def order(phone: Phone, key: str = "one-order-of-alice") -> Any:
    made = phone.post("quotes", CART)
    assert made.status_code == 201, made.content
    body = {"quote": made.json()["token"], "risk_notice": make.notice_hash(make.present())}
    return phone.post("orders", body, Idempotency_Key=key)


def test_everything_held_is_seen_by_category_with_the_risky_masked(alice: Phone, world: make.World) -> None:
    make.order(world.alice, ("HD-1", 1), now=make.present())
    answer = alice.get("me/data")
    rows = {one["code"]: one["rows"] for one in answer.json()["categories"]}
    assert rows["identity"][0]["number"] == "110105********002X"
    assert rows["identity"][0]["name"] == "王*"
    assert rows["orders"][0]["buyer_number"] == "110105********002X"
    assert rows["orders"][0]["consignee_phone"] == "138****8000"
    assert [row["kind"] for row in rows["consents"]] == [
        "隐私政策 privacy policy",
        "处理身份证信息 use of the identity number",
    ]
    assert make.NUMBERS[make.ALICE] not in answer.content.decode()
    names = {one["code"]: one["name"] for one in answer.json()["categories"]}
    assert names["addresses"] == {"zh": "收货地址", "en": "Addresses"}


@pytest.mark.django_db(transaction=True)
def test_a_copy_is_asked_for_prepared_and_fetched_once(alice: Phone) -> None:
    asked = alice.post("me/exports", {"code": make.ALICE})
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    path = asked.json()["url"].partition("/api/v1/")[2]
    early = alice.post(path)
    assert (early.status_code, early.json()["code"]) == (409, "export_not_ready")
    assert (alice.get(path).json()["state"], alice.get(path).json()["size"]) == ("queued", None)
    delivery.drain()
    assert [one["state"] for one in alice.get("me/exports").json()["items"]] == ["done"]
    nobody = Phone(alice.client, "")  # the link alone is the key
    answer = nobody.post(path)
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "application/zip",
        "no-store",
    )
    assert make.NUMBERS[make.ALICE] in zipfile.ZipFile(io.BytesIO(answer.content)).read("data.json").decode()
    for method in ("GET", "POST"):
        second = nobody.call(method, path)
        assert (second.status_code, second.json()["code"]) == (410, "export_gone")


@pytest.mark.django_db(transaction=True)
def test_looking_at_the_link_of_a_copy_tells_what_it_is_and_never_uses_it_up(alice: Phone) -> None:
    asked = alice.post("me/exports", {"code": make.ALICE}).json()
    path = asked["url"].partition("/api/v1/")[2]
    delivery.drain()
    nobody = Phone(alice.client, "")
    looks = [nobody.get(path) for _ in range(3)]
    head = nobody.call("HEAD", path)
    taken = nobody.post(path)
    assert (head.status_code, head["Allow"]) == (405, "GET, POST, OPTIONS")
    for look in looks:
        assert (look.status_code, look["Cache-Control"]) == (200, "no-store")
        assert look.json() == {
            "what": {"zh": "个人信息副本", "en": "A copy of your personal data"},
            "media_type": "application/zip",
            "state": "done",
            "size": len(taken.content),
            "asked_at": asked["asked_at"],
            "expires_at": asked["expires_at"],
        }
    assert (taken.status_code, taken.content[:2]) == (200, b"PK")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["me/exports", "me/closing"])
def test_a_stolen_session_without_the_phones_wechat_gets_nothing(alice: Phone, path: str) -> None:
    answer = alice.post(path, {"code": make.BOB})
    assert (answer.status_code, answer.json()["code"]) == (409, "another_wechat")
    assert alice.get("me/exports").json()["items"] == []
    assert alice.get("me").status_code == 200


def test_a_limit_refuses_quotes_and_orders_with_its_reason_until_it_is_lifted(
    alice: Phone, world: make.World
) -> None:
    quoted = alice.post("quotes", CART).json()["token"]
    make.consent(world.alice, "marketing")
    assert alice.put("me/limit").status_code == 204
    assert alice.put("me/limit").status_code == 204
    wish = {"quote": quoted, "risk_notice": make.notice_hash(make.present())}
    for refused in (
        alice.post("quotes", CART),
        alice.post("orders", wish, Idempotency_Key="while-limited"),
        alice.put("me/identity", {"name": "王爱丽", "number": make.NUMBERS[make.ALICE]}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "processing_limited")
    assert not Order.objects.exists()
    assert not allowed(subject_id=world.alice.subject_id, kind="marketing", now=make.present())
    assert alice.get("me/data").status_code == 200  # to see stays possible
    assert alice.delete("me/limit").status_code == 204
    assert allowed(subject_id=world.alice.subject_id, kind="marketing", now=make.present())
    assert alice.post("orders", wish, Idempotency_Key="while-limited").status_code == 201


@pytest.mark.parametrize("kind", ["sensitive_identity", "privacy_policy"])
def test_without_a_required_consent_there_is_no_new_order_and_the_refusal_names_it(
    alice: Phone, world: make.World, kind: str
) -> None:
    assert alice.delete(f"me/consents/{kind}").status_code == 204
    refused = order(alice)
    assert (refused.status_code, refused.json()["code"]) == (409, "consent_needed")
    assert refused.json()["consent"] == kind
    assert not Order.objects.exists()
    assert alice.put(f"me/consents/{kind}", {"version": "1"}).status_code == 200
    if kind == "sensitive_identity":
        make.identity(world.alice, now=make.present())  # stated and verified anew
    assert order(alice).status_code == 201


def test_withdrawing_the_identity_consent_erases_name_and_number_but_not_an_orders_evidence(
    alice: Phone, world: make.World
) -> None:
    made = make.order(world.alice, ("HD-1", 1), now=make.present())
    alice.delete("me/consents/sensitive_identity")
    assert not Identity.objects.filter(customer=world.alice).exists()
    assert alice.get("me/identity").json()["state"] == "none"
    assert bytes(Order.objects.get(number=made.number).buyer_number_sealed)
    alice.put("me/consents/sensitive_identity", {"version": "1"})
    another = alice.put("me/identity", {"name": "王爱丽", "number": make.id_number(9)})
    assert (another.status_code, another.json()["code"]) == (409, "identity_in_use")  # no fresh year


def test_personalisation_and_marketing_are_gates_that_shut_at_once(alice: Phone, world: make.World) -> None:
    names = names_of(storefronts.shop(world.shop.pk))
    for kind in ("marketing", "personalisation", "transfer_abroad", "identity_reuse"):
        gate = {"subject_id": world.alice.subject_id, "kind": kind, "now": make.present(), "names": names}
        assert not allowed(
            subject_id=world.alice.subject_id, kind=kind, now=make.present(), names=names
        )  # never pre-ticked
        texts = {text["kind"]: text["version"] for text in alice.get("me/consents").json()["items"]}
        assert alice.put(f"me/consents/{kind}", {"version": texts[kind]}).status_code == 200
        assert allowed(**gate)
        alice.delete(f"me/consents/{kind}")
        assert not allowed(**gate)


def test_the_notice_is_told_and_its_sight_recorded_once_without_asking(
    alice: Phone, world: make.World
) -> None:
    notice = alice.get("me/notices/providing").json()
    assert notice["seen_at"] is None
    assert "海关" in notice["text"]["zh"] and "customs" in notice["text"]["en"]
    seen = alice.put("me/notices/providing", {"version": notice["version"]}).json()
    assert seen["seen_at"] is not None
    assert alice.put("me/notices/providing", {"version": notice["version"]}).json() == seen
    assert NoticeSeen.objects.get().text_hash == notice["sha256"]
    old = alice.put("me/notices/providing", {"version": "0"})
    assert (old.status_code, old.json()["code"]) == (409, "consent_not_current")
    none = alice.get("me/notices/nothing")
    assert (none.status_code, none.json()["code"]) == (404, "notice_unknown")
    assert compliance.ConsentNeeded.code not in str(seen)


def test_data_is_corrected_and_a_telephone_forgotten(alice: Phone, world: make.World) -> None:
    assert alice.put("me/identity", {"name": "王爱莉", "number": make.NUMBERS[make.ALICE]}).status_code == 200
    rows = {one["code"]: one["rows"] for one in alice.get("me/data").json()["categories"]}
    assert rows["identity"][0]["name"] == "王*"
    Customer.objects.filter(pk=world.alice.pk).update(phone_index=b"x" * 33)
    assert alice.delete("me/phone").status_code == 204
    assert Customer.objects.get(pk=world.alice.pk).phone_index is None
    assert alice.get("me").json()["phone_masked"] == ""


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_open_orders_then_tells_what_is_kept_and_the_token_is_dead(
    alice: Phone, world: make.World
) -> None:
    number = order(alice).json()["number"]
    refused = alice.post("me/closing", {"code": make.ALICE})
    assert (refused.status_code, refused.json()["code"]) == (409, "account_has_open_matters")
    assert [one["number"] for one in refused.json()["matters"]] == [number]
    long_ago = make.present() - timedelta(days=46)
    Order.objects.update(state="paid", paid_at=long_ago, transaction_id="42000002")
    closed = alice.post("me/closing", {"code": make.ALICE})
    assert closed.status_code == 200
    kept = {one["what"]: one for one in closed.json()["kept"]}
    assert kept["orders"]["rows"] == 1
    assert "汇发〔2019〕13号" in kept["orders"]["law"]
    assert kept["orders"]["until"] == str(Order.objects.get().key.destroy_on)
    assert alice.get("me").status_code == 401


def test_a_stranger_sees_nothing_of_alice(client: Client, world: make.World) -> None:
    make.order(world.alice, ("HD-1", 1), now=make.present())
    bob = phone_of(client, make.customer(world.shop, make.BOB))
    rows = {one["code"]: one["rows"] for one in bob.get("me/data").json()["categories"]}
    assert [code for code, held in rows.items() if held] == ["profile", "sessions"]
    assert bob.get("me/exports").json()["items"] == []
    for method in ("GET", "POST"):
        answer = bob.call(method, "exports/no-such-link")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
