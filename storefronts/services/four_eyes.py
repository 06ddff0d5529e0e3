"""What needs a colleague, and from which size on: one table a storefront, beside the house's own figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kernel import approvals
from storefronts.models import FourEyes

Verb = FourEyes.Verb
HOUSE = {Verb.REFUND: 200_000, Verb.EXPORT: 500, Verb.PAY_KEYS: 0}
LIMITS = "four_eyes"  # the verb by which a limit is loosened: that needs a colleague whatever its size


def limit(*, storefront_id: int, verb: str) -> int:
    """What one operator may do alone."""
    told = FourEyes.objects.filter(storefront_id=storefront_id, verb=verb).values_list("above", flat=True)
    return next(iter(told), HOUSE[Verb(verb)])


def mind(
    *, storefront_id: int, verb: str, size: int, key: str, facts: dict[str, Any], by: str, now: datetime
) -> None:
    """Go on where it is small enough or a colleague agreed to it; else raises NeedsColleague."""
    if size > limit(storefront_id=storefront_id, verb=verb):
        approvals.require(storefront_id=storefront_id, verb=verb, key=key, facts=facts, by=by, now=now)


def set_limit(*, row: FourEyes, by: str, now: datetime) -> None:
    """Keep a row that was made or changed; a looser limit than before raises NeedsColleague first."""
    if row.above > limit(storefront_id=row.storefront_id, verb=row.verb):
        facts = {"what": row.verb, "above": row.above}
        key = f"{row.storefront_id}:{row.verb}"
        approvals.require(storefront_id=row.storefront_id, verb=LIMITS, key=key, facts=facts, by=by, now=now)
    row.save()
