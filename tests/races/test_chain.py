"""Workers that chain at once make one chain; who writes meanwhile never waits, and nothing is left out."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from compliance import audit
from compliance.chain import Head
from compliance.models import Access, ChainLink
from compliance.services import chain as chaining
from compliance.services.chain import chain_logs
from tests.races.crowd import at_once

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def write(count: int, storefront_id: int = 7) -> None:
    Access.objects.bulk_create(
        Access(storefront_id=storefront_id, who="op:3", what="t.f", ref=str(n), purpose="case", at=NOW)
        for n in range(count)
    )


def ends(moved: list[Head]) -> dict[int, int]:
    return {head.storefront_id: head.position for head in moved}


def whole(rows: int) -> None:
    found = list(audit.verify(now=datetime.now(UTC)))
    assert [finding for chain in found for finding in chain.findings] == []
    assert sum(chain.rows for chain in found) == rows
    assert sum(chain.tail for chain in found) == 0


def test_without_the_turn_two_workers_chain_the_same_rows_and_the_table_refuses_the_second(monkeypatch):
    write(50)
    both_have_read = threading.Barrier(2)
    real = chaining.link
    monkeypatch.setattr(chaining, "_TURN", "SELECT %s::bigint IS NOT NULL")

    def link(prev: bytes, *facts: Any) -> bytes:
        if prev == chaining.beginning(chaining.LOGS[0], 7):
            both_have_read.wait(timeout=20)
        return real(prev, *facts)

    monkeypatch.setattr(chaining, "link", link)
    done = at_once([chain_logs] * 2)
    assert sorted(type(one).__name__ for one in done) == ["IntegrityError", "list"]
    assert ChainLink.objects.count() == 50
    whole(50)


def test_eight_workers_and_writers_at_once_make_one_chain_for_each_storefront():
    def writer(storefront_id: int) -> None:
        for _ in range(20):
            write(5, storefront_id)

    def worker() -> None:
        for _ in range(20):
            chain_logs()

    done = at_once([*(lambda s=s: writer(s) for s in (7, 8, 9, 7)), *([worker] * 4)])
    assert not [one for one in done if isinstance(one, Exception)]
    while chain_logs():
        pass
    whole(400)


def test_who_writes_while_a_worker_chains_does_not_wait():
    write(3)
    with transaction.atomic():
        assert ends(chain_logs()) == {7: 3}
        assert at_once([lambda: write(1)]) == [None]  # with the worker's transaction still open
    assert ends(chain_logs()) == {7: 4}
    whole(4)


def test_a_row_in_the_same_place_is_refused():
    write(1)
    chain_logs()
    first = ChainLink.objects.get()
    for changed in ({"row_id": first.row_id + 1}, {"position": 2}):
        facts = {f.attname: getattr(first, f.attname) for f in ChainLink._meta.fields if not f.primary_key}
        with pytest.raises(IntegrityError):
            ChainLink.objects.create(**{**facts, **changed})
