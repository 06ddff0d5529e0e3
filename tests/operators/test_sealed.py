"""Keys and persons: what goes in is sealed and never shown, and a person is found without being named."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import BinaryField
from django.urls import reverse

from backend.personal import FIELDS
from compliance import vault
from kernel import approvals
from kernel.models import Approval, Event
from storefronts import queries
from storefronts.models import MerchantAccount, Operator
from tests import make
from tests.operators import rows
from tests.operators.full import full_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def full():
    return full_world()


@pytest.fixture
def world(full):
    return full[0]


@pytest.fixture
def made(full):
    return full[1]


def enter(client, operator):
    client.force_login(operator, backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def merchant_form(**changes):
    return {
        "mchid": "1700000001",
        "serial_no": "AB" * 10,
        "private_key_pem": make.private_pem(make.rsa_key("other")),
        "apiv3_key": "n" * 32,
        "platform_serial": "PUB_KEY_ID_1",
        "platform_key_pem": make.public_pem(make.rsa_key("platform")),
        **changes,
    }


def test_an_owner_sets_the_merchants_keys_which_are_sealed_and_never_shown(client, world):
    url = reverse("admin:storefronts_storefront_change", args=[world.shop.pk]).replace("change", "merchant")
    enter(client, rows.operator("finance", world.shop, "finance"))
    assert client.post(url, merchant_form()).status_code == 403
    enter(client, rows.operator("owner", world.shop))
    page = client.get(url)
    assert "no-store" in page["Cache-Control"]
    refused = client.post(url, merchant_form(private_key_pem="not a key", apiv3_key="z" * 32))
    assert refused.status_code == 200
    assert "not a key" not in refused.content.decode()
    assert "z" * 32 not in refused.content.decode()
    assert MerchantAccount.objects.filter(mchid="1700000001").count() == 0
    assert client.post(url, merchant_form()).status_code == 200  # they replace others: a colleague is asked
    asked = Approval.objects.get(verb="pay_keys")
    assert set(asked.facts) == {"mchid", "serial_no", "platform_serial", "fingerprint"}
    approvals.decide(approval=asked, by="lan", granted=True, reason="seen", now=make.present())
    assert client.post(url, merchant_form(apiv3_key="m" * 32)).status_code == 200  # not these
    assert MerchantAccount.objects.filter(mchid="1700000001").count() == 0
    assert client.post(url, merchant_form()).status_code == 302
    merchant = queries.merchant_of(world.shop.pk)
    assert (merchant.mchid, merchant.apiv3_key) == ("1700000001", b"n" * 32)
    stored = MerchantAccount.objects.get(mchid="1700000001")
    assert b"n" * 32 not in bytes(stored.apiv3_key_sealed)
    assert Event.objects.get(name="storefront.merchant_set").facts == {"by": "owner", "mchid": "1700000001"}


def test_another_storefronts_merchant_number_cannot_be_taken_over(client, world):
    other = make.storefront("swift")
    theirs = MerchantAccount.objects.get(storefront=other)
    enter(client, rows.operator("owner", world.shop))
    url = reverse("admin:storefronts_storefront_change", args=[world.shop.pk]).replace("change", "merchant")
    answer = client.post(url, merchant_form(mchid=theirs.mchid))
    assert answer.status_code == 200
    assert MerchantAccount.objects.get(pk=theirs.pk).storefront_id == other.pk
    assert client.post(url.replace(str(world.shop.pk), str(other.pk)), merchant_form()).status_code == 403


@pytest.mark.parametrize(
    "number", [make.PHONES[make.ALICE], "+86 138-0013-8000", make.NUMBERS[make.ALICE].lower()]
)
def test_a_person_is_found_by_blind_index_and_the_number_is_never_shown(client, world, made, number):
    enter(client, rows.operator("care", world.shop, "customer_service"))
    other = make.buyer(world.shop, make.BOB, number=make.id_number(5))
    make.order(other, ("HD-1", 1))
    for asked in (
        client.post(reverse("admin:orders_order_find"), {"text": number}),
        client.get(reverse("admin:orders_order_changelist"), {"q": number}),
    ):
        assert asked.status_code == 302
        assert number not in asked["Location"]
        page = client.get(asked["Location"])
        assert [o.number for o in page.context["cl"].result_list] == [made["order"].number]
        assert make.PHONES[make.ALICE] not in page.content.decode()


SEALED = ("orders_order", "customers_customer", "customers_identity", "customers_identityattempt")


@pytest.mark.parametrize("name", SEALED)
def test_where_people_are_looked_for_nothing_that_is_typed_can_go_into_an_address(client, world, made, name):
    enter(client, rows.operator("owner", world.shop))
    page = client.get(reverse(f"admin:{name}_changelist")).content.decode()
    boxes = re.findall(r"<form[^>]*>", page)
    assert not any('role="search"' in box for box in boxes)
    assert [
        box for box in boxes if f'action="{reverse(f"admin:{name}_find")}"' in box and 'method="post"' in box
    ]
    assert 'name="q"' not in page and 'name="text"' in page


def test_a_code_that_is_posted_finds_its_row_as_ever(client, world, made):
    enter(client, rows.operator("care", world.shop, "customer_service"))
    make.order(make.buyer(world.shop, make.BOB, number=make.id_number(5)), ("HD-1", 1))
    number = made["order"].number
    asked = client.post(reverse("admin:orders_order_find"), {"text": f" {number} "})
    assert asked["Location"] == reverse("admin:orders_order_changelist") + f"?q={number}"
    page = client.get(asked["Location"])
    assert [o.number for o in page.context["cl"].result_list] == [number]
    assert f'value="{number}"' in page.content.decode()


@pytest.mark.parametrize(
    "text", ["1380013800", "138001380001", "11010519491231002", "王爱丽", "王爱丽 13800138000", "a b", ""]
)
def test_what_is_nearly_a_number_or_a_name_is_not_put_into_an_address(client, world, made, text):
    enter(client, rows.operator("care", world.shop, "customer_service"))
    asked = client.post(reverse("admin:orders_order_find"), {"text": text})
    assert (asked.status_code, asked["Location"]) == (302, reverse("admin:orders_order_changelist"))


def test_an_index_cannot_be_guessed_letter_by_letter(client, world, made):
    enter(client, rows.operator("owner", world.shop))
    first = vault.blind("phone", make.PHONES[make.ALICE]).hex()[:2]
    for name, lookup in (
        ("orders_order", f"phone_index__startswith={first}"),
        ("storefronts_operator", "password__startswith=m"),
        ("storefronts_storefront", "key__wrapped__isnull=0"),
        ("partners_application", "client_secret__startswith=p"),
    ):
        assert client.get(reverse(f"admin:{name}_changelist") + f"?{lookup}").status_code == 400, name


# Shown as it stands on purpose: whose work it is, whom to reach at a firm, a region, what a carrier said with
# every telephone starred. Whatever else is personal is sealed, or not shown.
IN_PLAIN = {
    "compliance.ImpactAssessment.assessed_by",
    "compliance.Incident.contact",
    "storefronts.Operator.username",
    "storefronts.Operator.let_in_by",
    "storefronts.LegalParty.contact",
    "storefronts.OperatorSession.address",
    *(
        f"axes.{model}.{field}"
        for model in ("AccessAttempt", "AccessFailureLog", "AccessLog")
        for field in ("username", "ip_address", "user_agent")
    ),
    "customers.Address.division_code",
    "customers.Export.file",
    "orders.Order.division_code",
    "logistics.TrackingEvent.text",
    "returns.ReturnRequest.way_text",
    # What everybody reads in the shop, and what whoever decides on it has to see.
    *("reviews.Review.shown_name", "reviews.Review.reply", "reviews.ReviewPicture.file"),
    "reviews.ReviewWords.note",
}


def test_no_page_shows_or_looks_for_a_personal_field_that_is_not_on_this_list(rf):
    request = rf.get("/")
    request.user = Operator(is_superuser=True, is_staff=True)
    found = set()
    for told in FIELDS:
        field = apps.get_model(told.model)._meta.get_field(told.field)
        page = admin.site._registry[field.model]
        shown = {*page.get_fields(request), *page.get_list_display(request), *map(str, page.list_filter)}
        looked_for = {lookup.split("__")[0] for lookup in page.search_fields}
        if isinstance(field, BinaryField):
            assert field.name not in shown | looked_for, told
        elif told.klass != "pseudonym" and field.name in shown | looked_for:
            found.add(f"{told.model}.{told.field}")
    assert found == IN_PLAIN
