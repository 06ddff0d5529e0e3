"""What the commands that load a table of the law have in common: a CSV file, all of it or nothing."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from compliance.services.loading import Loaded

DATA = Path(__file__).parents[1] / "data"


class LoadCommand(BaseCommand):
    """`manage.py … [FILE.csv] [--dry-run]`; without a file, the lines that come with the product,
    which are not the official ones: production refuses them and names the `official` source."""

    shipped: ClassVar[Path]
    official: ClassVar[str]
    examples: ClassVar[bool] = False
    load: ClassVar[Callable[..., Loaded]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        file = options["file"] or self._shipped()
        try:
            with file.open(encoding="utf-8-sig", newline="") as opened:
                done = type(self).load(rows=csv.DictReader(opened), dry_run=options["dry_run"])
        except (OSError, UnicodeDecodeError, csv.Error) as problem:
            raise CommandError(f"{file} cannot be read as CSV in UTF-8: {problem}") from None
        for bad in done.bad:
            self.stderr.write(str(bad))
        if done.bad:
            raise CommandError(f"{len(done.bad)} faults; nothing was written")
        if not done.added + done.changed + done.same:
            raise CommandError(f"{file} has no lines below a heading; nothing was written")
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{done.added} lines {would}added, {done.changed} {would}changed, {done.same} were the same"
        )

    def _shipped(self) -> Path:
        if settings.PRODUCTION:
            raise CommandError(f"production is loaded from a file with the official lines: {self.official}")
        if self.examples:
            self.stdout.write("these are examples, not what was published")
        return self.shipped
