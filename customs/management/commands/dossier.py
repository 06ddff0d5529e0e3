"""Make the dossier of an order (单证档案), one sealed ZIP, or check one; no password is typed on the line."""

from __future__ import annotations

import getpass
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from customs.dossier.sealed import Unopened
from customs.services.dossier import Recipient, check_dossier, make_dossier, new_password
from kernel.clock import now
from kernel.errors import Problem
from storefronts.models import Operator


class Command(BaseCommand):
    """The password of a new dossier is printed once and kept nowhere; DOSSIER_PASSWORD gives that of one to
    check, else it is asked for.
    """

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("order", nargs="?", help="number of the order")
        parser.add_argument("--out", type=Path, help="file to write; an existing one is not written over")
        parser.add_argument("--by", help="user name of the owner or compliance officer who makes it")
        parser.add_argument("--purpose", default="", help="kept in the access log and in the dossier")
        parser.add_argument("--for", dest="recipient", default="", help="name of the authority that gets it")
        parser.add_argument("--customs", action="store_true", help="the authority is customs")
        parser.add_argument("--check", type=Path, help="a dossier to check, instead of making one")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"] is not None:
            self._check(options["check"])
        else:
            self._make(options)

    def _make(self, options: dict[str, Any]) -> None:
        out: Path | None = options["out"]
        if not options["order"] or out is None or not options["by"]:
            raise CommandError("say which order, --out FILE and --by NAME, or --check FILE")
        if out.exists():
            raise CommandError(f"{out} is there already")
        by = Operator.objects.filter(username=options["by"]).first()
        if by is None:
            raise CommandError("there is no such operator")
        password = new_password()
        try:
            made = make_dossier(
                number=options["order"],
                by=by,
                purpose=options["purpose"],
                recipient=Recipient("customs" if options["customs"] else "authority", options["recipient"]),
                password=password,
                now=now(),
            )
        except Problem as problem:
            raise CommandError(str(problem)) from None
        out.write_bytes(made.content)
        out.chmod(0o600)
        self.stdout.write(f"{out}: {made.files} files, digest {made.digest}\npassword: {password}")

    def _check(self, path: Path) -> None:
        password = os.environ.get("DOSSIER_PASSWORD") or getpass.getpass("password: ")
        try:
            found = check_dossier(raw=path.read_bytes(), password=password)
        except Unopened as fault:
            raise CommandError(str(fault)) from None
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(f"{len(found)} findings")
        self.stdout.write("as it was made here")
