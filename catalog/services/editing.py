"""Every change of a catalogue happens inside `editing`, which numbers it and lets one writer in at a time.

An import writes a whole file in one transaction, which takes a minute or more. Who comes meanwhile does not
wait for it: they are told at once which file is being imported, since when, and how far it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from django.utils.timezone import localtime

from kernel.errors import Conflict
from kernel.models import Job
from kernel.tenancy import tenant

IMPORT, UPSERT = "catalogue.import", "catalogue.upsert"  # the kinds of their jobs

_BUMP = """
INSERT INTO catalog_catalogversion (storefront_id, version) VALUES (%s, 1)
ON CONFLICT (storefront_id) DO UPDATE SET version = catalog_catalogversion.version + 1
RETURNING version
"""
_WITH_OTHERS = "SELECT pg_try_advisory_xact_lock_shared(%s::bigint)"
_THE_IMPORT = "SELECT pg_try_advisory_xact_lock(%s::bigint)"
_ALONE = "SELECT pg_advisory_xact_lock(%s::bigint)"


@dataclass(eq=False)
class ImportRuns(Conflict):
    """A file is being imported into this catalogue; until it ends nothing else is changed."""

    code = "catalogue_import_runs"
    title = (
        "{file} is being imported since {since}, {done} of {total} SKUs so far. Nothing was saved: until it"
        " ends the catalogue is not changed otherwise. Send it again then."
    )
    title_zh = (
        "正在导入 {file}（{since} 开始，已写入 {done} / {total} 个 SKU）。导入完成前不能作其他更改；"
        "本次未保存，请稍后重新提交。"
    )
    file: str
    since: str
    done: int
    total: int


@contextmanager
def editing(storefront_id: int, *, alone: bool = False) -> Iterator[int]:
    """One transaction of change; yields the new version of the catalogue. Raises ImportRuns.

    The version's row is taken first, before any other row, so that two writers of one storefront queue here
    and never meet in another order elsewhere. Readers do not wait. An import is `alone`: it waits for those
    who are at it, and who comes after it, another import too, is told of it instead of waiting.
    """
    with tenant(storefront_id):
        with connection.cursor() as cursor:
            turn = _turn("writers", storefront_id)
            asked = (_THE_IMPORT, _turn("import", storefront_id)) if alone else (_WITH_OTHERS, turn)
            cursor.execute(asked[0], [asked[1]])
            if cursor.fetchone() == (False,):
                raise _runs(storefront_id)
            if alone:
                cursor.execute(_ALONE, [turn])
            cursor.execute(_BUMP, [storefront_id])
            row = cursor.fetchone()
        assert row is not None
        yield int(row[0])


def _turn(whose: str, storefront_id: int) -> int:
    name = f"catalogue {whose}:{storefront_id}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big", signed=True)


def _runs(storefront_id: int) -> ImportRuns:
    """Which import it is, as its job tells; one that a command makes has no job."""
    jobs = Job.objects.filter(storefront_id=storefront_id, kind__in=(IMPORT, UPSERT), state=Job.State.RUNNING)
    job = jobs.order_by("started_at").first()
    if job is None or job.started_at is None:
        return ImportRuns("-", "-", 0, 0)
    since = f"{localtime(job.started_at):%H:%M}"
    return ImportRuns(job.arguments.get("name", "-"), since, job.done, job.total)
