"""No file is exchanged and no delivery taken off its way by SQL of those who serve; their work goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction

from backend import delivery
from backend.personal import KERNEL
from backend.subscriptions import Handler
from compliance.services.retention import retain
from kernel import events, files
from kernel.clock import now as present
from kernel.models import Delivery, File
from tests import make
from tests.compliance.test_append_only import refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on_disk(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(params=["web", "worker"])
def role(request):
    return request.param


def stored(**more: object) -> File:
    return files.store(
        storefront_id=None, name="a.csv", media_type="text/csv", content=b"x", now=make.NOW, **more
    )


def as_role(role: str, statement: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)
        done = cursor.rowcount
        cursor.execute("RESET ROLE")
    return done


def on_its_way() -> Delivery:
    events.wiring.handlers = {"thing.happened": ("tests.kernel.test_files_stay.heard",)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE web")
        events.record(storefront_id=None, name="thing.happened", key="thing:1", facts={}, now=make.NOW)
        cursor.execute("RESET ROLE")
    return Delivery.objects.get()


HEARD: list[str] = []


def heard(event: object) -> None:
    HEARD.append(str(event))


@pytest.fixture
def wired(monkeypatch):
    monkeypatch.setattr(events.wiring, "handlers", {})
    path = "tests.kernel.test_files_stay.heard"
    monkeypatch.setattr(delivery, "by_path", lambda: {path: Handler(path)})
    HEARD.clear()


@pytest.mark.parametrize(
    "column", ["path = 'files/other'", "sha256 = 'x'", "size = 2", "name = 'b.csv'", "public_id = uuidv7()"]
)
def test_what_a_file_is_does_not_change(role, column):
    stored()
    assert refused(role, f"UPDATE kernel_file SET {column}") == "permission denied for table kernel_file"


def test_not_even_its_day_changes_though_the_worker_may_lock_it():
    stored()
    day = "UPDATE kernel_file SET expires_at = now()"
    assert refused("web", day) == "permission denied for table kernel_file"
    for who in ("worker", "owner"):
        assert refused(who, day) == "kernel_file is append-only"
    assert as_role("worker", "SELECT 1 FROM kernel_file FOR UPDATE") == 1


def test_no_other_file_takes_the_number_of_one_that_was_removed(role):
    was = stored()
    told = refused(
        role,
        f"DELETE FROM kernel_file WHERE id = {was.pk};"
        " INSERT INTO kernel_file (id, public_id, name, media_type, size, sha256, path, sealed, made_at)"
        f" VALUES ({was.pk}, uuidv7(), 'a.csv', 'text/csv', 1, 'x', 'files/other', false, now())",
    )
    assert told == "permission denied for table kernel_file"
    assert File.objects.get().path == was.path


def test_the_worker_lets_go_of_a_file_whose_day_has_come_and_the_web_stores_and_removes_one():
    due = stored(expires_at=make.NOW)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE web")
        mine, others = stored(), stored()
        files.remove([mine])
        cursor.execute("SET LOCAL ROLE worker")
        [keeping] = [one for one in KERNEL.keeping if one.kind == "kernel.files"]
        [told] = retain(keepings=[keeping], now=make.NOW + timedelta(days=1))
        cursor.execute("RESET ROLE")
    assert (told.found, told.let_go) == (1, 1)
    assert list(File.objects.values_list("pk", flat=True)) == [others.pk]
    assert due.pk != others.pk


@pytest.mark.parametrize("act", ["DELETE FROM kernel_delivery", "TRUNCATE kernel_delivery"])
def test_nothing_is_taken_off_its_way(role, wired, act):
    on_its_way()
    assert refused(role, act) == "permission denied for table kernel_delivery"


@pytest.mark.parametrize("column", ["handler = 'x'", "key = 'x'", "event_id = 1"])
def test_what_is_on_its_way_goes_to_no_one_else(role, wired, column):
    on_its_way()
    assert (
        refused(role, f"UPDATE kernel_delivery SET {column}") == "permission denied for table kernel_delivery"
    )


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE kernel_delivery SET done_at = now()",
        "UPDATE kernel_delivery SET next_try_at = 'infinity'",
        "INSERT INTO kernel_delivery (event_id, handler, key, attempts, next_try_at, done_at, error)"
        " SELECT event_id, 'x', key, 0, now(), now(), '' FROM kernel_delivery",
    ],
)
def test_the_web_says_of_nothing_that_it_was_delivered(wired, act):
    on_its_way()
    assert refused("web", act) == "permission denied for table kernel_delivery"


@pytest.mark.django_db(transaction=True)
def test_what_the_web_wrote_the_worker_delivers_with_the_rights_that_are_left(wired):
    on_its_way()
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        try:
            assert delivery.drain(now=present()) == 1
        finally:
            cursor.execute("RESET ROLE")
    assert HEARD == ["thing.happened thing:1#1"]
    row = Delivery.objects.get()
    assert (row.attempts, row.error, row.done_at is not None) == (1, "", True)
