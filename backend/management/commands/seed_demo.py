"""`manage.py seed_demo`: the demonstration's storefronts, catalogue, stock and operator; safe to repeat."""

from __future__ import annotations

import io
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from backend.seeding.demo import seed
from kernel.clock import now


class Command(BaseCommand):
    help = "Open the demonstration's storefronts with the credentials of the sandbox, and fill them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--world", type=Path, default=settings.LOCAL / "sandbox" / "world.json", help="the sandbox's file"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demonstration has no place in production.")
        try:
            world = json.loads(options["world"].read_text(encoding="utf-8"))
        except FileNotFoundError as failure:
            raise CommandError(
                f"{options['world']} is missing: make it with `python -m sandbox setup DIR`."
            ) from failure
        call_command("load_tariff", stdout=io.StringIO())
        call_command("load_positive_list", stdout=io.StringIO())
        for done in seed(world=world, now=now()):
            if options["verbosity"]:
                self.stdout.write(
                    f"{done.storefront.code}: {done.skus} SKUs for sale, {done.pieces_added} pieces added"
                )
