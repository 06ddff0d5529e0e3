"""Chains of the former kind go over into the present one and back, in their order and with nothing lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib import import_module

import pytest
from django.db import connection

from compliance import audit
from compliance.audit import Finding
from compliance.chain import LOGS, beginning
from compliance.models import Access, ChainLink, Disclosure
from compliance.services import create_subject
from tests.compliance.clock import chain_logs

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
migration = import_module("compliance.migrations.0017_chain_without_rows")
pytestmark = pytest.mark.django_db


@pytest.fixture
def rows():
    """Three rows in each of three chains, each chained a second after the one before."""
    subject = create_subject(storefront_id=7, now=NOW)[0]
    made = []
    for n in range(3):
        for storefront_id in (7, None):
            row = Access.objects.create(
                storefront_id=storefront_id, who="op:3", what="t.f", ref=str(n), purpose="案件", at=NOW
            )
            made.append(row.pk)
        Disclosure.objects.create(
            storefront_id=7,
            subject=subject,
            recipient_kind="carrier",
            recipient="承运商",
            country="CN",
            purpose="delivery",
            basis="contract",
            fields=["name", "phone"],
            at=NOW,
        )
        chain_logs(now=NOW + timedelta(seconds=n))
    return made


def run(statement: str) -> None:
    """As the migration, which came before links were kept from change."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE compliance_chainlink DISABLE TRIGGER USER")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE compliance_chainlink ENABLE TRIGGER USER")


def links() -> list[tuple[object, ...]]:
    found = ChainLink.objects.order_by("log", "storefront_id", "position").values_list(
        "log", "storefront_id", "position", "row_at", "prev", "digest", "hash", "chained_at"
    )
    return [tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in found]


def findings() -> list[Finding]:
    return [finding for chain in audit.verify(now=LATER) for finding in chain.findings]


def former() -> None:
    """As the links were before: hashes over the digest alone, and neither digest nor instant in the table."""
    run(migration._BACK)
    run("UPDATE compliance_chainlink SET row_at = '1970-01-01', digest = ''")


def test_chains_of_the_former_kind_become_what_would_have_been_chained(rows):
    before = links()
    assert len(before) == 9
    former()
    assert links() != before
    run(migration._OVER)
    assert links() == before
    assert findings() == []


def test_the_way_back_makes_the_former_hashes(rows):
    run(migration._BACK)
    for log, storefront in ((LOGS[0], 7), (LOGS[0], 0), (LOGS[1], 7)):
        last = beginning(log, storefront)
        mine = ChainLink.objects.filter(log=log.name, storefront_id=storefront).order_by("position")
        assert mine.count() == 3
        for link in mine:
            assert bytes(link.prev) == last
            last = sha256(last + bytes(link.digest)).digest()
            assert bytes(link.hash) == last


def test_a_link_whose_row_has_gone_keeps_its_former_hash_as_the_digest(rows):
    run(migration._BACK)
    link = ChainLink.objects.get(log="access", row_id=rows[2])
    Access.objects.filter(pk=rows[2]).delete()
    run(migration._OVER)
    now = ChainLink.objects.get(pk=link.pk)
    assert (bytes(now.digest), now.row_at) == (bytes(link.hash), link.chained_at)
    assert findings() == [Finding("removed", rows[2], 2)]
