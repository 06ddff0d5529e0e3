"""What every test may ask for: the database, a client acting as the role `web`, and clean process memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from redis import Redis

from storefronts import queries as storefronts


class WebClient(Client):
    """Django's test client, with each request served under the database role of the web process."""

    def request(self, **request: Any) -> Any:
        connection.ensure_connection()
        connection.connection.execute("SET ROLE web")
        try:
            return super().request(**request)
        finally:
            if connection.connection is not None and not connection.connection.closed:
                try:
                    connection.connection.execute("RESET ROLE")
                except Exception:  # the test's own transaction is broken; the failure shows elsewhere
                    connection.close()


@pytest.fixture
def client() -> WebClient:
    return WebClient()


@pytest.fixture(autouse=True)
def _clean_process(settings: Any) -> Iterator[None]:
    """What a process remembers between requests must not leak from one test into the next."""
    storefronts.forget_kept()
    cache.clear()
    yield
    storefronts.forget_kept()


@pytest.fixture
def redis(settings: Any) -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as server:
        server.flushdb()
        yield server
