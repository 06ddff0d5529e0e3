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
    partnering,
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
    *partnering.STEPS,
    *ordering.STEPS,
    *paying.STEPS,
    *refunding.STEPS,
    *naming.STEPS,
    partnering.handed_on,
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
