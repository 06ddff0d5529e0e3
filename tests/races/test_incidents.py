"""Two officers at once: an incident is closed once, told once, and two drafts are two versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db.models import Max

from compliance.models.incident import Incident, IncidentNotice
from compliance.services.incident import close_incident, register_incident
from compliance.services.incident_notice import AlreadyTold, draft_notice, tell
from compliance.services.incident_watch import watch_incidents
from kernel.models import Case, Event
from kernel.states import WrongState
from tests.races.crowd import at_once

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made() -> Incident:
    return register_incident(
        storefront_id=7,
        kind="leak",
        title="t",
        detected_at=NOW,
        window_from=NOW,
        window_to=NOW,
        contact="c",
        by="officer",
        now=NOW,
    )


def test_without_the_guard_two_officers_read_the_same_last_version(made):
    both_have_read = Barrier(2)

    def next_version() -> int:
        last = made.notices.aggregate(last=Max("version"))["last"] or 0
        both_have_read.wait(timeout=20)
        return last + 1

    assert at_once([next_version, next_version]) == [1, 1]


def test_two_drafts_at_once_are_two_versions(made):
    drafted = at_once(
        [lambda: draft_notice(incident=made, duty="authority", by="officer", now=NOW).version] * 2
    )
    assert sorted(drafted) == [1, 2]


def test_of_two_officers_one_tells_the_authority(made):
    notices = [draft_notice(incident=made, duty="authority", by="officer", now=NOW) for _ in range(2)]
    answers = at_once(
        [lambda n=n: tell(notice=n, channel="fax", by=f"officer-{n.version}", now=NOW) for n in notices]
    )
    assert sorted(type(a) for a in answers if a is not None) == [AlreadyTold]
    assert IncidentNotice.objects.exclude(sent_at=None).count() == 1
    assert Event.objects.filter(name="incident.told").count() == 1


def test_of_two_officers_one_closes_the_incident(made):
    Incident.objects.update(state="reported", severity="ordinary")
    rows = [Incident.objects.get() for _ in range(2)]
    answers = at_once(
        [
            lambda row=row, by=by: close_incident(incident=row, note=by, by=by, now=NOW)
            for row, by in zip(rows, ("mei", "tom"), strict=True)
        ]
    )
    assert [type(a) for a in answers if a is not None] == [WrongState]
    event = Event.objects.get(name="incident.closed")
    assert Incident.objects.get().closing_note == event.facts["by"]


def test_two_watches_at_once_open_one_case(made):
    at_once([lambda: watch_incidents(now=NOW + timedelta(hours=3))] * 2)
    assert Case.objects.filter(kind="incident.authority").count() == 1
