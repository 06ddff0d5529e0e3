"""What the pages for everyone rest on: the catalogue's version and what is scarce, a second old at most.

Read by each process for itself and from PostgreSQL alone: a request that finds it fresh asks nobody.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from catalog import queries as catalog
from catalog.models import Product, Variant
from kernel import clock
from kernel.tenancy import tenant

FRESH_SECONDS = 1.0
STALE_SECONDS = 3.0  # while one thread reads anew, the others may go on with what is younger than this
FEW = 10  # from here down, the number of pieces left is told


@dataclass(frozen=True, slots=True)
class Shelf:
    """One storefront at one moment. `scarce` holds SKU → pieces for what has FEW or fewer; `cut_due` says
    that a price cut has begun or ended and the lists have yet to follow."""

    version: int
    scarce: Mapping[str, int]
    cut_due: bool
    read_at: float


@dataclass(slots=True)
class _Place:
    lock: threading.Lock = field(default_factory=threading.Lock)
    shelf: Shelf | None = None


_places: dict[int, _Place] = {}


def present(storefront_id: int) -> Shelf:
    """The storefront's shelf; read from the database when the one at hand is older than a second."""
    place = _places.get(storefront_id) or _places.setdefault(storefront_id, _Place())
    held, now = place.shelf, time.monotonic()
    if held is not None:
        age = now - held.read_at
        if age < FRESH_SECONDS or (age < STALE_SECONDS and place.lock.locked()):
            return held
    with place.lock:
        read = place.shelf
        if read is not None and time.monotonic() - read.read_at < FRESH_SECONDS:
            return read  # someone else read it while we waited
        place.shelf = _read(storefront_id)
        return place.shelf


def forget() -> None:
    """Read everything anew: between tests."""
    _places.clear()


def show(skus: Iterable[str], shelf: Shelf) -> dict[str, Any]:
    """`in_stock`, and `left` where all of these SKUs together have few pieces."""
    pieces = [shelf.scarce.get(sku) for sku in skus]
    known = [p for p in pieces if p is not None]
    total = sum(known) if len(known) == len(pieces) else None
    return shown(total)


def shown(pieces: int | None) -> dict[str, Any]:
    """What is told of a number of pieces; None means plenty."""
    few = pieces is not None and pieces <= FEW
    return {"in_stock": pieces is None or pieces > 0, "left": max(pieces or 0, 0) if few else None}


def _read(storefront_id: int) -> Shelf:
    read_at = time.monotonic()
    with tenant(storefront_id):
        version = catalog.version(storefront_id)
        cut_due = Product.objects.filter(storefront_id=storefront_id, price_due_at__lte=clock.now()).exists()
        pieces = Coalesce(
            Sum(
                F("stock__on_hand") - F("stock__reserved") - F("stock__quarantined"),
                filter=Q(stock__warehouse__active=True, stock__stopped=False),
            ),
            0,
        )
        scarce = dict(
            Variant.objects.filter(storefront_id=storefront_id, active=True)
            .values("sku")
            .annotate(pieces=pieces)
            .filter(pieces__lte=FEW)
            .values_list("sku", "pieces")
        )
    return Shelf(version, scarce, cut_due, read_at)
