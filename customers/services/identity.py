"""Who orders: name and resident identity number, well-formed by GB 11643, sealed, known by a blind index.

Taking it in asks for the separate consent to sensitive data first (个人信息保护法 Art. 29, law.md R6.2). The
person behind the number is linked only once an authorised provider has verified it (verification.py).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from compliance import identity as standard
from compliance import queries as compliance_queries
from compliance import services as compliance
from compliance import vault
from compliance.models import Person
from compliance.services import ConsentNeeded
from customers import labels
from customers.models import Customer, Identity, IdentityAttempt
from customers.services import account
from customers.services.attempts import TooManyAttempts, Tried, count_in, pair_text
from customers.states import IDENTITY
from kernel import events, ids
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant

CONSENT = "sensitive_identity"
JOINERS = "·• -'"  # what stands between the parts of a name, never at its ends


@dataclass(eq=False)
class BadIdentity(Invalid):
    """The name or the number cannot be right; the values are not repeated."""

    code = "invalid_identity"
    title = "The field “{field}” is not valid: {why}."
    title_zh = "“{field}”有误：{why_zh}。"
    field: str
    why: str
    why_zh: str


class IdentityInUse(Conflict):
    """Orders of this year stand under the present identity: another number would be another allowance."""

    code = "identity_in_use"
    title = "You have ordered with your present identity this year; ask the shop's service to change it."
    title_zh = "本年度已使用当前实名信息下单，如需更换请联系客服。"


def checked_pair(*, name: str, number: str, now: datetime) -> tuple[str, str]:
    """Name and number as they stand on a card; raises BadIdentity where they cannot."""
    name = name.strip()
    if not 2 <= len(name) <= 60 or not all(_on_a_card(c) for c in name):
        raise BadIdentity("name", "2 to 60 letters as on the identity card", "请填写身份证上的姓名")
    if sum(map(_is_letter, name)) < 2 or name[0] in JOINERS or name[-1] in JOINERS:
        raise BadIdentity(
            "name",
            "at least two letters, and a dot (·) or the like only between them",
            "姓名至少两个字，间隔号“·”等只能用在字与字之间",
        )
    checked = standard.check(number, shanghai_day(now))
    if not checked.well_formed:
        why, why_zh = standard.TEXTS[checked.faults[0]]
        raise BadIdentity("number", why.rstrip("."), why_zh.rstrip("。"))
    return name, checked.number


def state_identity(
    *, customer: Customer, name: str, number: str, device: str = "", now: datetime
) -> IdentityAttempt | None:
    """Keep the name and number that the customer wants to order with, sealed.

    Returns the attempt to have them verified; None when they are verified or being asked about already.
    `device` is the id that the mini-program keeps. Raises BadIdentity, ConsentNeeded, ProcessingLimited,
    IdentityInUse and TooManyAttempts; nothing of the pair is kept then.
    """
    name, number = checked_pair(name=name, number=number, now=now)
    tried = Tried.of(name=name, number=number, device=device)
    with transaction.atomic(), tenant(customer.storefront_id):  # a refusal undoes this much and no more
        held = locked(customer.pk)
        account.refuse_closed(held)
        compliance.refuse_limited(held.subject)
        if not compliance_queries.given(subject_id=held.subject_id, kind=CONSENT, now=now):
            raise ConsentNeeded(consent=CONSENT)
        refuse_when_in_use(customer=held, number=number, now=now)
        if _is_under_way(held, name, number, tried):
            return None
        attempt, wait_seconds = count_in(customer=held, tried=tried, now=now)
        if not wait_seconds:
            overtake(customer=held, but=attempt)
            put_identity(customer=held, name=name, number=number, verb="restate", now=now)
    if wait_seconds:  # out here, so that the refused attempt and its case are kept
        raise TooManyAttempts(wait_seconds)
    return attempt


def locked(customer_id: int) -> Customer:
    """The customer, whose row orders everything that happens to their identity."""
    rows = Customer.objects.select_for_update(of=("self",)).select_related("subject__key")
    return rows.get(pk=customer_id)


def refuse_when_in_use(*, customer: Customer, number: str, now: datetime) -> None:
    """Raises IdentityInUse when another number has orders of this year under it."""
    person: Person | None = customer.subject.person
    if person is None or bytes(person.number_index) in vault.blinds("id_number", number):
        return
    year = compliance_queries.taken(person_id=person.pk, year=shanghai_day(now).year)
    if any(taken.used or taken.reserved for taken in year.values()):
        raise IdentityInUse()


def open_pair(
    *, identity: Identity, key: vault.Key, who: str, purpose: str, now: datetime
) -> tuple[str, str]:
    """Name and number, opened by someone other than the person, which leaves its access rows."""
    name, number = vault.open_many_as(
        who=who,
        purpose=purpose,
        storefront_id=identity.storefront_id,
        key=key,
        sealed=[
            (labels.IDENTITY_NAME, identity.public_id, bytes(identity.name_sealed)),
            (labels.IDENTITY_NUMBER, identity.public_id, bytes(identity.number_sealed)),
        ],
        now=now,
    )
    return name, number


def overtake(*, customer: Customer, but: IdentityAttempt | None = None) -> None:
    """Nobody waits any more for the answers to what the customer stated before."""
    asked = IdentityAttempt.objects.filter(customer=customer, named=None, state=IdentityAttempt.State.ASKED)
    others = asked.exclude(pk=but.pk) if but else asked
    others.update(state=IdentityAttempt.State.OVERTAKEN, next_try_at=None)


def put_identity(
    *, customer: Customer, name: str, number: str, verb: str, now: datetime, **changes: Any
) -> Identity:
    """Seal name and number as the customer's one identity, moved by `verb`, with `changes` to its columns."""
    found = Identity.objects.filter(customer=customer).first()
    identity = found or Identity(
        public_id=ids.uuid7(), storefront_id=customer.storefront_id, customer=customer
    )
    key = vault.unwrap(customer.subject.key)
    columns: dict[str, Any] = {
        "person": None,
        "name_sealed": key.seal(labels.IDENTITY_NAME, identity.public_id, name),
        "number_sealed": key.seal(labels.IDENTITY_NUMBER, identity.public_id, number),
        "number_index": vault.blind("id_number", number),
        "pair_index": vault.blind("identity_pair", pair_text(name, number)),
        "rejected_for": "",
        "stated_at": now,
        "verified_at": None,
        **changes,
    }
    if found is not None:
        IDENTITY.move(identity, verb, now=now, **columns)
        return identity
    for field, value in columns.items():
        setattr(identity, field, value)
    identity.state = IDENTITY.moves[verb]["stated"]
    identity.save()
    events.record(
        storefront_id=identity.storefront_id,
        name=f"identity.{identity.state}",
        key=identity.event_key,
        facts={"verb": verb},
        now=now,
    )
    return identity


