"""A person reads to whom their data was given, in both languages, page by page, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from compliance import services as compliance
from customers.models import Customer
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of


def give(person: Customer, days: int = 0) -> None:
    compliance.disclose(
        storefront_id=person.storefront_id,
        subject_id=person.subject_id,
        recipient_kind="payment",
        recipient="财付通支付科技有限公司",
        country="CN",
        purpose="pay",
        basis="contract",
        fields=["openid", "amount"],
        order_number="26112012000000012345",
        now=make.NOW + timedelta(days=days),
    )


def test_each_time_is_told_with_recipient_purpose_basis_and_fields(alice: Phone, world: make.World) -> None:
    give(world.alice)
    assert alice.get("me/disclosures").json() == {
        "items": [
            {
                "at": "2026-11-20T04:00:00+00:00",
                "recipient": "财付通支付科技有限公司",
                "recipient_kind": "payment",
                "recipient_kind_name": {"zh": "支付机构", "en": "payment institution"},
                "country": "CN",
                "purpose": {"zh": "办理支付", "en": "to take the payment"},
                "basis": "contract",
                "what": [{"zh": "微信标识", "en": "WeChat identifier"}, {"zh": "金额", "en": "amount"}],
                "order_number": "26112012000000012345",
            }
        ],
        "next_cursor": None,
    }


def test_pages_follow_each_other_and_a_stranger_sees_none(
    alice: Phone, world: make.World, client: Client
) -> None:
    for days in range(3):
        give(world.alice, days)
    first = alice.get("me/disclosures?limit=2").json()
    assert [item["at"][:10] for item in first["items"]] == ["2026-11-22", "2026-11-21"]
    rest = alice.get(f"me/disclosures?limit=2&cursor={first['next_cursor']}").json()
    assert [item["at"][:10] for item in rest["items"]] == ["2026-11-20"]
    assert rest["next_cursor"] is None
    bob = phone_of(client, make.customer(world.shop, make.BOB))
    assert bob.get("me/disclosures").json()["items"] == []
    assert bob.get(f"me/disclosures?cursor={first['next_cursor']}").json()["items"] == []


def test_a_cursor_that_cannot_be_one_is_refused(alice: Phone) -> None:
    answer = alice.get("me/disclosures?cursor=yesterday")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")
