"""Two people furnish one shop at the same moment: one draft, one version, nothing lost under the other."""

from __future__ import annotations

from threading import Barrier

import pytest
from django.db import transaction

from shopfront import queries
from shopfront.models import Draft, Version
from shopfront.services.drafting import save_draft
from shopfront.services.publishing import bring_back, publish
from storefronts.models import Storefront
from storefronts.services import serving
from tests import make
from tests.catalog.test_catalog_races import at_once
from tests.make_looks import grid as cells
from tests.make_looks import link, look, shown
from tests.make_tables import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def named(name: str):
    """A look that is known by its only block."""
    return look(cells(link("page", "me"), ident=name))


def block(content) -> str:
    return content["blocks"][0]["id"]


@pytest.fixture
def shop() -> int:
    return make.storefront().pk


def test_without_the_queue_two_would_publish_one_number(shop):
    """The race is real: both see no version, both write the first, the database has the last word."""
    both_looked = Barrier(2)

    def unguarded(number: int) -> None:
        with transaction.atomic():
            assert queries.shown_version(shop) is None
            both_looked.wait()
            told = {"content": named(f"n{number}"), "published_by": "mei", "published_at": NOW}
            Version.objects.create(storefront_id=shop, number=1, **told)

    assert at_once(2, unguarded) == ["IntegrityError", "done"]


def test_two_who_publish_at_once_publish_once(shop):
    seen = save_draft(storefront_id=shop, content=named("a"), revision=0, by="mei", now=NOW)
    done = at_once(4, lambda n: publish(storefront_id=shop, revision=seen, by=f"n{n}", now=NOW))
    assert done == ["NothingNew"] * 3 + ["done"]
    assert [one.number for one in Version.objects.all()] == [1]


def test_of_two_who_save_what_they_saw_one_is_told_of_the_other(shop):
    for seen in (0, 1):

        def save(number: int, seen: int = seen) -> None:
            save_draft(storefront_id=shop, content=named(f"r{seen}n{number}"), revision=seen, by="x", now=NOW)

        assert at_once(3, save) == ["DraftMoved"] * 2 + ["done"]
        row = Draft.objects.get()
        assert (row.revision, block(row.content)[:2]) == (seen + 1, f"r{seen}")


def test_what_is_published_while_another_edits_is_what_was_looked_at(shop):
    """Either the publication comes first and the edit is the next draft, or it is told of the edit."""
    seen = save_draft(storefront_id=shop, content=named("looked0"), revision=0, by="mei", now=NOW)
    for turn in range(4):

        def one(number: int, turn: int = turn, seen: int = seen) -> None:
            if number:
                publish(storefront_id=shop, revision=seen, by="mei", now=NOW)
            else:
                new = named(f"looked{turn + 1}")
                save_draft(storefront_id=shop, content=new, revision=seen, by="lin", now=NOW)

        done = at_once(2, one)
        published = Version.objects.order_by("-number").first()
        if done == ["done", "done"]:
            assert published is not None and block(published.content) == f"looked{turn}"
        else:
            assert done == ["DraftMoved", "done"]
            assert published is None or block(published.content) != f"looked{turn}"
        row = Draft.objects.get()
        assert (row.revision, block(row.content)) == (seen + 1, f"looked{turn + 1}")
        seen += 1


def test_versions_that_come_back_at_once_are_numbered_one_after_the_other(shop):
    seen = shown(shop, named("a"))
    seen = shown(shop, named("b"), seen)
    shown(shop, named("c"), seen)
    done = at_once(4, lambda n: bring_back(storefront_id=shop, number=n % 2 + 1, by="mei", now=NOW))
    assert set(done) <= {"done", "NothingNew"} and done.count("done") >= 2
    numbers = list(Version.objects.order_by("number").values_list("number", flat=True))
    assert numbers == [*range(1, 4 + done.count("done"))]


def test_what_is_published_while_another_comes_back_are_two_versions_and_each_is_whole(shop):
    seen = shown(shop, named("a"))
    seen = shown(shop, named("b"), seen)
    for turn in range(3):
        seen = save_draft(storefront_id=shop, content=named(f"new{turn}"), revision=seen, by="mei", now=NOW)

        def one(number: int, seen: int = seen) -> None:
            if number % 2:
                publish(storefront_id=shop, revision=seen, by="mei", now=NOW)
            else:
                bring_back(storefront_id=shop, number=1, by="lin", now=NOW)

        before = Version.objects.count()
        done = at_once(4, one)
        assert set(done) <= {"done", "NothingNew"} and done.count("done") >= 1
        made = list(Version.objects.order_by("number")[before:])
        assert [row.number for row in made] == [*range(before + 1, before + 1 + done.count("done"))]
        whole = {(1, "a"), (None, f"new{turn}")}
        assert {(row.brings_back, block(row.content)) for row in made} <= whole


def test_of_two_owners_who_change_maintenance_as_they_saw_it_one_is_told(shop):
    row = Storefront.objects.get(pk=shop)
    saw = serving.as_it_stands(row)

    def change(number: int) -> None:
        who = {"storefront_id": shop, "by": f"n{number}", "now": NOW}
        with transaction.atomic():
            serving.hold(storefront_id=shop, seen=saw)
            if number:
                serving.begin_maintenance(zh="盘点", en="Counting", until=None, **who)
            else:
                serving.set_minimum_version(version="1.2.0", **who)

    assert at_once(2, change) == ["ServingMoved", "done"]
    row.refresh_from_db()
    assert (row.maintenance_zh, row.minimum_version) in (("盘点", ""), ("", "1.2.0"))
