"""`manage.py summaries rebuild | check`: count days anew from the truth, or say where they differ from it."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.clock import now
from kernel.tenancy import tenant
from reporting.models import StaleDay
from reporting.services import count_marked, differing, mark_all
from storefronts.models import Storefront


class Command(BaseCommand):
    help = "count the days of storefronts anew while the house works, or compare what is kept with the truth."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, text in (
            ("rebuild", "count every day anew"),
            ("check", "exits 1 naming each figure that differs"),
        ):
            one = verbs.add_parser(verb, help=text)
            one.add_argument("--storefront", default="", help="its code; all, where it is left out")
            one.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, in Shanghai")
            one.add_argument("--to", dest="last", type=date.fromisoformat, help="last day, included")

    def handle(self, *args: Any, **options: Any) -> None:
        shops = Storefront.objects.order_by("code")
        if options["storefront"]:
            shops = shops.filter(code=options["storefront"])
            if not shops:
                raise CommandError(f"there is no storefront “{options['storefront']}”")
        act = self._rebuild if options["verb"] == "rebuild" else self._check
        act(list(shops), options["first"], options["last"])

    def _rebuild(self, shops: list[Storefront], first: date | None, last: date | None) -> None:
        """Days are marked and counted as beat does it: with events arriving meanwhile nothing is lost."""
        for shop in shops:
            with tenant(shop.pk):
                marked = mark_all(storefront_id=shop.pk, first=first, last=last, now=now())
            count_marked(now=now())
            left = StaleDay.objects.filter(storefront=shop).count()
            self.stdout.write(
                f"{shop.code}: {marked} days" + (f", {left} still to be counted" if left else "")
            )

    def _check(self, shops: list[Storefront], first: date | None, last: date | None) -> None:
        """What is marked is counted first. A change of which no event was delivered yet is a difference."""
        count_marked(now=now())
        wrong = 0
        for shop in shops:
            with tenant(shop.pk):
                found = differing(storefront_id=shop.pk, first=first, last=last, now=now())
            for day, figures in found.items():
                for name, (kept, told) in figures.items():
                    wrong += 1
                    self.stdout.write(f"{shop.code} {day} {name}: {kept} is kept, {told} is true")
        if wrong:
            raise CommandError(f"{wrong} differences; `summaries rebuild` mends them")
        self.stdout.write("what is kept is what the tables say")