def _is_under_way(customer: Customer, name: str, number: str, tried: Tried) -> bool:
    """Whether this very pair is verified, or waits for its answer."""
    found = Identity.objects.filter(customer=customer).first()
    if found is None or found.state == Identity.State.REJECTED:
        return False
    key = vault.unwrap(customer.subject.key)
    same = (
        key.open(labels.IDENTITY_NAME, found.public_id, bytes(found.name_sealed)) == name
        and key.open(labels.IDENTITY_NUMBER, found.public_id, bytes(found.number_sealed)) == number
    )
    return same and (
        found.state == Identity.State.VERIFIED
        or IdentityAttempt.objects.filter(
            customer=customer, named=None, state=IdentityAttempt.State.ASKED, pair_index__in=tried.pair
        ).exists()
    )


def _on_a_card(character: str) -> bool:
    """Letters of any script, their marks, the dot of long names (·), and what joins parts of Latin ones."""
    return (
        _is_letter(character) or unicodedata.category(character) in {"Mn", "Mc"} or character in f"{JOINERS}."
    )


def _is_letter(character: str) -> bool:
    """A Chinese character or a letter that can be seen: Unicode has letters that only fill a space."""
    return unicodedata.category(character) in {"Lo", "Lu", "Ll"} and "FILLER" not in unicodedata.name(
        character, ""
    )
