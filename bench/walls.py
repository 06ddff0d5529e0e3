"""What the wall under the doors costs: the same requests with it and without it, in turns of one run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.db import connection

from bench import cpu, load, stage
from bench.ordering import requests_of
from bench.report import Report
from storefronts.models import Membership, Operator
from storefronts.sessions import FACTOR, IDLE

TURNS, ORDERS, SECONDS, CLIENTS, MOST = 7, 80, 1.0, 4, "1.1"


def walls(report: Report, port: int, local: Path, buyers: list[stage.Buyer], now: datetime) -> None:
    """Checkout, a consumer's list and an operator's list of orders: CPU of web and PostgreSQL a request."""
    orders = iter(requests_of(buyers, (2 * TURNS + 2) * ORDERS, now))
    operator = _operator(buyers[0].customer.storefront_id)
    headers = {"Authorization": f"Bearer {buyers[0].token}"}
    lists = {
        "consumers_list": [load.get("/api/v1/orders", headers)],
        "products_list": [
            load.get(f"/api/v1/products?q=p{n:04d}", {"X-Appid": stage.APPID}) for n in range(900)
        ],
        "operators_list": [load.get("/admin/orders/order/", {"Cookie": f"sessionid={operator}"})],
    }
    meters = cpu.Meter(cpu.granian(port)), cpu.Meter(cpu.postgres(local / "postgres"))
    costs: dict[tuple[str, bool], list[float]] = {}

    def measure(name: str, walled: bool, requests: list[bytes], seconds: float | None, good: int) -> None:
        before = sum(meter.seconds() for meter in meters)
        result = load.run(port, requests, clients=CLIENTS, seconds=seconds)
        assert set(result.statuses) == {good}, (name, result.statuses, result.samples)
        spent = sum(meter.seconds() for meter in meters) - before
        costs.setdefault((name, walled), []).append(spent * 1000 / result.answered)

    for turn in range(TURNS + 1):
        for walled in (True, False) if turn % 2 else (False, True):
            with _standing(walled):
                measure("checkout", walled, [next(orders) for _ in range(ORDERS)], None, 201)
                for name, requests in lists.items():
                    measure(name, walled, requests, SECONDS, 200)
        if turn == 0:  # warm
            costs.clear()
    for name in ("checkout", *lists):
        report.pairs(
            f"wall_{name}",
            costs[name, True],
            "ms/request",
            floors=costs[name, False],
            target=MOST,
            at_most=True,
        )


def _operator(storefront_id: int) -> str:
    """The session of an owner of the storefront."""
    who = Operator.objects.create_user(username="bench", password=None, is_staff=True)
    Membership.objects.create(operator=who, storefront_id=storefront_id, role="owner")
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["_auth_user_id"] = str(who.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = who.get_session_auth_hash()
    session[FACTOR], session[IDLE] = "code", 3600
    session.save()
    return str(session.session_key)


@contextmanager
def _standing(walled: bool) -> Iterator[None]:
    """With the wall, or with all of it taken down."""
    if not walled:
        _all("DISABLE")
    try:
        yield
    finally:
        if not walled:
            _all("ENABLE")


def _all(verb: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_policies WHERE policyname = 'wall'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE "{table}" {verb} ROW LEVEL SECURITY')
