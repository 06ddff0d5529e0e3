"""Each entry of the list of personal fields names a field that exists."""

from django.apps import apps

from compliance.personal import FIELDS


def test_every_entry_names_a_field_of_this_app():
    for entry in FIELDS:
        model = apps.get_model(entry.model)
        assert model._meta.app_label == "compliance"
        assert model._meta.get_field(entry.field)
        assert entry.purpose and entry.retention and entry.export and entry.erase


def test_sealed_and_indexed_columns_are_all_listed():
    listed = {(entry.model, entry.field) for entry in FIELDS}
    for model in apps.get_app_config("compliance").get_models():
        for field in model._meta.concrete_fields:
            if field.name.endswith(("_sealed", "_index")):
                assert (f"compliance.{model.__name__}", field.name) in listed
