"""Bills (交易账单, 资金账单): nothing is handed over but what hashes to what WeChat Pay signed for.

The answer that tells hash and address is signed; the download itself is not (wechat.md B7), so its SHA-1
stands for it. The address lives for half a minute, hence the download follows at once.
https://pay.weixin.qq.com/doc/v3/merchant/4012791882
"""

from __future__ import annotations

import gzip
import hashlib
import re
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import IO
from urllib.parse import urlsplit

from kernel.gateways import Unreachable
from wechat.errors import OutcomeUnknown, StatementBroken
from wechat.gateways import gateway
from wechat.pay.client import PayClient

ACCOUNTS = ("BASIC", "OPERATION", "FEES")
HOSTS = frozenset({"api.mch.weixin.qq.com", "api2.mch.weixin.qq.com", "apihk.mch.weixin.qq.com"})
SECONDS = 120.0
MOST_PACKED, MOST_BYTES = 256 << 20, 2 << 30
_PIECE = 256 * 1024
_SHA1 = re.compile(r"[0-9a-f]{40}")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Told:
    """What WeChat Pay signed for: the SHA-1 of the uncompressed file, and where it lies."""

    sha1: str
    origin: str  # scheme, host and port
    target: str  # path and query, as signed for the download


def trade_bill(client: PayClient, *, day: date, into: IO[bytes]) -> str:
    """Write all of the day's trades (bill_type ALL), uncompressed, to the empty file `into`; the SHA-1.

    `into` stands at its beginning afterwards. Raises NoStatement (nothing happened that day),
    StatementNotReady, StatementBroken (asking again may help), Rejected, RateLimited, OutcomeUnknown.
    """
    asked = f"bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP"
    return _fetch(client, "tradebill", f"/v3/bill/tradebill?{asked}", into)


def fund_bill(client: PayClient, *, day: date, account: str, into: IO[bytes]) -> str:
    """The same for the movements of one of our accounts at WeChat Pay, one of ACCOUNTS."""
    if account not in ACCOUNTS:
        raise ValueError(f"account must be one of {ACCOUNTS}")
    asked = f"bill_date={day.isoformat()}&account_type={account}&tar_type=GZIP"
    return _fetch(client, "fundflowbill", f"/v3/bill/fundflowbill?{asked}", into)


def _fetch(client: PayClient, call: str, path: str, into: IO[bytes]) -> str:
    told = _told(client.read(call, client.send(call, "GET", path, None)), client.base_url)
    with tempfile.TemporaryFile() as packed:
        _download(client, call, told, packed)
        packed.seek(0)
        sha1 = unpack(packed, into)
    if sha1 != told.sha1:
        raise StatementBroken(reason="its SHA-1 is another one")
    into.seek(0)
    return sha1


def _told(answer: Mapping[str, object], base_url: str) -> Told:
    """Read the signed answer; an address away from WeChat Pay is never called, whoever signed for it."""
    sha1, url = answer.get("hash_value"), answer.get("download_url")
    if answer.get("hash_type") != "SHA1" or not isinstance(sha1, str):
        raise StatementBroken(reason="no SHA-1 was told")
    if not _SHA1.fullmatch(sha1.lower()):
        raise StatementBroken(reason="the SHA-1 told is none")
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or len(url) > 4096:
        raise StatementBroken(reason="no address was told")
    parts, base = urlsplit(url), urlsplit(base_url)
    same = (parts.scheme, parts.netloc) == (base.scheme, base.netloc)
    kindred = parts.scheme == "https" and parts.netloc in HOSTS and base.netloc in HOSTS
    if not (same or kindred) or not parts.path.startswith("/") or parts.fragment:
        raise StatementBroken(reason="the address lies elsewhere")
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Told(sha1.lower(), f"{parts.scheme}://{parts.netloc}", target)


def _download(client: PayClient, call: str, told: Told, packed: IO[bytes]) -> None:
    unreachable = ""
    try:
        reply = gateway("wechat_pay", told.origin).download(
            told.target,
            headers=client.signed("GET", told.target),
            into=packed,
            most=MOST_PACKED,
            seconds=SECONDS,
        )
    except Unreachable as error:
        unreachable = error.reason
    if unreachable:  # raised out here, so that the address, which is a key, does not hang on it
        raise OutcomeUnknown(call=call, reason=f"download: {unreachable}")
    if reply.status != 200:
        raise OutcomeUnknown(call=call, reason=f"download: HTTP {reply.status}")


def unpack(packed: IO[bytes], into: IO[bytes]) -> str:
    """Copy, unpacked where it is packed, at most MOST_BYTES; the SHA-1 of what was written."""
    zipped = packed.read(2) == _GZIP
    packed.seek(0)
    source: IO[bytes] = gzip.GzipFile(fileobj=packed, mode="rb") if zipped else packed  # type: ignore[assignment]
    digest, size = hashlib.sha1(usedforsecurity=False), 0
    try:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > MOST_BYTES:
                raise StatementBroken(reason="it is too long")
            digest.update(piece)
            into.write(piece)
    except (EOFError, OSError, zlib.error):
        raise StatementBroken(reason="it does not unpack") from None
    return digest.hexdigest()
