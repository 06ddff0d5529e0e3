"""How grave an incident is and what is due when, by the figures of the day on which it was detected; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from compliance.law import Law

Severity = Literal["ordinary", "larger", "major", "extraordinary"]
Duty = Literal["authority", "persons", "final"]

_GRAVEST_FIRST: tuple[Severity, ...] = ("extraordinary", "major", "larger")
DUTIES: tuple[Duty, ...] = ("authority", "persons", "final")


def severity(*, persons: int, loss_fen: int, law: Law) -> Severity:
    """The grade of an incident by the persons concerned or the direct loss in fen, whichever is graver."""
    for grade in _GRAVEST_FIRST:
        if persons >= law.figure(f"incident/{grade}_persons") or loss_fen >= law.figure(
            f"incident/{grade}_loss"
        ):
            return grade
    return "ordinary"


def warning(duty: Duty, law: Law) -> timedelta:
    """How long before its end a duty is put before an operator."""
    return timedelta(hours=law.figure("incident/warning_hours")[duty])


def due(
    *, grade: str, critical: bool, detected_at: datetime, contained_at: datetime | None, law: Law
) -> dict[Duty, datetime | None]:
    """Until when each duty is to be done; None for what is not owed, or not yet.

    An incident not yet assessed (`grade` "") runs by the clock of the larger ones: who knows late has not
    gained time by it. `critical` says that critical information infrastructure is concerned.
    """
    at_once = detected_at + timedelta(hours=law.figure("incident/without_delay_hours"))
    if grade == "ordinary":
        return {"authority": at_once, "persons": at_once, "final": None}
    hours = law.figure("incident/authority_hours_critical" if critical else "incident/authority_hours")
    days = timedelta(days=law.figure("incident/final_days"))
    return {
        "authority": detected_at + timedelta(hours=hours),
        "persons": at_once,
        "final": contained_at + days if contained_at else None,
    }
