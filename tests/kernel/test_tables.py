"""Models that are made together are rendered once, and their tables come and go together."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.db.migrations import CreateModel
from django.db.migrations.state import ModelState, ProjectState

from kernel.tables import CreateModels

pytestmark = pytest.mark.django_db

SHELF = CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))])
BOOK = CreateModel(
    "Book",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("shelf", models.ForeignKey("kernel.shelf", models.PROTECT)),
    ],
)
READER = CreateModel("Reader", [("id", models.BigAutoField(primary_key=True))])
TOGETHER = CreateModels(SHELF, BOOK)


def tables() -> set[str]:
    return {"kernel_shelf", "kernel_book"} & set(connection.introspection.table_names())


@pytest.fixture
def states() -> tuple[ProjectState, ProjectState]:
    """Before, where the one model that there is has been rendered, and after."""
    before = ProjectState()
    READER.state_forwards("kernel", before)
    assert len(before.apps.get_models()) == 1
    after = before.clone()
    TOGETHER.state_forwards("kernel", after)
    return before, after


def test_the_tables_come_and_go_together(states):
    before, after = states
    with connection.schema_editor() as editor:
        TOGETHER.database_forwards("kernel", editor, before, after)
    assert tables() == {"kernel_shelf", "kernel_book"}
    with connection.cursor() as cursor:
        keys = connection.introspection.get_relations(cursor, "kernel_book")
    assert {name: key[:2] for name, key in keys.items()} == {"shelf_id": ("id", "kernel_shelf")}
    with connection.schema_editor() as editor:
        TOGETHER.database_backwards("kernel", editor, after, before)
    assert tables() == set()


def test_each_model_is_rendered_once(states, monkeypatch):
    before, after = states
    rendered: list[str] = []
    render = ModelState.render

    def told(state, apps):
        rendered.append(state.name)
        return render(state, apps)

    monkeypatch.setattr(ModelState, "render", told)
    with connection.schema_editor() as editor:
        TOGETHER.database_forwards("kernel", editor, before, after)
    assert sorted(rendered) == ["Book", "Reader", "Shelf"]
    assert {model.__name__ for model in before.apps.get_models()} == {"Reader"}
