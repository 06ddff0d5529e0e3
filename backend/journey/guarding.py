"""What the house has been told lies nowhere in plain, and its logs are as they were written."""

from __future__ import annotations

from django.conf import settings
from redis import Redis

from backend.journey.report import expect, step
from backend.journey.stage import ADDRESS, NAME, PHONE, Stage
from compliance import audit, scan
from compliance.spellings import plain
from kernel.clock import now


@step("明文扫描", "name, phone, street and number lie nowhere in plain")
def scan_everything(stage: Stage) -> str:
    wanted = [plain(one) for one in (NAME, PHONE, ADDRESS["street"], stage.number)]
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


STEPS = (scan_everything, verify_logs)
