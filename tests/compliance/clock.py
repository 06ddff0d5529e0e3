"""Logs are chained as if the database's clock told an instant that the test names."""

from __future__ import annotations

from datetime import datetime
from unittest.mock import patch

from compliance.chain import Head
from compliance.services import chain


def clock(now: datetime) -> str:
    """What asks the database for this instant."""
    return f"SELECT '{now.isoformat()}'::timestamptz"


def chain_logs(*, now: datetime) -> list[Head]:
    """A turn of a worker at this instant."""
    with patch.object(chain, "_CLOCK", clock(now)):
        return chain.chain_logs()
