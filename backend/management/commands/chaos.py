"""`manage.py chaos SIDE`: spoils each call, kills each step's worker, and compares both sides' books."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.chaos.house import in_house_of_its_own, stage_of
from backend.chaos.running import table
from backend.chaos.trials import SIDES, trials
from backend.embedded import EmbeddedError
from backend.supervisor import ChildFailed


class Command(BaseCommand):
    help = (
        "Try every fault at every step of money, of goods and parcels, or of customs; exit status 1 when"
        " anything is lost, doubled or left open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=list(SIDES))
        parser.add_argument("--only", default="", help="trials in whose step or fault this text occurs")
        parser.add_argument("--world", type=Path, help="for a house that runs: the sandbox's file")
        parser.add_argument("--sandbox", default="", help="for a house that runs: the sandbox's address")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Faults have no place in production.")
        if options["world"] is None:
            try:
                code = in_house_of_its_own([options["what"], "--only", options["only"]], self.stdout.write)
            except (ChildFailed, EmbeddedError) as failure:
                raise CommandError(str(failure)) from failure
            sys.exit(code)
        side = options["what"]
        stage = stage_of(options["world"], options["sandbox"])
        if not table(stage, trials(options["only"], side), self._tell, side):
            sys.exit(1)

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
