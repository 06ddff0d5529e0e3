"""The demonstration's shops: every look is readable and leads somewhere; an operator's own is left alone."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from backend.seeding import looks
from backend.seeding.goods import FILES, load_part
from catalog.demo.banners import Ware
from shopfront import queries
from shopfront.checks import targets, unreadable
from shopfront.form import faults_of
from shopfront.models import Draft, Version
from shopfront.services.drafting import save_draft
from storefronts.models import LegalParty, Storefront
from tests import make
from tests.make_looks import look
from tests.make_tables import NOW, tariff


def codes(name: str, column: str) -> set[str]:
    with (FILES / name).open(encoding="utf-8-sig", newline="") as file:
        return {row[column] for row in csv.DictReader(file)}


def test_each_look_of_the_demonstration_is_right_and_none_is_like_another(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(looks, "_banner", lambda *_: Image.new("RGB", (1500, 700)))
    monkeypatch.setattr(looks, "_wares", lambda _, codes: [Ware(codes[0], "", "", "", "") for _ in codes])
    goods = {
        "product": codes("products.csv", "product_code"),
        "category": codes("categories.csv", "code"),
        "brand": codes("brands.csv", "code"),
    }
    made = [looks._look(Storefront(code=code), told) for code, told in looks.looks().items()]
    for content in made:
        assert faults_of(content) == [] and list(unreadable(content["look"])) == []
        for at, kind, code in targets(content):
            assert code in goods[kind], at
    for one, other in pairwise(made):
        assert [block["id"] for block in one["blocks"]] != [block["id"] for block in other["blocks"]]
        for name in ("primary", "page", "corner", "card", "logo"):
            assert one["look"][name] != other["look"][name], name


@pytest.mark.django_db
def test_a_look_is_seeded_once_and_an_operators_own_is_left_alone(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    tariff()
    shop = make.storefront("swift")
    LegalParty.objects.create(storefront=shop, role="food_recall", name="召回公司", country="CN")
    load_part(shop, ["coffee"], NOW)
    assert [looks.put_look(shop, now=NOW) for _ in range(2)] == [True, False]
    (version,) = Version.objects.all()
    banner, menu, _ = queries.blocks(shop.pk, version.content, now=NOW)
    assert {card["brand"]["code"] for card in menu["items"]} == {"torrefazione-nerocalda"}
    shown = [banner["items"][0]["picture"], version.content["look"]["logo"] and menu["items"][0]["picture"]]
    for picture in shown:
        for name in ("url", "thumbnail_url"):
            assert (tmp_path / Path(picture[name]).relative_to("/media")).exists()
    assert (banner["items"][0]["picture"]["width"], banner["items"][0]["picture"]["height"]) == (1500, 700)
    save_draft(
        storefront_id=shop.pk, content=look(), revision=Draft.objects.get().revision, by="mei", now=NOW
    )
    assert not looks.put_look(shop, now=NOW) and Version.objects.count() == 1
