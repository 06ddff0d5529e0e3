"""manage.py errors [--check]: write docs/errors.md, every error that a caller can meet, with both texts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.problems_page import told

HEAD = """# Errors

Every failure is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code` and the fields
of its kind. Texts are Chinese unless `Accept-Language` asks for English first. Words in braces are fields of
the answer; `type` is an address at which the problem is explained. Written by `manage.py errors`.

| code | status | English | 中文 |
|---|---|---|---|
"""


class Command(BaseCommand):
    """The list of errors; with --check it fails when the page is not up to date."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail when the page is not up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.ROOT / "docs" / "errors.md"
        rows = told()
        lines = [f"| `{row.code}` | {row.status} | {row.title} | {row.title_zh} |" for row in rows]
        text = HEAD + "\n".join(lines) + "\n"
        if not options["check"]:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{len(rows)} errors")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError("docs/errors.md has fallen behind: run manage.py errors")
        else:
            self.stdout.write("docs/errors.md is up to date")
