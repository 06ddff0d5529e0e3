"""The document of the partners' door is true: what it allows is answered as it says, and nothing else is."""

from __future__ import annotations

import contextlib
import io
import re
import secrets
from typing import Any

import orjson
import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.wsgi import application
from kernel.clock import now as present
from miniprogram_api.schema import document as mini_program
from partner_api.door import READS
from partner_api.naming import operation_name
from partner_api.openapi import described, document, doors
from partner_api.urls import endpoints
from partners.models import Endpoint, Partner
from partners.scopes import SCOPES
from partners.services import endpoints as addresses
from partners.services.accounts import connect, issue_credential
from partners.signing import Signed, sign
from tests import make
from tests.partners.calling import System, partner

DOCUMENTS = (mini_program, described)
CHECKS: list[Any] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_every_address_is_named_with_what_the_door_asks_of_it(client, db):
    answer = client.get("/partner/v1/openapi.json")
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json; version=3.1.0"
    told = orjson.loads(answer.content)
    assert told["openapi"] == "3.1.0"
    views = dict(doors(endpoints))
    assert set(told["paths"]) == {*views, "/partner/v1/status", "/partner/v1/token"}
    names = []
    for address, view in views.items():
        assert {method.upper() for method in told["paths"][address]} == set(view.scopes)
        for method, one in told["paths"][address].items():
            headers = {p["name"] for p in one["parameters"] if p["in"] == "header"}
            signed = method.upper() not in READS or method.upper() in view.signed
            assert ("X-Signature" in headers) == signed
            assert ("Idempotency-Key" in headers) == (method == "post")
            assert one["security"] == [{"partner": [view.scopes[method.upper()]]}]
            assert one["description"]
            assert " · " in one["summary"]
            assert set(one["responses"]) >= {"401", "403", "429", "503"}
            assert one["responses"]["429"]["headers"]["Retry-After"]["required"]
            marked = any("ETag" in answer.get("headers", {}) for answer in one["responses"].values())
            assert marked >= (method == "put" or address.endswith(("orders/{number}", "variants/{sku}")))
            named = {p["name"] for p in one["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", address))
            names.append(one["operationId"])
    assert len(names) == len(set(names))
    used = {tag for path in told["paths"].values() for one in path.values() for tag in one["tags"]}
    assert {one["name"] for one in told["tags"]} == used
    scopes = told["components"]["securitySchemes"]["partner"]["flows"]["clientCredentials"]["scopes"]
    assert set(scopes) == set(SCOPES)


def test_a_call_is_named_by_its_method_and_address():
    shop = "/partner/v1/storefronts/{storefront}/"
    assert operation_name("GET", "/partner/v1/me") == "get_me"
    assert operation_name("GET", f"{shop}orders") == "get_orders"
    assert operation_name("GET", f"{shop}orders/{{number}}") == "get_order"
    assert operation_name("POST", f"{shop}stock/receipts") == "post_stock_receipts"
    assert operation_name("POST", f"{shop}webhooks/{{id}}/test") == "post_webhook_test"


def test_the_document_is_made_without_a_warning_beside_that_of_the_mini_program():
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        made = [[one.__wrapped__() for one in pair] for pair in (DOCUMENTS, DOCUMENTS[::-1])]
    assert said.getvalue() == ""
    assert made[0] == made[1][::-1]  # whichever is made first


@contextlib.contextmanager
def one_connection():
    """As Django's own test client does: a request ends without closing the test's connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_sent_is_answered_as_the_document_says(mode, client, monkeypatch):
    """Bodies, queries and paths as the document allows them, and such not; signed, as by a partner."""
    monkeypatch.setattr("partner_api.webhooks.checked", lambda url: url)  # asks outside, in no transaction
    world = make.world()
    erp = everything_may(client, world)
    known = named(world, erp)
    told = orjson.loads(document())
    for one in (one for path in told["paths"].values() for one in path.values()):
        one["parameters"] = [
            p for p in one["parameters"] if p["in"] != "header"
        ]  # the door's own tests' matter
    schema = schemathesis.openapi.from_dict(told)
    schema.app = signing(erp)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE web")
    with one_connection():
        called = call_all(schema, known, mode)
    names = {one["operationId"] for path in told["paths"].values() for one in path.values()}
    assert called == names if mode is GenerationMode.POSITIVE else "post_stock_receipts" in called


def call_all(schema: Any, known: dict[str, str], mode: GenerationMode) -> set[str]:
    """Every call, with some examples; the names of those that were made."""
    called = set()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue  # nothing in it could be wrong
        named = re.findall(r"(\w+)/{(\w+)}", operation.path)
        paths = {name: known.get(f"{of}/{name}", known.get(name, "none")) for of, name in named}
        try_out(operation.as_strategy(generation_mode=mode, path_parameters=paths))
        called.add(operation.definition.raw["operationId"])
    return called


def try_out(cases: Any) -> None:
    """Call with some examples; what each one writes is undone."""

    @given(case=cases)
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any) -> None:
        with transaction.atomic():
            response = case.call()
            transaction.set_rollback(True)
        assert response.status_code < 500, response.text
        case.validate_response(response, checks=CHECKS)

    call()


def everything_may(client: Any, world: Any) -> System:
    """A partner that may do all there is."""
    who = partner(world.shop, "erp")
    Partner.objects.filter(pk=who.pk).update(per_minute=100_000)
    connect(partner=who, storefront=world.shop, scopes=list(SCOPES), by="owner", now=present())
    issued = issue_credential(partner=who, scopes=list(SCOPES), by="owner", now=present())
    return System(client, issued, world.shop.code)


def named(world: Any, erp: System) -> dict[str, str]:
    """Names of objects that are there, for the paths."""
    order = make.order(world.alice, ("HD-1", 1), now=make.present())
    made, _ = addresses.make_endpoint(
        connection=Partner.objects.get().connections.get(ended_at=None),
        url="https://hooks.example.com/",
        types=["order.paid"],
        now=make.present(),
    )
    assert isinstance(made, Endpoint)
    job = erp.post("catalogue/upserts", {"rows": [{"sku": "HD-1", "price_fen": 1}]}).json()
    return {
        "storefront": world.shop.code,
        "number": order.number,
        "id": str(made.public_id),
        "jobs/id": job["id"],
        "code": world.dryer.product.code,
        "sku": world.dryer.sku,
    }


def signing(erp: System) -> Any:
    """Our application, behind a partner's system that has a token and signs whatever it sends."""
    bearer = erp.bearer()

    def app(environ: dict[str, Any], start: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        target = WSGIRequest(environ).get_full_path()
        nonce, stamp = secrets.token_hex(16), str(int(present().timestamp()))
        signed = Signed(environ["REQUEST_METHOD"], target, stamp, nonce, body)
        environ |= {
            "wsgi.input": io.BytesIO(body),
            "HTTP_AUTHORIZATION": bearer,
            "HTTP_X_TIMESTAMP": stamp,
            "HTTP_X_NONCE": nonce,
            "HTTP_X_SIGNATURE": sign(erp.issued.signing_key, signed),
            "HTTP_IDEMPOTENCY_KEY": secrets.token_hex(8),
            "HTTP_IF_MATCH": "*",
        }
        return application(environ, start)

    return app
