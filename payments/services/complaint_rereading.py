"""The open complaints of the mini-program are read again: a push that never came leaves none as it was.

A complaint whose first push was lost is not found this way, since WeChat has no list of them; where the same
payment was complained of at WeChat Pay, that channel's list has it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import Q

from kernel.cases import open_failing, settle_open
from kernel.clock import now as present
from kernel.errors import Upstream
from payments.gateways import mini_program
from payments.models import Complaint
from payments.services import complaints
from wechat.errors import Malformed

log = structlog.get_logger(__name__)

FAILING = "complaint.not_read"
FOLLOWED_FOR = timedelta(days=60)  # what is no longer ours to answer, and of which no end is told


def reread(*, now: datetime) -> int:
    """Ask about each complaint that is open, and take in where it stands; returns how many were read.

    One that cannot be read, or fails in a way that nobody foresaw, stops no other: it is a case, and asked
    about again later.
    """
    begun = Q(state="processing", complained_at__gt=now - FOLLOWED_FOR)
    rows = Complaint.objects.filter(Q(state="pending") | begun, channel=Complaint.Channel.MINI_PROGRAM)
    read = 0
    for row in rows.select_related("order").order_by("heard_at", "pk"):
        try:
            _read(row, now)
            read += 1
        except Malformed as failure:
            _failing(row, failure, now)
        except Upstream as failure:
            log.warning("complaint_not_read", complaint=row.external_id, error=failure.code)
        except Exception as failure:
            _failing(row, failure, now)
    return read


def _read(row: Complaint, now: datetime) -> None:
    # A push names the second in which it was made: one of this very second is not older than the answer.
    asked_at = present().replace(microsecond=0)
    told = mini_program.complaint(
        storefront_id=row.storefront_id, complaint_id=row.external_id, asked_at=asked_at
    )
    complaints.take_in_mini_program(storefront_id=row.storefront_id, told=told, now=now)
    settle_open(kinds=[FAILING], key=row.event_key, by="system", note="read again", now=now)


def _failing(row: Complaint, failure: Exception, now: datetime) -> None:
    open_failing(
        storefront_id=row.storefront_id,
        kind=FAILING,
        key=row.event_key,
        title="A complaint made in the mini-program cannot be read again",
        facts={"complaint": row.external_id, "order": row.order.number if row.order else ""},
        failure=failure,
        now=now,
    )
