"""`manage.py rulebook [--check]`: write docs/rulebook.md, or tell that it has fallen behind."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.rulebook import page

TARGET = Path(__file__).parents[3] / "docs" / "rulebook.md"


class Command(BaseCommand):
    help = "Generate docs/rulebook.md from the rules and figures."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when the page is not up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        text = page()
        if options["check"]:
            if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
                raise CommandError("docs/rulebook.md has fallen behind: run manage.py rulebook")
            self.stdout.write("docs/rulebook.md is up to date")
            return
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(text, encoding="utf-8")
        self.stdout.write("docs/rulebook.md written")
