"""The one error of the embedded servers, whose text always says what to do."""

from __future__ import annotations

OWN_SERVERS = (
    "or set DATABASE_URL_OWNER, DATABASE_URL_WEB, DATABASE_URL_WORKER and REDIS_URL to servers of your own"
)


class EmbeddedError(RuntimeError):
    """The embedded servers cannot do what was asked."""
