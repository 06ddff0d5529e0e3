"""Changing the master key: old rows open before and after, a kill loses nothing, what is left is told."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from compliance import vault
from compliance.models import DataKey
from compliance.services import rotation
from compliance.services.rotation import rotate
from orders import labels
from orders.models import Order
from tests import make
from tests.races.crowd import at_once

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


def text_of(*ids: str) -> str:
    return ",".join(f"{id}:{base64.b64encode(id[:1].encode() * 32).decode()}" for id in ids)


def sealed(text: str):
    row, key = vault.new_key("subject", 7)
    vault.insert_key(row)
    return row.pk, key.seal("t.f", row.pk, text)


def opened(pk, blob):
    return vault.unwrap(DataKey.objects.get(pk=pk)).open("t.f", pk, blob)


def command(*args):
    out = StringIO()
    call_command("vault", *args, stdout=out)
    return out.getvalue().splitlines()


def under() -> dict[str, int]:
    return dict(Counter(DataKey.objects.values_list("master_key_id", flat=True)))


def test_old_rows_open_before_and_after_and_without_the_old_key_at_last(settings):
    settings.VAULT_MASTER_KEYS = text_of("old")
    rows = [sealed(f"name {n}") for n in range(5)]
    settings.VAULT_MASTER_KEYS = text_of("new", "old")
    assert [opened(*row) for row in rows] == [f"name {n}" for n in range(5)]
    assert command("rotate", "--batch", "2") == [
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
    assert command("rotate") == ["nothing is left; every live key is under 'new'"]
    assert bytes(DataKey.objects.get(pk=pk).wrapped) == b""
    assert command("status") == ["new (current): 0 live keys, 0 destroyed", "old: 0 live keys, 1 destroyed"]


def test_a_key_made_under_the_old_one_meanwhile_is_taken_in_the_next_round(settings):
    settings.VAULT_MASTER_KEYS = text_of("old")
    first = sealed("first")
    both, late = text_of("new", "old"), UUID(int=1)  # its place in the order of ids is behind us already
    settings.VAULT_MASTER_KEYS = both

    def someone_who_knows_only_the_old_one(_: rotation.Rotation) -> None:
        if not DataKey.objects.filter(pk=late).exists():
            settings.VAULT_MASTER_KEYS = text_of("old")
            vault.insert_key(vault.new_key("subject", 7, id=late)[0])
            settings.VAULT_MASTER_KEYS = both

    ended = rotate(told=someone_who_knows_only_the_old_one)
    assert (ended.done, ended.left, under()) == (2, 0, {"new": 2})
    assert opened(*first) == "first"


def test_a_key_under_a_master_key_that_is_not_configured_is_told_and_nothing_else_waits_for_it(settings):
    settings.VAULT_MASTER_KEYS = text_of("lost")
    lost, _ = sealed("lost")
    settings.VAULT_MASTER_KEYS = text_of("old")
    row = sealed("name")
    settings.VAULT_MASTER_KEYS = text_of("new", "old")
    err = StringIO()
    with pytest.raises(CommandError, match="1 keys are left"):
        call_command("vault", "rotate", stdout=StringIO(), stderr=err)
    assert "'lost' is not configured" in err.getvalue()
    assert opened(*row) == "name"
    assert DataKey.objects.get(pk=lost).master_key_id == "lost"


def start_rotation(keys: str) -> subprocess.Popen[str]:
    """`manage.py vault rotate` as a process of its own, on the tests' database."""
    url = urlsplit(os.environ["DATABASE_URL_OWNER"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = os.environ | {
        "DATABASE_URL_OWNER": url.geturl(),
        "D2C_ROLE": "owner",
        "DJANGO_SETTINGS_MODULE": "backend.settings",
        "VAULT_MASTER_KEYS": keys,
    }
    argv = [sys.executable, "manage.py", "vault", "rotate", "--batch", "5"]
    return subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.django_db(transaction=True)
def test_a_rotation_that_is_killed_goes_on_where_it_was_and_orders_are_placed_meanwhile(settings):
    settings.VAULT_MASTER_KEYS = text_of("old")
    world = make.made_world()
    rows = [sealed(f"name {n}") for n in range(20)]
    keys = settings.VAULT_MASTER_KEYS = text_of("new", "old")
    with transaction.atomic():
        DataKey.objects.select_for_update().get(pk=rows[-1][0])  # here it will have to wait
        process = start_rotation(keys)
        assert process.stdout is not None
        while under().get("new", 0) < 15:
            assert process.stdout.readline(), "it ended before it came so far"
        order = at_once([lambda: make.order(world.alice, ("HD-1", 1))])[0]
        assert isinstance(order, Order)
        process.kill()
        process.wait(20)
        process.stdout.close()
    assert under()["old"] > 0
    assert command("rotate")[-1] == "nothing is left; every live key is under 'new'"
    settings.VAULT_MASTER_KEYS = text_of("new")
    assert [opened(*row) for row in rows] == [f"name {n}" for n in range(20)]
    order_key = vault.unwrap(DataKey.objects.get(pk=order.key_id))
    sealed_name = bytes(Order.objects.get(pk=order.pk).buyer_name_sealed)
    assert order_key.open(labels.BUYER_NAME, order.number, sealed_name) == make.NAMES[make.ALICE]


@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_do_no_harm(settings):
    settings.VAULT_MASTER_KEYS = text_of("old")
    rows = [sealed(f"name {n}") for n in range(60)]
    settings.VAULT_MASTER_KEYS = text_of("new", "old")
    ended = at_once([lambda: rotate(batch=7)] * 3)
    assert [one.left for one in ended] == [0, 0, 0]
    assert sum(one.done for one in ended) == 60
    settings.VAULT_MASTER_KEYS = text_of("new")
    assert [opened(*row) for row in rows] == [f"name {n}" for n in range(60)]


@pytest.mark.django_db(transaction=True)
def test_a_person_erased_in_the_middle_of_a_rotation_stays_erased(settings):
    settings.VAULT_MASTER_KEYS = text_of("old")
    rows = [sealed(f"name {n}") for n in range(40)]
    settings.VAULT_MASTER_KEYS = text_of("new", "old")

    def erase() -> None:
        for pk, _ in rows[::2]:
            vault.destroy_key(key_id=pk, now=NOW)

    ended = at_once([lambda: rotate(batch=3), erase])
    assert not [one for one in ended if isinstance(one, Exception)]
    for pk, _ in rows[::2]:
        assert bytes(DataKey.objects.get(pk=pk).wrapped) == b""
    assert [opened(*row) for row in rows[1::2]] == [f"name {n}" for n in range(1, 40, 2)]
