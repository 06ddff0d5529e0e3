"""`manage.py vault`: status of the keys, and their rotation while the house goes on."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Q

from compliance import vault
from compliance.models import DataKey
from compliance.services.rotation import Rotation, rotate


class Command(BaseCommand):
    help = "The vault: status, rotate."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="which master key wraps how many data keys")
        rotation = verbs.add_parser(
            "rotate", help="bring every data key under the current master key; exit 0 when none is left"
        )
        rotation.add_argument("--batch", type=int, default=500, help="keys a transaction (500)")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, options["verb"])(options)

    def status(self, options: dict[str, Any]) -> None:
        current = vault.master_keys().current
        counts = DataKey.objects.values_list("master_key_id").annotate(
            live=Count("pk", filter=Q(destroyed_at=None)), destroyed=Count("pk", filter=~Q(destroyed_at=None))
        )
        found = {id: (live, destroyed) for id, live, destroyed in counts}
        for id in sorted({current, *found}, key=lambda id: (id != current, id)):
            live, destroyed = found.get(id, (0, 0))
            mark = " (current)" if id == current else ""
            self.stdout.write(f"{id}{mark}: {live} live keys, {destroyed} destroyed")

    def rotate(self, options: dict[str, Any]) -> None:
        if options["batch"] < 1:
            raise CommandError("--batch must be above 0")
        ended = rotate(batch=options["batch"], told=self._told)
        if ended.left:
            for why in sorted(ended.stuck):
                self.stderr.write(why)
            raise CommandError(f"{ended.left} keys are left")
        self.stdout.write(f"nothing is left; every live key is under {vault.master_keys().current!r}")

    def _told(self, so_far: Rotation) -> None:
        self.stdout.write(f"{so_far.done} re-wrapped, {so_far.left} left")
        self.stdout.flush()
