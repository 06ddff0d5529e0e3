"""Under the doors stands a wall: whoever forgets to ask whose rows they read finds nobody else's."""

from __future__ import annotations

import os
from copy import deepcopy
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from backend import delivery
from backend.settings import database
from backend.subscriptions import Handler
from kernel import events
from kernel.cases import open_case
from kernel.models import Case, Delivery, Event
from kernel.postgresql.base import DatabaseWrapper
from kernel.tenancy import among, everything, tenant
from miniprogram_api.door import Door, Json
from operators.middleware import own_storefronts
from storefronts.models import LegalParty, Membership, Storefront
from storefronts.sessions import FACTOR
from tests import make
from tests.operators import rows
from tests.operators.full import full_world
from tests.roles import acting
from tests.shape.test_walls import SHARED

pytestmark = pytest.mark.django_db

REFUSED = "row-level security"
NO_RIGHT = "permission denied"


@pytest.fixture
def shops() -> tuple[Storefront, Storefront]:
    """A storefront with a row of everything, and a stranger to it."""
    return full_world()[0].shop, make.storefront("swift")


def ask(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else [(cursor.rowcount,)]


def attempt(sql: str, *values: Any) -> str | int:
    """How many rows a statement met, or why it was refused."""
    try:
        with transaction.atomic():
            return int(ask(sql, *values)[0][0])
    except (ProgrammingError, IntegrityError) as failure:  # by a wall or privilege, or by a trigger before it
        assert isinstance(failure.__cause__, psycopg.errors.InsufficientPrivilege | psycopg.IntegrityError)
        return str(failure)


def walled() -> list[str]:
    return [name for (name,) in ask("SELECT tablename FROM pg_policies WHERE policyname = 'wall' ORDER BY 1")]


def count(table: str, where: str = "true") -> int:
    return int(ask(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


def test_of_every_walled_table_the_web_sees_the_named_storefronts_rows_and_no_others(
    shops: tuple[Storefront, Storefront],
) -> None:
    own, stranger = shops
    tables = walled()
    there = {t: count(t, f"storefront_id = {own.pk}") for t in tables}
    assert [t for t, n in there.items() if not n] == []
    shared = {t: n for t in tables if t in SHARED and (n := count(t, "storefront_id IS NULL"))}
    with acting("web"):
        assert {t: count(t) for t in tables if count(t)} == shared
        with among():
            assert {t: count(t) for t in tables if count(t)} == shared
        with among(stranger.pk):
            assert [t for t in tables if count(t, f"storefront_id = {own.pk}")] == []
        with among(own.pk):
            assert {t: count(t) - shared.get(t, 0) for t in tables} == there
        with among(own.pk, stranger.pk):
            assert {t: count(t, f"storefront_id = {own.pk}") for t in tables} == there
        with everything():
            assert {t: count(t, f"storefront_id = {own.pk}") for t in tables} == there


def test_of_every_walled_table_the_web_can_write_no_other_storefronts_row(
    shops: tuple[Storefront, Storefront],
) -> None:
    own, stranger = shops
    into = "INSERT INTO {0} SELECT (json_populate_record(NULL::{0}, %s::json)).*"
    by_wall = 0  # others before it by a privilege, or by a trigger
    for table in walled():
        found = ask(f"SELECT to_json(t)::text FROM {table} t WHERE storefront_id = %s LIMIT 1", own.pk)
        with acting("web"), among(stranger.pk):
            for verb in (f"UPDATE {table} SET storefront_id = storefront_id", f"DELETE FROM {table}"):
                met = attempt(f"{verb} WHERE storefront_id = %s", own.pk)
                assert met == 0 or NO_RIGHT in str(met), (table, met)
            why = str(attempt(into.format(table), found[0][0]))
            assert not why.isdigit(), (table, why)
            by_wall += REFUSED in why
        with acting("web"), among(own.pk):
            moved = attempt(f"UPDATE {table} SET storefront_id = %s", stranger.pk)
            assert isinstance(moved, str), table
    assert by_wall > 80


def test_what_begins_with_a_text_is_found_by_its_index_behind_the_wall(
    shops: tuple[Storefront, Storefront],
) -> None:
    begun = Case.objects.filter(kind="it", key__startswith="order:1%", state="open")
    Case.objects.bulk_create(
        Case(storefront_id=shops[0].pk, kind="it", key=f"order:2{at}", title="it", opened_at=make.NOW)
        for at in range(300)
    )
    ask("ANALYZE kernel_case")
    with acting("web"), tenant(shops[0].pk):
        for key in ("order:1%2", "order:12"):
            open_case(storefront_id=shops[0].pk, kind="it", key=key, title="it", facts={}, now=make.NOW)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # of so few rows an index is not worth it
        assert "< 'order:1&'" in begun.explain()
        assert [case.key for case in begun] == ["order:1%2"]


class Forgetful(Door):
    """A view that asks for everybody's."""

    audience = "storefront"

    def get(self, request: Any) -> HttpResponse:
        return Json(sorted(LegalParty.objects.values_list("storefront__code", flat=True).distinct()))


def test_a_view_that_forgets_its_filter_shows_nobody_elses(shops: tuple[Storefront, Storefront]) -> None:
    for shop in shops:
        with acting("web"):
            answer = Forgetful.as_view()(RequestFactory().get("/", headers={"X-Appid": shop.appid}))
        assert answer.content == f'["{shop.code}"]'.encode()


def test_a_page_of_the_admin_that_forgets_its_filter_shows_the_operators_storefronts(
    shops: tuple[Storefront, Storefront],
) -> None:
    own, stranger = shops

    def page(_: HttpRequest) -> HttpResponse:
        codes = LegalParty.objects.values_list("storefront__code", flat=True)
        return HttpResponse(" ".join(sorted(set(codes))))

    def seen(who: Any, factor: str = "code") -> str:
        request = RequestFactory().get("/admin/")
        request.user, request.session = who, {FACTOR: factor}
        with acting("web"):
            return str(own_storefronts(page)(request).content.decode())

    one = rows.operator("one", own)
    assert (seen(one), seen(one, factor="")) == (own.code, "")
    both = rows.operator("both", own)
    Membership.objects.create(operator=both, storefront=stranger, role="finance")
    assert seen(both) == f"{own.code} {stranger.code}"
    assert seen(rows.operator("platform", is_superuser=True)) == f"{own.code} {stranger.code}"
    assert seen(rows.operator("nobody")) == ""
    assert seen(rows.operator("outside", own, is_staff=False)) == ""


def test_the_name_follows_the_block_through_savepoints_and_failures(
    shops: tuple[Storefront, Storefront],
) -> None:
    own, stranger = shops
    mine = count("storefronts_legalparty", f"storefront_id = {own.pk}")
    with acting("web"):
        with tenant(own.pk):
            with pytest.raises(ZeroDivisionError), transaction.atomic(), among(stranger.pk):
                assert count("storefronts_legalparty", f"storefront_id = {own.pk}") == 0
                raise ZeroDivisionError
            assert count("storefronts_legalparty") == mine
        assert count("storefronts_legalparty") == 0
        for _ in range(2):  # a statement that fails takes the name back with its savepoint
            with pytest.raises(Exception, match="division by zero"), transaction.atomic(), tenant(own.pk):
                ask("SELECT 1 / 0")
            with tenant(own.pk):
                assert count("storefronts_legalparty") == mine


TRESPASS: dict[str, Any] = {}


def trespass(event: Event) -> None:
    """A handler that writes into another storefront."""
    TRESPASS["seen"] = set(LegalParty.objects.values_list("storefront_id", flat=True))
    with pytest.raises(ProgrammingError, match=REFUSED), transaction.atomic():
        Case.objects.create(
            storefront_id=TRESPASS["into"], kind="event.undelivered", key="it", title="it", opened_at=make.NOW
        )
    TRESPASS["met"] = LegalParty.objects.filter(storefront_id=TRESPASS["into"]).update(name="taken over")


def test_a_handler_sees_and_writes_the_storefront_of_its_event_alone(
    shops: tuple[Storefront, Storefront], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, stranger = shops
    here = f"{__name__}.trespass"
    monkeypatch.setattr(delivery, "by_path", lambda: {here: Handler(here)})
    monkeypatch.setattr(events.wiring, "handlers", {"order.seen": (here,)})
    Delivery.objects.all().delete()
    TRESPASS.update(into=stranger.pk)
    with transaction.atomic():
        events.record(storefront_id=own.pk, name="order.seen", key="order:1", facts={}, now=make.NOW)
    assert delivery.drain(make.NOW) == 1
    assert (TRESPASS["seen"], TRESPASS["met"]) == ({own.pk}, 0)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_comes_back_from_the_pool_has_forgotten_whose_it_was() -> None:
    own, _ = make.storefront(), make.storefront("swift")
    entry = deepcopy(connection.settings_dict) | database(os.environ["DATABASE_URL_WEB"])
    entry["NAME"] = connection.settings_dict["NAME"]
    entry["OPTIONS"] = {**entry["OPTIONS"], "pool": {"min_size": 1, "max_size": 1}}
    web = DatabaseWrapper(entry, "default")
    asked = "SELECT pg_backend_pid(), current_setting('app.storefronts', true), count(*) FROM {}"

    def request() -> tuple[Any, ...]:
        with web.cursor() as cursor:
            cursor.execute(asked.format(LegalParty._meta.db_table))
            found: tuple[Any, ...] = cursor.fetchone()
        web.close()
        return found

    try:
        with among(own.pk):
            first = request()
        second = request()
        with everything():
            third = request()
        fourth = request()
    finally:
        web.close_pool()
    assert first == (first[0], str(own.pk), 6)
    assert second == fourth == (first[0], "", 0)
    assert third == (first[0], "*", 12)
