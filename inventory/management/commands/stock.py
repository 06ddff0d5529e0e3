"""`manage.py stock verify|repair`: are balances the sums of their movements, and if not, make them so."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from inventory.services.repair import differences, repair


class Command(BaseCommand):
    help = "The stock ledger: verify (exit 1 when a balance differs), repair (as the owner of the tables)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("verify", help="name every balance that is not the sum of its movements")
        verbs.add_parser("repair", help="set balances to the sums of their movements, then verify")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "repair":
            self.stdout.write(f"{repair()} balances set right")
        found = differences()
        for one in found:
            self.stdout.write(str(one))
        self.stdout.write(f"{len(found)} differences")
        if found:
            sys.exit(1)
