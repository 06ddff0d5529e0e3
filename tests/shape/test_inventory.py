"""The inventory names every personal field; a new one without an entry is found by its name or its kind."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from backend import inventory
from backend.personal import FIELDS, HOLDINGS, KEEPINGS, STAYING
from compliance.chain import LOGS
from compliance.disclosures import words
from compliance.holdings import alone
from compliance.models import ChainLink, Person
from compliance.personal_fields import PersonalField

# Kept as long as the account itself, or the work: closing the account lets go of them, and no day does.
WITH_THE_ACCOUNT = (
    "as long as the account exists",
    "until the account is closed",
    "as long as the operator works here or the party answers for the storefront",
)


def let_go_on_a_day() -> set[str]:
    """The models whose rows some kind of record lets go of."""
    some_day = datetime(2026, 1, 1, tzinfo=UTC)
    models = {keeping.due(some_day).model._meta.label for keeping in KEEPINGS}
    return models | {model for keeping in KEEPINGS for model in keeping.along}


def test_no_field_that_looks_personal_is_undeclared() -> None:
    assert inventory.undeclared() == []


@pytest.mark.parametrize(
    "gone", ["customers.Customer.phone_index", "orders.Order.division_code", "storefronts.Operator.email"]
)
def test_a_field_without_an_entry_is_found(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    without = tuple(e for e in FIELDS if f"{e.model}.{e.field}" != gone)
    monkeypatch.setattr(inventory, "FIELDS", without)
    assert inventory.undeclared() == [gone]


@pytest.mark.parametrize(
    "name",
    [
        "buyer_phone",
        "phone",
        "openid",
        "receiver_name",
        "note_sealed",
        "email_index",
        "ip",
        "consignee_email",
    ],
)
def test_names_that_tell_of_a_person_are_known(name: str) -> None:
    assert inventory.TELLING.search(name)


@pytest.mark.parametrize("name", ["quantity", "shipping_at", "description_zh", "name_zh", "tipping"])
def test_other_names_are_not(name: str) -> None:
    assert not inventory.TELLING.search(name)


def test_every_entry_is_whole_and_names_a_field_that_exists_once() -> None:
    named = [(entry.model, entry.field) for entry in FIELDS]
    assert len(set(named)) == len(named)
    for entry in FIELDS:
        assert apps.get_model(entry.model)._meta.get_field(entry.field)
        assert all((entry.purpose, entry.retention, entry.export, entry.erase))
        assert set(entry.recipients) <= set(words("recipients"))


def test_what_is_known_not_to_be_personal_still_exists_and_is_not_declared() -> None:
    declared = {f"{entry.model}.{entry.field}" for entry in FIELDS}
    for names in inventory.NOT_PERSONAL.values():
        for name in names:
            model, _, field = name.rpartition(".")
            assert apps.get_model(model)._meta.get_field(field)
            assert name not in declared


def test_every_field_that_does_not_go_with_its_account_has_a_day_on_which_it_goes() -> None:
    dated = [entry for entry in FIELDS if entry.retention not in WITH_THE_ACCOUNT]
    assert {entry.model.split(".")[0] for entry in dated} == {
        "axes",
        "kernel",
        "compliance",
        "customers",
        "customs",
        "logistics",
        "orders",
        "payments",
        "returns",
        "storefronts",
    }
    assert sorted({entry.model for entry in dated} - let_go_on_a_day()) == []


def test_a_field_with_a_period_and_no_day_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "storefronts.Operator" not in let_go_on_a_day()
    without = tuple(keeping for keeping in KEEPINGS if keeping.kind != "compliance.allowances")
    monkeypatch.setattr(sys.modules[__name__], "KEEPINGS", without)
    with pytest.raises(AssertionError, match="AllowanceAccount"):
        test_every_field_that_does_not_go_with_its_account_has_a_day_on_which_it_goes()


def test_what_goes_along_and_what_stays_are_models_that_exist() -> None:
    for model in (*(model for keeping in KEEPINGS for model in keeping.along), *(s.model for s in STAYING)):
        assert apps.get_model(model)._meta.label == model


def test_what_stays_says_why_and_has_no_day() -> None:
    assert {one.model for one in STAYING} == {
        ChainLink._meta.label,
        "customs.ConsignedParcel",
        "customs.Declaration",
        "customs.TaxSheet",
        "payments.Bill",
        "payments.BillDifference",
        "logistics.Parcel",
        "payments.BillLine",
        "payments.FundLine",
        "payments.Payment",
        "payments.Refund",
        "settlement.Entry",
        "settlement.ForexReceipt",
        "settlement.SettlementBatch",
        "settlement.SettlementItem",
    }
    assert {one.model for one in STAYING}.isdisjoint(let_go_on_a_day())
    recipients = {
        "customs.Declaration": "海关",
        "customs.TaxSheet": "海关",
        "customs.ConsignedParcel": "海关、合作方",
        "logistics.Parcel": "承运人、合作方",
    }
    for one in STAYING:
        given = recipients.get(one.model, "")
        assert f"(`{one.model}`) | {given} | {one.why['zh']} {one.why['en']} |" in inventory.page()


def test_the_rows_of_every_chained_log_have_a_day() -> None:
    tables = {apps.get_model(model)._meta.db_table for model in let_go_on_a_day()}
    assert {log.table for log in LOGS} <= tables


def test_a_person_is_looked_for_in_every_table_that_points_to_one() -> None:
    pointing = {
        model._meta.db_table
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is Person
    }
    assert pointing == {
        "compliance_allowanceaccount",
        "compliance_subject",
        "customers_identity",
        "customers_namedpayer",
        "orders_order",
    }
    asked = str(alone(Person).query)
    assert [table for table in sorted(pointing) if f'"{table}"' not in asked] == []


def test_every_app_that_declares_fields_is_among_the_holdings() -> None:
    told = {entry.model.split(".")[0] for entry in FIELDS}
    assert told - {holding.app for holding in HOLDINGS} == {"axes"}  # a library's; storefronts answers for it


def test_the_page_is_fresh_and_a_stale_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("data_inventory", "--check")
    entry = PersonalField(
        "customers.Customer", "language", "ordinary", "x", "law", "y", "z", "w", ("customs",)
    )
    monkeypatch.setattr(inventory, "FIELDS", (*FIELDS, entry))
    assert "| `Customer.language` | ordinary | x | law | y | 海关 | z | w |" in inventory.page()
    with pytest.raises(CommandError, match="fallen behind"):
        call_command("data_inventory", "--check")
