"""An incident is graded by dated figures, its clock is seen, whom it concerned is counted and told once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from compliance import vault
from compliance.incident_texts import kinds, kinds_of
from compliance.incidents import due, severity, warning
from compliance.law import Law
from compliance.models import Access
from compliance.models.incident import Incident, IncidentAffected, IncidentNotice
from compliance.services.incident import (
    BadWindow,
    NotAllTold,
    assess_incident,
    close_incident,
    contain_incident,
    dismiss_incident,
    register_incident,
    report_incident,
    waive_persons,
)
from compliance.services.incident_affected import PEOPLE, Ended, freeze_affected, people_of
from compliance.services.incident_notice import AlreadyTold, draft_notice, tell
from compliance.services.incident_watch import watch_incidents
from kernel.errors import Conflict
from kernel.ids import uuid7
from kernel.models import Case, Event
from kernel.states import WrongState

DETECTED = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
LAW = Law(date(2026, 11, 26))
MILLION = 1_000_000
pytestmark = pytest.mark.django_db


def after(**more: float) -> datetime:
    return DETECTED + timedelta(**more)


def incident(shop: int | None = 7, **changes) -> Incident:
    return register_incident(
        **{
            "storefront_id": shop,
            "kind": "leak",
            "title": "客服账号异常查看收件人电话",
            "detected_at": DETECTED,
            "window_from": after(days=-2),
            "window_to": DETECTED,
            "contact": "合规负责人 compliance@shop.test",
            "by": "officer",
            "now": after(minutes=5),
            **changes,
        }
    )


def assess(made: Incident, persons: int = 3, **changes) -> None:
    values = {"loss_fen": 0, "data_kinds": ["name", "phone"], "by": "officer", "now": after(minutes=30)}
    assess_incident(incident=made, persons=persons, **{**values, **changes})


def looked(who: str, ref: object, *, what="orders.order.consignee_phone", shop: int = 7, hours=-1) -> None:
    Access.objects.create(
        storefront_id=shop, who=who, what=what, ref=str(ref), purpose="配送问题", at=after(hours=hours)
    )


@pytest.mark.parametrize(
    ("persons", "loss_fen", "grade"),
    [
        (999_999, 499_999_999, "ordinary"),
        (MILLION, 0, "larger"),
        (0, 500_000_000, "larger"),
        (10 * MILLION - 1, 0, "larger"),
        (10 * MILLION, 0, "major"),
        (0, 2_000_000_000, "major"),
        (100 * MILLION, 0, "extraordinary"),
        (0, 10_000_000_000, "extraordinary"),
    ],
)
def test_an_incident_is_graded_by_persons_or_loss_whichever_is_graver(persons, loss_fen, grade):
    assert severity(persons=persons, loss_fen=loss_fen, law=LAW) == grade


@pytest.mark.parametrize(
    ("grade", "critical", "authority"),
    [
        ("larger", False, 4),
        ("extraordinary", False, 4),
        ("major", True, 1),
        ("", False, 4),
        ("ordinary", True, 24),
    ],
)
def test_the_authority_is_told_within_4_hours_and_of_critical_infrastructure_within_1(
    grade, critical, authority
):
    clock = due(grade=grade, critical=critical, detected_at=DETECTED, contained_at=None, law=LAW)
    assert clock == {"authority": after(hours=authority), "persons": after(hours=24), "final": None}


def test_the_final_report_is_due_30_days_after_the_handling_ended():
    ended = after(days=2)
    clock = due(grade="larger", critical=False, detected_at=DETECTED, contained_at=ended, law=LAW)
    assert clock["final"] == ended + timedelta(days=30)
    assert (
        due(grade="ordinary", critical=False, detected_at=DETECTED, contained_at=ended, law=LAW)["final"]
        is None
    )


def test_until_it_is_assessed_an_incident_runs_by_the_clock_of_the_larger_ones():
    made = incident()
    assert (made.state, made.severity, made.authority_due_at) == ("detected", "", after(hours=4))
    assess(made)
    made.refresh_from_db()
    assert (made.state, made.severity, made.authority_due_at) == ("assessed", "ordinary", after(hours=24))
    assess(made, persons=2 * MILLION)
    made.refresh_from_db()
    assert (made.state, made.severity, made.authority_due_at) == ("assessed", "larger", after(hours=4))


@pytest.mark.parametrize(
    "changes",
    [
        {"window_from": after(hours=1)},
        {"window_to": after(days=-3)},
        {"detected_at": after(hours=1), "window_to": after(hours=1)},
    ],
)
def test_a_period_that_makes_no_sense_is_refused_and_nothing_is_entered(changes):
    with pytest.raises(BadWindow):
        incident(**changes)
    assert (Incident.objects.count(), Event.objects.count()) == (0, 0)


def test_whom_it_concerned_is_counted_from_the_access_log_and_the_list_is_sealed():
    alice, bob, gone = uuid7(), uuid7(), uuid7()
    owner = {"A1": alice, "A2": alice, "B1": bob}
    looked("mallory", "A1", hours=-2)
    looked("mallory", "A1")
    looked("mallory", "A2", what="orders.order.buyer_number")
    looked("mallory", "B1")
    looked("mallory", gone, what="customers.identity.number")
    looked("mallory", "B1", hours=-49)  # before the period
    looked("mallory", "C1", shop=8)  # another storefront's
    looked("mei", "D1")  # a colleague at work
    made = incident(who="mallory")
    frozen = freeze_affected(
        incident=made,
        owners=lambda table, refs: {ref: owner[ref] for ref in refs if ref in owner},
        by="officer",
        now=after(minutes=20),
    )
    assert frozen.counts == {
        "persons": 3,
        "unknown": 1,
        "accesses": 5,
        "by_storefront": {"7": {"persons": 3, "accesses": 5}},
        "by_label": {
            "customers.identity.number": 1,
            "orders.order.buyer_number": 1,
            "orders.order.consignee_phone": 3,
        },
    }
    stored = bytes(IncidentAffected.objects.get().people_sealed)
    assert str(alice).encode() not in stored and str(gone).encode() not in stored
    assert kinds_of(frozen.counts["by_label"]) == ["id_number", "phone"]

    people = people_of(frozen=frozen, who="officer", purpose="逐一通知", now=after(minutes=25))
    assert set(people["7"]) == {str(alice), str(bob), f"customers.identity:{gone}"}
    assert people["7"][str(alice)]["what"] == {
        "orders.order.buyer_number": 1,
        "orders.order.consignee_phone": 2,
    }
    left = Access.objects.get(what=PEOPLE)
    assert (left.who, left.purpose, left.ref, left.storefront_id) == (
        "officer",
        "逐一通知",
        str(frozen.pk),
        7,
    )


def test_what_the_log_counts_holds_against_a_smaller_guess():
    for ref in range(4):
        looked("mallory", ref)
    made = incident(who="mallory")
    freeze_affected(incident=made, owners=lambda table, refs: {}, by="officer", now=after(minutes=20))
    assess(made, persons=2)
    assert made.persons == 4
    assess(made, persons=9)
    assert made.persons == 9


def test_an_incident_of_the_platform_counts_every_storefront():
    looked("mallory", "A1")
    looked("mallory", "C1", shop=8)
    made = incident(None, who="mallory")
    frozen = freeze_affected(incident=made, owners=lambda table, refs: {}, by="officer", now=after(hours=1))
    assert frozen.counts["by_storefront"] == {
        "7": {"persons": 1, "accesses": 1},
        "8": {"persons": 1, "accesses": 1},
    }


def test_the_list_is_opened_by_its_key_alone_and_never_changed():
    made = incident()
    frozen = freeze_affected(incident=made, owners=lambda table, refs: {}, by="officer", now=after(hours=1))
    assert frozen.key.kind == "incident"
    assert frozen.key.destroy_on == date(2029, 12, 1)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        IncidentAffected.objects.update(frozen_by="nobody")
    vault.destroy_key(key_id=frozen.key_id, now=after(hours=2))
    frozen.refresh_from_db()
    with pytest.raises(vault.VaultClosed):
        people_of(frozen=frozen, who="officer", purpose="逐一通知", now=after(hours=3))


def test_the_notice_to_the_persons_holds_what_article_57_asks_in_both_languages():
    made = incident()
    assess(
        made,
        cause_zh="账号密码泄露",
        cause_en="a stolen password",
        measures_zh="已停用账号",
        measures_en="account closed",
    )
    notice = draft_notice(incident=made, duty="persons", by="officer", now=after(hours=1))
    concerned = [kinds()[code] for code in ("name", "phone")]
    for kind in concerned:
        for part in ("zh", "harm_zh", "advice_zh"):
            assert kind[part] in notice.zh
        for part in ("en", "harm_en", "advice_en"):
            assert kind[part] in notice.en
    for words in (
        made.number,
        "账号密码泄露",
        "已停用账号",
        "compliance@shop.test",
        "2026-11-26 10:00 (UTC+8)",
        "泄露",
    ):
        assert words in notice.zh
    for words in (made.number, "a stolen password", "account closed", "compliance@shop.test", "Article 57"):
        assert words in notice.en
    assert "{" not in notice.zh + notice.en
    assert (notice.version, notice.drafted_by, notice.sent_at) == (1, "officer", None)


@pytest.mark.parametrize("duty", ["authority", "final"])
def test_a_report_says_what_is_not_known_yet(duty):
    made = incident()
    notice = draft_notice(incident=made, duty=duty, by="officer", now=after(hours=1))
    assert "正在调查" in notice.zh and "under investigation" in notice.en
    assert "尚未" in notice.zh and "{" not in notice.zh + notice.en


def test_a_draft_may_be_reworded_and_each_wording_stays():
    made = incident()
    first = draft_notice(incident=made, duty="authority", by="officer", now=after(hours=1))
    second = draft_notice(incident=made, duty="authority", zh="改后", by="officer", now=after(hours=2))
    assert (second.version, second.zh, second.en) == (2, "改后", first.en)
    assert first.sha256 != second.sha256
    assert made.notices.count() == 2


def test_telling_ends_the_duty_and_its_case_and_the_words_stay():
    made = incident()
    watch_incidents(now=after(hours=3))
    notice = draft_notice(incident=made, duty="authority", by="officer", now=after(hours=3))
    tell(notice=notice, channel="省级网信部门，传真", by="officer", now=after(hours=3.5))
    made.refresh_from_db()
    assert made.authority_told_at == after(hours=3.5)
    case = Case.objects.get(kind="incident.authority")
    assert (case.state, case.settled_by, case.note) == ("settled", "officer", "省级网信部门，传真")
    with pytest.raises(AlreadyTold):
        tell(notice=notice, channel="again", by="officer", now=after(hours=4))
    with pytest.raises(AlreadyTold):
        draft_notice(incident=made, duty="authority", by="officer", now=after(hours=4))
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        IncidentNotice.objects.update(zh="另说")
    assert Event.objects.filter(key=made.event_key, name="incident.told").count() == 1


def cases() -> dict[str, str]:
    return dict(Case.objects.values_list("kind", "state"))


def test_a_duty_that_is_due_soon_or_overdue_becomes_a_case_once():
    incident()
    assert watch_incidents(now=after(hours=1.9)) == 0
    assert watch_incidents(now=after(hours=2)) == 1
    assert watch_incidents(now=after(hours=3)) == 0
    assert cases() == {"incident.authority": "open"}
    assert watch_incidents(now=after(hours=4)) == 1
    assert cases() == {"incident.authority": "open", "incident.authority_overdue": "open"}
    Case.objects.update(state="settled", settled_at=DETECTED)
    assert watch_incidents(now=after(hours=5)) == 0
    assert Case.objects.filter(kind="incident.authority").get().seen == 1
    assert watch_incidents(now=after(hours=24)) == 1
    assert cases()["incident.persons_overdue"] == "open"


def test_a_dismissed_incident_and_persons_who_need_not_be_told_ring_no_alarm():
    dismissed = incident()
    dismiss_incident(incident=dismissed, note="测试账号", by="officer", now=after(hours=1))
    waived = incident()
    assess(waived)
    waive_persons(incident=waived, reason="数据已加密，密钥未泄露", by="officer", now=after(hours=1))
    notice = draft_notice(incident=waived, duty="authority", by="officer", now=after(hours=1))
    assert "不通知，理由：数据已加密，密钥未泄露" in notice.zh
    tell(notice=notice, channel="传真", by="officer", now=after(hours=1))
    assert watch_incidents(now=after(days=60)) == 0


def test_an_incident_of_which_someone_is_still_to_be_told_is_not_reported():
    made = incident()
    assess(made, persons=MILLION)
    contain_incident(incident=made, by="officer", now=after(hours=3))
    made.refresh_from_db()
    with pytest.raises(NotAllTold) as refused:
        report_incident(incident=made, by="officer", now=after(hours=3))
    assert refused.value.missing == "authority, persons, final"
    for duty in ("authority", "persons", "final"):
        tell(
            notice=draft_notice(incident=made, duty=duty, by="officer", now=after(hours=3)),
            channel="email",
            by="officer",
            now=after(hours=4),
        )
    made.refresh_from_db()
    report_incident(incident=made, by="officer", now=after(days=3))
    close_incident(incident=made, note="口令已轮换", by="officer", now=after(days=4))
    made.refresh_from_db()
    assert (made.state, made.closing_note, made.closed_at) == ("closed", "口令已轮换", after(days=4))
    names = Event.objects.filter(key=made.event_key).order_by("seq").values_list("name", flat=True)
    assert list(names) == [
        "incident.detected",
        "incident.assessed",
        "incident.contained",
        *["incident.drafted", "incident.told"] * 3,
        "incident.reported",
        "incident.closed",
    ]


def test_what_has_ended_is_not_moved_waived_or_counted_again():
    made = incident()
    dismiss_incident(incident=made, note="误报", by="officer", now=after(hours=1))
    with pytest.raises(WrongState):
        close_incident(incident=made, note="x", by="officer", now=after(hours=2))
    with pytest.raises(Conflict):
        waive_persons(incident=made, reason="x", by="officer", now=after(hours=2))
    with pytest.raises(Ended):
        freeze_affected(incident=made, owners=lambda table, refs: {}, by="officer", now=after(hours=2))
    made.refresh_from_db()
    assert (made.state, made.persons_waived, IncidentAffected.objects.count()) == ("dismissed", "", 0)


def test_how_early_a_duty_is_told_is_a_figure_of_the_house():
    early = {"authority": timedelta(hours=2), "persons": timedelta(hours=6), "final": timedelta(days=7)}
    assert {duty: warning(duty, LAW) for duty in early} == early
