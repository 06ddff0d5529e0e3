"""Keys are stored wrapped, destroyed for good, re-wrapped without touching rows; every look leaves a row."""

import base64
import os
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from compliance import vault
from compliance.models import Access, DataKey
from kernel.ids import uuid7

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def text_of(*ids: str) -> str:
    return ",".join(f"{id}:{base64.b64encode(id[:1].encode() * 32).decode()}" for id in ids)


def test_a_new_key_is_saved_in_one_statement_and_opens_what_it_sealed(django_assert_num_queries):
    row, key = vault.new_key("order", 7, date(2031, 11, 23))
    blob = key.seal("orders_order.name", row.id, "张小明")
    with django_assert_num_queries(1):
        vault.insert_key(row)
    stored = DataKey.objects.get(pk=row.id)
    assert (stored.kind, stored.storefront_id, stored.destroy_on) == ("order", 7, date(2031, 11, 23))
    assert vault.unwrap(stored).open("orders_order.name", row.id, blob) == "张小明"
    assert vault.unwrap_raw(stored.id, bytes(stored.wrapped), stored.master_key_id).id == row.id


def test_a_destroyed_key_is_closed_for_ever_and_once():
    row, _ = vault.new_key("subject", 7)
    vault.insert_key(row)
    assert vault.destroy_key(key_id=row.id, now=NOW) is True
    assert vault.destroy_key(key_id=row.id, now=NOW) is False
    stored = DataKey.objects.get(pk=row.id)
    assert bytes(stored.wrapped) == b"" and stored.destroyed_at == NOW
    with pytest.raises(vault.VaultClosed):
        vault.unwrap(stored)


def test_the_database_refuses_a_destroyed_key_that_still_holds_something(transactional_db):
    row, _ = vault.new_key("subject", 7)
    vault.insert_key(row)
    with pytest.raises(IntegrityError, match="datakey_destroyed_is_empty"):
        DataKey.objects.filter(pk=row.id).update(destroyed_at=NOW)
    with pytest.raises(IntegrityError, match="datakey_destroyed_is_empty"):
        DataKey.objects.filter(pk=row.id).update(wrapped=b"", master_key_id="another")


def test_another_algorithm_is_switched_on_for_what_is_sealed_from_now_on_and_old_rows_open_still(settings):
    row, key = vault.new_key("subject", 7)
    vault.insert_key(row)
    old = key.seal("t.f", row.id, "old")
    settings.VAULT_ALGORITHM = "SM4-GCM"
    again = vault.unwrap(DataKey.objects.get(pk=row.id))
    new = again.seal("t.f", row.id, "new")
    fresh, fresh_key = vault.new_key("order", 7)
    vault.insert_key(fresh)
    fresh_blob = fresh_key.seal("t.f", fresh.id, "fresh")
    assert (old[0], new[0], fresh_blob[0], bytes(fresh.wrapped)[0]) == (1, 2, 2, 2)
    settings.VAULT_ALGORITHM = "AES-256-GCM"  # and switched off again
    for found, blob, text in ((row, old, "old"), (row, new, "new"), (fresh, fresh_blob, "fresh")):
        assert vault.unwrap(DataKey.objects.get(pk=found.id)).open("t.f", found.id, blob) == text


def test_master_keys_may_come_from_a_file(settings, tmp_path):
    path = tmp_path / "master"
    path.write_text(text_of("file1"))
    settings.VAULT_MASTER_KEYS = f"file:{path}"
    row, _ = vault.new_key("subject", None)
    assert row.master_key_id == "file1"


def test_opening_for_someone_else_leaves_a_row_for_each_field(django_assert_num_queries):
    _, key = vault.new_key("subject", 7)
    ref = uuid7()
    sealed = [
        (f"customers_identity.{f}", ref, key.seal(f"customers_identity.{f}", ref, f))
        for f in ("name", "number")
    ]
    with django_assert_num_queries(1):
        opened = vault.open_many_as(
            who="operator:3", purpose="customs case 12", storefront_id=7, key=key, sealed=sealed, now=NOW
        )
    assert opened == ["name", "number"]
    assert list(
        Access.objects.order_by("id").values_list("who", "what", "ref", "purpose", "storefront_id", "at")
    ) == [
        ("operator:3", f"customers_identity.{f}", str(ref), "customs case 12", 7, NOW)
        for f in ("name", "number")
    ]


def test_an_attempt_that_fails_is_recorded_too():
    _, key = vault.new_key("subject", 7)
    with pytest.raises(vault.Tampered):
        vault.open_as(
            who="operator:3",
            purpose="curiosity",
            storefront_id=7,
            key=key,
            label="t.f",
            ref="1",
            blob=b"\x01" + os.urandom(40),
            now=NOW,
        )
    assert Access.objects.get().what == "t.f"


@pytest.mark.parametrize(("who", "purpose"), [("", "x"), ("x", "")])
def test_nobody_opens_without_a_name_and_a_purpose(who, purpose):
    _, key = vault.new_key("subject", 7)
    with pytest.raises(ValueError, match="by someone, for a purpose"):
        vault.open_as(
            who=who,
            purpose=purpose,
            storefront_id=7,
            key=key,
            label="t.f",
            ref="1",
            blob=key.seal("t.f", "1", "a"),
            now=NOW,
        )
    assert not Access.objects.exists()


def test_no_plain_value_reaches_a_statement():
    row, key = vault.new_key("subject", 7)

    with CaptureQueriesContext(connection) as captured:
        vault.insert_key(row)
        vault.open_as(
            who="a",
            purpose="b",
            storefront_id=7,
            key=key,
            label="t.f",
            ref="1",
            blob=key.seal("t.f", "1", "11010519491231002X"),
            now=NOW,
        )
    assert captured.captured_queries
    assert not any("11010519491231002X" in query["sql"] for query in captured.captured_queries)
