"""Where the sessions of operators live: the key of a cookie is kept as a hash, and a session has its end.

It is Django's database store on our own table. A session ends when nothing was asked for `idle_seconds`, and
after LONGEST in any case; one whose row is gone, is over at the next click.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY as OPERATOR
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from kernel.clock import now

if TYPE_CHECKING:
    from storefronts.models import OperatorSession

LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # so often is it written down that somebody is still there
# What a session keeps of how its operator came in: the kind of the second factor, when a code was given last
# (a POSIX time), how long it may rest, and the telephone that it was shown the secret of.
FACTOR, PROVED, IDLE, WAITING = "second_factor", "factor_proved", "idle_seconds", "waiting_telephone"


def hashed(key: str) -> str:
    """What stands in the table for the key of a cookie."""
    return hashlib.sha256(key.encode()).hexdigest()


class SessionStore(DatabaseStore):
    """`address` and `browser` are told by the middleware before anything is written."""

    address: str | None = None
    browser: str = ""
    row: OperatorSession | None = None

    @classmethod
    def get_model_class(cls) -> type[Any]:
        from storefronts.models import OperatorSession  # noqa: PLC0415  (asked for before models are there)

        return OperatorSession

    def _get_session_from_db(self) -> Any:
        key = self.session_key or ""
        self.row = (
            self.get_model_class().objects.filter(session_key=hashed(key), expire_date__gt=now()).first()
        )
        if self.row is None:
            self._session_key = None
        return self.row

    def exists(self, session_key: str) -> bool:
        return bool(self.model.objects.filter(session_key=hashed(session_key)).exists())

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=hashed(key)).delete()

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """The row of this session: the one that was read, or under a new key one that takes its place."""
        at, before = now(), self.row
        key = hashed(self._get_or_create_session_key())  # type: ignore[attr-defined]  # the stubs lack it
        operator_id = int(data[OPERATOR]) if OPERATOR in data else None
        same = before if before is not None and before.session_key == key else None
        earlier = before if before is not None and before.operator_id == operator_id else same
        started_at = at if earlier is None else earlier.started_at
        idle = int(data.get(IDLE, settings.OPERATOR_IDLE_SECONDS))
        row: OperatorSession = self.get_model_class()(
            session_key=key,
            session_data=self.encode(data),
            expire_date=ends(started_at, at, idle),
            operator_id=operator_id,
            factor=data.get(FACTOR, ""),
            idle_seconds=idle,
            address=self.address,
            browser=self.browser,
            started_at=started_at,
            seen_at=at,
        )
        if same is not None:
            row.pk, row.public_id = same.pk, same.public_id
        self.row = row
        return row

    def see(self, at: datetime) -> None:
        """Somebody is still there; written down once a minute, and never for a session that was ended."""
        row = self.row
        if row is None or row.seen_at > at - SEEN_EVERY:
            return
        end = ends(row.started_at, at, row.idle_seconds)
        mine = self.get_model_class().objects.filter(pk=row.pk, seen_at__lt=at)
        mine.update(seen_at=at, expire_date=end, address=self.address, browser=self.browser)


def ends(started_at: datetime, seen_at: datetime, idle_seconds: int) -> datetime:
    """When a session is over, if nothing more is asked for."""
    return min(seen_at + timedelta(seconds=idle_seconds), started_at + LONGEST)
