"""The consumer confirms the risk notice, in its current version, before placing an order."""

from __future__ import annotations

from datetime import date
from typing import Any

from compliance.facts import Purchase
from compliance.law import Law
from compliance.notice import risk_notice
from compliance.rules.book import rule


@rule(
    "NOTICE-1",
    law="notice/risk_notice",
    since=date(2019, 1, 1),
    moments=("checkout",),
    zh="消费者应当在提交订单前确认当前版本的风险告知书。",
)
def current_risk_notice_is_confirmed(case: Purchase, law: Law) -> dict[str, Any] | None:
    """The consumer must confirm the risk notice in its current version before placing an order."""
    notice = risk_notice(law)
    if case.notice_confirmed == notice.sha256:
        return None
    return {"version": notice.version, "sha256": notice.sha256}
