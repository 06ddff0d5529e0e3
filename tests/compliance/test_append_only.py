"""The roles that serve add to the logs and the evidence, and can neither change nor remove a row of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.utils import IntegrityError

from compliance import vault
from compliance.models import Access, DataKey, PayerCheck
from compliance.services import (
    answer_payer,
    ask_payer,
    create_subject,
    give_consent,
    open_payer_check,
    rename_orderer,
    withdraw_consent,
)
from compliance.services.chain import chain_logs
from kernel import approvals

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
APPEND_ONLY = (
    "compliance_access",
    "compliance_allowanceentry",
    "compliance_chainlink",
    "compliance_impactassessment",
    "compliance_judgement",
    "orders_orderline",
    "kernel_event",
)
pytestmark = pytest.mark.django_db


@pytest.fixture(params=["web", "worker"])
def role(request):
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {request.param}")
    yield request.param
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {0} SET id = id", "DELETE FROM {0}", "TRUNCATE {0} CASCADE", "SELECT 1 FROM {0} FOR UPDATE"],
)
def test_what_was_written_cannot_be_changed(role, table, statement):
    with (
        pytest.raises(ProgrammingError, match=f"permission denied for table {table}"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table))


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_it_is_read_all_the_same(role, table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    "table",
    ["compliance_chainlink", "compliance_referencerate", "settlement_evidence", "settlement_ratepublication"],
)
def test_only_a_worker_chains_and_writes_what_it_is_told_of_trades_and_rates(table):
    with connection.cursor() as cursor:
        found = {}
        for role in ("web", "worker"):
            cursor.execute("SELECT has_any_column_privilege(%s, %s, 'INSERT')", [role, table])
            found[role] = cursor.fetchone()[0]
    assert found == {"web": False, "worker": True}


def access(at: datetime) -> None:
    Access.objects.create(storefront_id=7, who="op:3", what="t.f", ref="1", purpose="case", at=at)


def test_a_worker_may_remove_what_is_older_than_the_floor_and_nothing_younger():
    for year in (2020, 2021, 2026):
        access(datetime(year, 6, 1, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        cursor.execute("SELECT compliance_access_forget('2021-01-01')")
        assert cursor.fetchone() == (1,)
        with pytest.raises(IntegrityError, match="kept for 3 years"), transaction.atomic():
            cursor.execute("SELECT compliance_access_forget(now() - interval '2 years')")
        cursor.execute("RESET ROLE")
    assert sorted(row.at.year for row in Access.objects.all()) == [2021, 2026]


@pytest.mark.parametrize(
    ("table", "floor"),
    [
        ("compliance_access", 3),
        ("compliance_consent", 3),
        ("compliance_disclosure", 3),
        ("compliance_impactassessment", 3),
        ("compliance_judgement", 5),
        ("compliance_noticeseen", 3),
        ("compliance_payercheck", 5),
    ],
)
def test_every_door_lets_go_of_500_a_call_and_keeps_its_floor(table, floor):
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s", [f"{table}_forget"])
        [(source,)] = cursor.fetchall()
    assert "LIMIT 500 FOR UPDATE SKIP LOCKED" in source
    assert f"interval '{floor} years'" in source


def test_a_door_lets_go_of_500_a_call_the_oldest_numbers_first():
    old = datetime(2020, 6, 1, tzinfo=UTC)
    Access.objects.bulk_create(
        Access(storefront_id=7, who="op:3", what="t.f", ref=str(n), purpose="case", at=old)
        for n in range(501)
    )
    access(NOW)
    gone = []
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
        for _ in range(3):
            cursor.execute("SELECT compliance_access_forget('2021-01-01')")
            gone.append(
                (cursor.fetchone()[0], list(Access.objects.order_by("id").values_list("ref", flat=True)))
            )
        cursor.execute("RESET ROLE")
    assert gone == [(500, ["500", "1"]), (1, ["1"]), (0, ["1"])]


def test_the_web_may_remove_nothing_at_all():
    access(datetime(2020, 6, 1, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE web")
        with (
            pytest.raises(ProgrammingError, match="permission denied for function compliance_access_forget"),
            transaction.atomic(),
        ):
            cursor.execute("SELECT compliance_access_forget('2021-01-01')")
        cursor.execute("RESET ROLE")
    assert Access.objects.count() == 1


def refused(role: str, statement: str, *parameters: object) -> str:
    """Why the database refuses this to the role."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        try:
            with pytest.raises((ProgrammingError, IntegrityError)) as told, transaction.atomic():
                cursor.execute(statement, parameters)
        finally:
            cursor.execute("RESET ROLE")
    return str(told.value).splitlines()[0]


@pytest.mark.parametrize("role_", ["web", "worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO compliance_access (id, storefront_id, who, what, ref, purpose, at)"
        " VALUES (9000000000000000000, 7, 'x', 'x', 'x', 'x', now())",
        "INSERT INTO compliance_disclosure (id) VALUES (9000000000000000000)",
    ],
)
def test_nobody_chooses_the_number_of_a_row_that_is_chained(role_, statement):
    assert refused(role_, statement).startswith("permission denied for table compliance_")


