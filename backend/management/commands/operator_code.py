"""`manage.py operator_code`: the code that the demonstration's operator is asked for, on a laptop."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.seeding.demo import operator_code


class Command(BaseCommand):
    help = "Print the present code of the demonstration's operator, who has no telephone."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Codes of production are on the telephones of its operators.")
        self.stdout.write(operator_code())
