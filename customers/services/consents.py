"""Withdrawing a consent takes effect at once, also on the data that rested on it."""

from __future__ import annotations

from datetime import datetime

from compliance import services as compliance
from customers.models import Customer, Identity
from customers.services import account
from customers.services.identity import CONSENT, overtake
from kernel.tenancy import tenant


def withdraw(*, customer: Customer, kind: str, now: datetime) -> None:
    """End the consent; with that to identity data, name and number are erased. A second time does nothing.

    Orders keep their own sealed copy, which rests on the law, and the person behind the number stays linked:
    the yearly allowance is counted on, and another number in this year is refused as before.
    """
    with tenant(customer.storefront_id):
        account.lock(customer)
        compliance.withdraw_consent(subject_id=customer.subject_id, kind=kind, now=now)
        if kind == CONSENT:
            overtake(customer=customer)
            Identity.objects.filter(customer=customer).delete()
