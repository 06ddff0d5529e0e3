"""Closing an account (注销) erases what is held about its person, at once; what the law keeps is told.

One transaction: the key of the person's data is destroyed and every app lets go of its rows. Files follow
after the commit; without the key they are unreadable in any case, and a sweep removes what is left lying.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from compliance import holdings
from compliance import services as compliance
from compliance.models import Subject
from customers.models import Customer
from customers.services import account
from kernel import events
from kernel.errors import Conflict
from kernel.tenancy import tenant


@dataclass(eq=False)
class MattersOpen(Conflict):
    """Something is in progress that needs the person's data; each matter is named with its reason."""

    code = "account_has_open_matters"
    title = "Your account cannot be closed yet: some matters must end first."
    title_zh = "暂时无法注销：尚有事项未完结。"
    matters: list[dict[str, Any]]


def close_account(*, customer: Customer, js_code: str, now: datetime) -> list[holdings.Kept]:
    """Erase the customer's data and close the account; what is kept, by which law, until when.

    The next log-in with the same WeChat makes a new customer. Of two calls one closes, the other raises
    AccountClosed. Raises MattersOpen (and nothing is erased), and as `account.prove`.
    """
    account.prove(customer=customer, js_code=js_code)
    with tenant(customer.storefront_id):
        account.lock(customer)
        subject = Subject.objects.get(pk=customer.subject_id)
        parts = holdings.wiring.holdings
        waits = [one for holding in parts for one in holding.waits(subject, now)]
        if waits:
            raise MattersOpen(matters=[asdict(one) for one in waits])
        compliance.begin_erasure(subject=subject, now=now)
        kept = [one for holding in parts for one in holding.erase(subject, now)]
        events.record(
            storefront_id=customer.storefront_id,
            name="account.closed",
            key=f"customer:{customer.public_id}",
            facts={"kept": {one.what: one.rows for one in kept}},
            now=now,
        )
    return kept
