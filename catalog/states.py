"""Which verb is legal in which state of a product."""

from __future__ import annotations

from kernel.states import Machine

PRODUCT = Machine(
    name="product",
    start="draft",
    moves={
        "publish": {"draft": "published"},
        "withdraw": {"published": "withdrawn"},
        "republish": {"withdrawn": "published"},
    },
)
