"""A world to buy in, and callers who speak JSON as the mini-program does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from customers.models import Customer
from kernel import throttle
from miniprogram_api import kept
from tests import make


@dataclass
class Phone:
    """A mini-program on someone's phone: its appid, and the token when they are logged in."""

    client: Client
    appid: str
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        sent = {"X-Appid": self.appid, **self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers=sent,
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Iterator[None]:
    """No page and no shelf of the test before; limits are tested where they are the subject."""
    kept.forget()
    settings.THROTTLE_FACTOR = 1_000
    throttle.writes.reset()
    yield
    kept.forget()


@pytest.fixture
def world(db: None) -> make.World:
    return make.world()


@pytest.fixture
def anyone(client: Client, world: make.World) -> Phone:
    return Phone(client, world.shop.appid)


@pytest.fixture
def alice(client: Client, world: make.World) -> Phone:
    return phone_of(client, world.alice)


def phone_of(client: Client, person: Customer) -> Phone:
    return Phone(client, person.storefront.appid, make.token(person))
