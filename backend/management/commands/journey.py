"""`manage.py journey`: plays a consumer's story against a running house and says how each step went."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.house import HOST, SANDBOX_PORT, WEB_PORT
from backend.journey import several
from backend.journey.report import play
from backend.journey.stage import set_stage
from backend.journey.story import STORY

STORIES = {"purchase": STORY, "returns": several.STEPS}


class Command(BaseCommand):
    help = "Play a consumer's story over HTTP; exit status 0 when every step held, else 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--story", choices=STORIES, default="purchase", help="a purchase, or returns in every state"
        )
        parser.add_argument("--base", default=f"http://{HOST}:{WEB_PORT}", help="address of the web")
        parser.add_argument(
            "--sandbox", default=f"http://{HOST}:{SANDBOX_PORT}", help="address of the sandbox"
        )
        parser.add_argument(
            "--world", type=Path, default=settings.LOCAL / "sandbox" / "world.json", help="the sandbox's file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            world = json.loads(options["world"].read_text(encoding="utf-8"))
        except FileNotFoundError as failure:
            raise CommandError(
                f"{options['world']} is missing: start the house with `make run`."
            ) from failure
        stage = set_stage(base=options["base"], sandbox=options["sandbox"], world=world)
        if not play(STORIES[options["story"]], stage, self.stdout.write):
            sys.exit(1)
