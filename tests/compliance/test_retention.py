"""What has had its day goes, in steps; what has not stays; a dry run only counts; twice finds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from backend import retention
from backend.personal import KEEPINGS
from compliance import vault
from compliance.law import Law
from compliance.models import Access, AllowanceAccount, Consent, DataKey, Disclosure, Person
from compliance.services import create_subject, disclose, give_consent, withdraw_consent
from compliance.services.incident import dismiss_incident, register_incident
from compliance.services.incident_affected import freeze_affected
from compliance.services.retention import ended_before, retain
from kernel.clock import shanghai_day
from kernel.models import Job, Receipt
from orders.models import Order
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def turned_clock():
    """The database looks at a clock of its own, which a test does not turn: its word on keys stands apart."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE compliance_datakey DISABLE TRIGGER orders_keep_key")
        yield
        cursor.execute("ALTER TABLE compliance_datakey ENABLE TRIGGER orders_keep_key")


def of(*kinds: str):
    return [keeping for keeping in KEEPINGS if keeping.kind in kinds]


def receipts(count: int, at: datetime) -> None:
    for n in range(count):
        Receipt.objects.create(
            source=f"s{at}", key=str(n), fingerprint=b"f" * 32, status=200, body=b"{}", at=at
        )


def test_every_kind_of_record_has_a_name_and_a_figure_of_law_or_a_day_of_its_own():
    kinds = [keeping.kind for keeping in KEEPINGS]
    assert len(set(kinds)) == len(kinds)
    law = Law(shanghai_day(make.present()))
    for keeping in KEEPINGS:
        assert keeping.names["zh"] and keeping.names["en"]
        if keeping.figure:
            assert law.figure(f"retention/{keeping.figure}") > 0


@pytest.mark.parametrize(
    ("figure", "now", "before"),
    [
        ("receipt_days", datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 10, 21, tzinfo=UTC)),
        ("order_years", datetime(2026, 11, 20, tzinfo=UTC), datetime(2021, 11, 20, tzinfo=UTC)),
        ("log_years", datetime(2028, 2, 29, tzinfo=UTC), datetime(2025, 2, 28, tzinfo=UTC)),
        (None, datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)),
    ],
)
def test_the_day_is_counted_in_days_or_calendar_years(figure, now, before):
    assert ended_before(figure=figure, now=now) == before


def test_a_dry_run_counts_and_changes_nothing():
    receipts(3, make.NOW - timedelta(days=31))
    receipts(2, make.NOW - timedelta(days=29))
    (told,) = retain(keepings=of("kernel.receipts"), now=make.NOW, dry_run=True)
    assert (told.found, told.let_go) == (3, 0)
    assert Receipt.objects.count() == 5


def test_rows_go_in_steps_and_a_second_run_finds_nothing():
    receipts(5, make.NOW - timedelta(days=31))
    receipts(2, make.NOW - timedelta(days=29))
    (told,) = retain(keepings=of("kernel.receipts"), now=make.NOW, batch=2)
    assert (told.found, told.let_go) == (5, 5)
    assert Receipt.objects.count() == 2
    (again,) = retain(keepings=of("kernel.receipts"), now=make.NOW)
    assert again.let_go == 0


def test_a_run_that_dies_half_way_has_lost_nothing_and_the_next_goes_on(monkeypatch):
    receipts(5, make.NOW - timedelta(days=31))
    (keeping,) = of("kernel.receipts")
    steps = []

    def dies(rows, now):
        if steps:
            raise SystemExit
        steps.append(len(rows))
        Receipt.objects.filter(pk__in=[row.pk for row in rows]).delete()

    dying = type(keeping)(keeping.kind, keeping.names, keeping.due, keeping.figure, dies)
    with pytest.raises(SystemExit):
        retain(keepings=[dying], now=make.NOW, batch=2)
    assert Receipt.objects.count() == 3
    (told,) = retain(keepings=[keeping], now=make.NOW)
    assert told.let_go == 3


def test_an_orders_key_is_destroyed_on_its_day_and_then_its_traces_go(turned_clock):
    world = make.world()
    order = make.order(world.alice, ("HD-1", 1))
    day = order.key.destroy_on
    assert day.isoformat() == "2031-12-01"
    eve = datetime(2031, 11, 30, 4, 0, tzinfo=UTC)
    # The logs look at the database's own clock, which a test does not turn: they stand apart here.
    keepings = [keeping for keeping in KEEPINGS if not keeping.append_only]
    retain(keepings=keepings, now=eve)
    assert vault.unwrap(DataKey.objects.get(pk=order.key_id))
    retain(keepings=keepings, now=eve + timedelta(days=1))
    with pytest.raises(vault.VaultClosed):
        vault.unwrap(DataKey.objects.get(pk=order.key_id))
    order = Order.objects.get()
    assert (bytes(order.buyer_index), bytes(order.phone_index), bytes(order.address_index)) == (b"", b"", b"")
    assert (order.division_code, order.total_fen) == ("", order.total_fen)
    assert vault.unwrap(DataKey.objects.get(pk=world.alice.subject.key_id))  # the person's own data stays


