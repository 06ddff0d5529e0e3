"""Changing the master key: old rows open before and after, a stop loses nothing, what is left is told."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from compliance import vault
from compliance.models import DataKey

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def text_of(*ids: str) -> str:
    return ",".join(f"{id}:{base64.b64encode(id[:1].encode() * 32).decode()}" for id in ids)


def sealed(text: str):
    row, key = vault.new_key("subject", 7)
    vault.insert_key(row)
    return row.pk, key.seal("t.f", row.pk, text)


def opened(pk, blob):
    return vault.unwrap(DataKey.objects.get(pk=pk)).open("t.f", pk, blob)


def rewrap(*args):
    out, err = StringIO(), StringIO()
    call_command("rewrap_keys", *args, stdout=out, stderr=err)
    return out.getvalue().splitlines()


def test_old_rows_open_before_and_after_and_without_the_old_key_at_last(settings):
    settings.VAULT_MASTER_KEYS = text_of("old")
    rows = [sealed(f"name {n}") for n in range(5)]
    settings.VAULT_MASTER_KEYS = text_of("new", "old")
    assert [opened(*row) for row in rows] == [f"name {n}" for n in range(5)]
    assert rewrap("--batch", "2") == [
        "2 re-wrapped, 3 left",
        "4 re-wrapped, 1 left",
        "5 re-wrapped, 0 left",
        "nothing is left; every live key is under 'new'",
    ]
    settings.VAULT_MASTER_KEYS = text_of("new")
    assert [opened(*row) for row in rows] == [f"name {n}" for n in range(5)]


def test_a_second_run_has_nothing_to_do_and_a_destroyed_key_stays_destroyed(settings):
    settings.VAULT_MASTER_KEYS = text_of("old")
    pk, _ = sealed("gone")
    vault.destroy_key(key_id=pk, now=NOW)
    settings.VAULT_MASTER_KEYS = text_of("new", "old")
    assert rewrap() == ["nothing is left; every live key is under 'new'"]
    assert bytes(DataKey.objects.get(pk=pk).wrapped) == b""


def test_a_run_that_was_stopped_is_taken_up_where_it_ended(settings, monkeypatch):
    settings.VAULT_MASTER_KEYS = text_of("old")
    rows = [sealed(f"name {n}") for n in range(3)]
    settings.VAULT_MASTER_KEYS = text_of("new", "old")
    real, calls = vault.rewrap, []

    def stopped(*, data_key):
        calls.append(data_key.pk)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(data_key=data_key)

    monkeypatch.setattr(vault, "rewrap", stopped)
    with pytest.raises(KeyboardInterrupt):
        rewrap()
    assert DataKey.objects.filter(master_key_id="new").count() == 1
    monkeypatch.setattr(vault, "rewrap", real)
    assert rewrap()[0] == "2 re-wrapped, 0 left"
    assert [opened(*row) for row in rows] == ["name 0", "name 1", "name 2"]


def test_a_key_that_someone_changed_meanwhile_is_tried_again(settings, monkeypatch):
    settings.VAULT_MASTER_KEYS = text_of("old")
    changed, other = sealed("changed"), sealed("other")
    settings.VAULT_MASTER_KEYS = text_of("new", "old")
    real, once = vault.rewrap, []

    def raced(*, data_key):
        if data_key.pk == changed[0] and not once:
            once.append(True)
            material = vault.master_keys().unwrap(data_key.pk, bytes(data_key.wrapped), "old")
            new_keys, settings.VAULT_MASTER_KEYS = settings.VAULT_MASTER_KEYS, text_of("old")
            _, wrapped = vault.master_keys().wrap(data_key.pk, material)
            settings.VAULT_MASTER_KEYS = new_keys
            DataKey.objects.filter(pk=data_key.pk).update(wrapped=wrapped)
        return real(data_key=data_key)

    monkeypatch.setattr(vault, "rewrap", raced)
    assert rewrap() == [
        "1 re-wrapped, 1 left",
        "1 re-wrapped, 0 left",
        "nothing is left; every live key is under 'new'",
    ]
    settings.VAULT_MASTER_KEYS = text_of("new")
    assert (opened(*changed), opened(*other)) == ("changed", "other")


def test_a_key_under_a_master_key_that_is_not_configured_is_told_and_nothing_else_waits_for_it(settings):
    settings.VAULT_MASTER_KEYS = text_of("lost")
    lost, _ = sealed("lost")
    settings.VAULT_MASTER_KEYS = text_of("old")
    row = sealed("name")
    settings.VAULT_MASTER_KEYS = text_of("new", "old")
    err = StringIO()
    with pytest.raises(CommandError, match="1 keys are left"):
        call_command("rewrap_keys", stdout=StringIO(), stderr=err)
    assert "'lost' is not configured" in err.getvalue()
    assert opened(*row) == "name"
    assert DataKey.objects.get(pk=lost).master_key_id == "lost"