def test_the_chain_goes_on_after_rows_that_were_written_by_those_who_serve(role):
    Access.objects.bulk_create(
        Access(storefront_id=7, who="op:3", what="t.f", ref=str(n), purpose="case", at=NOW) for n in range(3)
    )
    access(NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
    assert [(head.storefront_id, head.position) for head in chain_logs()] == [(7, 4)]


@pytest.mark.parametrize("role_", ["web", "worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM compliance_datakey",
        "UPDATE compliance_datakey SET destroy_on = '2020-01-01'",
        "UPDATE compliance_datakey SET wrapped = 'x', master_key_id = 'x'",
        "DELETE FROM compliance_consent",
        "UPDATE compliance_consent SET given_at = given_at - interval '1 year'",
        "DELETE FROM compliance_incident",
        "DELETE FROM compliance_incidentnotice",
        "UPDATE compliance_incidentnotice SET sha256 = 'x'",
        "UPDATE compliance_incidentnotice SET zh = 'x', en = 'x'",
        "DELETE FROM orders_order",
        "UPDATE orders_orderline SET price_fen = 1",
        "DELETE FROM compliance_tariffline",
        "UPDATE compliance_tariffline SET vat_rate = 0",
        "INSERT INTO compliance_tariffline DEFAULT VALUES",
        "DELETE FROM compliance_positivelistline",
        "UPDATE compliance_positivelistline SET hs_code = 'x'",
        "INSERT INTO compliance_positivelistline DEFAULT VALUES",
        "DELETE FROM compliance_referencerate",
        "UPDATE compliance_referencerate SET cny_per_100 = 1",
        "UPDATE compliance_referencerate SET first_day = first_day - 1",
        "DELETE FROM compliance_payercheck",
        "UPDATE compliance_payercheck SET port = '0000'",
        "UPDATE compliance_allowanceaccount SET year = 2019",
        "UPDATE compliance_allowanceaccount SET person_id = NULL",
        "DELETE FROM kernel_approval",
        "UPDATE kernel_approval SET asked_by = 'x'",
        "UPDATE kernel_approval SET facts = '{}'",
        "DELETE FROM orders_orderline",
    ],
)
def test_evidence_is_neither_removed_nor_dated_anew(role_, statement):
    assert refused(role_, statement).startswith("permission denied for table ")


def test_a_consent_that_ended_stays_ended():
    subject = create_subject(storefront_id=7, now=NOW)[0]
    give_consent(subject=subject, kind="marketing", version="1", now=NOW)
    withdraw_consent(subject_id=subject.id, kind="marketing", now=NOW)
    told = refused("web", "UPDATE compliance_consent SET withdrawn_at = NULL")
    assert told == "compliance_consent is written once and never changed"


def test_a_key_is_not_overwritten_and_a_destroyed_one_does_not_come_back():
    create_subject(storefront_id=7, now=NOW)
    never = "compliance_datakey is written once and never changed"
    for role in ("web", "worker"):
        assert refused(role, "UPDATE compliance_datakey SET wrapped = 'x'") == never
    key = DataKey.objects.get()
    assert vault.destroy_key(key_id=key.pk, now=NOW)
    assert refused("worker", "UPDATE compliance_datakey SET wrapped = 'x', destroyed_at = NULL") == never


@pytest.mark.parametrize("role_", ["web", "worker"])
@pytest.mark.parametrize("table", ["allowanceaccount", "incident", "incidentaffected", "incidentnotice"])
def test_a_year_and_an_incident_are_removed_by_no_statement_of_those_who_serve(role_, table):
    told = refused(role_, f"DELETE FROM compliance_{table}")
    assert told == f"permission denied for table compliance_{table}"


@pytest.mark.parametrize(
    ("table", "years"), [("allowanceaccount", 5), ("incident", 3), ("incidentaffected", 3)]
)
def test_their_doors_are_the_workers_alone_and_have_a_floor(table, years):
    ask = f"SELECT compliance_{table}_forget(%s::timestamptz)"
    too_young = datetime.now(UTC) - timedelta(days=365 * years - 2)
    assert refused("worker", ask, too_young) == f"compliance_{table} is kept for {years} years"
    told = refused("web", ask, NOW - timedelta(days=9000))
    assert told == f"permission denied for function compliance_{table}_forget"


def test_no_door_lets_go_of_a_movement_without_its_balance():
    told = refused("worker", "SELECT compliance_allowanceentry_forget('2000-01-01')")
    assert told.startswith("function compliance_allowanceentry_forget(unknown) does not exist")


def test_what_was_granted_or_declined_is_not_decided_anew(role):
    """Not even by the owner: a second decision is a second approval."""
    asked = [approvals.ask(storefront_id=7, verb="v", key=k, facts={}, by="ann", now=NOW) for k in "ab"]
    for approval, granted in zip(asked, (True, False), strict=True):
        approvals.decide(approval=approval, by="bob", granted=granted, reason="", now=NOW)
    for statement in (
        "UPDATE kernel_approval SET granted = NOT granted",
        "UPDATE kernel_approval SET granted = NULL, decided_by = '', decided_at = NULL",
        "UPDATE kernel_approval SET reason = 'x'",
    ):
        for who in (role, "owner"):
            assert refused(who, statement) == "kernel_approval is decided once"


def test_a_payer_is_asked_about_with_the_rights_that_are_left(role):
    check = open_payer_check(storefront_id=7, order_number="A", port="3105", now=NOW)
    ask_payer(check=check, now=NOW)
    answer_payer(check=check, answer="different", now=NOW)
    rename_orderer(check=PayerCheck.objects.get(), now=NOW)
    assert PayerCheck.objects.get().state == "renamed"
