"""The database says when rows were chained; a link that says a time to come is found and hides nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from compliance import audit
from compliance.audit import Finding
from compliance.models import Access, ChainLink
from compliance.services import chain as chaining
from tests.compliance.clock import chain_logs
from tests.compliance.test_audit import HASHED, LATER, NOW, chain_of, findings, tamper, verified, write

pytestmark = pytest.mark.django_db


def test_when_a_row_was_chained_is_told_by_the_databases_clock():
    write(1)
    chaining.chain_logs()
    with connection.cursor() as cursor:  # a test is one transaction, which began before the link was made
        cursor.execute("SELECT chained_at BETWEEN now() AND clock_timestamp() FROM compliance_chainlink")
        assert cursor.fetchall() == [(True,)]


AHEAD = datetime.now(UTC) + timedelta(days=3650)


def dated_ahead() -> list[int]:
    """Five rows of storefront 7 of which the third says that it was chained ten years from now."""
    rows = chain_of(3)
    tamper("UPDATE compliance_chainlink SET chained_at = %s WHERE row_id = %s", AHEAD, rows[2])
    tamper(HASHED, rows[2])
    rows += write(2)
    chain_logs(now=NOW + timedelta(seconds=9))
    return rows


def test_a_link_that_says_it_was_chained_in_a_time_to_come_is_found_and_its_chain_goes_on():
    rows = dated_ahead()
    assert (verified()[7].rows, findings()) == (5, [Finding("dated ahead", rows[2], 3)])
    assert set(ChainLink.objects.filter(position__gte=3).values_list("chained_at", flat=True)) == {AHEAD}


def test_a_link_dated_ahead_is_found_once_in_stretches_of_any_length(monkeypatch):
    rows = dated_ahead()
    for stretch in (1, 2, 3):
        monkeypatch.setattr(audit, "BATCH", stretch)
        assert findings() == [Finding("dated ahead", rows[2], 3)]


def test_a_link_dated_ahead_in_one_chain_says_nothing_of_another_and_hides_nothing_in_any():
    dated_ahead()
    gap = write(1)[0]
    tamper("DELETE FROM compliance_access WHERE id = %s", gap)
    write(2, 8)
    chain_logs(now=NOW + timedelta(seconds=20))
    of_eight = ChainLink.objects.filter(storefront_id=8).values_list("chained_at", flat=True)
    assert set(of_eight) == {NOW + timedelta(seconds=20)}
    tamper(
        "INSERT INTO compliance_access (id, storefront_id, who, what, ref, purpose, at)"
        " VALUES (%s, 7, 'op:9', 't.f', '1', 'alibi', %s)",
        gap, NOW,
    )  # fmt: skip
    assert chain_logs(now=LATER) == []
    assert Finding("inserted", gap, None) in findings()


def test_a_row_below_one_that_settled_is_put_in_though_a_lower_one_was_chained_last():
    rows = write(3)
    tamper("UPDATE compliance_access SET id = id + 1000 WHERE id = %s", rows[2])
    chain_logs(now=NOW)
    late = Access(pk=rows[2], storefront_id=7, who="op:3", what="t.f", ref="1", purpose="slow", at=NOW)
    late.save(force_insert=True)
    chain_logs(now=NOW + timedelta(minutes=2))
    tamper(
        "INSERT INTO compliance_access (id, storefront_id, who, what, ref, purpose, at)"
        " VALUES (%s, 7, 'op:9', 't.f', '1', 'alibi', %s)",
        rows[2] + 500, NOW,
    )  # fmt: skip
    assert chain_logs(now=LATER) == []
    assert findings() == [Finding("inserted", rows[2] + 500, None)]
