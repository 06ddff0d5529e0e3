"""What operators may change: each verb by its service, for those with the role, in their own storefront."""

from __future__ import annotations

import pytest
from django.urls import reverse

from catalog.models import PriceCut, Product, Variant
from customers.models import Identity, IdentityAttempt
from inventory.models import Stock, Warehouse
from kernel.models import Case, Event
from orders.models import Coupon, Order
from storefronts import queries
from storefronts.models import LegalParty, Membership, Storefront
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def made(world):
    return rows.fill(world)


def enter(client, operator):
    client.force_login(operator, backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def change(name, pk):
    return reverse(f"admin:{name}_change", args=[pk])


def added(name):
    return reverse(f"admin:{name}_add")


def run(client, name, action, *pks):
    return client.post(
        reverse(f"admin:{name}_changelist"), {"action": action, "_selected_action": pks}, follow=True
    )


def test_the_page_of_a_variant_says_what_the_rules_would_say_and_why(client, world):
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    page = change("catalog_variant", world.dryer.pk)
    assert client.get(page).content.decode().count("yes, by its") == 0
    Variant.objects.filter(pk=world.dryer.pk).update(hs_code="2204210000", is_food=True)
    assert client.get(page).content.decode().count("yes, by its commodity code") == 2
    Variant.objects.filter(pk=world.dryer.pk).update(hs_code="8516310000", adult_only=True)
    assert client.get(page).content.decode().count("yes, by its own mark") == 2


def test_a_merchandiser_withdraws_and_publishes_a_product_and_an_auditor_does_not(client, world):
    product = world.dryer.product
    enter(client, rows.operator("auditor", world.shop, "auditor"))
    run(client, "catalog_product", "withdraw", product.pk)
    product.refresh_from_db()
    assert product.state == "published"
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    run(client, "catalog_product", "withdraw", product.pk)
    product.refresh_from_db()
    assert product.state == "withdrawn"
    answer = run(client, "catalog_product", "publish", product.pk, world.iron.product_id)
    product.refresh_from_db()
    assert product.state == "withdrawn"  # and the reason is told in the reader's words
    assert "is not ready to be shown" in answer.content.decode()
    Variant.objects.update(e_label_zh="中文电子标签")
    run(client, "catalog_product", "publish", product.pk)
    product.refresh_from_db()
    assert product.state == "published"


def test_an_auditor_of_one_storefront_and_owner_of_another_changes_only_the_other(client, world):
    other = make.storefront("swift")
    foreign = make.variant(other, "S-1")
    both = rows.operator("both", other, "owner")
    Membership.objects.create(operator=both, storefront=world.shop, role="auditor")
    enter(client, both)
    run(client, "catalog_product", "withdraw", world.dryer.product_id, foreign.product_id)
    assert Product.objects.get(pk=world.dryer.product_id).state == "published"
    assert Product.objects.get(pk=foreign.product_id).state == "withdrawn"
    assert client.post(change("catalog_variant", world.dryer.pk), {"price_fen": "1.00"}).status_code == 403
    world.dryer.refresh_from_db()
    assert world.dryer.price_fen == 10_000


def test_a_price_is_typed_in_yuan_and_set_by_its_service(client, world):
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    page = client.get(change("catalog_variant", world.dryer.pk))
    assert 'value="100.00"' in page.content.decode()
    assert client.post(change("catalog_variant", world.dryer.pk), {"price_fen": "88.05"}).status_code == 302
    world.dryer.refresh_from_db()
    assert world.dryer.price_fen == 8_805
    assert Event.objects.get(name="variant.priced").facts == {
        "sku": "HD-1",
        "from_fen": 10_000,
        "to_fen": 8_805,
    }


def test_a_price_with_a_third_decimal_is_refused(client, world):
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    assert client.post(change("catalog_variant", world.dryer.pk), {"price_fen": "88.055"}).status_code == 200
    assert Variant.objects.get(pk=world.dryer.pk).price_fen == 10_000


def cut(variant, price, **more):
    return {
        "variant": variant.pk,
        "price_fen": price,
        "starts_at_0": "2099-01-01",
        "starts_at_1": "00:00",
        "ends_at_0": "2099-01-02",
        "ends_at_1": "00:00",
        "name_zh": "元旦",
        "name_en": "New Year",
        **more,
    }


def test_a_price_cut_is_announced_and_ended_by_its_services(client, world):
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    assert client.post(added("catalog_pricecut"), cut(world.dryer, "80")).status_code == 302
    made = PriceCut.objects.get()
    assert (made.price_fen, made.variant_id, made.storefront_id) == (8_000, world.dryer.pk, world.shop.pk)
    run(client, "catalog_pricecut", "end", made.pk)
    assert PriceCut.objects.count() == 0
    assert [e.name for e in Event.objects.filter(key=f"variant:{world.dryer.pk}").order_by("seq")] == [
        "variant.cut",
        "variant.cut_ended",
    ]


def test_a_cut_that_is_no_cut_is_refused_in_the_readers_words(client, world):
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    answer = client.post(added("catalog_pricecut"), cut(world.dryer, "100"), follow=True)
    assert "a cut must be below the price" in answer.content.decode()
    assert PriceCut.objects.count() == 0


def test_nobody_cuts_the_price_of_another_storefronts_item(client, world):
    enter(client, rows.operator("stranger", make.storefront("swift")))
    assert client.post(added("catalog_pricecut"), cut(world.dryer, "80")).status_code == 200
    assert PriceCut.objects.count() == 0


def test_autocomplete_offers_only_ones_own_items(client, world):
    other = make.storefront("swift")
    make.variant(other, "HD-9")
    enter(client, rows.operator("stranger", other))
    found = client.get(
        reverse("admin:autocomplete"),
        {"term": "HD", "app_label": "catalog", "model_name": "pricecut", "field_name": "variant"},
    )
    assert [r["text"] for r in found.json()["results"]] == ["HD-9"]


def test_stock_is_not_made_across_two_storefronts(client, world):
    other = make.storefront("swift")
    foreign = make.variant(other, "S-1")
    both = rows.operator("both", other)
    Membership.objects.create(operator=both, storefront=world.shop, role="owner")
    enter(client, both)
    before = Stock.objects.count()
    form = {"warehouse": world.warehouse.pk, "variant": foreign.pk}
    assert client.post(added("inventory_stock"), form).status_code == 200
    assert Stock.objects.count() == before


def test_a_case_is_settled_once_with_a_note(client, world, made):
    enter(client, rows.operator("care", world.shop, "customer_service"))
    url = change("kernel_case", made["case"].pk)
    assert client.post(url, {"note": ""}).status_code == 200
    assert client.post(url, {"note": "paid back"}).status_code == 302
    made["case"].refresh_from_db()
    assert (made["case"].state, made["case"].settled_by, made["case"].note) == (
        "settled",
        "care",
        "paid back",
    )
    assert client.post(url, {"note": "again"}).status_code == 403
    made["case"].refresh_from_db()
    assert made["case"].note == "paid back"


def test_an_approval_is_decided_by_another_one_with_a_reason(client, world, made):
    page = change("kernel_approval", made["approval"].pk)
    grant, decline = (page.replace("change", f"step/{verb}") for verb in ("grant", "decline"))
    enter(client, rows.operator("someone", world.shop, "finance"))  # who asked
    assert client.post(grant, {"reason": "mine"}).status_code == 403
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    assert client.post(grant, {"reason": "not my job"}).status_code == 403
    enter(client, rows.operator("li", world.shop, "finance"))
    assert grant in client.get(page).content.decode()
    assert client.post(grant, {"reason": ""}).status_code == 200
    made["approval"].refresh_from_db()
    assert made["approval"].granted is None
    assert client.post(decline, {"reason": "too much"}).status_code == 302
    made["approval"].refresh_from_db()
    assert (made["approval"].granted, made["approval"].decided_by) == (False, "li")
    assert made["approval"].reason == "too much"
    assert client.post(grant, {"reason": "or not"}).status_code == 403


def test_orders_and_payments_cannot_be_written_by_anyone(client, world, made):
    enter(client, rows.operator("platform", is_superuser=True))
    for name, row in (("orders_order", made["order"]), ("payments_payment", made["payment"])):
        assert client.post(change(name, row.pk), {"state": "paid"}).status_code == 403
        assert client.get(added(name)).status_code == 403
        assert client.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert Order.objects.get().state == "placed"


def test_an_order_page_tells_lines_judgement_with_its_law_and_history(client, world, made):
    enter(client, rows.operator("owner", world.shop))
    html = client.get(change("orders_order", made["order"].pk)).content.decode()
    for told in (
        made["order"].number,
        "HD-1",
        "IR-1",
        "163.65",
        "财关税〔2018〕49号",
        "¥5,000.00",
        "order placed",
    ):
        assert told in html, told


def test_the_storefronts_terms_are_changed_by_its_owner_and_remembered(client, world):
    enter(client, rows.operator("owner", world.shop))
    form = {
        "name": "Maison",
        "name_zh": "欧本海外旗舰店",
        "state": "open",
        "trade_modes": ["9610"],
        "payment_window_seconds": 900,
        "quote_window_seconds": 600,
    }
    assert client.post(change("storefronts_storefront", world.shop.pk), form).status_code == 302
    shop = Storefront.objects.get(pk=world.shop.pk)
    assert (shop.name, shop.trade_modes, shop.payment_window_seconds) == ("Maison", ["9610"], 900)
    assert queries.shop(shop.pk).payment_window_seconds == 900
    assert queries.mini_program(shop.pk).secret == "s" * 32
    told = Event.objects.get(name="storefront.changed").facts
    assert told["by"] == "owner"
    assert "name" in told["fields"]
    assert (
        client.post(change("storefronts_storefront", shop.pk), {**form, "trade_modes": ["1039"]}).status_code
        == 200
    )


def test_legal_parties_warehouses_coupons_and_memberships_are_made_in_ones_own_storefront_only(client, world):
    other = make.storefront("swift")
    colleague = rows.operator("colleague", world.shop, "auditor")
    enter(client, rows.operator("owner", world.shop))

    def forms(shop):
        window = {
            "starts_at_0": "2026-01-01",
            "starts_at_1": "00:00",
            "ends_at_0": "2027-01-01",
            "ends_at_1": "00:00",
        }
        return {
            "storefronts_legalparty": {
                "storefront": shop.pk,
                "role": "area",
                "name": "Area Co",
                "country": "CN",
            },
            "inventory_warehouse": {
                "storefront": shop.pk,
                "code": "hk",
                "trade_mode": "9610",
                "name": "Hong Kong",
                "name_zh": "香港仓",
                "customs_district": "5349",
                "position": "2",
                "freight": "",
                "time_zone": "Asia/Hong_Kong",
                "weekdays": "123456",
                "cut_off": "16:00",
                "handling_days": "2",
                "parcel_limit_g": "20000",
                "packing_g": "150",
                "tolerance_g": "40",
                "tolerance_percent": "2",
                "active": "on",
            },
            "orders_coupon": {
                "storefront": shop.pk,
                "code": "TEN",
                "name": "Ten",
                "name_zh": "十元券",
                "reduces_fen": "10",
                "from_goods_fen": "0",
                **window,
            },
            "storefronts_membership": {"operator": colleague.pk, "storefront": shop.pk, "role": "finance"},
        }

    for name, form in forms(other).items():
        assert client.post(added(name), form).status_code == 200, name
    assert not LegalParty.objects.filter(role="area").exists() and not Coupon.objects.exists()
    assert not Membership.objects.filter(operator=colleague, storefront=other).exists()
    for name, form in forms(world.shop).items():
        answer = client.post(added(name), form)
        assert answer.status_code == 302, (name, answer.context["adminform"].form.errors)
    assert LegalParty.objects.get(role="area").storefront == world.shop
    assert Warehouse.objects.get(code="hk").handling_days == 2
    assert Coupon.objects.get().reduces_fen == 1_000
    assert Membership.objects.filter(operator=colleague, role="finance").count() == 1


def test_a_membership_is_taken_away_by_an_owner(client, world):
    colleague = rows.operator("colleague", world.shop, "finance")
    held = Membership.objects.get(operator=colleague)
    url = reverse("admin:storefronts_membership_delete", args=[held.pk])
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    assert client.post(url, {"post": "yes"}).status_code == 403
    enter(client, rows.operator("owner", world.shop))
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert not Membership.objects.filter(pk=held.pk).exists()
    assert Event.objects.get(name="membership.removed").facts == {"by": "owner"}


def test_who_cares_for_consumers_rejects_an_identity_and_an_auditor_does_not(client, world):
    identity = Identity.objects.get(customer=world.alice)
    enter(client, rows.operator("auditor", world.shop, "auditor"))
    run(client, "customers_identity", "reject", identity.pk)
    enter(client, rows.operator("stranger", make.storefront("swift")))
    run(client, "customers_identity", "reject", identity.pk)
    identity.refresh_from_db()
    assert identity.state == "verified"
    enter(client, rows.operator("mei", world.shop, "customer_service"))
    run(client, "customers_identity", "reject", identity.pk)
    identity.refresh_from_db()
    assert (identity.state, identity.rejected_for) == ("rejected", "operator")
    assert Event.objects.get(name="identity.rejected").facts["by"] == "mei"
    answer = run(client, "customers_identity", "reject", identity.pk)
    assert "not possible while identity is" in answer.content.decode()


def test_who_cares_for_consumers_has_an_identity_verified_anew(client, world):
    identity = Identity.objects.get(customer=world.alice)
    enter(client, rows.operator("mei", world.shop, "customer_service"))
    run(client, "customers_identity", "ask_anew", identity.pk)
    identity.refresh_from_db()
    assert identity.state == "stated"
    waiting = IdentityAttempt.objects.get(state="asked")
    assert (waiting.anew, waiting.customer_id) == (True, world.alice.pk)


def test_a_case_of_attempts_leads_to_the_customer_and_the_attempt_whose_count_is_reset(client, world):
    for n in range(3):
        make.identity(world.alice, number=make.id_number(n), verdict=None)
    enter(client, rows.operator("mei", world.shop, "customer_service"))
    case = Case.objects.get(kind="identity.many_numbers")
    page = client.get(change("kernel_case", case.pk)).content.decode()
    attempt = IdentityAttempt.objects.get(public_id=case.facts["attempt"])
    assert change("customers_customer", world.alice.pk) in page
    assert change("customers_identityattempt", attempt.pk) in page
    run(client, "customers_identityattempt", "reset_attempts", attempt.pk)
    assert not IdentityAttempt.objects.filter(customer=world.alice, forgiven_at=None).exists()
