"""`manage.py vault`: status of the keys, their rotation while the house goes on, a scan for plain values."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Q
from redis import Redis

from compliance import scan, vault
from compliance.gateways.kms.client import KmsError
from compliance.models import DataKey
from compliance.services.rotation import Rotation, rotate
from compliance.spellings import plain
from kernel.clock import now


class Command(BaseCommand):
    help = "The vault: status, rotate, scan, new_master."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="which master key wraps how many data keys")
        rotation = verbs.add_parser(
            "rotate", help="bring every data key under the current master key; exit 0 when none is left"
        )
        rotation.add_argument("--batch", type=int, default=500, help="keys a transaction (500)")
        made = verbs.add_parser("new_master", help="have the KMS seal a master key; prints its entry")
        made.add_argument("id", help="its name; one that is configured in plain is sealed as it is")
        search = verbs.add_parser(
            "scan", help="look everywhere for plain values, one a line on stdin; exit 1 when one is found"
        )
        search.add_argument("--folder", type=Path, action="append", default=[], help="more files to search")

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
        vault.open_master_keys()
        ended = rotate(batch=options["batch"], told=self._told)
        if ended.left:
            for why in sorted(ended.stuck):
                self.stderr.write(why)
            raise CommandError(f"{ended.left} keys are left")
        self.stdout.write(f"nothing is left; every live key is under {vault.master_keys().current!r}")

    def new_master(self, options: dict[str, Any]) -> None:
        if not re.fullmatch(r"[^:,\s]{1,40}", options["id"]):
            raise CommandError("an id has at most 40 characters and neither : nor , nor spaces")
        try:
            self.stdout.write(vault.new_master_key(options["id"], now=now()))
        except KmsError as failure:
            raise CommandError(f"the KMS refused: {failure.reason}") from None

    def _told(self, so_far: Rotation) -> None:
        self.stdout.write(f"{so_far.done} re-wrapped, {so_far.left} left")
        self.stdout.flush()

    def scan(self, options: dict[str, Any]) -> None:
        try:
            wanted = [plain(line) for line in sys.stdin.read().splitlines() if line.strip()]
        except ValueError as short:
            raise CommandError(str(short), returncode=2) from None
        if not wanted:
            raise CommandError("what is looked for stands on stdin, one value a line", returncode=2)
        folders = [*settings.SCAN_FOLDERS, *options["folder"]]
        if missing := [str(one) for one in options["folder"] if not one.is_dir()]:
            raise CommandError(f"no such folder: {', '.join(missing)}", returncode=2)
        searched, found = scan.Searched(), 0
        with Redis.from_url(settings.REDIS_URL, single_connection_client=True) as server:
            for one in (
                *scan.tables(wanted, searched),
                *scan.redis(server, wanted, searched),
                *scan.files(folders, wanted, searched),
            ):
                self.stdout.write(f"{one.where}: {one.masked}")
                found += 1
        self.stdout.write(
            f"searched {searched.tables} tables, {searched.keys} keys of Redis, {searched.files} files"
        )
        if found:
            raise CommandError(f"found in {found} places")
