"""Which processing needs an impact assessment first (个人信息保护影响评估, PIPL Art. 55), and which happens.

That a kind happens is read from what every app declares of its personal fields and from the rules in force,
so that a new field brings its duty with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from compliance.holdings import wiring
from compliance.models import ImpactAssessment
from compliance.personal_fields import PersonalField
from compliance.rules import RULES

Processing = ImpactAssessment.Processing  # the situations of Art. 55, in its order
_ABROAD = "brand_abroad"

# Whether something else influences a person's rights greatly no table can tell: an officer registers it.
_HAPPENS: dict[str, Callable[[Sequence[PersonalField]], bool]] = {
    Processing.SENSITIVE: lambda fields: any(field.klass == "sensitive" for field in fields),
    Processing.AUTOMATED: lambda fields: bool(fields and RULES),  # every purchase is judged by rules
    Processing.PROVIDED: lambda fields: any(field.recipients for field in fields),
    Processing.ABROAD: lambda fields: any(_ABROAD in field.recipients for field in fields),
    Processing.INFLUENCE: lambda fields: False,
}


def happening(fields: Iterable[PersonalField] | None = None) -> list[ImpactAssessment.Processing]:
    """The kinds of processing that happen by these fields, by default those of the whole house."""
    if fields is None:
        fields = (field for holding in wiring.holdings for field in holding.fields)
    declared = tuple(fields)
    return [one for one in Processing if _HAPPENS[one](declared)]
