"""`manage.py audit`: reads the logs against their chains (verify), or prints the chains' ends (head)."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from compliance import audit, heads
from compliance.chain import Head
from kernel.clock import now


class Command(BaseCommand):
    help = "Find what was changed, removed, put in, moved or dated back in the logs; exit 1 when it is found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser("verify", help="read every row against its chain")
        verify.add_argument("--head", type=Path, help="a file that `audit head` printed once; - reads stdin")
        verify.add_argument("--without-heads", action="store_true", help="read the chains alone")
        head = verbs.add_parser("head", help="print the ends of the chains, to be kept elsewhere")
        for verb in (verify, head):
            verb.add_argument("--storefront", type=int, help="its number; 0 is the platform's own (all)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "head":
            for head in heads.heads(storefront_id=options["storefront"]):
                self.stdout.write(json.dumps(asdict(head)))
        else:
            alone = options["without_heads"]
            self._verify(options["storefront"], [] if alone else _kept(options["head"]), alone)

    def _verify(self, storefront_id: int | None, kept: list[Head], alone: bool) -> None:
        kept = [head for head in kept if storefront_id in (None, head.storefront_id)]
        found = rows = chained = 0
        for chain in audit.verify(now=now(), storefront_id=storefront_id, kept=kept):
            where = f"{chain.log} of storefront {chain.storefront_id}"
            self.stdout.write(f"{where}: {chain.rows} rows chained, {chain.tail} not yet")
            for one in chain.findings:
                place = f" at {one.position}" if one.position is not None else ""
                row = f", row {one.row_id}" if one.row_id is not None else ""
                self.stdout.write(f"{where}: {one.what}{place}{row}")
            found += len(chain.findings)
            rows += chain.rows + chain.tail
            chained += bool(chain.rows)
        if not found and not rows:
            if storefront_id is not None:
                raise CommandError(f"storefront {storefront_id} has nothing in any log")
            self.stdout.write("nothing is logged yet")
        if kept:
            last = heads.last_of(kept)
            self.stdout.write(f"heads compared: {len(kept)}, the last of {last or 'no instant'}")
        if found:
            raise CommandError(f"{found} found: the logs are not as they were written")
        if chained and not kept and not alone:
            raise CommandError(
                f"no head was read, and the chains (with rows: {chained}) were compared with none: name a"
                f" file with --head, or look for what the worker keeps in {settings.AUDIT_HEADS}"
                " (--without-heads reads the chains alone)"
            )


def _kept(path: Path | None) -> list[Head]:
    """The heads of the file or of stdin; without either, those that the worker keeps."""
    try:
        if path is None:
            return heads.kept(Path(settings.AUDIT_HEADS))
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        return list(heads.read(text))
    except OSError as problem:
        raise CommandError(f"{path or settings.AUDIT_HEADS} cannot be read: {problem}") from None
    except ValueError:  # among them bytes that are not text
        raise CommandError(f"{path or settings.AUDIT_HEADS}: not what `audit head` prints") from None
