"""A consumer is told that a pair is not confirmed, never why: that a number exists is its owner's matter.

Whoever could tell “no such number” from “another name” could find out which numbers are real, and whose they
are. Operators see the finding itself, in the admin.
"""

from __future__ import annotations

from customers.models import Identity, IdentityAttempt

NOT_CONFIRMED = "not_confirmed"
REASONS = (NOT_CONFIRMED, Identity.Reason.OPERATOR.value)  # every word that a consumer may read


def told(word: str) -> str:
    """The word for a verdict, or for why an identity was rejected, as its own customer reads it."""
    return NOT_CONFIRMED if word in IdentityAttempt.WRONG else word
