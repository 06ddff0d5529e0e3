"""manage.py openapi [--check]: write miniprogram/openapi.json, of which its types are made."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from miniprogram_api.schema import document


class Command(BaseCommand):
    """The document as a file, in an order that diffs can be read in; with --check it fails when it is old."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when the file is not up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.ROOT / "miniprogram" / "openapi.json"
        made = json.loads(document())
        text = json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{len(made['paths'])} addresses")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError("miniprogram/openapi.json has fallen behind: run manage.py openapi")
        else:
            self.stdout.write("miniprogram/openapi.json is up to date")
