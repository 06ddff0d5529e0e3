"""manage.py retention [--dry-run]: let go of every record whose day has come, and tell what was found."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend import retention
from kernel import files
from kernel.clock import now


class Command(BaseCommand):
    """The same run as beat's, by hand; its report stays as a job of the kind `retention`."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count only, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        at = now()
        try:
            job = retention.run(by="command", dry_run=options["dry_run"], now=at)
        except retention.NotAll as failed:
            raise CommandError(f"not let go: {failed}; everything else was") from failed
        for one in job.result["kinds"]:
            self.stdout.write(
                f"{one['kind']:26} before {one['before'][:10]}"
                f"  found {one['found']:>7}  let go {one['let_go']:>7}"
                f"{'  at least: more lose their last record in a run' if one['at_least'] else ''}"
            )
        if not options["dry_run"]:
            self.stdout.write(f"{'files without a row':26} {files.sweep(now=at):>40}")
