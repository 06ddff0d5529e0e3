"""manage.py bills --day YYYY-MM-DD --merchant NUMBER: fetch and match one day's bills now."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.clock import now
from kernel.errors import Problem
from kernel.money import yuan
from payments.services.bills.run import run_day


class Command(BaseCommand):
    """A day that is matched already stays as it is; what it said is printed again."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--day", required=True, type=date.fromisoformat)
        parser.add_argument("--merchant", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            bills = run_day(mchid=options["merchant"], day=options["day"], now=now())
        except Problem as problem:
            raise CommandError(str(problem)) from None
        for bill in bills:
            said = f"{bill.kind}: {bill.state}, {bill.rows} rows, {bill.differences} differences"
            if bill.kind == bill.Kind.TRADE:
                said += f"; sales {yuan(bill.sales_fen)}, refunds {yuan(bill.refunded_fen)}"
                said += f", fees {yuan(bill.fee_fen)}"
            self.stdout.write(said + (f" ({bill.trouble})" if bill.trouble else ""))
