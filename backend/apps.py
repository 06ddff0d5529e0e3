"""Wires the house together at start: who hears which event, who is woken for it, who holds what."""

from django.apps import AppConfig


class BackendConfig(AppConfig):
    name = "backend"

    def ready(self) -> None:
        # Models can be imported only now; celery, so that tasks know our broker.
        from backend import celery, delivery, personal, subscriptions  # noqa: F401, PLC0415
        from compliance import holdings  # noqa: PLC0415
        from kernel import events  # noqa: PLC0415

        events.wiring.handlers = subscriptions.names()
        events.wiring.wake = delivery.wake
        holdings.wiring.holdings = personal.HOLDINGS
