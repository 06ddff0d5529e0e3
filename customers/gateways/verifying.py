"""Whether a name and an identity number belong together is asked in one way, whoever is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from kernel.errors import Upstream


class Verdict(StrEnum):
    """What an authorised provider says of a name and a number; each of them is final for this pair."""

    MATCHES = "matches"
    DIFFERS = "differs"
    NO_RECORD = "no_record"
    MALFORMED = "malformed"


@dataclass(frozen=True)
class Finding:
    """A verdict, the provider's own result code, and the id by which the provider finds the call again."""

    verdict: Verdict
    code: str
    request_id: str


@dataclass(eq=False)
class VerifierError(Upstream):
    """The provider gave no verdict: whether the pair belongs together is as unknown as before.

    `permanent`: nothing will change until someone changes our account, keys or request at the provider.
    `until_tomorrow`: the provider's count for this number is full, and begins anew at midnight in Shanghai.
    """

    code = "identity_provider"
    title = "The identity could not be checked; it will be checked again by itself."
    title_zh = "实名核验暂未完成，系统将自动重试。"
    provider: str
    reason: str
    request_id: str = ""
    permanent: bool = False
    until_tomorrow: bool = False


class Verifier(Protocol):
    """An authorised provider (经授权的核验机构)."""

    @property
    def provider(self) -> str:
        """Its short name in our records."""

    @property
    def recipient(self) -> str:
        """Its name in the disclosure log, for the person who reads it."""

    @property
    def country(self) -> str:
        """Where it is (ISO 3166)."""

    def verify(self, *, name: str, number: str, now: datetime) -> Finding:
        """Ask about one pair; raises VerifierError where there is no verdict."""
