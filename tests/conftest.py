"""What every test may ask for: the database, a client acting as the role `web`, and clean process memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.template import Context, Template
from django.test import Client
from django.test import utils as testing
from django.test.signals import template_rendered
from hypothesis import settings as hypothesis_settings
from psycopg.pq import TransactionStatus
from pytest_django import DjangoDbBlocker
from redis import Redis

from backend import delivery
from backend.chaos import faults
from inventory.services.repair import differences
from logistics import queries as logistics
from storefronts import queries as storefronts
from storefronts.services import opening
from storefronts.sessions import FACTOR
from tests import connections, emptying, keeping, make, stepping
from tests.roles import acting
from tests.stand_in import StandIn, running

connections.install()
emptying.install()
stepping.install()
# What an example takes depends on what else the machine does.
hypothesis_settings.register_profile("house", deadline=None)
hypothesis_settings.load_profile("house")
# Every world opens with the same few keys; to check one takes longer than all the rest of opening a shop.
opening.checked_private_key = lru_cache(opening.checked_private_key)


def _drawn(template: Template, context: Context) -> Any:
    """A test sees the context of what a view draws, not of the hundreds of pieces that a page includes."""
    if context.template is template:
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


testing.instrumented_test_render = _drawn


class WebClient(Client):
    """Django's test client, with each request served under the database role of the web process.

    Who is logged in by force has taken the second step too; tests of the way in go the way in.
    """

    def force_login(self, user: Any, backend: str | None = None) -> None:
        super().force_login(user, backend)
        session = self.session
        session[FACTOR] = "code"
        session.save()

    def request(self, **request: Any) -> Any:
        with acting("web"):
            return super().request(**request)


def _as_worker(deliver: Any) -> Any:
    """Each delivery of an event under the database role of the worker."""

    def delivered(*told: Any) -> Any:
        with acting("worker"):
            return deliver(*told)

    return delivered


delivery._deliver = _as_worker(delivery._deliver)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that takes longest is begun first: a parallel run ends when its last file does."""
    items.sort(key=lambda item: item.path.name != "test_purchase.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """After every test that writes, each balance of stock is the sum of its movements.

    `crooked_stock` marks those that make one differ on purpose.
    """
    result = yield
    uses = item.get_closest_marker("django_db") or "db" in getattr(item, "fixturenames", ())
    raw = connection.connection
    broken = raw is not None and raw.info.transaction_status == TransactionStatus.INERROR  # on purpose
    if uses and not item.get_closest_marker("crooked_stock") and not connection.needs_rollback and not broken:
        assert [str(one) for one in differences()] == []
    return result


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, and the worlds that most tests begin with, kept beside it."""
    with django_db_blocker.unblock():
        for on_hand in (100, 0):
            keeping.prepare(f"world-{on_hand}", lambda pieces=on_hand: make.made_world(pieces))
    yield
    emptying.finish()
    connections.finish()


@pytest.fixture
def client() -> WebClient:
    return WebClient()


@pytest.fixture(scope="session")
def _counts() -> Iterator[Redis]:
    with Redis.from_url(django_settings.REDIS_URL) as server:
        yield server


@pytest.fixture(autouse=True)
def _clean_process(settings: Any, _counts: Redis) -> Iterator[None]:
    """What a process remembers between requests must not leak from one test into the next.

    Nor what Redis counts: the rows of a kept world come back under the same keys.
    """
    _counts.flushdb()
    storefronts.forget_kept()
    logistics.forget_kept()
    cache.clear()
    stepping.begin(settings)
    yield
    storefronts.forget_kept()


@pytest.fixture
def impatient() -> Iterator[None]:
    """Whom we call has a second to answer: for where somebody does not."""
    with faults.impatient():
        yield


@pytest.fixture(scope="session")
def stand_in_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """WeChat, carriers and customs: one process for all tests that ask for them."""
    with running(tmp_path_factory.mktemp("stand-in")) as process:
        yield process


@pytest.fixture(scope="session")
def provider_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("provider")) as process:
        yield process


@pytest.fixture
def provider(provider_process: StandIn, settings: Any) -> StandIn:
    """The identity provider's stand-in, which checks every signature, and the product told to call it."""
    provider_process.control("reset")
    settings.FACEID_BASE = provider_process.url
    settings.FACEID_SECRET_ID = provider_process.world["tencent"]["secret_id"]
    settings.FACEID_SECRET_KEY = provider_process.world["tencent"]["secret_key"]
    return provider_process


@pytest.fixture
def redis(settings: Any) -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as server:
        yield server
