"""The operators' admin on 100,000 orders: each list and the order page against an empty page."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import connection
from django.db.models import Max
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backend import house
from backend.embedded import Servers
from backend.supervisor import Supervisor
from bench.report import Report
from operators.navigation import PAGES
from orders.models import Order
from storefronts.models import Operator
from storefronts.sessions import FACTOR, SessionStore

ORDERS = int(os.environ.get("BENCH_ORDERS", "100000"))  # fewer are quicker and tell less
TURNS, WORST, MOST_STATEMENTS, MOST_RATIO = 5, 10, 25, 8
TOLD = ("home", "order page", "platform", "return_numbers")
EMPTY = "auth.Group"  # a list without a row: what every page costs


@dataclass
class Page:
    """One page, what it took, and what the empty page took meanwhile."""

    name: str
    url: str
    statements: int = 0
    times: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """How many empty pages it takes."""
        return median(self.times) / median(self.floors)


def pages_of_the_admin(report: Report, servers: Servers, local: Path) -> None:
    """Seconds of the seeding, statements and time of every page, the worst ten by name."""
    began = time.monotonic()
    call_command("seed", orders=ORDERS)
    report.figure("seed_seconds", time.monotonic() - began, "s", floor=None, target="600", at_most=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    operator = Operator.objects.create_superuser("bench", password=None)
    cookie = session_of(operator)
    pages = listed()
    count_statements(pages, cookie)
    plan = house.plan(local, servers.urls)
    with Supervisor(log=plan.log) as running:
        running.start(plan.serving())
        measure_times(pages, plan.web_port, cookie)
    told(report, pages)


def session_of(operator: Operator) -> str:
    """A session as the log-in makes it: how one logs in is no matter of the pages."""
    session = SessionStore()
    session[SESSION_KEY] = str(operator.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[FACTOR] = "code"
    session.address = house.HOST
    session[HASH_SESSION_KEY] = operator.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def listed() -> list[Page]:
    """Every registered list, the pages without a table, and the longest story of an order."""
    made = [Page("home", reverse("admin:index"))]
    made += [Page(name, reverse(name)) for name in PAGES]
    for model in admin.site._registry:
        meta = model._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        made.append(Page(meta.label, url))
    order = Order.objects.filter(pk__gt=(Order.objects.aggregate(last=Max("pk"))["last"] or 0) - 5_000)
    longest = order.filter(state="paid", gate="after_release").order_by("placed_at")[0]
    orders = reverse("admin:orders_order_changelist")
    made += [
        Page("order page", reverse("admin:orders_order_change", args=[longest.pk])),
        Page("orders searched", f"{orders}?q={longest.number[:8]}"),
        Page("orders of a state", f"{orders}?state=paid"),
        Page("orders, page 100", f"{orders}?p=100"),
    ]
    return made


def count_statements(pages: list[Page], cookie: str) -> None:
    """In this process, where they can be counted; the second visit, as the first fills caches."""
    client = Client(headers={"cookie": cookie})
    name, _, key = cookie.partition("=")
    client.cookies[name] = key
    for page in pages:
        client.get(page.url)
        with CaptureQueriesContext(connection) as queries:
            answer: Any = client.get(page.url)
        assert answer.status_code == 200, (page.url, answer.status_code)
        page.statements = len(queries)


def measure_times(pages: list[Page], port: int, cookie: str) -> None:
    """One reader, page by page, the empty page before each, so that both meet the same weather."""
    http = HTTPConnection(house.HOST, port, timeout=120)
    meta = next(one._meta for one in admin.site._registry if one._meta.label == EMPTY)
    empty = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    for turn in range(-1, TURNS):
        for page in pages:
            floor, taken = _seconds(http, empty, cookie), _seconds(http, page.url, cookie)
            if turn >= 0:  # the first turn warms
                page.floors.append(floor)
                page.times.append(taken)


def _seconds(http: HTTPConnection, url: str, cookie: str) -> float:
    began = time.perf_counter()
    http.request("GET", url, headers={"Cookie": cookie, "Accept-Language": "zh-CN"})
    answer = http.getresponse()
    answer.read()
    assert answer.status == 200, (url, answer.status)
    return time.perf_counter() - began


def told(report: Report, pages: list[Page]) -> None:
    """The worst of all, and by name the pages that show much more than a list."""
    most = max(pages, key=lambda page: page.statements)
    report.figure(
        f"admin_statements ({most.name})",
        most.statements,
        f"statements, most of {len(pages)} pages",
        floor=None,
        target=str(MOST_STATEMENTS),
        at_most=True,
    )
    worst = sorted(pages, key=lambda page: page.ratio, reverse=True)[:WORST]
    for page in [*worst, *(one for one in pages if one.name in TOLD and one not in worst)]:
        report.figure(
            f"admin_time ({page.name})",
            median(page.times) * 1000,
            f"ms, {page.statements} statements",
            floor=median(page.floors) * 1000,
            target=str(MOST_RATIO),
            at_most=True,
            ratio=page.ratio,
        )