def test_consents_and_logs_go_three_years_after_they_ended():
    now = make.present()
    subject = create_subject(storefront_id=7, now=make.NOW)[0]
    old, young = now - timedelta(days=3 * 366), now - timedelta(days=1000)
    for at in (old, young):
        give_consent(subject=subject, kind="marketing", version="1", now=make.NOW)
        Consent.objects.filter(withdrawn_at=None).update(given_at=at)
        withdraw_consent(subject_id=subject.id, kind="marketing", now=at)
        Access.objects.create(storefront_id=7, who="a", what="b", ref="c", purpose="d", at=at)
        disclose(
            storefront_id=7,
            subject_id=subject.id,
            recipient_kind="carrier",
            recipient="顺丰速运有限公司",
            country="CN",
            purpose="deliver",
            basis="contract",
            fields=["consignee_name"],
            now=at,
        )
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")  # who may not delete from these logs but through their narrow door
        try:
            retain(
                keepings=of("compliance.consents", "compliance.accesses", "compliance.disclosures"), now=now
            )
        finally:
            cursor.execute("RESET ROLE")
    assert [row.withdrawn_at for row in Consent.objects.all()] == [young]
    assert [row.at for row in Access.objects.all()] == [young]
    assert [row.at for row in Disclosure.objects.all()] == [young]


def test_the_report_stays_as_a_job():
    receipts(2, make.NOW - timedelta(days=31))
    counted = retention.run(by="ann", dry_run=True, now=make.NOW)
    done = retention.run(by="ann", dry_run=False, now=make.NOW)
    for job, let_go in ((counted, 0), (done, 2)):
        row = Job.objects.get(pk=job.pk)
        assert (row.kind, row.state, row.asked_by) == ("retention", "done", "ann")
        kinds = {one["kind"]: one for one in row.result["kinds"]}
        assert set(kinds) == {keeping.kind for keeping in KEEPINGS}
        assert (kinds["kernel.receipts"]["found"], kinds["kernel.receipts"]["let_go"]) == (2, let_go)
    assert counted.arguments == {"dry_run": True}


def test_the_worker_may_let_go_of_everything_and_in_thirty_years_nothing_is_left_to_do(
    settings, tmp_path, turned_clock
):
    settings.MEDIA_ROOT = tmp_path
    rows.fill(make.world())
    keepings = [keeping for keeping in KEEPINGS if not keeping.append_only]
    later = datetime(2060, 1, 1, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        try:
            first = {one.kind: one.let_go for one in retain(keepings=keepings, now=later)}
            again = retain(keepings=keepings, now=later)
        finally:
            cursor.execute("RESET ROLE")
    assert first["compliance.keys"] >= 1 and first["orders.traces"] == 1
    assert first["customers.exports"] == first["customers.attempts"] == first["customers.findings"] == 1
    assert first["kernel.receipts"] == first["customers.sessions"] == 1
    assert [one for one in again if one.found or one.let_go] == []


def test_a_dry_run_tells_what_a_run_lets_go_of_and_says_where_it_can_only_tell_the_least():
    person = Person.objects.create(number_index=b"p" * 33, created_at=make.NOW)
    AllowanceAccount.objects.create(person=person, year=2015, measure="value")
    make_incident_closed(years=7)
    kinds = of("compliance.affected", "compliance.incidents", "compliance.allowances", "compliance.persons")
    counted = retain(keepings=kinds, now=make.present(), dry_run=True)
    done = retain(keepings=kinds, now=make.present())
    assert {one.kind: (one.found, one.at_least) for one in counted} == {
        "compliance.affected": (1, False),
        "compliance.incidents": (1, False),
        "compliance.allowances": (1, False),
        "compliance.persons": (0, True),
    }
    assert {one.kind: one.let_go for one in done} == {
        "compliance.affected": 1,
        "compliance.incidents": 1,
        "compliance.allowances": 1,
        "compliance.persons": 1,
    }


def make_incident_closed(*, years: int) -> None:
    now = make.present()
    incident = register_incident(
        storefront_id=make.storefront().pk,
        kind="leak",
        title="t",
        detected_at=now,
        window_from=now,
        window_to=now,
        contact="c",
        by="o",
        now=now,
    )
    freeze_affected(incident=incident, owners=lambda table, refs: {}, by="o", now=now)
    dismiss_incident(incident=incident, note="x", by="o", now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE compliance_incident SET closed_at = now() - make_interval(years => %s)", [years]
        )
