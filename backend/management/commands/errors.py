"""Writes docs/errors.md: every error that a caller can meet, with its status and both texts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from backend.problems_page import told

HEAD = """# Errors

Every failure is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code` and the fields
of its kind. Texts are Chinese unless `Accept-Language` asks for English first. Words in braces are fields of
the answer; `type` is an address at which the problem is explained. Written by `manage.py errors`.

| code | status | English | 中文 |
|---|---|---|---|
"""


class Command(BaseCommand):
    help = "Write docs/errors.md from the error classes."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = told()
        lines = [f"| `{row.code}` | {row.status} | {row.title} | {row.title_zh} |" for row in rows]
        (settings.ROOT / "docs").mkdir(exist_ok=True)
        (settings.ROOT / "docs" / "errors.md").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
        self.stdout.write(f"{len(rows)} errors")
