"""Wires the house together at start: who hears which event, who is woken for it, who holds what,
and who knows what has gone back."""

from django.apps import AppConfig


class BackendConfig(AppConfig):
    name = "backend"

    def ready(self) -> None:
        # Models can be imported only now; celery, so that tasks know our broker.
        from backend import celery, delivery, personal, subscriptions  # noqa: F401, PLC0415
        from compliance import holdings  # noqa: PLC0415
        from kernel import events  # noqa: PLC0415
        from orders import given_back  # noqa: PLC0415
        from payments.services import refund_parts  # noqa: PLC0415

        events.wiring.handlers = subscriptions.names()
        events.wiring.wake = delivery.wake
        holdings.wiring.holdings = personal.HOLDINGS
        given_back.wiring.back = refund_parts.back_of
