"""Who orders: name and resident identity number, well-formed by GB 11643, sealed, known by a blind index.

Taking it in asks for the separate consent to sensitive data first (个人信息保护法 Art. 29, law.md R6.2).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from compliance import identity as standard
from compliance import queries as compliance_queries
from compliance import services as compliance
from compliance import vault
from compliance.services import ConsentNeeded
from customers import labels
from customers.models import Customer, Identity
from kernel import ids
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant

CONSENT = "sensitive_identity"


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


def state_identity(*, customer: Customer, name: str, number: str, now: datetime) -> Identity:
    """Keep the name and number that the customer orders with, and link the person behind the number.

    The same number in another storefront leads to the same person, whose yearly allowance is one. Raises
    BadIdentity, ConsentNeeded, IdentityInUse; nothing is kept then.
    """
    name = name.strip()
    if not 2 <= len(name) <= 60 or not all(_on_a_card(c) for c in name):
        raise BadIdentity("name", "2 to 60 letters as on the identity card", "请填写身份证上的姓名")
    checked = standard.check(number, shanghai_day(now))
    if not checked.well_formed:
        why, why_zh = standard.TEXTS[checked.faults[0]]
        raise BadIdentity("number", why.rstrip("."), why_zh.rstrip("。"))
    number = checked.number
    with tenant(customer.storefront_id):
        Customer.objects.select_for_update().get(pk=customer.pk)
        if CONSENT not in compliance_queries.consents(subject_id=customer.subject_id):
            raise ConsentNeeded(consent=CONSENT)
        found = Identity.objects.filter(customer=customer).first()
        person = compliance.link_person(subject=customer.subject, id_number=number, now=now)
        key = vault.unwrap(customer.subject.key)
        if found is not None and found.person_id != person.pk:
            year = shanghai_day(now).year
            before = compliance_queries.taken(person_id=found.person_id, year=year)
            if any(taken.used or taken.reserved for taken in before.values()):
                raise IdentityInUse()
        identity = found or Identity(
            public_id=ids.uuid7(), storefront_id=customer.storefront_id, customer=customer
        )
        identity.person = person
        identity.name_sealed = key.seal(labels.IDENTITY_NAME, identity.public_id, name)
        identity.number_sealed = key.seal(labels.IDENTITY_NUMBER, identity.public_id, number)
        identity.number_index = vault.blind("id_number", number)
        identity.state = Identity.State.STATED
        identity.stated_at, identity.verified_at = now, None
        identity.save()
    return identity


def _on_a_card(character: str) -> bool:
    """Letters of any script, the dot of long names (·), and what joins parts of Latin ones."""
    return unicodedata.category(character) in {"Lo", "Lu", "Ll", "Mn", "Mc"} or character in "·• -'."
