"""What the commands that load a table of the law have in common: a CSV file, all of it or nothing."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError

from compliance.services.loading import Loaded

DATA = Path(__file__).parents[1] / "data"


class LoadCommand(BaseCommand):
    """`manage.py … [FILE.csv] [--dry-run]`; without a file, the lines that come with the product."""

    shipped: ClassVar[Path]
    load: ClassVar[Callable[..., Loaded]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=self.shipped)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        with options["file"].open(encoding="utf-8-sig", newline="") as file:
            done = type(self).load(rows=csv.DictReader(file), dry_run=options["dry_run"])
        for bad in done.bad:
            self.stderr.write(str(bad))
        if done.bad:
            raise CommandError(f"{len(done.bad)} faults; nothing was written")
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{done.added} lines {would}added, {done.changed} {would}changed, {done.same} were the same"
        )
