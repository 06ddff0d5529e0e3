"""The whole journey, in order."""

from __future__ import annotations

from backend.journey import account, expiring, guarding, ordering, paying, rights, rotating, shelves

STORY = (
    *account.STEPS,
    *shelves.STEPS,
    *ordering.STEPS,
    *paying.STEPS,
    *rotating.STEPS,
    *expiring.STEPS,
    *rights.STEPS,
    *guarding.STEPS,
)
