"""What the port's own page shows of a list whose receipt never came is entered by hand, and counts as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from customs.models import Declaration, Filing
from customs.services.answers import WITH_CUSTOMS, follow, take_status
from customs.services.declaring import held
from customs.services.filing import standing
from customs.steps import REFUSED, STATUSES, Verdict
from kernel import events
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant

# What can be entered: each says something of the list by itself. A refusal has a reason, which only its
# receipt tells.
SHOWN = tuple(
    status for status, verdict in STATUSES.items() if verdict is not Verdict.NOTHING and status != REFUSED
)


class NotShown(Invalid):
    """A status that cannot be entered, a time that is still to come, or a release without its number."""

    code = "customs_not_shown"
    title = "Enter a status of the port's page, its time, which is past, and the number of the list."
    title_zh = "请填写口岸页面显示的状态、其时间（不得晚于现在）和清单编号。"


@dataclass(eq=False)
class KnownLater(Conflict):
    """Nothing of the order stands at customs, or a later word of customs is known already."""

    code = "customs_known_later"
    title = "Customs is known to have said “{told}” after that; nothing was changed."
    title_zh = "已收到海关更晚的回执（{told}），未作更改。"
    told: str


def enter_shown(
    *,
    declaration: Declaration,
    status: str,
    list_no: str,
    shown_at: datetime,
    by: str,
    note: str,
    now: datetime,
) -> None:
    """Let what the port's page shows have the effect of the receipt that was lost.

    `status` is a returnStatus (放行 is "800"), `shown_at` when customs decided so. The receipt, where it
    comes after all, changes nothing any more. Raises NotShown, KnownLater.
    """
    if status not in SHOWN or shown_at > now or not (list_no or declaration.list_no):
        raise NotShown()
    with tenant(declaration.storefront_id):
        _, row = held(declaration)
        filing = standing(row, Filing.Kind.LIST)
        if filing is None or row.state not in (*WITH_CUSTOMS, "released"):
            raise KnownLater(told=row.status or row.state)
        filing.declaration = row
        if not take_status(filing=filing, status=status, told_at=shown_at, head={"invtNo": list_no}):
            raise KnownLater(told=row.status)
        events.record(
            storefront_id=row.storefront_id,
            name="customs_declaration.shown",
            key=row.event_key,
            facts={"status": status, "list": row.list_no, "at": shown_at.isoformat(), "by": by, "note": note},
            now=now,
        )
        follow(filing=filing, info="", reference=f"shown:{by}", now=now)
