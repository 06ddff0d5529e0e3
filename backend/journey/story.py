"""The whole journey, in order."""

from __future__ import annotations

from backend.journey import (
    account,
    expiring,
    guarding,
    inquiring,
    mailing,
    naming,
    ordering,
    paying,
    refunding,
    returning,
    rights,
    rotating,
    settling,
    shelves,
    shipping,
)

STORY = (
    *account.STEPS,
    *shelves.STEPS,
    *ordering.STEPS,
    *paying.STEPS,
    *refunding.STEPS,
    *naming.STEPS,
    settling.before,
    *shipping.STEPS,
    *inquiring.STEPS,
    *settling.STEPS,
    *returning.STEPS,
    *mailing.STEPS,
    *rotating.STEPS,
    returning.arrived,
    *expiring.STEPS,
    *rights.STEPS,
    *guarding.STEPS,
)
