"""The one who pays is the one who orders (订购人与支付人一致), unless an authority has vouched for them."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.rules.book import rule


@rule(
    "PAYER-1",
    law="payer/same_person",
    also=("payer/authorised_body_ports", "payer/rename_hours"),
    since=date(2019, 1, 1),
    moments=("declare",),
    zh="订购人身份信息未经国家主管部门或其授权机构认证的，订购人与支付人应当为同一人。",
)
def payer_is_the_orderer(case: Purchase, law: Law) -> dict[str, Any] | None:
    """Where the identity of the orderer has not been verified by the state's authority or a body that it
    authorised, the orderer and the payer must be the same person."""
    state = case.payer.state if case.payer else "open"
    port = case.payer.port if case.payer else ""
    if state == "same" or not law.figure("payer/same_person"):
        return None
    if case.buyer.verified and port in law.figure("payer/authorised_body_ports"):
        return None
    return {"payer": state, "port": port}
