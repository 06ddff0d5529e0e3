"""manage.py partner_client: write the typed half of the client from the OpenAPI document."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from partner_api.client_source import FOLDER, sources


class Command(BaseCommand):
    """`partner_client/calls.py` and `shapes.py`; a test says when they have fallen behind."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        for name, text in sources().items():
            (FOLDER / name).write_text(text, encoding="utf-8")
            self.stdout.write(f"partner_client/{name}: {len(text.splitlines())} lines")
