"""An assessment is recorded as it was made; where one is missing or its day has come, an operator is told.

Owed is one for each kind of processing that happens, of each storefront that holds data of anyone; one of the
whole platform serves every storefront.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from compliance.assessments import Processing, happening
from compliance.models import ImpactAssessment, Subject
from kernel import events
from kernel.cases import open_case, settle_case
from kernel.clock import shanghai_day
from kernel.errors import Invalid
from kernel.models import Case

MISSING, OVERDUE = "assessment.missing", "assessment.overdue"
_TITLES = {MISSING: "An impact assessment is missing", OVERDUE: "An impact assessment must be made anew"}


class BadAssessment(Invalid):
    """An assessment was made today or before, and is made anew on a later day than today."""

    code = "assessment_days"
    title = "It was made today or before, and is made anew after today."
    title_zh = "评估日期不得晚于今日，下次评估日期须晚于今日。"


@dataclass(frozen=True, slots=True)
class Owed:
    """What a storefront lacks: no assessment that lets the processing go on, or one whose day has come."""

    storefront_id: int
    processing: ImpactAssessment.Processing
    kind: str
    review_on: date | None

    @property
    def key(self) -> str:
        """Under which its case stands."""
        return f"assessment:{self.processing}-{self.storefront_id}"


def record_assessment(
    *,
    storefront_id: int | None,
    processing: str,
    assessed_on: date,
    assessed_by: str,
    purpose: str,
    impact: str,
    measures: str,
    acceptable: bool,
    review_on: date,
    by: str,
    now: datetime,
) -> ImpactAssessment:
    """Write the assessment, and settle the cases that waited for it. Raises BadAssessment.

    One that does not let the processing go on settles nothing.
    """
    if not assessed_on <= shanghai_day(now) < review_on:
        raise BadAssessment()
    with transaction.atomic():
        made = ImpactAssessment.objects.create(
            storefront_id=storefront_id,
            processing=Processing(processing),
            assessed_on=assessed_on,
            assessed_by=assessed_by,
            purpose=purpose,
            impact=impact,
            measures=measures,
            acceptable=acceptable,
            review_on=review_on,
            recorded_by=by,
            recorded_at=now,
        )
        events.record(
            storefront_id=storefront_id,
            name="assessment.recorded",
            key=f"assessment:{made.pk}",
            facts={"by": by, "processing": made.processing, "acceptable": acceptable},
            now=now,
        )
        still = {one.key for one in owed(now=now)}
        waiting = Case.objects.filter(
            kind__in=(MISSING, OVERDUE),
            key__startswith=f"assessment:{made.processing}-",
            state=Case.State.OPEN,
        )
        for case in waiting.select_for_update():
            if case.key not in still:
                settle_case(case=case, by=by, note=str(made), now=now)
    return made


def owed(*, now: datetime) -> list[Owed]:
    """Every assessment that is missing or overdue on the day of `now`, in three statements at most."""
    kinds = happening()
    shops = list(
        Subject.objects.filter(erased_at=None)
        .order_by("storefront_id")
        .values_list("storefront_id", flat=True)
        .distinct()
    )
    last: dict[tuple[str, int | None], ImpactAssessment] = {}
    for row in ImpactAssessment.objects.filter(processing__in=kinds).order_by("assessed_on", "id"):
        last[row.processing, row.storefront_id] = row
    return [
        one
        for shop in shops
        for kind in kinds
        if (one := _owed(shop, kind, [last.get((kind, shop)), last.get((kind, None))], shanghai_day(now)))
    ]


def watch_assessments(*, now: datetime) -> int:
    """Open a case for everything that is owed; how many are. One that stands open is only counted again."""
    found = owed(now=now)
    for one in found:
        facts = {"processing": one.processing.value}
        if one.review_on is not None:
            facts["review_on"] = one.review_on.isoformat()
        open_case(
            storefront_id=one.storefront_id,
            kind=one.kind,
            key=one.key,
            title=_TITLES[one.kind],
            facts=facts,
            now=now,
        )
    return len(found)


def _owed(
    shop: int, processing: ImpactAssessment.Processing, made: list[ImpactAssessment | None], today: date
) -> Owed | None:
    """The storefront's own youngest one decides; without one, the platform's."""
    row = next((one for one in made if one is not None), None)
    if row is None or not row.acceptable:
        return Owed(shop, processing, MISSING, None)
    if row.review_on <= today:
        return Owed(shop, processing, OVERDUE, row.review_on)
    return None
