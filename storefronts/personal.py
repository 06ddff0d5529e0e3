"""What this app holds about people: the operators, and whom to reach at a legal party."""

from __future__ import annotations

from compliance.holdings import Holding
from compliance.personal_fields import PersonalField


def _field(model: str, field: str, purpose: str) -> PersonalField:
    return PersonalField(
        model=f"storefronts.{model}",
        field=field,
        klass="ordinary",
        purpose=purpose,
        basis="contract",
        retention="as long as the operator works here or the party answers for the storefront",
        export="by the platform, on request",
        erase="by the platform, when the work ends; what an operator did stays under the name of the account",
    )


FIELDS = (
    _field("Operator", "username", "to log in, and to tell who did what"),
    _field("Operator", "first_name", "to address the operator"),
    _field("Operator", "last_name", "to address the operator"),
    _field("Operator", "email", "to reach the operator"),
    _field("Operator", "password", "to log in; a salted hash"),
    _field("LegalParty", "contact", "to reach whoever answers for the storefront"),
)
HOLDING = Holding(app="storefronts", fields=FIELDS)
