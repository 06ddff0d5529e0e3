"""No clock of an incident runs out unseen: what is due soon, or overdue, is put before an operator once."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from compliance.incidents import DUTIES, Duty, warning
from compliance.law import Law
from compliance.models.incident import Incident
from compliance.services.incident import missing_duties
from kernel.cases import open_case
from kernel.clock import shanghai_day
from kernel.models import Case

ENDED = ("closed", "dismissed")


def case_kinds(duty: str) -> tuple[str, str]:
    """The kinds of case for a duty that is due soon, and for one that is overdue."""
    return f"incident.{duty}", f"incident.{duty}_overdue"


def watch_incidents(*, now: datetime) -> int:
    """Open a case for each duty that is due soon or overdue; how many were opened.

    Run twice, or by two at once, it opens each once: a case settled by a colleague is not opened again.
    """
    law, soon = Law(shanghai_day(now)), Q()
    for duty in DUTIES:
        soon |= Q(**{f"{duty}_due_at__lte": now + warning(duty, law), f"{duty}_told_at": None})
    opened = 0
    for incident in Incident.objects.exclude(state__in=ENDED).filter(soon):
        for duty in missing_duties(incident):
            opened += _warn(incident, duty, law, now)
    return opened


def _warn(incident: Incident, duty: Duty, law: Law, now: datetime) -> int:
    due_at: datetime = getattr(incident, f"{duty}_due_at")
    if due_at - warning(duty, law) > now:
        return 0
    kind = case_kinds(duty)[due_at <= now]
    if Case.objects.filter(kind=kind, key=incident.event_key).exists():
        return 0
    open_case(
        storefront_id=incident.storefront_id,
        kind=kind,
        key=incident.event_key,
        title=f"Incident: {duty} {'overdue' if due_at <= now else 'due'}",
        facts={"incident": incident.number, "notice": duty, "due_at": due_at.isoformat()},
        now=now,
    )
    return 1
