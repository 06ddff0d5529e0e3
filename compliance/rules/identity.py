"""The orderer (订购人) is a natural person with an identity number that customs accepts."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.rules.book import OF_THE_PERSON, rule


@rule(
    "IDENTITY-1",
    law="identity/accepted_types",
    since=date(2019, 1, 1),
    moments=OF_THE_PERSON,
    zh="消费者（订购人）应当提供身份信息，海关仅接受居民身份证号码。",
)
def identity_is_given(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The consumer (orderer) must give an identity; customs takes the resident identity number only."""
    if case.buyer.number_present:
        return None
    return {"accepted": list(law.figure("identity/accepted_types"))}


@rule(
    "IDENTITY-2",
    law="identity/number_standard",
    since=date(2019, 1, 1),
    moments=OF_THE_PERSON,
    zh="订购人的公民身份号码应当符合国家标准（地区、出生日期、校验码）。",
)
def identity_number_is_well_formed(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The orderer's identity number must meet the national standard: region, date of birth and check
    character."""
    if case.buyer.number_well_formed or not case.buyer.number_present:
        return None
    return {"standard": law.figure("identity/number_standard")["standard"]}


@rule(
    "IDENTITY-3",
    law="identity/verification",
    since=date(2019, 1, 1),
    moments=OF_THE_PERSON,
    zh="跨境电子商务平台企业、境内代理人应当对消费者（订购人）身份信息的真实性进行审核；未经核验，不得收款。",
)
def identity_is_verified(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The orderer's identity must be verified before money moves: the platform and the domestic agent answer
    for its truth."""
    buyer = case.buyer
    if buyer.verified or not (buyer.number_present and buyer.number_well_formed):
        return None  # what is missing or malformed is told by the rules before
    return {"verified": False}


@rule(
    "IDENTITY-4",
    law="identity/accepted_types",
    since=date(2019, 1, 1),
    moments=OF_THE_PERSON,
    zh="订购人的证件类型应当为海关接受的类型。",
)
def identity_document_is_accepted(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The orderer's identity document must be of a kind that customs accepts."""
    accepted = law.figure("identity/accepted_types")
    if case.buyer.document in accepted or not case.buyer.number_well_formed:
        return None
    return {"document": case.buyer.document, "accepted": list(accepted)}
