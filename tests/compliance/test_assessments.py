"""Each kind of processing that happens has an assessment that lets it go on, or an operator is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from backend.personal import FIELDS, KEEPINGS
from compliance.assessments import happening
from compliance.models import ImpactAssessment
from compliance.personal_fields import PersonalField
from compliance.services import create_subject
from compliance.services.assessments import (
    MISSING,
    OVERDUE,
    BadAssessment,
    owed,
    record_assessment,
    watch_assessments,
)
from compliance.services.retention import retain
from kernel.models import Case, Event

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
ALL = ["sensitive", "automated", "provided", "abroad"]
pytestmark = pytest.mark.django_db


def assess(shop: int | None = 7, processing: str = "sensitive", **changes: Any) -> ImpactAssessment:
    return record_assessment(
        **{
            "storefront_id": shop,
            "processing": processing,
            "assessed_on": TODAY,
            "assessed_by": "合规负责人",
            "purpose": "核验订购人身份",
            "impact": "泄露将危害个人权益",
            "measures": "加密、遮盖、访问留痕",
            "acceptable": True,
            "review_on": date(2027, 11, 20),
            "by": "officer",
            "now": NOW,
            **changes,
        }
    )


def owes(now: datetime = NOW) -> list[tuple[int, str, str]]:
    return [(one.storefront_id, one.processing.value, one.kind) for one in owed(now=now)]


def field(klass: Any = "ordinary", *recipients: str) -> PersonalField:
    return PersonalField("a.B", "c", klass, "p", "law", "r", "e", "x", recipients)


def test_what_happens_is_read_from_the_fields_that_are_declared() -> None:
    assert happening(FIELDS) == happening() == ALL
    assert happening([]) == []
    assert happening([field()]) == ["automated"]
    assert happening([field("sensitive")]) == ["sensitive", "automated"]
    assert happening([field("ordinary", "carrier")]) == ["automated", "provided"]
    assert happening([field("ordinary", "brand_abroad")]) == ["automated", "provided", "abroad"]


def test_a_storefront_that_holds_data_of_anyone_owes_one_of_each_kind() -> None:
    assert owes() == []
    create_subject(storefront_id=7, now=NOW)
    create_subject(storefront_id=7, now=NOW)
    assert owes() == [(7, one, MISSING) for one in ALL]
    assess()
    assert owes() == [(7, one, MISSING) for one in ALL[1:]]


def test_one_of_the_platform_serves_every_storefront_until_one_has_its_own() -> None:
    for shop in (7, 8):
        create_subject(storefront_id=shop, now=NOW)
    for one in ALL:
        assess(None, one)
    assert owes() == []
    assess(8, "abroad", acceptable=False)
    assert owes() == [(8, "abroad", MISSING)]


def test_the_youngest_counts_and_one_whose_day_has_come_is_overdue() -> None:
    create_subject(storefront_id=7, now=NOW)
    for one in ALL:
        assess(7, one)
    assert owes(NOW + timedelta(days=364)) == []
    assert owes(NOW + timedelta(days=365)) == [(7, one, OVERDUE) for one in ALL]
    assess(processing="provided", acceptable=False)
    assert owes() == [(7, "provided", MISSING)]
    assess(processing="provided")
    assert owes() == []


def test_what_is_owed_becomes_one_case_and_is_settled_by_the_assessment_alone() -> None:
    create_subject(storefront_id=7, now=NOW)
    assert (watch_assessments(now=NOW), watch_assessments(now=NOW)) == (4, 4)
    case = Case.objects.get(key="assessment:sensitive-7")
    assert (case.kind, case.storefront_id, case.seen) == (MISSING, 7, 2)
    assert case.facts == {"processing": "sensitive"}
    assess(acceptable=False)
    assert Case.objects.filter(state="open").count() == 4
    assess()
    case.refresh_from_db()
    assert (case.state, case.settled_by) == ("settled", "officer")
    assert Case.objects.filter(state="open").count() == 3
    assert Event.objects.filter(name="assessment.recorded").count() == 2
    assert watch_assessments(now=NOW + timedelta(days=365)) == 4
    late = Case.objects.get(key="assessment:sensitive-7", state="open")
    assert (late.kind, late.facts["review_on"]) == (OVERDUE, "2027-11-20")


@pytest.mark.parametrize(
    "days", [{"assessed_on": date(2026, 11, 21)}, {"review_on": TODAY}, {"review_on": date(2026, 11, 1)}]
)
def test_an_assessment_was_made_by_today_and_is_made_anew_after_it(days: dict[str, date]) -> None:
    with pytest.raises(BadAssessment):
        assess(**days)
    assert not ImpactAssessment.objects.exists()


@pytest.mark.parametrize("empty", ["assessed_by", "purpose", "impact", "measures"])
def test_nothing_that_the_law_asks_to_be_weighed_is_left_out(empty: str) -> None:
    with pytest.raises(IntegrityError, match="assessment_whole"), transaction.atomic():
        assess(**{empty: ""})


def test_it_is_kept_for_three_years_after_its_day_and_goes_by_the_narrow_door() -> None:
    (keeping,) = (one for one in KEEPINGS if one.kind == "compliance.assessments")
    old = {"assessed_on": date(2021, 1, 4), "now": datetime(2021, 1, 4, 4, tzinfo=UTC)}
    assess(review_on=date(2022, 1, 4), **old)
    assess(review_on=date(2024, 1, 4), **old)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        try:
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute("DELETE FROM compliance_impactassessment")
            assert retain(keepings=[keeping], now=NOW)[0].let_go == 1
        finally:
            cursor.execute("RESET ROLE")
    assert ImpactAssessment.objects.get().review_on == date(2024, 1, 4)
