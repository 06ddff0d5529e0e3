"""`manage.py load_tariff FILE.csv [--dry-run]`: rates from a file, all of it or nothing."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.services.tariff import load_tariff

SHIPPED = Path(__file__).parents[2] / "data" / "tariff.csv"


class Command(BaseCommand):
    help = "Load tariff lines from a CSV file; without a file, the lines that come with the product."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=SHIPPED)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        with options["file"].open(encoding="utf-8-sig", newline="") as file:
            done = load_tariff(rows=csv.DictReader(file), dry_run=options["dry_run"])
        for bad in done.bad:
            self.stderr.write(str(bad))
        if done.bad:
            raise CommandError(f"{len(done.bad)} faults; nothing was written")
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{done.added} lines {would}added, {done.changed} {would}changed, {done.same} were the same"
        )
