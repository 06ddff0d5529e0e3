"""A mini-program learns for which messages to ask, and says once what its consumer answered."""

from __future__ import annotations

import pytest

from customers.models import NewsConsent, NewsTemplate
from tests import make
from tests.customers.newsroom import FIELDS
from tests.miniprogram_api.conftest import phone_of

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "asked-at-payment-1"


@pytest.fixture(autouse=True)
def templates(world) -> None:
    for one in ("delivered", "shipped", "cleared"):
        NewsTemplate.objects.create(
            storefront=world.shop, occasion=one, template_id=f"TPL-{one}", fields=FIELDS
        )


def answered(phone, *said, key: str = KEY):
    answers = [{"template_id": name, "answer": answer} for name, answer in said]
    return phone.post("me/subscriptions", {"answers": answers}, Idempotency_Key=key)


def test_at_payment_three_are_asked_for_and_on_the_parcels_page_what_is_still_to_come(alice):
    asked = alice.get("me/subscriptions").json()["templates"]
    assert [one["template_id"] for one in asked] == ["TPL-shipped", "TPL-cleared", "TPL-delivered"]
    assert asked[1] == {
        "occasion": "cleared",
        "says": {"zh": "已清关", "en": "cleared by customs"},
        "template_id": "TPL-cleared",
        "left": 0,
    }
    asked = alice.get("me/subscriptions?at=shipping").json()["templates"]
    assert [one["template_id"] for one in asked] == ["TPL-cleared", "TPL-delivered"]
    assert alice.get("me/subscriptions?at=never").status_code == 422


def test_each_yes_is_kept_once_and_no_is_not_kept(alice):
    for _ in range(2):
        answer = answered(alice, ("TPL-shipped", "accept"), ("TPL-delivered", "reject"))
        assert answer.status_code == 200
    told = {one["template_id"]: one["left"] for one in answer.json()["templates"]}
    assert told == {"TPL-shipped": 1, "TPL-delivered": 0}
    answered(alice, ("TPL-shipped", "accept"), key="asked-at-payment-2")
    assert NewsConsent.objects.filter(by_template__template_id="TPL-shipped").count() == 2


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ([("TPL-nobody", "accept")], 404, "news_template_not_found"),
        ([("TPL-shipped", "perhaps")], 422, "invalid_fields"),
        ([("TPL-shipped", "accept"), ("TPL-shipped", "reject")], 422, "invalid_fields"),
        ([], 422, "invalid_fields"),
    ],
)
def test_what_is_not_an_answer_is_refused(alice, said, status, code):
    answer = answered(alice, *said)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert NewsConsent.objects.count() == 0


def test_without_a_key_an_answer_could_count_twice_and_is_refused(alice):
    answer = alice.post("me/subscriptions", {"answers": [{"template_id": "TPL-shipped", "answer": "accept"}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_needed")


def test_consents_are_their_own_customers_and_templates_their_own_storefronts(client, world, alice):
    bob = phone_of(client, make.buyer(world.shop, make.BOB, make.id_number(2)))
    elsewhere = phone_of(client, make.buyer(make.storefront("swift"), make.STRANGER, make.id_number(3)))
    answered(alice, ("TPL-shipped", "accept"))
    assert [one["left"] for one in bob.get("me/subscriptions").json()["templates"]] == [0, 0, 0]
    assert elsewhere.get("me/subscriptions").json() == {"templates": []}
    assert answered(elsewhere, ("TPL-shipped", "accept")).status_code == 404
    assert answered(bob, ("TPL-shipped", "accept")).json()["templates"][0]["left"] == 1
    assert NewsConsent.objects.count() == 2


def test_asking_takes_as_many_statements_with_three_templates_as_with_one(alice, django_assert_num_queries):
    alice.get("me/subscriptions")
    with django_assert_num_queries(6):  # two of them are its own
        assert len(alice.get("me/subscriptions").json()["templates"]) == 3
    NewsTemplate.objects.exclude(occasion="shipped").delete()
    with django_assert_num_queries(6):
        assert len(alice.get("me/subscriptions").json()["templates"]) == 1
