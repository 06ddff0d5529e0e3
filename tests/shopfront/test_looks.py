"""A look: its form, what is judged before it is published, versions that stay, and who edits at once."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from catalog.models import Product
from catalog.queries import version as catalogue_version
from kernel.models import Event
from shopfront import queries
from shopfront.checks import BadLook, contrast
from shopfront.form import faults_of
from shopfront.models import Draft, Version
from shopfront.plain import plain_look
from shopfront.services.drafting import DraftMoved, draft_again, save_draft
from shopfront.services.publishing import NothingNew, bring_back, publish
from tests import make
from tests.make_looks import PICTURE, banner, grid, link, look, products, shown, words
from tests.make_tables import NOW


def whole() -> dict[str, Any]:
    return look(
        banner(link("search", "精华")),
        grid(link("page", "cart")),
        products("new"),
        {"id": "says", "kind": "text", "title": words("关于"), "paragraphs": [words("我们")]},
        {"id": "coupons", "kind": "coupons", "title": words("领券")},
        notices=[
            {
                "id": "n",
                "kind": "info",
                "text": words("春节"),
                "from": "2026-11-01T00:00:00+08:00",
                "until": None,
            }
        ],
        search_words=[words("精华")],
    )


def test_the_plain_look_and_one_with_everything_are_well_formed_and_readable():
    for content in (plain_look(name_zh="店" * 60, name="x" * 60), whole()):
        assert faults_of(content) == []
    assert round(contrast("#000000", "#ffffff")) == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54  # the grey that WCAG's own papers name


@pytest.mark.parametrize(
    ("at", "value", "fault"),
    [
        ("look.primary", "#FFF", "look.primary"),
        ("look.corner", "oval", "look.corner"),
        ("look.wordmark", words("店", ""), "look.wordmark.en"),
        ("look.slogan", words("", "Only English"), "look.slogan.zh"),
        ("look.logo", {**PICTURE, "path": "/etc/passwd"}, "look.logo.path"),
        ("look.logo", {**PICTURE, "path": "shopfront/../../x"}, "look.logo.path"),
        ("look.logo", {**PICTURE, "width": 0}, "look.logo.width"),
        ("look.shadow", "big", "look.shadow"),
        ("tabs.0.text", words("首" * 13), "tabs.0.text.zh"),
        ("tabs.0.tab", "me", "tabs"),
        ("notices.0.until", "2026-10-01T00:00:00+08:00", "notices.0.until"),
        ("notices.0.from", "2026-10-01T00:00:00", "notices.0.from"),
        ("search_words", [words("词")] * 13, "search_words"),
        ("blocks.0.items", [], "blocks.0.items"),
        ("blocks.0.kind", "video", "blocks.0.kind"),
        ("blocks.1.id", "top", "blocks"),
        ("blocks.1.columns", 6, "blocks.1.columns"),
        ("blocks.1.items.0.link", link("page", "nowhere"), "blocks.1.items.0.link.code"),
        ("blocks.1.items.0.link", link("product"), "blocks.1.items.0.link.code"),
        ("blocks.2.source.kind", "picked", "blocks.2.source.codes"),
        ("blocks.2.source.kind", "brand", "blocks.2.source.code"),
        ("blocks.2.most", 21, "blocks.2.most"),
        ("blocks.2.most", True, "blocks.2.most"),
        ("blocks.3.paragraphs", "text", "blocks.3.paragraphs"),
        ("customer_service.phone", "1" * 31, "customer_service.phone"),
    ],
)
def test_a_fault_is_told_with_its_place_in_both_languages(at, value, fault):
    content: Any = deepcopy(whole())
    *path, last = at.split(".")
    part = content
    for name in path:
        part = part[int(name)] if name.isdigit() else part[name]
    part[int(last) if last.isdigit() else last] = value
    (found,) = faults_of(content)
    assert found.at == fault
    assert found.zh and found.en.isascii() and not found.zh.isascii()
    for broken in (None, [], "x", {**content, "look": None}, {**content, "blocks": [None]}):
        assert faults_of(broken)


@pytest.mark.django_db
def test_what_cannot_be_read_or_leads_nowhere_is_not_published():
    world = make.world()
    shop = world.shop.pk
    content = look(
        banner(link("product", "p-hd-1"), link("product", "gone")),
        grid(link("category", "small"), link("brand", "nobody")),
        products("some", "picked", codes=["p-ir-1", "never"]),
    )
    content["look"] |= {"ink": "#999999", "accent": "#ffee00"}
    seen = save_draft(storefront_id=shop, content=content, revision=0, by="mei", now=NOW)
    with pytest.raises(BadLook) as caught, transaction.atomic():
        publish(storefront_id=shop, revision=seen, by="mei", now=NOW)
    assert [one.at for one in caught.value.faults] == [
        *("look.ink", "look.ink", "look.accent"),
        *("blocks.0.items.1.link", "blocks.1.items.1.link", "blocks.2.source.codes.1"),
    ]
    assert "对比度" in caught.value.text("zh") and "contrast" in caught.value.text("en")
    assert not Version.objects.exists()
    with pytest.raises(BadLook), transaction.atomic():
        save_draft(storefront_id=shop, content={"look": {}}, revision=seen, by="mei", now=NOW)


@pytest.mark.django_db
def test_versions_are_numbered_and_brought_back_and_the_draft_stays():
    shop = make.world().shop.pk
    seen = shown(shop, look(products("first")))
    before = catalogue_version(shop)
    seen = shown(shop, look(products("second")), seen)
    assert catalogue_version(shop) == before + 1  # so that kept pages follow
    with pytest.raises(NothingNew), transaction.atomic():
        publish(storefront_id=shop, revision=seen, by="lin", now=NOW)
    again = bring_back(storefront_id=shop, number=1, by="lin", now=NOW)
    assert (again.number, again.brings_back, again.published_by) == (3, 1, "lin")
    assert queries.published(shop, ("店", "Shop"))[1]["blocks"][0]["id"] == "first"
    assert Draft.objects.get().content["blocks"][0]["id"] == "second"
    with pytest.raises(NothingNew), transaction.atomic():
        bring_back(storefront_id=shop, number=1, by="lin", now=NOW)
    with pytest.raises(queries.NoSuchVersion), transaction.atomic():
        bring_back(storefront_id=shop, number=9, by="lin", now=NOW)
    draft_again(storefront_id=shop, number=1, revision=seen, by="lin", now=NOW)
    assert Draft.objects.get().content["blocks"][0]["id"] == "first"
    told = Event.objects.filter(name="shop.published").order_by("seq").values_list("facts", flat=True)
    assert [(one["version"], one["by"]) for one in told] == [(1, "mei"), (2, "mei"), (3, "lin")]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE web")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Version.objects.update(published_by="nobody")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Version.objects.all().delete()
        cursor.execute("RESET ROLE")


@pytest.mark.django_db
def test_who_saw_an_older_draft_changes_and_publishes_nothing():
    shop = make.storefront().pk
    with pytest.raises(DraftMoved), transaction.atomic():
        publish(storefront_id=shop, revision=1, by="mei", now=NOW)
    seen = save_draft(storefront_id=shop, content=look(), revision=0, by="mei", now=NOW)
    with pytest.raises(DraftMoved), transaction.atomic():
        save_draft(storefront_id=shop, content=whole(), revision=0, by="lin", now=NOW)
    save_draft(storefront_id=shop, content=whole(), revision=seen, by="lin", now=NOW)
    for late in (
        lambda: save_draft(storefront_id=shop, content=look(), revision=seen, by="mei", now=NOW),
        lambda: publish(storefront_id=shop, revision=seen, by="mei", now=NOW),
    ):
        with pytest.raises(DraftMoved), transaction.atomic():
            late()
    row = Draft.objects.get()
    assert (row.revision, row.edited_by, len(row.content["blocks"])) == (2, "lin", 5)
    assert not Version.objects.exists() and not Product.objects.exists()
