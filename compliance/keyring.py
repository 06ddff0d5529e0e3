"""Master keys that a KMS opens: asked once by a process, never in a transaction, and no longer once revoked.

An envelope of the envelope: the KMS holds one key that never leaves it; under that key rest our master keys
(their ciphertexts are the configuration); under those rest the data keys. So placing an order, which makes a
data key, calls nobody. A process asks at its start, and every five minutes behind the requests' back. A KMS
that does not answer is bridged for a day; one that says the key is revoked closes the vault at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

import structlog

from compliance.crypto import LocalMasterKeys
from compliance.gateways.kms.client import Kms, KmsError
from kernel import clock
from kernel.errors import Upstream
from kernel.gateways import in_transaction

FRESH = timedelta(minutes=5)  # how soon a revoked key is noticed
KEPT = timedelta(hours=24)  # how long an outage is bridged
AGAIN = timedelta(seconds=1)  # between two attempts that fail

log = structlog.get_logger()


class KeysUnavailable(Upstream):
    """The key management service does not open the master keys now; nothing was done, try again."""

    code = "keys_unavailable"
    title = "The service is not available for a moment; please try again shortly."
    title_zh = "服务暂时不可用，请稍后再试。"


class KmsMasterKeys:
    """`MasterKeys` of a ring of ciphertexts by id, the current one first."""

    def __init__(
        self, ring: Mapping[str, str], kms: Kms, algorithm: str, now: Callable[[], datetime] = clock.now
    ) -> None:
        if not ring:
            raise ValueError("a ring holds at least one master key")
        self.current = next(iter(ring))
        self._ring, self._kms, self._algorithm, self._now = dict(ring), kms, algorithm, now
        self._kept: tuple[LocalMasterKeys, datetime] | None = None
        self._not_before: datetime | None = None
        self._asking = threading.Lock()

    def wrap(self, data_key_id: UUID, material: bytes) -> tuple[str, bytes]:
        return self._keys().wrap(data_key_id, material)

    def unwrap(self, data_key_id: UUID, wrapped: bytes, master_key_id: str) -> bytes:
        return self._keys().unwrap(data_key_id, wrapped, master_key_id)

    def open(self) -> None:
        """Ask the KMS for every key of the ring. Raises KeysUnavailable, RuntimeError in a transaction.

        A key that is not the current one may be refused for good: what it wraps stays closed, the rest opens.
        """
        materials: dict[str, bytes] = {}
        for id, ciphertext in self._ring.items():
            try:
                materials[id] = self._kms.decrypt(ciphertext, context(id), now=self._now())
            except KmsError as failure:
                log.warning("master key not opened", id=id, reason=failure.reason)
                if id != self.current and failure.revoked:
                    continue
                if failure.revoked:
                    self._kept = None
                self._not_before = self._now() + AGAIN
                raise KeysUnavailable() from None
        self._kept = LocalMasterKeys(materials, self._algorithm), self._now()

    def _keys(self) -> LocalMasterKeys:
        kept, now = self._kept, self._now()
        if kept is not None and now - kept[1] < FRESH:
            return kept[0]
        bridged = kept is not None and now - kept[1] < KEPT
        if self._may_ask() and not bridged and not in_transaction():
            with self._asking:
                if self._kept is kept and self._may_ask():
                    self.open()
            return self._keys()
        if self._may_ask():
            self._open_behind()
        if kept is None or not bridged:
            raise KeysUnavailable()
        return kept[0]

    def _may_ask(self) -> bool:
        return self._not_before is None or self._now() >= self._not_before

    def _open_behind(self) -> None:
        """Ask in a thread of its own, which holds neither transaction nor connection; one at a time."""
        if self._asking.acquire(blocking=False):
            threading.Thread(target=self._ask_once, name="kms", daemon=True).start()

    def _ask_once(self) -> None:
        try:
            self.open()
        except KeysUnavailable:
            pass  # logged, and whoever needs a key is told
        finally:
            self._asking.release()

    def __repr__(self) -> str:
        return f"<KmsMasterKeys {', '.join(self._ring)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("master keys do not leave the process")


def context(id: str) -> dict[str, str]:
    """What the KMS binds a master key to: a ciphertext under another id does not open."""
    return {"purpose": "vault master key", "id": id}


def parse_ring(text: str) -> dict[str, str]:
    """Read "id:ciphertext,id:ciphertext" in order; raises ValueError."""
    ring: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        id, colon, ciphertext = entry.partition(":")
        if not colon or not id or not ciphertext or len(id) > 40 or id in ring:
            raise ValueError("a ring is written id:ciphertext,id:ciphertext, each id once")
        ring[id] = ciphertext
    return ring
