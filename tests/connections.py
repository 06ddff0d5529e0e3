"""A connection that is closed waits for the next who opens one: `web` has a pool, `worker` opens anew.

In a new one PostgreSQL reads its catalogue and plans every statement anew, which takes longer than most
tests. One that is in a transaction is closed: what it wrote is taken back, what it locked let go.
"""

from __future__ import annotations

import os
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.psycopg_any import IsolationLevel
from psycopg import Connection
from psycopg.pq import TransactionStatus

AT_MOST = 8
_AS_OPENED = "RESET ROLE; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all()"
_waiting: list[Connection[Any]] = []
_house = os.getpid()
_open, _close = DatabaseWrapper.get_new_connection, DatabaseWrapper._close


def install() -> None:
    DatabaseWrapper.get_new_connection = _take  # type: ignore[method-assign]
    DatabaseWrapper._close = _lay_down


def finish() -> None:
    """A database that somebody is connected to cannot be dropped."""
    DatabaseWrapper.get_new_connection, DatabaseWrapper._close = _open, _close  # type: ignore[method-assign]
    while _waiting:
        _waiting.pop().close()


def _take(wrapper: DatabaseWrapper, params: dict[str, Any]) -> Any:
    if os.getpid() != _house:
        return _open(wrapper, params)
    wanted = tuple(params.get(name, "") for name in ("host", "user", "dbname", "options"))
    for raw in _waiting[:]:
        if (raw.info.host, raw.info.user, raw.info.dbname, raw.info.options) == wanted:
            try:
                _waiting.remove(raw)
            except ValueError:  # another thread has it
                continue
            wrapper.isolation_level = IsolationLevel.READ_COMMITTED
            return raw
    return _open(wrapper, params)


def _lay_down(wrapper: DatabaseWrapper) -> None:
    raw = wrapper.connection
    if os.getpid() != _house:  # a fork: what waits here is its parent's, on one socket
        _close(wrapper)
        return
    idle = raw is not None and raw.info.transaction_status == TransactionStatus.IDLE and raw.autocommit
    if not idle or wrapper.in_atomic_block or len(_waiting) >= AT_MOST:
        _close(wrapper)
        return
    raw.execute(_AS_OPENED, prepare=False)
    _waiting.append(raw)
