"""The port (口岸): messages go out and receipts come in, by HTTP or by the folders of the port's client.

A message may be handed over again: its number is the port's key, and what came twice is one.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote

import orjson
from django.conf import settings

from customs.ceb.write import CHINA
from customs.models import PortAccount
from kernel.gateways import Gateway, Unreachable, let_go_of_database

PARTY = "port"
MOST_RECEIPTS = 100
WRITTEN_AFTER = 60  # seconds in which a file without its end may yet get it
_ENDS = re.compile(rb"</(\w+:)?\w+Message\s*>\s*$")


class Came(NamedTuple):
    """One receipt message as it came: `id` is how the port is told that it was taken."""

    id: str
    raw: bytes


class Port(Protocol):
    """One way to the port."""

    def send(self, *, name: str, guid: str, raw: bytes, now: datetime) -> None:
        """Hand a signed message over. Raises Unreachable: whether the port has it is not known."""

    def receipts(self) -> list[Came]:
        """What waits, the oldest first, at most a hundred; it waits on until `taken`. Raises Unreachable."""

    def taken(self, ids: Sequence[str]) -> None:
        """These are ours now and need not be told again. Raises Unreachable."""


def port_of(account: PortAccount) -> Port:
    """The way that an account goes."""
    if account.transport == PortAccount.Transport.FOLDER:
        return Folder(Path(account.folder))
    return Http(settings.PORT_BASE, account.dxp_id)


class Http:
    """The port's HTTP door; JSON around the message in base64."""

    def __init__(self, base_url: str, dxp_id: str) -> None:
        self._gateway = Gateway(PARTY, base_url)
        self._box = f"/receipts/{quote(dxp_id, safe='')}"

    def send(self, *, name: str, guid: str, raw: bytes, now: datetime) -> None:
        head = {"MessageType": f"{name}.xml", "SendTime": f"{now.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"}
        body = {"Message": {"MessageHead": head, "MessageBody": {"data": base64.b64encode(raw).decode()}}}
        reply = self._call("POST", "/cebcmsg", body)
        if reply.strip() != b"OK":
            raise Unreachable(party=PARTY, reason="not taken")

    def receipts(self) -> list[Came]:
        try:
            told = orjson.loads(self._call("GET", f"{self._box}?limit={MOST_RECEIPTS}", None))
            return [
                Came(str(one["id"]), base64.b64decode(one["data"], validate=True)) for one in told["receipts"]
            ]
        except (orjson.JSONDecodeError, KeyError, TypeError, binascii.Error) as fault:
            raise Unreachable(party=PARTY, reason="an answer that cannot be read") from fault

    def taken(self, ids: Sequence[str]) -> None:
        if ids:
            self._call("POST", f"{self._box}/taken", {"ids": list(ids)})

    def _call(self, method: str, target: str, body: object) -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        reply = self._gateway.call(
            method, target, headers=headers, body=None if body is None else orjson.dumps(body)
        )
        if reply.status not in (200, 204):
            raise Unreachable(party=PARTY, reason=f"HTTP {reply.status}")
        return reply.body


class Folder:
    """The folders of the port's client: what lies whole in `send` is taken, what came lies in `receive`."""

    def __init__(self, folder: Path) -> None:
        self._send, self._receive, self._kept = (folder / name for name in ("send", "receive", "received"))

    def send(self, *, name: str, guid: str, raw: bytes, now: datetime) -> None:
        let_go_of_database()
        try:
            self._send.mkdir(parents=True, exist_ok=True)
            unfinished = self._send / f"{name}_{guid}.tmp"
            unfinished.write_bytes(raw)
            unfinished.replace(self._send / f"{name}_{guid}.xml")
        except OSError as failure:
            raise Unreachable(party=PARTY, reason=type(failure).__name__) from failure

    def receipts(self) -> list[Came]:
        let_go_of_database()
        try:
            waiting = sorted(
                self._receive.glob("*.xml"), key=lambda path: (path.stat().st_mtime_ns, path.name)
            )
            return [one for one in map(_read, waiting[:MOST_RECEIPTS]) if one is not None]
        except OSError as failure:
            raise Unreachable(party=PARTY, reason=type(failure).__name__) from failure

    def taken(self, ids: Iterable[str]) -> None:
        try:
            self._kept.mkdir(parents=True, exist_ok=True)
            for name in ids:
                with suppress(FileNotFoundError):  # another taker was faster
                    (self._receive / name).replace(self._kept / name)
        except OSError as failure:
            raise Unreachable(party=PARTY, reason=type(failure).__name__) from failure


def _read(path: Path) -> Came | None:
    """A receipt, or nothing while the port's client may still be writing it: it lacks its last tag."""
    raw = path.read_bytes()
    if not _ENDS.search(raw[-200:]) and time.time() - path.stat().st_mtime < WRITTEN_AFTER:
        return None
    return Came(path.name, raw)
