"""The life of an incident: registered at once, graded, contained, reported when all were told, closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from compliance.incidents import DUTIES, Duty, due, severity
from compliance.law import Law
from compliance.models.incident import Incident
from compliance.states import INCIDENT
from kernel import events, ids
from kernel.clock import shanghai_day
from kernel.errors import Conflict, Invalid

_DUTY_ZH: dict[Duty, str] = {"authority": "向主管部门报告", "persons": "通知个人", "final": "总结报告"}


@dataclass(eq=False)
class NotAllTold(Conflict):
    """Someone who must be told has not been told yet."""

    code = "incident_not_all_told"
    title = "Not everyone has been told yet: {missing}."
    title_zh = "尚有应履行的告知或报告未完成（{missing_zh}）。"
    missing: str
    missing_zh: str


class BadWindow(Invalid):
    """An incident begins before it ends, and is detected not before it begins."""

    code = "incident_window"
    title = "The period concerned begins before it ends and before its detection, which is not in the future."
    title_zh = "涉及时段须先始后终，且开始不晚于发现时间，发现时间不得晚于现在。"


def register_incident(
    *,
    storefront_id: int | None,
    kind: str,
    title: str,
    detected_at: datetime,
    window_from: datetime,
    window_to: datetime,
    contact: str,
    by: str,
    now: datetime,
    who: str = "",
    what: str = "",
    critical: bool = False,
) -> Incident:
    """Enter an incident; its clock runs from `detected_at`, as if it were a larger one until it is assessed.

    Without a storefront it is one of the whole platform. Raises BadWindow.
    """
    if not window_from <= window_to or not window_from <= detected_at <= now:
        raise BadWindow()
    clock = due(
        grade="", critical=critical, detected_at=detected_at, contained_at=None, law=_law(detected_at)
    )
    with transaction.atomic():
        incident = Incident.objects.create(
            number=ids.number(now),
            storefront_id=storefront_id,
            kind=kind,
            title=title,
            critical=critical,
            detected_at=detected_at,
            window_from=window_from,
            window_to=window_to,
            who=who,
            what=what,
            contact=contact,
            **{f"{duty}_due_at": at for duty, at in clock.items()},
        )
        record_step(incident, "detected", by=by, now=now)
    return incident


def assess_incident(
    *,
    incident: Incident,
    persons: int,
    loss_fen: int,
    data_kinds: Sequence[str],
    by: str,
    now: datetime,
    **texts: str,
) -> None:
    """Grade the incident by what is known now, and set its clock anew; may be repeated as more is known.

    `persons` is the officer's figure; where the frozen list counts more, that one holds. `texts` are
    cause_zh, cause_en, measures_zh, measures_en. Raises WrongState.
    """
    counted = incident.affected.order_by("-frozen_at").values_list("counts__persons", flat=True).first()
    persons = max(persons, counted or 0)
    law = _law(incident.detected_at)
    grade = severity(persons=persons, loss_fen=loss_fen, law=law)
    clock = due(
        grade=grade,
        critical=incident.critical,
        detected_at=incident.detected_at,
        contained_at=incident.contained_at,
        law=law,
    )
    changes: dict[str, Any] = {
        "severity": grade,
        "persons": persons,
        "loss_fen": loss_fen,
        "data_kinds": list(data_kinds),
        **texts,
        **{f"{duty}_due_at": at for duty, at in clock.items()},
    }
    facts = {"severity": grade, "persons": persons, "loss_fen": loss_fen, "by": by}
    INCIDENT.move(incident, "assess", now=now, facts=facts, **changes)


def contain_incident(*, incident: Incident, by: str, now: datetime) -> None:
    """The leak is stopped; the days until the final report begin. Raises WrongState."""
    clock = due(
        grade=incident.severity,
        critical=incident.critical,
        detected_at=incident.detected_at,
        contained_at=now,
        law=_law(incident.detected_at),
    )
    INCIDENT.move(
        incident, "contain", now=now, facts={"by": by}, contained_at=now, final_due_at=clock["final"]
    )


def waive_persons(*, incident: Incident, reason: str, by: str, now: datetime) -> None:
    """Decide not to tell the persons, because the measures effectively avoid harm (PIPL Art. 57).

    The authority may still demand it. Raises Conflict when they were told already or the incident has ended.
    """
    with transaction.atomic():
        changed = Incident.objects.filter(
            pk=incident.pk, persons_told_at=None, state__in=["assessed", "contained"]
        ).update(persons_waived=reason)
        if changed != 1:
            raise Conflict()
        record_step(incident, "waived", by=by, now=now, reason=reason)
    incident.persons_waived = reason


def report_incident(*, incident: Incident, by: str, now: datetime) -> None:
    """State that all that was owed has been told. Raises NotAllTold, WrongState."""
    missing = missing_duties(incident)
    if missing:
        raise NotAllTold(missing=", ".join(missing), missing_zh="、".join(_DUTY_ZH[duty] for duty in missing))
    INCIDENT.move(incident, "report", now=now, facts={"by": by})


def close_incident(*, incident: Incident, note: str, by: str, now: datetime) -> None:
    """End the incident with what was learnt; of two officers one closes it. Raises WrongState."""
    INCIDENT.move(incident, "close", now=now, facts={"by": by}, closed_at=now, closing_note=note)


def dismiss_incident(*, incident: Incident, note: str, by: str, now: datetime) -> None:
    """End what turned out to be no incident, saying why. Raises WrongState."""
    INCIDENT.move(incident, "dismiss", now=now, facts={"by": by}, closed_at=now, closing_note=note)


def missing_duties(incident: Incident) -> list[Duty]:
    """The duties that are owed and not yet done, in the order of their clock."""
    return [
        duty
        for duty in DUTIES
        if getattr(incident, f"{duty}_due_at")
        and not getattr(incident, f"{duty}_told_at")
        and not (duty == "persons" and incident.persons_waived)
    ]


def record_step(incident: Incident, what: str, *, by: str, now: datetime, **facts: Any) -> None:
    """A step of the incident's timeline that moves no state; in the transaction of the change."""
    events.record(
        storefront_id=incident.storefront_id,
        name=f"incident.{what}",
        key=incident.event_key,
        facts={"by": by, **facts},
        now=now,
    )


def _law(detected_at: datetime) -> Law:
    return Law(shanghai_day(detected_at))
