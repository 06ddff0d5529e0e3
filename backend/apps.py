"""Wires the house together at start: who hears which event, and who is woken for it."""

from django.apps import AppConfig


class BackendConfig(AppConfig):
    name = "backend"

    def ready(self) -> None:
        from backend import delivery, subscriptions
        from kernel import events

        events.wiring.handlers = subscriptions.names()
        events.wiring.wake = delivery.wake
