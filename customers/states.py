"""Which verb is legal in which state of an identity."""

from __future__ import annotations

from kernel.states import Machine

IDENTITY = Machine(
    name="identity",
    start="stated",
    moves={
        "verify": {"stated": "verified"},
        "reject": {"stated": "rejected", "verified": "rejected"},
        "restate": {"stated": "stated", "verified": "stated", "rejected": "stated"},
        "reuse": {"stated": "verified", "verified": "verified", "rejected": "verified"},
    },
)
