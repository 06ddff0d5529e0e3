"""What leaves the house when something fails names the code, and nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from backend import faults

SECRET = "110101199003071233"


class Box(Transport):
    """Keeps what would have been sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent += [event for item in envelope.items if (event := item.get_event())]


@pytest.fixture
def box() -> Iterator[Box]:
    kept = Box()
    faults.start("http://key@127.0.0.1:9/1", transport=kept, default_integrations=False)
    yield kept
    sentry_sdk.get_client().close()
    sentry_sdk.init()


def test_a_fault_is_told_without_what_was_asked_and_by_whom(box: Box) -> None:
    sentry_sdk.add_breadcrumb(message=f"GET https://api.weixin.qq.com/?access_token={SECRET}")
    asked = {
        "method": "POST",
        "url": f"https://shop/exports/{SECRET}",
        "query_string": SECRET,
        "data": {"n": SECRET},
    }
    sentry_sdk.capture_event(
        {
            "message": "it failed",
            "transaction": "/api/v1/orders/{number}",
            "request": {**asked, "headers": {"X-Device": SECRET}, "cookies": {"s": SECRET}},
            "user": {"ip_address": SECRET},
        }
    )
    (event,) = box.sent
    assert (event["transaction"], event["request"]) == ("/api/v1/orders/{number}", {"method": "POST"})
    assert SECRET not in str(event)


def test_no_body_and_no_value_of_the_code_is_taken(box: Box) -> None:
    options = sentry_sdk.get_client().options
    names = ("max_request_body_size", "include_local_variables", "send_default_pii", "max_breadcrumbs")
    assert [options[name] for name in names] == ["never", False, False, 0]
