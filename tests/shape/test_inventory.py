"""The inventory names every personal field; a new one without an entry is found by its name or its kind."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from backend import inventory
from backend.personal import FIELDS, HOLDINGS
from compliance.disclosures import words
from compliance.personal_fields import PersonalField


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


def test_every_app_that_declares_fields_is_among_the_holdings() -> None:
    assert {entry.model.split(".")[0] for entry in FIELDS} <= {holding.app for holding in HOLDINGS}


def test_the_page_is_fresh_and_a_stale_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("data_inventory", "--check")
    entry = PersonalField(
        "customers.Customer", "language", "ordinary", "x", "law", "y", "z", "w", ("customs",)
    )
    monkeypatch.setattr(inventory, "FIELDS", (*FIELDS, entry))
    assert "| `Customer.language` | ordinary | x | law | y | 海关 | z | w |" in inventory.page()
    with pytest.raises(CommandError, match="fallen behind"):
        call_command("data_inventory", "--check")
