"""`manage.py law [DAY]`: the figures in force on a day, each with its source."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from compliance.law import Law
from compliance.rulebook import shown
from kernel.clock import now, shanghai_day


class Command(BaseCommand):
    help = "List the figures of the law that are in force on a day (default: today in Shanghai)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("day", nargs="?", type=date.fromisoformat)

    def handle(self, *args: Any, **options: Any) -> None:
        law = Law(options["day"] or shanghai_day(now()))
        self.stdout.write(f"{law.day}  edition {law.edition[:16]}")
        for figure in law.figures():
            value = shown(law.topics[figure.name], figure).split("<br>")[0]
            self.stdout.write(
                f"{figure.name:34} {value:30} since {figure.first_day}  {figure.citation}"
                f"  [{figure.confidence}, checked {figure.checked}]"
            )
