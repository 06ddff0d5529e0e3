"""A consumer names the one who paid an order in their place: kept sealed, verified, and soon decided upon.

The person is not the customer: nothing of the customer's own identity changes. Who names another person
confirms with the text `naming_payer` that the other knows of it; the attempt is counted like one's own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict

from django.db import transaction

from compliance import services as compliance
from compliance import vault
from compliance.services.notices import see_notice
from customers import labels
from customers.gateways.verifying import Verdict
from customers.models import Customer, IdentityAttempt, NamedPayer
from customers.services import account
from customers.services.attempts import TooManyAttempts, Tried, count_in
from customers.services.identity import checked_pair, locked
from customers.states import NAMING
from kernel import events, ids
from kernel.tenancy import tenant

NOTICE = "naming_payer"
WHO, AGAIN = "system:payer", "asking the identity provider again"
_EMPTY = {"name_sealed": b"", "number_sealed": b"", "pair_index": None}


class Rests(TypedDict, total=False):
    """On what a disclosure to the identity provider rests, and which fields it tells."""

    basis: Literal["law", "consent"]
    consent: str
    fields: list[str]


# The platform has to verify whoever is declared as orderer (海关总署公告2018年第194号 九).
DISCLOSED: Rests = {"basis": "law", "fields": ["payer_name", "payer_number"]}


def state_payer(
    *,
    customer: Customer,
    order_number: str,
    name: str,
    number: str,
    notice_version: str,
    device: str = "",
    now: datetime,
) -> tuple[NamedPayer, IdentityAttempt | None]:
    """Keep whom the customer names as the payer of an order, sealed, and count the attempt.

    Whoever was named for it before and is not decided upon is dropped. No attempt where this very pair is
    being asked about, or is verified, already. Raises BadIdentity, NotCurrent, ProcessingLimited and
    TooManyAttempts; nothing of the pair is kept then.
    """
    name, number = checked_pair(name=name, number=number, now=now)
    tried = Tried.of(name=name, number=number, device=device)
    with transaction.atomic(), tenant(customer.storefront_id):
        held = locked(customer.pk)
        account.refuse_closed(held)
        compliance.refuse_limited(held.subject)
        seen = see_notice(subject=held.subject, kind=NOTICE, version=notice_version, now=now)
        open_one = open_naming(order_number=order_number)
        if open_one is not None and bytes(open_one.pair_index or b"") in tried.pair:
            return open_one, None
        attempt, wait_seconds = count_in(customer=held, tried=tried, now=now)
        if not wait_seconds:
            if open_one is not None:
                drop(named=open_one, now=now)
            named = _sealed(held, name, number, tried, now)
            named.order_number = order_number
            named.confirmed_version, named.confirmed_hash = seen.version, seen.text_hash
            named.save()
            attempt.named = named
            attempt.save(update_fields=["named"])
            events.record(
                storefront_id=named.storefront_id,
                name="naming.asked",
                key=named.event_key,
                facts=_which(named),
                now=now,
            )
    if wait_seconds:  # out here, so that the refused attempt and its case are kept
        raise TooManyAttempts(wait_seconds)
    return named, attempt


def open_naming(*, order_number: str, lock: bool = False) -> NamedPayer | None:
    """Who is named for the order and not decided upon."""
    rows = NamedPayer.objects.select_related("customer__subject__key")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return rows.filter(order_number=order_number, state__in=NamedPayer.OPEN).first()


def settle(*, named: NamedPayer, verdict: Verdict, number: str, now: datetime) -> None:
    """Take in what the provider says, in the caller's transaction; who was dropped meanwhile stays so."""
    if named.state != "asked":
        return
    if verdict is Verdict.MATCHES:
        person = compliance.person_of(id_number=number, now=now)
        NAMING.move(named, "verify", now=now, facts=_which(named), person=person, verified_at=now)
    else:
        NAMING.move(named, "reject", now=now, facts=_which(named), ended_at=now, **_EMPTY)


def opened(*, named_id: int, now: datetime, purpose: str = AGAIN) -> tuple[str, str]:
    """Name and number of who is named, opened by the house.

    Raises NamedPayer.DoesNotExist where it is decided, ProcessingLimited and VaultClosed.
    """
    named = NamedPayer.objects.select_related("customer__subject__key").get(
        pk=named_id, state__in=NamedPayer.OPEN
    )
    subject = named.customer.subject
    compliance.refuse_limited(subject)
    name, number = vault.open_many_as(
        who=WHO,
        purpose=purpose,
        storefront_id=named.storefront_id,
        key=vault.unwrap(subject.key),
        sealed=[
            (labels.NAMED_NAME, named.public_id, bytes(named.name_sealed)),
            (labels.NAMED_NUMBER, named.public_id, bytes(named.number_sealed)),
        ],
        now=now,
    )
    return name, number


def take(*, named: NamedPayer, now: datetime) -> None:
    """They are the orderer now, inside the caller's transaction, which has sealed them with the order."""
    NAMING.move(named, "take", now=now, facts=_which(named), ended_at=now, **_EMPTY)


def refuse(*, named: NamedPayer, rules: list[str], now: datetime) -> None:
    """They were judged and may not be the orderer; nothing of them stays."""
    facts = _which(named) | {"rules": rules}
    NAMING.move(named, "refuse", now=now, facts=facts, ended_at=now, person=None, verified_at=None, **_EMPTY)


def drop(*, named: NamedPayer, now: datetime) -> None:
    """Nobody asks or decides any more: the order has ended, or another person was named."""
    NAMING.move(
        named, "drop", now=now, facts=_which(named), ended_at=now, person=None, verified_at=None, **_EMPTY
    )
    waiting = IdentityAttempt.objects.filter(named=named, state=IdentityAttempt.State.ASKED)
    waiting.update(state=IdentityAttempt.State.OVERTAKEN, next_try_at=None)


def _sealed(customer: Customer, name: str, number: str, tried: Tried, now: datetime) -> NamedPayer:
    public_id = ids.uuid7()
    key = vault.unwrap(customer.subject.key)
    return NamedPayer(
        public_id=public_id,
        storefront_id=customer.storefront_id,
        customer=customer,
        name_sealed=key.seal(labels.NAMED_NAME, public_id, name),
        number_sealed=key.seal(labels.NAMED_NUMBER, public_id, number),
        pair_index=tried.pair[0],
        named_at=now,
    )


def _which(named: NamedPayer) -> dict[str, object]:
    return {"naming": str(named.public_id)}
