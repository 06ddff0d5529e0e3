"""What surrounds a house within a test: its doors on a port, a storefront that all know, staff at forms."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import requests
from django.core.wsgi import get_wsgi_application
from django.db import connection

from storefronts.models import LegalParty
from tests import make
from tests.customs import port as ports
from tests.customs.port import set_key
from tests.logistics import shipping
from tests.operators import rows
from tests.operators.entering_rows import has_given_code, stays
from tests.payments.declaring import family, register
from tests.stand_in import StandIn, storefront_in

STAFF = {"anna": "customer_service", "ben": "customer_service", "wu": "fulfilment", "li": "finance"}


def true_now() -> datetime:
    return datetime.now(UTC)


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        return


def as_web(environ: dict[str, Any], answer: Any) -> Any:
    """Each request under the database role of the web process; files need no database."""
    if not environ["PATH_INFO"].startswith("/static/"):
        connection.ensure_connection()
        connection.connection.execute("SET ROLE web")
    return _APPLICATION(environ, answer)


_APPLICATION = get_wsgi_application()


@contextmanager
def served() -> Iterator[str]:
    """The house's doors on a free port."""
    with make_server("127.0.0.1", 0, as_web, handler_class=_Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def made_world(wechat: StandIn) -> make.World:
    """A storefront that WeChat, the port and the carriers know, with stock and staff; nobody has bought."""
    shop = storefront_in(wechat)
    place = make.warehouse(shop, freight_fen=1_500)
    goods = [make.variant(shop, *one) for one in (("HD-1", 10_000), ("IR-1", 5_000), ("XL-1", 25_000))]
    for variant in goods:
        make.stock(place, variant)
    world = make.World(shop, place, goods[0], goods[1], None)  # type: ignore[arg-type]
    family(world, "v2")
    register(world)
    told = wechat.world["storefronts"][0]
    account = ports.account(world, dxp_id=told["port"]["dxp_id"])
    enterprise = {"customs_code": told["port"]["cop_code"], "name": told["port"]["cop_name"]}
    LegalParty.objects.filter(storefront=shop, role="declarant").update(**enterprise)
    card = next(one for one in told["port"]["certificates"] if one["method"] == "rsa-sha1")
    key = {"secret": card["private_key"], "number": card["number"], "certificate": card["certificate"]}
    set_key(account=account, method=card["method"], **key)
    shipping.sf(shop, secret=told["sf_check_word"], customer_code=told["sf_partner"])
    shipping.kuaidi100(shop, secret=told["kuaidi100_key"], customer_code=told["kuaidi100_customer"])
    for name, role in STAFF.items():
        rows.operator(name, shop, role)
    return world


class Operator:
    """Someone of the shop's staff at the admin's own forms."""

    def __init__(self, base: str, name: str) -> None:
        self.base, self.http = base, requests.Session()
        self.http.trust_env = False
        self.http.get(f"{base}/admin/login/", timeout=15)
        self.post("/admin/login/?next=/admin/jsi18n/", username=name, password=rows.PASSWORD)
        self.name = name
        has_given_code(self.http.cookies["sessionid"])

    def _stay(self) -> None:
        """Their session goes on, however far the clock was moved since the last click."""
        if hasattr(self, "name"):
            stays(self.http.cookies["sessionid"])

    def post(self, path: str, **typed: Any) -> str:
        """What the page says after a form was sent."""
        self._stay()
        body = {**typed, "csrfmiddlewaretoken": self.http.cookies["csrftoken"]}
        answer = self.http.post(f"{self.base}{path}", data=body, timeout=15)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.text

    def read(self, path: str) -> str:
        self._stay()
        answer = self.http.get(f"{self.base}{path}", timeout=15)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text
