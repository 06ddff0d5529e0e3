"""A merchandiser looks up a code, uses it on a SKU, and sees what is missing before it may be sold."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Variant
from compliance.models import PositiveListLine, TariffLine
from kernel.models import Event
from operators import readiness
from orders.services.quote import NotForSale, Wanted, make_quote
from orders.services.sellable import needs
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> make.World:
    return make.world()


def enter(client, shop, role="merchandiser", language="en"):
    client.force_login(rows.operator(f"the-{role}-{shop.pk}", shop, role), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    return client


def unmet(found, mode):
    return {need.name for need in found[mode] if not need.met}


def test_a_code_is_found_by_words_of_either_language_and_by_digits_and_used_on_a_sku(client, world):
    enter(client, world.shop)
    lines = TariffLine.objects.filter(hs_code="85163100")
    lines.update(name_zh="电吹风机")
    own = {"variant": world.dryer.pk}
    for asked in ("吹风", "Hair DRYERS", "8516.31", "8516310000"):
        page = client.get(reverse("code_search"), {"q": asked, **own}).content.decode()
        assert "<code>85163100</code>" in page and "Hair dryers" in page, asked
        assert "9.1%" in page and f"/{world.dryer.pk}/step/customs/?hs_code=8516310000" in page
        assert "(001)" in page  # the legal unit of a confirmed SKU
    assert "85163100" not in client.get(reverse("code_search"), {"q": "lipstick"}).content.decode()
    PositiveListLine.objects.filter(hs_code="85163100").update(remark="仅限网购保税商品", only_modes=["1210"])
    page = client.get(reverse("code_search"), {"q": "吹风"}, headers={"Accept-Language": "zh-CN"})
    text = page.content.decode()
    assert "仅限网购保税商品" in text and "1210 可售" in text and "9610 不可售" in text
    assert "step/customs" not in text
    taken = []
    for asked in ("85163100", "8"):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("code_search"), {"q": asked, **own})
        taken.append(len(queries))
    assert taken[0] == taken[1] <= 25
    stranger = enter(client, make.storefront("swift"))
    page = stranger.get(reverse("code_search"), {"q": "吹风", **own}).content.decode()
    assert "HD-1" not in page and "(001)" not in page


def test_the_checklist_says_what_a_quote_would_say_and_where_it_is_mended(client, world):
    sku, shop = world.dryer.sku, world.shop

    def asked():
        return needs(storefront_id=shop.pk, skus=[sku], now=make.NOW)[sku]

    doubt = Variant.objects.filter(sku=sku)
    doubt.update(customs_confirmed=False, customs_note="待确认")
    assert unmet(asked(), "1210") == {"label", "classification"}
    with pytest.raises(NotForSale):
        make_quote(
            customer=world.alice, wanted=[Wanted(sku, 1)], address_id=None, coupon_claim_id=None, now=make.NOW
        )
    doubt.update(e_label_zh="电吹风", customs_confirmed=True)
    assert unmet(asked(), "1210") == set()
    assert unmet(asked(), "9610") == {"stock"}  # no warehouse of direct purchase
    Variant.objects.filter(sku=sku).update(classes=["infant_formula", "egg"], is_food=True)
    PositiveListLine.objects.filter(hs_code="85163100").update(exclusion="除外", only_modes=["9610"])
    quote = make_quote(
        customer=world.alice, wanted=[Wanted(sku, 1)], address_id=None, coupon_claim_id=None, now=make.NOW
    )
    refused = {one["rule"] for one in quote.refusals}
    assert refused == {"LIST-2", "LIST-4", "GATE-1", "RECALL-1"} == unmet(asked(), "1210")
    assert unmet(asked(), "9610") == {"LIST-4", "GATE-1", "RECALL-1", "QUARANTINE-1", "stock"}
    enter(client, shop)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("admin:catalog_variant_change", args=[world.dryer.pk])).content.decode()
    assert len(queries) <= 25
    assert "1210 may not · 9610 may not" in page
    assert "公告2022年第7号" in page and "Prices, told and planned" in page and "list price" in page
    assert f"/admin/codes/?variant={world.dryer.pk}" in page and "/step/customs/" in page
    page = client.get(reverse("admin:catalog_product_change", args=[world.dryer.product_id])).content.decode()
    assert "quarantine lets it come by mail <code" in page and ">QUARANTINE-1</code>" in page
    assert "a warehouse of the mode has pieces to sell" in page
    assert {need.name for found in asked().values() for need in found} <= {*readiness._NAMES}


def test_customs_data_is_changed_after_a_preview_and_by_a_merchandiser_of_the_shop_alone(client, world):
    Variant.objects.filter(pk=world.dryer.pk).update(e_label_zh="电吹风")
    url = reverse("admin:catalog_variant_step", args=[world.dryer.pk, "customs"])
    enter(client, world.shop)
    shown = client.get(url, {"hs_code": "8516320000", "e_label_zh": "no"})
    form = shown.context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    assert (values["hs_code"], values["e_label_zh"]) == ("8516320000", "电吹风")
    bad = client.post(url, {**values, "origin": "CN"})
    assert "imports do not originate in China" in bad.content.decode()
    preview = client.post(url, values)
    assert "8516310000" in preview.content.decode() and preview.context["button"] == "Confirm"
    world.dryer.refresh_from_db()
    assert world.dryer.hs_code == "8516310000"
    seen = preview.context["form"]["seen"].value()
    assert client.post(url, {**values, "seen": seen}).status_code == 302
    world.dryer.refresh_from_db()
    assert world.dryer.hs_code == "8516320000"
    [told] = Event.objects.filter(name="catalogue.edited")
    assert told.facts["values"] == {"hs_code": "8516320000"}
    assert enter(client, world.shop, "finance").post(url, values).status_code == 403
    assert enter(client, make.storefront("swift")).post(url, values).status_code == 404
