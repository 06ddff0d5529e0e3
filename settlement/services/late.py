"""What institution or bank owe a batch for days is a case, which ends by itself when it comes."""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel.cases import open_case, settle_open
from kernel.clock import shanghai_day
from kernel.tenancy import tenant
from settlement.models import SettlementBatch

DAYS_TO_ANSWER = DAYS_TO_ARRIVE = 5
# What a state waits for: the case, how long, from which instant on, and the name of its day.
_WAITS = {
    "exported": (
        "forex.not_answered",
        "The institution has not answered the file of a batch",
        DAYS_TO_ANSWER,
        "exported_at",
        "exported_on",
    ),
    "answered": (
        "forex.not_received",
        "The bank has not credited what the institution settled",
        DAYS_TO_ARRIVE,
        "answered_at",
        "answered_on",
    ),
}


def watch_batches(*, now: datetime) -> int:
    """Put batches before an operator whose answer has not come within DAYS_TO_ANSWER, or whose money not
    within DAYS_TO_ARRIVE; how many there are. Each is looked at again under its lock."""
    late = 0
    for state, (kind, title, days, since, named) in _WAITS.items():
        waits = {"state": state, f"{since}__lte": now - timedelta(days=days)}
        for pk, storefront_id in SettlementBatch.objects.filter(**waits).values_list("pk", "storefront_id"):
            with tenant(storefront_id):
                batch = SettlementBatch.objects.select_for_update().filter(pk=pk, **waits).first()
                if batch is None:
                    continue  # it has come in this moment
                open_case(
                    storefront_id=storefront_id,
                    kind=kind,
                    key=batch.event_key,
                    title=title,
                    facts={"batch": batch.number, named: shanghai_day(getattr(batch, since)).isoformat()},
                    now=now,
                )
                late += 1
    return late


def answered(batch: SettlementBatch, *, now: datetime) -> None:
    """The institution has answered: called with the batch's row held."""
    _settle("exported", batch, "the institution has answered", now)


def arrived(batch: SettlementBatch, *, now: datetime) -> None:
    """The bank has told of all of it: called with the batch's row held."""
    _settle("answered", batch, "all of it is there", now)


def _settle(state: str, batch: SettlementBatch, note: str, now: datetime) -> None:
    settle_open(kinds=[_WAITS[state][0]], key=batch.event_key, by="system", note=note, now=now)
