"""Wires the house together at start: who hears which event, and who is woken for it."""

from django.apps import AppConfig


class BackendConfig(AppConfig):
    name = "backend"

    def ready(self) -> None:
        from backend import celery, delivery, subscriptions  # noqa: F401  (celery: so that tasks know our broker)
        from kernel import events

        events.wiring.handlers = subscriptions.names()
        events.wiring.wake = delivery.wake
