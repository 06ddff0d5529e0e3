"""What a test does as `web` or `worker`: its own connection takes the role, also when it is opened anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

from kernel.postgresql.base import DatabaseWrapper
from kernel.tenancy import among, everything

_role: ContextVar[str] = ContextVar("role", default="owner")
_begin = DatabaseWrapper.init_connection_state


def _begin_in_role(wrapper: Any) -> None:
    _begin(wrapper)
    if _role.get() != "owner":
        wrapper.connection.execute(f"SET ROLE {_role.get()}")


DatabaseWrapper.init_connection_state = _begin_in_role  # type: ignore[method-assign]


def is_owner() -> bool:
    """Whether the next statement is the owner's, also where a test has said SET ROLE itself."""
    raw = connection.connection
    if _role.get() != "owner" or raw is None or raw.closed:
        return _role.get() == "owner"
    found = raw.execute("SELECT current_user = session_user").fetchone()
    return bool(found[0])


@contextmanager
def acting(role: str) -> Iterator[None]:
    """Every statement of this block is one of `role`, also on a connection that is opened in it."""
    connection.ensure_connection()
    connection.connection.execute(f"SET ROLE {role}")
    before = _role.set(role)
    try:
        with among() if role == "web" else everything():  # what the role's own connections begin with
            yield
    finally:
        _role.reset(before)
        if connection.connection is not None and not connection.connection.closed:
            try:
                connection.connection.execute(f"SET ROLE {_role.get()}")
            except Exception:  # the test's own transaction is broken; the failure shows elsewhere
                connection.close()
