"""Every sealed field of every model opens in its own row and column alone; found by walking the models."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.apps import apps
from django.db import models

from compliance import vault
from tests import make
from tests.operators.rows import fill

Place = tuple[str, str]  # label, ref
pytestmark = pytest.mark.django_db


def sealed_fields() -> list[models.Field]:
    return [
        field
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name.endswith("_sealed") and isinstance(field, models.BinaryField)
    ]


# A merchant number's keys, present and past, are sealed for that number: each opens for it alone.
ONE_PLACE = {"storefronts.PastMerchantKey.private_key_sealed"}


@pytest.fixture
def sealed(monkeypatch) -> dict[bytes, tuple[vault.Key, Place]]:
    """Everything that is sealed while the rows are made, with the key and the place it was sealed for."""
    seen: dict[bytes, tuple[vault.Key, Place]] = {}
    real = vault.Key.seal

    def seal(key: vault.Key, label: str, ref: UUID | str, text: str) -> bytes:
        blob = real(key, label, ref, text)
        seen[blob] = (key, (label, str(ref)))
        return blob

    monkeypatch.setattr(vault.Key, "seal", seal)
    world = make.made_world()
    fill(world)
    fill(world, 1)
    return seen


def test_a_field_moved_to_another_row_or_column_does_not_open(sealed):
    places = {place for _, place in sealed.values()}
    columns: dict[str, set[str]] = {}
    for field in sealed_fields():
        rows = [bytes(blob) for blob in field.model.objects.values_list(field.name, flat=True) if blob]
        assert rows, f"no row has {field}: make one in tests/operators/rows.py"
        for blob in rows:
            assert blob in sealed, f"{field} was not sealed by the vault"
            key, own = sealed[blob]
            key.open(*own, blob)
            columns.setdefault(str(field), set()).add(own[0])
            for place in places - {own}:
                with pytest.raises(vault.Tampered):
                    key.open(*place, blob)
        if str(field) in ONE_PLACE:
            columns.pop(str(field))
            continue
        refs = [sealed[blob][1][1] for blob in rows]
        assert len(refs) == len(set(refs)), f"two rows of {field} are sealed for the same place"
    labels = [label for found in columns.values() for label in found]
    assert len(labels) == len(columns) == len(set(labels)), "a column has a label, and no other column has it"


def test_nothing_opens_under_another_key(sealed):
    keys = {key.id: key for key, _ in sealed.values()}
    assert len(keys) >= 5
    for blob, (own, place) in sealed.items():
        for id, key in keys.items():
            if id != own.id:
                with pytest.raises(vault.Tampered):
                    key.open(*place, blob)
