"""A thousand messages to endpoints that take two seconds each, beside a hundred to one that is quick."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.conf import settings

from bench import stage
from bench.report import Report
from partners.gateways.webhook.address import Checked
from partners.models import Connection, Endpoint, Message
from partners.sender import Sender
from partners.services import endpoints, publishing
from partners.services.accounts import open_partner
from storefronts.models import Storefront

SLOW, EACH, FAST, SECONDS, TURNS = 10, 100, 100, 2.0, 3
AT_ONCE, LATE = "order.paid", "order.cancelled"


class _Server(BaseHTTPRequestHandler):
    """Answers 204, on /slow only after a while."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/slow":
            time.sleep(SECONDS)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _listening() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def webhooks(report: Report, now: datetime) -> None:
    """Seconds until the fast endpoint has its messages, alone and beside the slow ones: when they are known
    for slow, and when nobody has met them yet, so that the first calls go to them as to all others."""
    settings.WEBHOOKS_INSIDE = True
    shop = Storefront.objects.get(appid=stage.APPID)
    partner = open_partner(storefront=shop, name="Bench", kind="erp", by="bench", now=now)
    row = Connection.objects.get(partner=partner, ended_at=None)
    alone: list[float] = []
    beside: dict[bool, list[float]] = {False: [], True: []}
    with _listening() as base:
        _endpoint(row, f"{base}/fast", AT_ONCE, now)
        for turn in range(TURNS):
            alone.append(_seconds(shop, f"a{turn}", now))
        for _ in range(SLOW):
            _endpoint(row, f"{base}/slow", LATE, now)
        for turn in range(TURNS):
            for known, times in beside.items():
                Message.objects.filter(type=LATE).delete()
                for number in range(EACH):
                    _tell(shop, LATE, f"s{turn}-{known}-{number}", now)
                assert Message.objects.filter(type=LATE, state="waiting").count() == SLOW * EACH
                Endpoint.objects.filter(types=[LATE]).update(slow=known)
                times.append(_seconds(shop, f"b{turn}-{known}", now))
    report.pairs("webhooks_beside_slow", beside[True], "s", floors=alone, target="1.5", at_most=True)
    report.pairs("webhooks_beside_slow_at_first", beside[False], "s", floors=alone, target="4", at_most=True)


def _endpoint(row: Connection, url: str, kind: str, now: datetime) -> None:
    endpoints.make_endpoint(connection=row, url=Checked(url), types=[kind], now=now)


def _tell(shop: Storefront, kind: str, number: str, now: datetime) -> None:
    publishing.publish(storefront_id=shop.pk, name=kind, key=f"order:{number}", at=now, now=now)


def _seconds(shop: Storefront, mark: str, now: datetime) -> float:
    """How long the fast endpoint's messages take from the moment they are there."""
    for number in range(FAST):
        _tell(shop, AT_ONCE, f"{mark}-{number}", now)
    waiting = Message.objects.filter(type=AT_ONCE, state="waiting")
    sender, began, took = Sender(), time.monotonic(), 0.0
    while waiting.exists():
        sender.start()
        sender.finish(0.05)
        took = time.monotonic() - began
    sender.close()
    return took
