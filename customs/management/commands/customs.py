"""`manage.py customs samples DIR`: one message of each kind of the import side, as files."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customs.services.samples import NoSample, samples
from kernel.clock import now


class Command(BaseCommand):
    help = (
        "Write one of each CEB message of edition 202205, of real orders of the database: what was told and"
        " answered as it was, the rest made of an order that was released. The files hold personal data"
        " (个人信息) in plain: each that is opened is on record, and only you can read them. Destroy them"
        " when they have served."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        one = verbs.add_parser("samples", help="one message of each kind, as DIR/CEB311Message.xml and so on")
        one.add_argument("dir", type=Path, metavar="DIR", help="a folder that is empty, or not there yet")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["dir"]
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise CommandError(f"{folder} is not empty: name another folder")
            made = samples(who=f"shell:{getpass.getuser()}", now=now())
            for one in made:
                path = folder / f"{one.name}.xml"
                with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                    file.write(one.raw)
                self.stdout.write(f"{path}  {one.source}")
        except NoSample as none:
            raise CommandError(str(none)) from none
        except OSError as failure:
            raise CommandError(f"{folder}: {failure.strerror}") from failure
        self.stdout.write(f"{len(made)} messages, with personal data: destroy them when they have served.")
