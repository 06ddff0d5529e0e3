"""Writes docs/errors.md: every error that a caller can meet, with its status and both texts."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from kernel.errors import Problem, Upstream

PACKAGES = (
    *("kernel", "wechat", "compliance", "storefronts", "customers", "catalog", "inventory", "orders"),
    *("payments", "miniprogram_api", "operators", "partner_api"),
)
HEAD = """# Errors

Every failure is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code` and the fields
of its kind. Texts are Chinese unless `Accept-Language` asks for English first. Words in braces are fields of
the answer. Written by `manage.py errors`.

| code | status | English | 中文 |
|---|---|---|---|
"""


class Command(BaseCommand):
    help = "Write docs/errors.md from the error classes."

    def handle(self, *args: Any, **options: Any) -> None:
        for name in PACKAGES:
            package = importlib.import_module(name)
            for module in pkgutil.walk_packages(package.__path__, f"{name}."):
                if ".migrations" not in module.name and ".management" not in module.name:
                    importlib.import_module(module.name)
        rows = sorted({(k.code, status(k), k.title, k.title_zh) for k in kinds(Problem)})
        lines = [f"| `{code}` | {number} | {en} | {zh} |" for code, number, en, zh in rows]
        (settings.ROOT / "docs").mkdir(exist_ok=True)
        (settings.ROOT / "docs" / "errors.md").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
        self.stdout.write(f"{len(rows)} errors")


def kinds(base: type[Problem]) -> list[type[Problem]]:
    """Every error class below `base` that has a code of its own."""
    found: list[type[Problem]] = []
    for child in base.__subclasses__():
        found += [child] if "code" in vars(child) else []
        found += kinds(child)
    return found


def status(kind: type[Problem]) -> int:
    """The HTTP status of an error class."""
    if issubclass(kind, Upstream):
        return 502 if getattr(kind, "permanent", False) is True else 503
    return kind.status
