"""What this app holds about people, field by field."""

from __future__ import annotations

from compliance.personal_fields import Basis, Class, PersonalField

_KEPT = "as long as the account exists"
_SEEN = "in the copy of their data, in plain"
_GONE = "unreadable at once: the person's key is destroyed"
_INDEX_GONE = "removed with the account"


def _field(model: str, field: str, klass: Class, purpose: str, basis: Basis = "contract") -> PersonalField:
    pseudonym = klass == "pseudonym"
    return PersonalField(
        model=f"customers.{model}",
        field=field,
        klass=klass,
        purpose=purpose,
        basis=basis,
        retention=_KEPT,
        export="not exported: it says nothing without our key" if pseudonym else _SEEN,
        erase=_INDEX_GONE if pseudonym else _GONE,
    )


def _found(field: str, klass: Class, export: str) -> PersonalField:
    return PersonalField(
        model="customers.IdentityFinding",
        field=field,
        klass=klass,
        purpose="not to ask, pay and disclose to the provider twice",
        basis="law",
        retention="the days of the figure identity/result_days",
        export=export,
        erase="unreadable and removed when its days are over",
    )


FIELDS = (
    _field("Customer", "openid_index", "pseudonym", "to recognise a WeChat user at log-in"),
    _field("Customer", "openid_sealed", "ordinary", "to take payments through WeChat Pay"),
    _field("Customer", "phone_index", "pseudonym", "to find a caller by their number"),
    _field("Customer", "phone_sealed", "ordinary", "to reach the consumer about an order"),
    _field("Customer", "nickname_sealed", "ordinary", "to address the consumer"),
    _field("Address", "division_code", "ordinary", "to choose carrier and freight"),
    _field("Address", "name_sealed", "ordinary", "to deliver"),
    _field("Address", "phone_sealed", "ordinary", "to deliver"),
    _field("Address", "street_sealed", "ordinary", "to deliver"),
    _field("Identity", "name_sealed", "sensitive", "to declare the orderer to customs", "consent"),
    _field("Identity", "number_sealed", "sensitive", "to declare the orderer to customs", "consent"),
    _field("Identity", "number_index", "pseudonym", "to count the yearly allowance of one person", "law"),
    _field("Identity", "person", "pseudonym", "to count the yearly allowance of one person", "law"),
    _field("IdentityAttempt", "number_index", "pseudonym", "to see who tries out others' numbers", "law"),
    _field("IdentityAttempt", "pair_index", "pseudonym", "not to ask the provider twice", "law"),
    _field("IdentityAttempt", "device_index", "pseudonym", "to see who tries out others' numbers", "law"),
    _field(
        "IdentityShare", "code_index", "pseudonym", "to carry an identity to another storefront", "consent"
    ),
    _found("pair_index", "pseudonym", "not given: it cannot be read back into a name or number"),
    _found("answer_sealed", "sensitive", "as the state of verification"),
)
