"""`manage.py ledger verify | statement`: whether the books are whole, and what they say of a period."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.clock import now, shanghai_day
from kernel.money import yuan
from settlement import queries
from settlement.statement_file import write
from storefronts.models import Storefront


class Command(BaseCommand):
    help = (
        "verify that every entry sums to zero and nothing is missing, or print a period's statement as CSV."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("verify", help="exits 1 naming each entry out of balance and each fact not entered")
        shown = verbs.add_parser("statement", help="opening, debits, credits and closing of each account")
        shown.add_argument("storefront", help="its code")
        shown.add_argument("first", type=date.fromisoformat, help="first day, in Shanghai")
        shown.add_argument("last", type=date.fromisoformat, help="last day, included")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "verify":
            self._verify()
        else:
            self._statement(options["storefront"], options["first"], options["last"])

    def _verify(self) -> None:
        wrong = [f"{key}: its postings sum to {yuan(fen)}" for key, fen in queries.out_of_balance()]
        for shop in Storefront.objects.order_by("code"):
            wrong += [
                f"{shop.code}: {number} is not entered"
                for number in queries.not_entered(storefront_id=shop.pk)
            ]
            wrong += [
                f"{shop.code}: {number} has not gone abroad and is overlooked"
                for number in queries.overlooked(storefront_id=shop.pk, day=shanghai_day(now()))
            ]
        for line in wrong:
            self.stdout.write(line)
        if wrong:
            raise CommandError(f"{len(wrong)} differences")
        self.stdout.write("the books are in balance and nothing is missing")

    def _statement(self, code: str, first: date, last: date) -> None:
        shop = Storefront.objects.filter(code=code).first()
        if shop is None:
            raise CommandError(f"there is no storefront “{code}”")
        if last < first:
            raise CommandError("the last day lies before the first")
        write(queries.statement(storefront_id=shop.pk, first=first, last=last), self.stdout)
