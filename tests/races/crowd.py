"""Many callers at the same moment, each with a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def at_once(calls: list[Callable[[], object]]) -> list[object]:
    """Run every call in a thread with a connection of its own, all starting together; results or errors."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            return call()
        except Exception as failure:
            return failure
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def wait_for_a_waiter() -> None:
    """Until somebody of this database waits for a lock."""
    here = "FROM pg_stat_activity WHERE datname = current_database()"
    for _ in range(400):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) {here} AND wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")
