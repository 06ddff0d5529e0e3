"""Chosen SKUs are edited and priced together: shown, confirmed, told once, called off in time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import PriceChange, PublicPrice, Variant
from catalog.services import price_changes as changes
from catalog.services.prices import CutInTheWay, cut_price
from kernel.clock import SHANGHAI
from kernel.models import Case, Event
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> make.World:
    made = make.world()
    Variant.objects.update(e_label_zh="标签")
    return made


def enter(client, shop, role="merchandiser"):
    client.force_login(rows.operator(f"the-{role}-{shop.pk}", shop, role), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def choose(client, action, *variants, **sent):
    url = f"/admin/catalog/{variants[0]._meta.model_name}/"
    return client.post(url, {"action": action, "_selected_action": [v.pk for v in variants], **sent})


def confirm(client, action, *variants, **sent):
    shown = choose(client, action, *variants, **sent, seen="")
    seen = shown.context["form"]["seen"].value()
    return shown.content.decode(), choose(client, action, *variants, **sent, seen=seen)


def price(variant):
    return Variant.objects.get(pk=variant.pk).price_fen


def test_several_are_edited_after_a_preview_with_one_event(client, world):
    enter(client, world.shop)
    both = (world.dryer, world.iron)
    html = choose(client, "edit_many", *both).content.decode()
    assert "2 SKUs" in html and 'name="weight_g"' in html
    html, done = confirm(client, "edit_many", *both, weight_g="777", is_food="", emptied=["customs_note"])
    assert "777" in html and "HD-1" in html and "IR-1" in html and done.status_code == 302
    assert set(Variant.objects.filter(weight_g=777)) == set(both)
    [told] = Event.objects.filter(name="catalogue.edited")
    assert (told.facts["skus"], told.facts["by"]) == (["HD-1", "IR-1"], f"the-merchandiser-{world.shop.pk}")
    html = choose(client, "edit_many", *both, weight_g="0", seen="").content.decode()
    assert "not a whole number from 1 to 100000" in html
    enter(client, make.storefront("swift"))
    choose(client, "edit_many", *both, weight_g="5", seen="")
    assert not Variant.objects.filter(weight_g=5).exists()
    finance = enter(client, world.shop, "finance")
    choose(finance, "price_many", *both, how="set", value="1", step="1", seen="")
    assert not PriceChange.objects.exists()


def test_the_skus_of_chosen_products_are_edited_and_priced_all_of_them(client, world):
    enter(client, world.shop)
    product = world.dryer.product
    twin = make.variant(world.shop, "HD-2", e_label_zh="标签")
    Variant.objects.filter(pk=twin.pk).update(
        product=product, options={"zh": {"颜色": "红"}, "en": {"Colour": "red"}}
    )
    html, done = confirm(client, "edit_many", product, weight_g="777")
    assert "2 SKUs" in html and "HD-2" in html and done.status_code == 302
    assert set(Variant.objects.filter(weight_g=777)) == {world.dryer, twin}
    _, done = confirm(client, "price_many", product, how="set", value="12", step="1")
    assert done.status_code == 302 and (price(world.dryer), price(twin)) == (1_200, 1_200)
    assert price(world.iron) != 1_200


def test_prices_are_rounded_once_shown_and_in_force_at_once(client, world):
    enter(client, world.shop)
    Variant.objects.filter(pk=world.dryer.pk).update(price_fen=9_999)
    before = price(world.iron)
    sent = {"how": "percent", "value": "-12.5", "step": "10", "starts_at": ""}
    with CaptureQueriesContext(connection) as queries:
        choose(client, "price_many", world.dryer, world.iron, **sent, seen="")
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) <= 25
    assert (price(world.dryer), PriceChange.objects.count()) == (9_999, 0)
    html, done = confirm(client, "price_many", world.dryer, world.iron, **sent)
    assert "99.99" in html and "87.50" in html and done.status_code == 302
    assert (price(world.dryer), price(world.iron)) == (
        8_750,
        changes.raised(before, percent=Decimal("-12.5"), step_fen=10),
    )
    last = PublicPrice.objects.filter(variant=world.dryer).latest("id")
    assert (last.kind, last.price_fen) == ("list", 8_750)
    assert Event.objects.filter(name="prices.planned").count() == 1
    assert (
        changes.raised(1, percent=Decimal(50)),
        changes.raised(10_049, percent=Decimal(0), step_fen=100),
    ) == (2, 10_000)


def test_a_confirmation_that_is_sent_twice_is_one_change_and_no_refusal(client, world):
    enter(client, world.shop)
    before = price(world.dryer)
    sent = {"how": "amount", "value": "10", "step": "1", "starts_at": ""}
    shown = choose(client, "price_many", world.dryer, **sent, seen="")
    sent |= {"seen": shown.context["form"]["seen"].value(), "once": shown.context["once"]}
    again = [choose(client, "price_many", world.dryer, **sent) for _ in range(2)]
    assert [one.status_code for one in again] == [302, 302]
    assert (price(world.dryer), PriceChange.objects.count()) == (before + 1_000, 1)


def test_a_price_beyond_every_bound_is_refused_not_taken(client, world):
    enter(client, world.shop)
    before = price(world.dryer)
    for how, value, told in (
        ("set", "9999999999.99", "An amount is at most 10,000,000 yuan."),
        ("percent", "9999999999", "A percentage is from -100 to 1,000."),
        ("amount", "10000000", "it must be at most 10,000,000 yuan"),
    ):
        html = choose(client, "price_many", world.dryer, how=how, value=value, step="1", seen="").content
        assert told in html.decode()
    assert (price(world.dryer), PriceChange.objects.count()) == (before, 0)


def test_a_price_waits_for_its_time_can_be_called_off_and_meets_a_cut(client, world):
    enter(client, world.shop)
    at = make.present() + timedelta(days=2)
    sent = {
        "how": "amount",
        "value": "5",
        "step": "1",
        "starts_at": f"{at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}",
    }
    before = price(world.dryer), price(world.iron)
    _, done = confirm(client, "price_many", world.dryer, world.iron, **sent)
    assert done.status_code == 302 and (price(world.dryer), price(world.iron)) == before
    assert changes.apply_due(now=at - timedelta(hours=1)) == 0
    iron = PriceChange.objects.get(variant=world.iron)
    stranger = enter(client, make.storefront("swift"))
    stranger.post("/admin/catalog/pricechange/", {"action": "call_off", "_selected_action": [iron.pk]})
    iron.refresh_from_db()
    assert iron.state == "planned"
    enter(client, world.shop, "owner")
    client.post("/admin/catalog/pricechange/", {"action": "call_off", "_selected_action": [iron.pk]})
    assert changes.apply_due(now=at) == 1 and changes.apply_due(now=at) == 0
    assert (price(world.dryer), price(world.iron)) == (before[0] + 500, before[1])
    iron.refresh_from_db()
    assert (iron.state, iron.ended_by) == ("cancelled", f"the-owner-{world.shop.pk}")
    with pytest.raises(changes.NothingPlanned), transaction.atomic():
        changes.cancel(storefront_id=world.shop.pk, changes=[iron.pk], by="x", now=at)
    plan = {"storefront_id": world.shop.pk, "by": "x", "now": at}
    later = at + timedelta(days=1)
    changes.plan_prices(**plan, prices={"IR-1": before[1] - 100}, starts_at=later)
    with pytest.raises(changes.PlannedTwice), transaction.atomic():
        changes.plan_prices(**plan, prices={"IR-1": before[1] - 200}, starts_at=later)
    cut = {"sku": "IR-1", "price_fen": before[1] - 50, "name_zh": "促销", "name_en": "Sale"}
    cut_price(storefront_id=world.shop.pk, **cut, starts_at=at, ends_at=later + timedelta(days=1), now=at)
    with pytest.raises(CutInTheWay), transaction.atomic():
        changes.plan_prices(**plan, prices={"IR-1": before[1] - 60}, starts_at=None)
    assert changes.apply_due(now=later) == 0
    assert price(world.iron) == before[1]
    assert Case.objects.get(kind="price.not_changed").facts["sku"] == "IR-1"
