"""The database refuses a link that hangs on nothing, tells of no row, or is dated otherwise than now."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from compliance.models import Access
from compliance.services import create_subject
from compliance.services.chain import chain_logs
from compliance.services.notices import see_notice
from tests.compliance.test_append_only import access, refused

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


LINK = """
INSERT INTO compliance_chainlink
    (log, storefront_id, position, row_id, row_at, prev, digest, hash, chained_at)
SELECT log, storefront_id, position, row_id, row_at, prev, digest,
       sha256(prev || digest || int8send(row_id) || timestamptz_send(row_at) || timestamptz_send(chained_at)),
       chained_at
FROM (SELECT '{log}', {storefront}::bigint, {position}, {row}, {row_at}, {prev}, sha256('x'), {chained_at})
    AS l (log, storefront_id, position, row_id, row_at, prev, digest, chained_at)
"""
HONEST = {
    "log": "access",
    "storefront": "7",
    "position": "2",
    "row": "(SELECT max(id) FROM compliance_access)",
    "row_at": "(SELECT at FROM compliance_access ORDER BY id DESC LIMIT 1)",
    "prev": "(SELECT hash FROM compliance_chainlink)",
    "chained_at": "clock_timestamp()",
}


@pytest.fixture
def chained():
    """One row is chained and another one waits."""
    access(NOW)
    chain_logs()
    access(NOW)


def test_a_worker_adds_the_next_link_of_a_chain(chained):
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        cursor.execute(LINK.format(**HONEST))
        assert cursor.rowcount == 1
        cursor.execute("RESET ROLE")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"position": "3"}, "hangs on the one before it"),
        ({"prev": "sha256('y')"}, "hangs on the one before it"),
        ({"storefront": "77", "position": "1", "prev": "sha256('access:78')"}, "hangs on the one before it"),
        ({"storefront": "77", "position": "1", "prev": "sha256('access:77')"}, "tells of a row of its log"),
        ({"row": "9000000000000000000"}, "tells of a row of its log"),
        ({"row_at": "'2020-01-01'::timestamptz"}, "tells of a row of its log"),
        ({"log": "other", "position": "1", "prev": "sha256('other:7')"}, "tells of a row of its log"),
        ({"chained_at": "clock_timestamp() + interval '61 seconds'"}, "is chained at the present"),
        ({"chained_at": "(SELECT chained_at FROM compliance_chainlink) - interval '1 microsecond'"},
         "is chained at the present"),
    ],
)  # fmt: skip
def test_a_worker_adds_no_link_that_holds_nothing_or_is_dated_otherwise(chained, changed, why):
    assert refused("worker", LINK.format(**HONEST | changed)) == f"a link {why}"


def test_a_worker_does_not_begin_a_chain_in_the_past(chained):
    Access.objects.create(storefront_id=9, who="op:3", what="t.f", ref="1", purpose="case", at=NOW)
    begin = HONEST | {"storefront": "9", "position": "1", "prev": "sha256('access:9')"}
    early = begin | {"chained_at": "clock_timestamp() - interval '11 minutes'"}
    assert refused("worker", LINK.format(**early)) == "a link is chained at the present"


def test_a_worker_adds_no_link_with_a_hash_of_something_else(chained):
    forged = LINK.format(**HONEST).replace("sha256(prev", "sha256('z' || prev")
    assert refused("worker", forged) == "a link is hashed over what it tells"


def test_the_owner_changes_no_row_that_was_written_once(chained):
    subject = create_subject(storefront_id=7, now=NOW)[0]
    see_notice(subject=subject, kind="providing", version="1", now=NOW)
    tables = {"access": "who = 'z'", "chainlink": "digest = 'z'", "noticeseen": "version = 'z'"}
    for table, change in tables.items():
        with (
            pytest.raises(IntegrityError, match=f"compliance_{table} is written once and never changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE compliance_{table} SET {change}")
