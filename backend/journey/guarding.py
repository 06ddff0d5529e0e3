"""What the house has been told lies nowhere in plain, and its logs are as they were written."""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction
from redis import Redis

from backend.journey.report import expect, step
from backend.journey.stage import ADDRESS, MENDED, NAME, PHONE, Stage
from compliance import audit, scan
from compliance.chain import LOGS
from compliance.spellings import plain
from kernel.clock import now


@step("明文扫描", "name, phone, street and number lie nowhere in plain")
def scan_everything(stage: Stage) -> str:
    wanted = [plain(one) for one in (NAME, PHONE, ADDRESS["street"], MENDED["street"], stage.number)]
    searched = scan.Searched()
    with Redis.from_url(settings.REDIS_URL, single_connection_client=True) as server:
        found = [
            *scan.tables(wanted, searched),
            *scan.redis(server, wanted, searched),
            *scan.files(settings.SCAN_FOLDERS, wanted, searched),
        ]
    expect([], found)
    return f"{searched.tables} tables, {searched.keys} keys of Redis, {searched.files} files: nothing"


@step("日志核验", "the chained logs are as they were written")
def verify_logs(stage: Stage) -> str:
    chains = list(audit.verify(now=now()))
    expect([], [finding for chain in chains for finding in chain.findings])
    return f"{sum(chain.rows for chain in chains)} rows in {len(chains)} chains, nothing changed"


# Tables that are only this session's hide those of their names: the logs are neither locked nor changed. The
# links are copied first, so that a row of each is there.
_COPY = """
CREATE TEMPORARY TABLE {0} (LIKE public.{0} INCLUDING INDEXES) ON COMMIT DROP;
INSERT INTO pg_temp.{0} SELECT * FROM public.{0}
"""
_REMOVE = "DELETE FROM pg_temp.{0} WHERE id = %s"
_CHANGE = "UPDATE pg_temp.{0} SET purpose = 'another' WHERE id = %s"
_LONGEST = """
SELECT log, min(row_id), max(row_id) FROM compliance_chainlink
GROUP BY log ORDER BY count(*) DESC, log LIMIT 1
"""


def tampered() -> list[audit.Finding]:
    """What an audit finds on a copy of the longest log: its first row is gone, its last is changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LONGEST)
        name, first, last = cursor.fetchone()
        [table] = [log.table for log in LOGS if log.name == name]
        for copied in ("compliance_chainlink", table):
            cursor.execute(_COPY.format(copied))
        cursor.execute(_REMOVE.format(table), [first])
        cursor.execute(_CHANGE.format(table), [last])
        found = [finding for chain in audit.verify(now=now()) for finding in chain.findings]
        transaction.set_rollback(True)
        return found


@step("篡改演示（副本）", "on a copy: a row taken away and one changed are named")
def verify_tampered(stage: Stage) -> str:
    found = tampered()
    expect(["changed", "removed"], sorted(one.what for one in found))
    return "; ".join(f"row {one.row_id} {one.what}, place {one.position}" for one in found)


STEPS = (scan_everything, verify_logs, verify_tampered)
