"""What an error tracker outside the house is told of a fault: where in the code and on which route.

Bodies carry identity numbers, addresses carry secrets and searched words, and what was called before carries
tokens: none of these leaves.
"""

from __future__ import annotations

from typing import Any

import sentry_sdk

KEPT = ("method",)


def start(dsn: str, **more: Any) -> None:
    """Report faults from here on."""
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=bare,
        **more,
    )


def bare(event: Any, hint: dict[str, Any]) -> Any:
    """The event without what was asked and by whom; the route (`transaction`) stays."""
    if request := event.get("request"):
        event["request"] = {name: request[name] for name in KEPT if name in request}
    event.pop("user", None)
    return event
