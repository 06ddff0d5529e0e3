"""Import a file of products into a storefront, or with --dry-run only say what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.importing.faults import ImportRefused
from catalog.services.import_products import ImportReport, check_products, import_products
from kernel.clock import now
from storefronts.models import Storefront


class Command(BaseCommand):
    help = "Import a CSV or XLSX file of products; writes nothing unless every row is good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--storefront", required=True, help="code of the storefront")
        parser.add_argument("--dry-run", action="store_true", help="check only")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        storefront = Storefront.objects.filter(code=options["storefront"]).first()
        if storefront is None:
            raise CommandError(f"There is no storefront {options['storefront']}.")
        try:
            content = path.read_bytes()
        except OSError as failure:
            raise CommandError(f"{path}: {failure.strerror}") from failure
        do = check_products if options["dry_run"] else import_products
        try:
            report = do(storefront_id=storefront.pk, file_name=path.name, content=content, now=now())
        except ImportRefused as refused:
            raise CommandError("\n".join([refused.text("en"), *map(str, refused.faults)])) from refused
        self.tell(report)
        if report.faults:
            raise CommandError(f"{_many(len(report.faults), 'fault')}; nothing was written.")

    def tell(self, report: ImportReport) -> None:
        """What was found and done, one line each."""
        for fault in report.faults:
            self.stderr.write(str(fault))
        for warning in report.warnings:
            self.stderr.write(f"warning: {warning}")
        self.stdout.write(
            f"{_many(report.rows, 'row')}:"
            f" products {report.products_new} new, {report.products_changed} changed;"
            f" SKUs {report.variants_new} new, {report.variants_changed} changed"
        )


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
