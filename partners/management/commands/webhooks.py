"""`manage.py webhooks`: sends what partners are to hear, until it is told to stop."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from partners.sender import Sender


class Command(BaseCommand):
    """Runs until SIGTERM or Ctrl-C, and ends the calls that are under way first."""

    help = "Send webhooks until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        Sender().run(stop.is_set)
