"""The OpenAPI document is true: what it allows is answered as it says; its page needs no other host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import schemathesis
from django.contrib.staticfiles import finders
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.wsgi import application
from customers.models import Address
from miniprogram_api.schema import document
from miniprogram_api.urls import endpoints
from tests import make
from tests.miniprogram_api.conftest import Phone

ROOT = Path(__file__).resolve().parents[2]
METHODS = {"get", "post", "put", "patch", "delete"}
# Kept pages are wrapped and answer GET alone.
OPERATIONS = sum(
    len(METHODS & set(vars(view))) if (view := getattr(one.callback, "view_class", None)) else 1
    for one in endpoints
)
CHECKS: list[Any] = [status_code_conformance, content_type_conformance, response_schema_conformance]


def test_the_document_is_openapi_3_1_and_names_every_address(client: Client, db: None) -> None:
    answer = client.get("/api/v1/schema/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json; version=3.1.0"
    told = orjson.loads(answer.content)
    assert told["openapi"] == "3.1.0"
    mapped = {"/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(p.pattern)) for p in endpoints}
    assert set(told["paths"]) == mapped
    assert told["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    operations = [operation for path in told["paths"].values() for operation in path.values()]
    assert len(operations) == OPERATIONS
    for operation in operations:
        assert operation["description"], operation["operationId"]
        assert " · " in operation["summary"]
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert response["content"]["application/problem+json"]["schema"] == {
                    "$ref": "#/components/schemas/Problem"
                }


def test_every_group_of_addresses_is_introduced_in_both_languages() -> None:
    told = orjson.loads(document())
    used = {tag for path in told["paths"].values() for one in path.values() for tag in one["tags"]}
    assert {tag["name"] for tag in told["tags"]} == used
    for tag in told["tags"]:
        assert re.fullmatch(r"[\u4e00-\u9fff、]+ · [A-Z].+", tag["description"])
    introduction = told["info"]["description"]
    for named in re.findall(r"(?:GET|PUT|POST) (/\S+?)`", introduction):
        assert "/api/v1/" + named.removeprefix("/api/v1/").lstrip("/") in told["paths"], named
    assert "/sandbox/login" in introduction


def test_the_page_loads_nothing_from_elsewhere(client: Client, db: None) -> None:
    answer = client.get("/api/v1/docs/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "http" not in page.replace("http-equiv", "")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) == 4
    for source in sources:
        if source.startswith("/static/"):
            assert finders.find(source.removeprefix("/static/")), source
        else:
            assert client.get(source)["Content-Type"] == "text/javascript"
    assert "script-src 'self';" in answer["Content-Security-Policy"]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """As Django's own test client does: a request ends without closing the test's connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_sent_is_answered_as_the_document_says(
    mode: GenerationMode, alice: Phone, world: make.World
) -> None:
    """Bodies, queries and paths as the document allows them, and such as it does not."""
    now = make.present()
    order = make.order(world.alice, ("HD-1", 1), now=now)
    quote = make.quote(world.alice, ("IR-1", 1), now=now)
    make.coupon(world.alice)
    known = {
        "number": order.number,
        "token": str(quote.token),
        "id": str(Address.objects.get().public_id),
        "sku": "HD-1",
        "kind": "marketing",
        "secret": "no-such-link",
    }
    coupons = dict.fromkeys(("/api/v1/coupons/{code}", "/api/v1/coupons/{code}/claim"), "WELCOME")
    codes = dict.fromkeys(("/api/v1/products/{code}", "/api/v1/products/{code}/reviews"), "p-hd-1") | coupons
    schema = schemathesis.openapi.from_dict(orjson.loads(document()))
    schema.app = application
    called = 0
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE web")
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        names = {**known, "code": codes.get(operation.path, "")}
        paths = {name: names[name] for name in re.findall(r"{(\w+)}", operation.path)}
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue  # nothing in it could be wrong
        asks_wechat = ("/session", "/phone", "/me/identity", "/payment", "/sync", "/exports", "/closing")
        outside = operation.path.endswith(asks_wechat)
        try_out(operation.as_strategy(generation_mode=mode, path_parameters=paths), alice, outside)
        called += 1
    assert called == (OPERATIONS if mode is GenerationMode.POSITIVE else 37)


def try_out(cases: st.SearchStrategy[Any], alice: Phone, outside: bool) -> None:
    """Call with some examples; what each one writes is undone. `outside`: someone is asked, and is away."""
    headers = {"Authorization": f"Bearer {alice.token}", "X-Appid": alice.appid}

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
        if outside:  # must not happen inside a transaction
            response = case.call(headers=headers)
        else:
            with transaction.atomic():
                response = case.call(headers=headers)
                transaction.set_rollback(True)
        assert response.status_code < 500 or (outside and response.status_code == 503)
        case.validate_response(response, checks=CHECKS)

    call()


def test_the_document_is_made_without_a_warning(tmp_path):
    # In a process of its own: which names an enumeration gets is remembered by the process.
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "django",
            "spectacular",
            "--urlconf",
            "miniprogram_api.urls",
            "--fail-on-warn",
            "--file",
            "openapi.yaml",
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "backend.settings",
            "D2C_LOCAL": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Warning" in done.stderr) == (0, False), done.stderr
