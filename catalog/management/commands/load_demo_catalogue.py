"""Fill a storefront with the demo assortment: products, pictures, publication; safe to run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.demo.load import load
from kernel.clock import now
from storefronts.models import Storefront


class Command(BaseCommand):
    help = "Import, publish and picture the demo assortment of invented brands."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--storefront", required=True, help="code of the storefront")

    def handle(self, *args: Any, **options: Any) -> None:
        storefront = Storefront.objects.filter(code=options["storefront"]).first()
        if storefront is None:
            raise CommandError(f"There is no storefront {options['storefront']}.")
        done = load(
            storefront_id=storefront.pk,
            storefront_code=storefront.code,
            media_root=Path(settings.MEDIA_ROOT),
            now=now(),
        )
        if not options["verbosity"]:
            return
        for warning in done.imported.warnings:
            self.stderr.write(f"warning: {warning}")
        if done.held_back:
            self.stderr.write(f"{done.held_back} foods are held back: no food recall firm is on file")
        self.stdout.write(
            f"{storefront.code}: {done.imported.rows} SKUs, {done.published} products published,"
            f" {done.drawn} pictures drawn, {done.on_sale} price cuts"
        )
