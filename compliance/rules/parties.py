"""Someone answers for every import: seller, platform, agent, payment, carrier and declarant are on file."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.rules.book import rule

HERE = "CN"


def in_place(country: str, where: str) -> bool:
    """Whether a country of registration (ISO 3166-1 alpha-2) is "overseas" or "domestic", as asked."""
    return (country == HERE) == (where == "domestic")


@rule(
    "PARTY-1",
    law="parties/required",
    since=date(2019, 1, 1),
    zh="跨境电商企业应为境外注册企业，跨境电商平台、境内服务商、支付企业、物流企业和申报企业应在境内登记，"
    "且均须已备案。",
)
def parties_are_on_file(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The seller must be registered overseas; the platform, the domestic service provider, the payment
    institution, the carrier and the declarant in China; and all of them must be on file."""
    required = law.figure("parties/required")
    missing = [role for role in required if role not in case.parties]
    misplaced = [
        role
        for role, where in required.items()
        if role in case.parties and not in_place(case.parties[role], where)
    ]
    if not missing and not misplaced:
        return None
    return {"missing": missing, "misplaced": misplaced}
