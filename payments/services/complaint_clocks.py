"""No clock of a complaint runs out unseen: a case at once, another as the end nears, none after the answer.

While customs decides about the order the consumer is told so, with a day, before the first reply is due.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet

from compliance.law import Law
from kernel.cases import AlreadySettled, open_case, settle_case
from kernel.clock import shanghai_day
from kernel.models import Case
from kernel.tenancy import everything
from orders.models import Order
from payments.models import Complaint, Refund
from payments.services.refunds import again_key

REPLY_CLOCKS = ("complaint.reply_due", "complaint.reply_soon", "complaint.reply_overdue")
FINISH_CLOCKS = ("complaint.finish_soon", "complaint.finish_overdue")
REPLY_KINDS = (*REPLY_CLOCKS, "complaint.waiting")
KINDS = (*REPLY_KINDS, *FINISH_CLOCKS)
REFUND_OVERDUE = "complaint.refund_overdue"
EACH_TIME = ("complaint.waiting", "complaint.refused")
TITLES = {
    "complaint.reply_due": "A consumer complains: the first reply is due",
    "complaint.reply_soon": "The first reply to a complaint is due within hours",
    "complaint.reply_overdue": "The first reply to a complaint is overdue",
    "complaint.waiting": "The consumer wrote again in a complaint",
    "complaint.finish_soon": "A complaint must be finished within hours",
    "complaint.finish_overdue": "A complaint should have been finished",
    REFUND_OVERDUE: "A refund that was promised in a complaint has not arrived on its day",
    "complaint.refused": "WeChat refuses what was said in a complaint",
    "complaint.unreadable": "A complaint cannot be read",
    "complaint.not_taken": "What WeChat says of a complaint cannot be taken in",
    "complaint.not_listed": "A merchant's complaints cannot be listed",
    "complaint.same_number": "Two storefronts are told of a complaint under one number",
}


def clocks(channel: str, start: datetime, expires_at: datetime | None = None) -> tuple[datetime, datetime]:
    """Until when a complaint of this channel is answered first, and until when it is finished."""
    law = Law(shanghai_day(start))
    if channel == Complaint.Channel.MINI_PROGRAM:
        end = expires_at or start + _hours(law, "mini_program_hours")
        return end, end
    return start + _hours(law, "first_reply_hours"), start + _hours(law, "finish_hours")


def promised_days(now: datetime) -> int:
    """In how many days a refund is promised that waits for customs."""
    days: int = Law(shanghai_day(now)).figure("complaint/promised_refund_days")
    return days


def promised_day(now: datetime) -> date:
    """The day of that promise, in Shanghai."""
    return shanghai_day(now) + timedelta(days=promised_days(now))


def put_before(complaint: Complaint, kind: str, now: datetime, **facts: Any) -> bool:
    """Open a case of this kind; whether it is new. What a clock tells is told once in a round, settled or
    not; what someone did (`EACH_TIME`) anew whenever the last was settled."""
    before = Case.objects.filter(kind=kind, key=complaint.case_key)
    if kind in EACH_TIME:
        before = before.filter(state=Case.State.OPEN)
    if before.exists():
        return False
    number = complaint.order.number if complaint.order else ""
    told = {
        "complaint": complaint.external_id,
        "order": number,
        "out_trade_no": complaint.out_trade_no,
        "reply_by_at": complaint.reply_by.isoformat(),
        "finish_by_at": complaint.finish_by.isoformat(),
        **facts,
    }
    open_case(
        storefront_id=complaint.storefront_id,
        kind=kind,
        key=complaint.case_key,
        title=TITLES[kind],
        facts=told,
        now=now,
    )
    return True


def settle(complaint: Complaint, kinds: tuple[str, ...], note: str, now: datetime) -> None:
    """Settle the open cases of these kinds; those of earlier rounds too. A clock that still runs in the other
    channel keeps its case."""
    keys = {complaint.event_key, complaint.case_key}
    if complaint.joined is not None:
        keys |= {complaint.joined.event_key, complaint.joined.case_key}
    states = set(others(complaint).values_list("state", flat=True))
    running: tuple[str, ...] = REPLY_CLOCKS if "pending" in states else ()
    running += FINISH_CLOCKS if states & {"pending", "processing"} else ()
    over = [kind for kind in kinds if kind not in running]
    for case in Case.objects.filter(state=Case.State.OPEN, kind__in=over, key__in=keys):
        try:
            settle_case(case=case, by="system", note=note, now=now)
        except AlreadySettled:
            continue


@everything()
def look_for_another(complaint: Complaint, now: datetime) -> None:
    """WeChat gives a number once: where another storefront has it too one of the two was told what is not
    theirs. Each keeps its own row, and the house is told, no storefront."""
    same = Complaint.objects.filter(channel=complaint.channel, external_id=complaint.external_id)
    shops = sorted(set(same.values_list("storefront__code", flat=True)))
    if len(shops) > 1:
        open_case(
            storefront_id=None,
            kind="complaint.same_number",
            key=f"complaint:{complaint.external_id}",
            title=TITLES["complaint.same_number"],
            facts={"complaint": complaint.external_id, "storefronts": " ".join(shops)},
            now=now,
        )


def others(complaint: Complaint) -> QuerySet[Complaint]:
    """The complaints of the other channel that are one matter with this one."""
    lead = complaint.joined_id or complaint.pk
    return Complaint.objects.filter(Q(pk=lead) | Q(joined=lead)).exclude(pk=complaint.pk)


def near(complaint: Complaint, now: datetime) -> tuple[bool, bool]:
    """Whether the first reply, and the end, are due within the hours of warning or were due."""
    hours = Law(shanghai_day(now)).figure("complaint/warning_hours")
    reply = complaint.state == "pending" and complaint.reply_by - timedelta(hours=hours["reply"]) <= now
    return reply, complaint.finish_by - timedelta(hours=hours["finish"]) <= now


def watch(*, now: datetime) -> int:
    """Put before an operator whatever is due soon or overdue; how many cases were opened.

    Run twice, or by two at once, it opens each once: a case that a colleague settled is not opened again.
    """
    opened = 0
    living = Complaint.objects.filter(state__in=["pending", "processing"]).select_related("order", "joined")
    for complaint in living.order_by(F("reply_by")):
        reply, finish = near(complaint, now)
        if reply:
            kind = "complaint.reply_overdue" if complaint.reply_by <= now else "complaint.reply_soon"
            opened += put_before(complaint, kind, now)
        if finish and not (reply and complaint.finish_by == complaint.reply_by):
            kind = "complaint.finish_overdue" if complaint.finish_by <= now else "complaint.finish_soon"
            opened += put_before(complaint, kind, now)
    return opened + _watch_promises(now)


def asked_again(*, refund: Refund, now: datetime) -> None:
    """What was promised is kept by the refund that was asked for in place of a closed one."""
    closed = Refund.objects.filter(payment=refund.payment_id, state="closed")
    before = [one.pk for one in closed if again_key(one.out_refund_no) == refund.key]
    Complaint.objects.filter(refund__in=before).update(refund=refund)
    arrived(refund=refund, now=now)


def arrived(*, refund: Refund, now: datetime) -> None:
    """Where the consumer has the money none was promised in vain, though another was asked for instead.

    Called after the news of the refund is committed: who holds a payment's row waits for no complaint's.
    """
    if refund.state != "succeeded" or refund.owed:
        return
    instead = Q(refund__payment=refund.payment_id, refund__key=again_key(refund.out_refund_no))
    promised = Complaint.objects.filter(Q(refund=refund) | instead).select_related("joined")
    for complaint in promised.order_by("pk"):
        Complaint.objects.filter(pk=complaint.pk).update(refund=refund)
        settle(complaint, (REFUND_OVERDUE,), f"{refund.out_refund_no} arrived", now)


def _watch_promises(now: datetime) -> int:
    """Refunds that were promised by a day, on that day, unless the consumer has the money; over or not."""
    owed = Q(refund__redirected_to=Refund.Target.MERCHANT, refund__transferred_at=None)
    without = Q(refund__isnull=False) & (~Q(refund__state="succeeded") | owed)
    due = Complaint.objects.filter(without, refund_on__lte=shanghai_day(now))
    opened = 0
    for complaint in due.select_related("order", "joined", "refund").order_by("refund_on", "pk"):
        refund = complaint.refund
        assert refund is not None
        assert complaint.refund_on is not None
        told = {"refund": refund.out_refund_no, "promised_on": complaint.refund_on.isoformat()}
        opened += put_before(complaint, REFUND_OVERDUE, now, **told)
    return opened


def with_customs(complaint: Complaint) -> bool:
    """Whether customs has the order and has not decided: no money goes back until it has."""
    return (
        complaint.order_id is not None
        and Order.objects.filter(pk=complaint.order_id, gate=Order.Gate.WITH_CUSTOMS).exists()
    )


def _hours(law: Law, figure: str) -> timedelta:
    return timedelta(hours=law.figure(f"complaint/{figure}"))
