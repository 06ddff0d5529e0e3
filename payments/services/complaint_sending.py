"""What was decided in a complaint is told to WeChat in three steps; what is unknown is read up there.

The try is committed; the call is made with no transaction open; the outcome is committed. From the second try
on the complaint's own state and history (协商历史) are read first: what WeChat has is not said again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from compliance import vault
from kernel.cases import open_failing, settle_open
from kernel.clock import now as present
from kernel.errors import Upstream
from kernel.tenancy import tenant
from payments import labels
from payments.gateways.wechat_pay import client_of
from payments.models import Complaint, ComplaintAct
from payments.services import complaint_clocks as timing
from payments.services import complaints
from payments.states import ANSWER
from wechat.errors import Rejected
from wechat.pay import complaints as wechat
from wechat.pay.client import PayClient

log = structlog.get_logger(__name__)

Kind = ComplaintAct.Kind
BATCH, FAILING = 50, "complaint.failing"
LEASE, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=30)
CLOCKS_APART = timedelta(minutes=5)
HISTORY = {
    Kind.REPLY: ("MERCHANT_RESPONSE",),
    Kind.APPROVE: ("MERCHANT_APPROVE_REFUND",),
    Kind.REJECT: ("MERCHANT_REFUSE_RERUND", "MERCHANT_REFUSE_REFUND"),  # the first is how WeChat spells it
}


def send(*, act_id: int, now: datetime) -> bool:
    """Say one thing that was decided; False where it is said already or its time has not come.

    Raises nothing of WeChat's: what failed is tried again, and what WeChat refuses is a case.
    """
    claimed = _claim(act_id, now)
    if claimed is None:
        return False
    act, before = claimed
    client = client_of(act.complaint.mchid)
    try:
        if not (before and _has(client, act)):
            _call(client, act)
    except Rejected as failure:
        _refused(act, failure, now)
        return True
    except Upstream as failure:
        log.warning("complaint_answer_unknown", complaint=act.complaint.external_id, error=failure.code)
        ComplaintAct.objects.filter(pk=act.pk).update(trouble=failure.code[:40])
        return True
    _said(act, now)
    if act.kind in (Kind.APPROVE, Kind.REJECT):
        _read_again(act.complaint, now)
    return True


def sweep(*, now: datetime) -> int:
    """Go on with all that is decided and not known to be said; returns how many were tried.

    One that fails in a way that nobody foresaw stops no other: it is a case, and tried again later.
    """
    due = ComplaintAct.objects.filter(state__in=["asked", "sent"], next_try_at__lte=now)
    tried = 0
    for act in due.select_related("complaint__order").order_by("next_try_at")[:BATCH]:
        try:
            tried += send(act_id=act.pk, now=now)
        except Exception as failure:
            _failing(act, failure, now)
    return tried


def _claim(act_id: int, now: datetime) -> tuple[ComplaintAct, int] | None:
    """The act, its next try moved on before it is made, and how many tries there were before."""
    found = ComplaintAct.objects.filter(pk=act_id).values_list("storefront_id", flat=True).first()
    if found is None:
        return None
    with tenant(found):
        act = (
            ComplaintAct.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("complaint__key")
            .filter(pk=act_id, state__in=["asked", "sent"], next_try_at__lte=now)
            .first()
        )
        if act is None:
            return None
        before = act.tries
        wait = min(LEASE * 2 ** min(before, 5), LONGEST_WAIT)
        ANSWER.move(act, "send", now=now, facts=_facts(act), tries=before + 1, next_try_at=now + wait)
    return act, before


def _has(client: PayClient, act: ComplaintAct) -> bool:
    """Whether WeChat has it from an earlier try whose answer we never saw."""
    complaint_id = act.complaint.external_id
    if act.kind == Kind.COMPLETE:
        return wechat.detail(client, complaint_id).state == wechat.State.PROCESSED
    text, since = _text(act), act.asked_at - CLOCKS_APART
    return any(
        step.kind in HISTORY[Kind(act.kind)]
        and step.at >= since
        and (act.kind == Kind.APPROVE or text in step.detail)
        for step in wechat.history(client, complaint_id)
    )


def _call(client: PayClient, act: ComplaintAct) -> None:
    complaint_id = act.complaint.external_id
    if act.kind == Kind.REPLY:
        wechat.respond(client, complaint_id, _text(act), tuple(act.images))
    elif act.kind == Kind.APPROVE:
        wechat.decide_refund(client, complaint_id, wechat.Decision.APPROVE, days=act.days)
    elif act.kind == Kind.REJECT:
        wechat.decide_refund(client, complaint_id, wechat.Decision.REJECT, reason=_text(act))
    else:
        wechat.complete(client, complaint_id)


def _said(act: ComplaintAct, now: datetime) -> None:
    """WeChat has it. A reply and a completion say themselves where the complaint stands now."""
    after = {Kind.REPLY: "processing", Kind.COMPLETE: "processed"}.get(Kind(act.kind))
    with tenant(act.storefront_id):
        row = Complaint.objects.select_for_update(of=("self",)).get(pk=act.complaint_id)
        settle_open(kinds=[FAILING], key=act.event_key, by="system", note="said", now=now)
        ANSWER.move(act, "succeed", now=now, facts=_facts(act), done_at=now, trouble="")
        if after is not None and row.state not in (after, "processed"):
            complaints.move(row, after, now=now, heard_at=present(), waits_for_answer=False)
        elif act.kind == Kind.REPLY:
            timing.settle(row, timing.REPLY_KINDS, "answered", now)
            Complaint.objects.filter(pk=row.pk).update(waits_for_answer=False)


def _refused(act: ComplaintAct, failure: Rejected, now: datetime) -> None:
    with tenant(act.storefront_id):
        row = (
            Complaint.objects.select_for_update(of=("self",)).select_related("order").get(pk=act.complaint_id)
        )
        settle_open(kinds=[FAILING], key=act.event_key, by="system", note="refused", now=now)
        ANSWER.move(act, "refuse", now=now, facts=_facts(act), trouble=failure.wechat_code[:40])
        told = {"answer": act.kind, "code": failure.wechat_code}
        timing.put_before(row, "complaint.refused", now, **told)
    _read_again(act.complaint, now)


def _failing(act: ComplaintAct, failure: Exception, now: datetime) -> None:
    complaint = act.complaint
    open_failing(
        storefront_id=act.storefront_id,
        kind=FAILING,
        key=act.event_key,
        title="What was decided in a complaint cannot be said: something that nobody foresaw",
        facts={
            "complaint": complaint.external_id,
            "order": complaint.order.number if complaint.order else "",
            "answer": act.kind,
            "merchant": complaint.mchid,
        },
        failure=failure,
        now=now,
    )


def _read_again(complaint: Complaint, now: datetime) -> None:
    """What WeChat makes of it is read; where that fails the next poll tells."""
    try:
        complaints.fetch(mchid=complaint.mchid, complaint_id=complaint.external_id, now=now)
    except Upstream as failure:
        log.warning("complaint_not_read", complaint=complaint.external_id, error=failure.code)


def _text(act: ComplaintAct) -> str:
    if not act.text_sealed:
        return ""
    key = vault.unwrap(act.complaint.key)
    return key.open(labels.COMPLAINT_ANSWER, act.public_id, bytes(act.text_sealed))


def _facts(act: ComplaintAct) -> dict[str, str]:
    return {"kind": act.kind, "by": act.by}
