"""The terms of returns are announced before they hold, and never changed after that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from compliance.law import Law
from kernel import events
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from returns.models import ReturnPolicy
from storefronts.models import Storefront

# What each figure may be, both ends included.
BOUNDS: dict[str, tuple[int, int]] = {
    "lost_tax_percent": (0, 100),
    "opened_percent": (0, 100),
    "claim_days": (7, 365),
    "decide_hours": (1, 240),
    "send_days": (1, 60),
    "appeal_days": (1, 60),
    "approves_up_to_fen": (0, 10**12),
}


@dataclass(eq=False)
class BadTerms(Invalid):
    """Terms are within the law's bounds, and begin on a day that is still to come."""

    code = "return_terms"
    title = "Terms begin on {first} at the earliest; claims are taken for {claim_days} days at least."
    title_zh = "条款最早自{first}起生效，售后期限不得少于{claim_days}日。"
    first: str
    claim_days: int


class TermsKnown(Conflict):
    """The storefront has terms of this day, and they are not changed."""

    code = "return_terms_known"
    title = "There are terms from this day on already; announced terms are not changed."
    title_zh = "该日已有条款，已公布的条款不可更改。"


def least_claim_days(day: date) -> int:
    """No claim ends before the law's own days of return without a reason do."""
    by_law: int = Law(day).figure("returns/seven_days")
    return max(BOUNDS["claim_days"][0], by_law)


def announce(
    *, storefront: Storefront, starts_on: date, by: str, now: datetime, **terms: Any
) -> ReturnPolicy:
    """Terms from a day to come on: for orders paid before it, what held before stays.

    Raises BadTerms, TermsKnown.
    """
    first = shanghai_day(now) + timedelta(days=1)
    least = least_claim_days(max(first, starts_on))
    made = ReturnPolicy(storefront=storefront, starts_on=starts_on, **terms)
    within = all(low <= getattr(made, name) <= high for name, (low, high) in BOUNDS.items())
    if starts_on < first or not within or made.claim_days < least:
        raise BadTerms(first.isoformat(), least)
    with tenant(storefront.pk):
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError as clash:
            raise TermsKnown() from clash
        events.record(
            storefront_id=storefront.pk,
            name="return_terms.announced",
            key=f"return_terms:{storefront.pk}:{starts_on.isoformat()}",
            facts={"by": by, "starts_on": starts_on.isoformat()},
            now=now,
        )
    return made
