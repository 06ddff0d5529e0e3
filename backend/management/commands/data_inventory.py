"""manage.py data_inventory [--check]: write docs/data-inventory.md from every app's personal fields."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.inventory import page


class Command(BaseCommand):
    """The inventory of personal data; with --check it fails when the page is not up to date."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.ROOT / "docs" / "data-inventory.md"
        text = page()
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError("docs/data-inventory.md has fallen behind: run manage.py data_inventory")
        else:
            self.stdout.write("docs/data-inventory.md is up to date")
