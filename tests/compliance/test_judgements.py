"""A judgement is one statement, sealed, and cannot be changed afterwards."""

from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from django.db import DatabaseError, connection, transaction

from compliance import vault
from compliance.models import Access, AllowanceAccount, AllowanceEntry, Judgement, Person
from compliance.services import create_subject, record_judgement
from compliance.services.judgement import FACTS
from tests.law.law_cases import judged, line, purchase

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_a_judgement_is_one_statement_and_tells_everything(django_assert_num_queries):
    subject, _ = create_subject(storefront_id=7, now=NOW)
    row, key = vault.new_key("order", 7)
    vault.insert_key(row)
    case = purchase(line(600_000), line(0))
    with django_assert_num_queries(1):
        id = record_judgement(
            storefront_id=7,
            subject_id=subject.id,
            order_number="261123A",
            purchase=case,
            verdict=judged(case),
            key=key,
            now=NOW,
            more_figures={"tax": [{"vat_rate": Decimal("0.13")}]},
        )
    stored = Judgement.objects.get(pk=id)
    assert (stored.allowed, stored.moment, stored.order_number) == (False, "checkout", "261123A")
    assert [r["rule"] for r in stored.refusals] == ["LIMIT-1"]
    assert "LIMIT-1" in stored.judged and "LIMIT-2" in stored.judged
    assert stored.refusals[0]["citation"] == "财关税〔2018〕49号 第一条"
    assert stored.figures["law"]["import/annual_limit"] == 2_600_000
    assert stored.figures["tax"] == [{"vat_rate": "0.13"}]
    assert len(stored.edition) == 64 and stored.decided_at == NOW and stored.key_id == row.id
    assert b"CREAM" not in bytes(stored.facts_sealed)
    facts = orjson.loads(key.open(FACTS, id, bytes(stored.facts_sealed)))
    assert [made["goods_fen"] for made in facts["lines"]] == [600_000, 0]
    assert facts["storefront_trade_modes"] == ["1210", "9610"]
    assert facts["lines"][0]["content_per_piece"] == "50"


def test_without_a_key_no_facts_are_kept():
    case = purchase(moment="quote")
    id = record_judgement(
        storefront_id=7,
        subject_id=None,
        order_number=None,
        purchase=case,
        verdict=judged(case),
        key=None,
        now=NOW,
    )
    stored = Judgement.objects.get(pk=id)
    assert bytes(stored.facts_sealed) == b"" and stored.allowed


def test_evidence_cannot_be_changed():
    case = purchase()
    record_judgement(
        storefront_id=7,
        subject_id=None,
        order_number="A",
        purchase=case,
        verdict=judged(case),
        key=None,
        now=NOW,
    )
    person = Person.objects.create(number_index=b"x", created_at=NOW)
    account = AllowanceAccount.objects.create(person=person, year=2026, reserved=1)
    AllowanceEntry.objects.create(
        account=account, order_number="A", kind="reserve", source="left", target="reserved", amount=1, at=NOW
    )
    Access.objects.create(who="a", what="b", ref="c", purpose="d", at=NOW)
    for table, change in (
        ("compliance_judgement", "allowed = false"),
        ("compliance_allowanceentry", "amount = 2"),
        ("compliance_access", "who = 'nobody'"),
    ):
        with (
            pytest.raises(DatabaseError, match=f"{table} is written once and never changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE {table} SET {change}")
    assert Judgement.objects.get().allowed
    assert Access.objects.get().who == "a"
