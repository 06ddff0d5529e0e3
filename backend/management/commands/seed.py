"""`manage.py seed --orders N`: fills a laptop's database with a believable business of any size."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from backend.embedded import EmbeddedError
from backend.house import HouseError, alone, plan
from backend.opening import Clock, prepare
from backend.seeding.business import Business, Wish
from backend.seeding.multiplying import multiply
from backend.seeding.playing import credentials, home, play, sandbox
from backend.seeding.wares import wares
from backend.supervisor import ChildFailed
from storefronts.models import Storefront


class Command(BaseCommand):
    help = (
        "Fill this laptop's database: a few orders are played through the product's services, every kind of"
        " outcome, and multiplied with other people, goods, days and keys. What is there stays."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=1_000, help="how many orders are added")
        parser.add_argument(
            "--customers", type=int, help="how many customers are added; a fifth of the orders"
        )
        parser.add_argument("--skus", type=int, help="how many SKUs are added; a twentieth of the orders")
        parser.add_argument(
            "--storefront", default="maison", help="code of a storefront of the demonstration"
        )
        parser.add_argument("--days", type=int, default=400, help="over how many days they were placed")
        parser.add_argument("--seed", type=int, default=1, help="another number: other people, other days")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Invented orders have no place in production.")
        orders = options["orders"]
        wish = Wish(
            orders,
            options["customers"] or max(orders // 5, 1),
            options["skus"] or max(orders // 20, 1),
            options["days"],
            options["seed"],
        )
        began = time.monotonic()
        try:
            with alone(settings.LOCAL):
                self._seed(wish, options["storefront"])
        except KeyboardInterrupt:
            self.stdout.write("\nStopped: none of the orders was added. Run it again.")
            sys.exit(130)
        except (ChildFailed, EmbeddedError, HouseError) as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(f"{wish.orders:,} orders in {time.monotonic() - began:.0f} s")

    def _seed(self, wish: Wish, code: str) -> None:
        house = plan(settings.LOCAL)
        prepare(house, Clock(self.stdout.write))
        try:
            shop = Storefront.objects.select_related("key").get(code=code)
        except Storefront.DoesNotExist as missing:
            raise CommandError(f"There is no storefront {code}.") from missing
        patterns = wares(shop, home(shop).pk)
        with sandbox(house) as outside:
            keys = credentials(house.world, code)
            kept = play(shop=shop, outside=outside, keys=keys, patterns=patterns, tell=self._tell)
        multiply(Business(shop, patterns, kept, wish), self._tell)
        call_command(
            "summaries", "rebuild", "--storefront", code, stdout=self.stdout
        )  # no event told of them

    def _tell(self, what: str, done: int, of: int) -> None:
        """One line that grows, on a terminal; elsewhere a line when it is done."""
        if self.stdout.isatty():
            filled = 40 * done // of
            bar = "█" * filled + "·" * (40 - filled)
            self.stdout.write(f"\r  {what:<20}{bar} {done:>9,}/{of:,}", ending="\n" if done == of else "")
            self.stdout.flush()
        elif done == of:
            self.stdout.write(f"  {what:<20}{done:>9,}")
