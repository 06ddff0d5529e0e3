"""Every model of the house has a page here; importing the modules registers them."""

from __future__ import annotations

from operators import (  # noqa: F401
    access,
    catalog,
    compliance,
    customers,
    inventory,
    kernel,
    orders,
    partners,
    payments,
    storefronts,
)
