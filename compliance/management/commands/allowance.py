"""`manage.py allowance verify`: every balance against the sum of its entries."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.queries import allowance_differences


class Command(BaseCommand):
    help = "Recompute all balances of the allowance from the entries; exits 1 naming each that differs."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        checked, found = allowance_differences()
        for d in found:
            self.stdout.write(
                f"account {d.account_id} ({d.person_id}, {d.year}, {d.measure}): {d.bucket} is {d.kept},"
                f" its entries say {d.counted}"
            )
        if found:
            raise CommandError(f"{len(found)} differences in {checked} accounts")
        self.stdout.write(f"{checked} accounts, no difference")
