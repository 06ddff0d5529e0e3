"""What an operator may do about an identity: reset the attempts, reject it, have the provider asked anew."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from compliance import queries as compliance_queries
from compliance import vault
from compliance.services import ConsentNeeded, refuse_limited
from customers.models import Identity, IdentityAttempt
from customers.services.attempts import Tried, forgive
from customers.services.identity import CONSENT, locked, open_pair, overtake
from customers.states import IDENTITY
from kernel import events
from kernel.tenancy import tenant


def reset_attempts(*, attempt: IdentityAttempt, by: str, now: datetime) -> int:
    """Let this customer try again, with this number and on this device; how many attempts were counted."""
    with tenant(attempt.storefront_id):
        forgiven = forgive(attempt=attempt, now=now)
        events.record(
            storefront_id=attempt.storefront_id,
            name="identity.attempts_reset",
            key=f"customer:{locked(attempt.customer_id).public_id}",
            facts={"by": by, "count": forgiven},
            now=now,
        )
    return forgiven


def reject_identity(*, identity: Identity, by: str, now: datetime) -> None:
    """Take an identity out of use; orders that stand under it stay. Raises WrongState for a rejected one."""
    with transaction.atomic(), tenant(identity.storefront_id):
        overtake(customer=locked(identity.customer_id))
        identity.refresh_from_db(fields=["state"])
        IDENTITY.move(
            identity,
            "reject",
            now=now,
            facts={"by": by},
            person=None,
            verified_at=None,
            rejected_for=Identity.Reason.OPERATOR,
        )


def ask_anew(*, identity: Identity, by: str, now: datetime) -> IdentityAttempt:
    """Have the provider asked again, whatever it said before; not counted as an attempt of the customer.

    Raises ConsentNeeded when the customer has withdrawn the consent, ProcessingLimited.
    """
    with transaction.atomic(), tenant(identity.storefront_id):
        customer = locked(identity.customer_id)
        if not compliance_queries.given(subject_id=customer.subject_id, kind=CONSENT, now=now):
            raise ConsentNeeded(consent=CONSENT)
        refuse_limited(customer.subject)
        overtake(customer=customer)
        identity.refresh_from_db()
        name, number = open_pair(
            identity=identity,
            key=vault.unwrap(customer.subject.key),
            who="system:identity",
            purpose="an operator has the provider asked anew",
            now=now,
        )
        IDENTITY.move(
            identity, "restate", now=now, facts={"by": by}, person=None, verified_at=None, rejected_for=""
        )
        tried = Tried.of(name=name, number=number, device="")
        return IdentityAttempt.objects.create(
            storefront_id=identity.storefront_id,
            customer=customer,
            number_index=tried.number[0],
            pair_index=tried.pair[0],
            anew=True,
            next_try_at=now,
            made_at=now,
            forgiven_at=now,
        )
