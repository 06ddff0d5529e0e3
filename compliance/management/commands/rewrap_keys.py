"""`manage.py rewrap_keys`: every live data key comes under the current master key; it may be stopped."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from compliance import vault
from compliance.models import DataKey
from kernel.ids import uuid7


class Command(BaseCommand):
    help = "Re-wrap every live data key that is not under the current master key; exit 0 when none is left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=500, help="keys a line of progress (500)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch must be above 0")
        # Wrapping nothing of worth asks the keys which of them is current, whatever holds them.
        current, _ = vault.master_keys().wrap(uuid7(), bytes(32))
        while True:  # a key that was changed meanwhile, or made under the old one, comes with the next round
            done, stuck = self._round(current, options["batch"])
            left = _left(current).count()
            if not left:
                self.stdout.write(f"nothing is left; every live key is under {current!r}")
                return
            if not done:
                for why in sorted(stuck):
                    self.stderr.write(why)
                raise CommandError(f"{left} keys are left")

    def _round(self, current: str, batch: int) -> tuple[int, set[str]]:
        """One walk over the keys by id: how many were re-wrapped, and why others cannot be."""
        done, stuck = 0, set[str]()
        after: UUID | None = None
        while rows := list(_batch(current, after)[:batch]):
            for row in rows:
                try:
                    done += vault.rewrap(data_key=row)
                except vault.VaultError as failure:
                    stuck.add(str(failure))
            after = rows[-1].pk
            self.stdout.write(f"{done} re-wrapped, {_left(current).count()} left")
        return done, stuck


def _left(current: str) -> QuerySet[DataKey]:
    return DataKey.objects.filter(destroyed_at=None).exclude(master_key_id=current)


def _batch(current: str, after: UUID | None) -> QuerySet[DataKey]:
    rows = _left(current).order_by("pk")
    return rows if after is None else rows.filter(pk__gt=after)
