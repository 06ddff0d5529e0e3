"""Who has which identity number, and who pays by which openid, as far as anyone has told the sandbox."""

import re
from threading import Lock

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Registry:
    """A number that nobody told of belongs to whoever asks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._names: dict[str, str | None] = {}
        self._payers: dict[str, tuple[str, str]] = {}
        self._permitted: set[str] = set()
        self.pkcs1 = True  # how payers' data is encrypted in v3's customs calls

    def tell(self, number: str, name: str | None) -> None:
        """The number belongs to `name` from now on; None: there is no such record."""
        with self._lock:
            self._names[number] = name

    def result(self, number: str, name: str) -> str:
        """The vendor's result code for the pair."""
        if not _well_formed(number):
            return "-2"
        if not re.fullmatch(r"[^\W\d_][^\d_]{1,59}", name):
            return "-3"
        with self._lock:
            known = self._names.get(number, name)
        if known is None:
            return "-5"
        return "0" if known == name else "-1"

    def tell_payer(self, openid: str, number: str, name: str) -> None:
        """Whom WeChat holds behind the openid."""
        with self._lock:
            self._payers[openid] = (number, name)

    def payer(self, openid: str) -> tuple[str, str] | None:
        """Number and name behind the openid; None where nobody told."""
        with self._lock:
            return self._payers.get(openid)

    def permit(self, mchid: str, allowed: bool) -> None:
        """Whether this merchant may name the payer on the prepay (payer.identity)."""
        with self._lock:
            (self._permitted.add if allowed else self._permitted.discard)(mchid)

    def permitted(self, mchid: str) -> bool:
        with self._lock:
            return mchid in self._permitted

    def reset(self) -> None:
        with self._lock:
            self._names.clear()
            self._payers.clear()
            self._permitted.clear()
            self.pkcs1 = True


def _well_formed(number: str) -> bool:
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], WEIGHTS, strict=True))
    return number[17] == "10X98765432"[total % 11]
