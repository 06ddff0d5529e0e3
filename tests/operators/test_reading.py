"""Each role reads what its work needs; books, persons and keys are not for all; who acts on it reads it."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin

from operators.reading import _READERS, BOOKS, INSPECTORS, PERSONS
from operators.scope import READERS
from operators.steps import Stepped
from tests.operators import rows
from tests.operators.full import full_world
from tests.operators.test_walk import detail_url, enter, list_url

pytestmark = pytest.mark.django_db


def test_who_may_act_on_a_page_may_read_it():
    blind = []
    for model, page in admin.site._registry.items():
        acting = page.writers if page.editable or page.addable or page.removable else frozenset()
        steps = page.steps if isinstance(page, Stepped) else ()
        if not acting.union(*(one.roles for one in steps)) <= page.readers:
            blind.append(model._meta.label)
    assert blind == []
    assert set(_READERS) <= {model._meta.label for model in admin.site._registry}


def test_each_role_reads_the_pages_of_its_work_and_finds_no_row_of_others(client):
    world, _ = full_world()
    assert {"finance", "auditor"} <= BOOKS and "customer_service" in PERSONS
    assert {"merchandiser", "fulfilment", "customer_service"} == READERS - BOOKS
    assert {"merchandiser", "fulfilment"} == READERS - PERSONS
    wrong = []
    for role in sorted(READERS):
        enter(client, rows.operator(f"the-{role}", world.shop, role))
        links = {
            item["link"]
            for group in client.get("/admin/").context["sidebar_navigation"]
            for item in group["items"]
        }
        for label, roles in _READERS.items():
            model = apps.get_model(label)
            seen = 200 if role in roles else 403
            if client.get(list_url(model)).status_code != seen:
                wrong.append((role, label, "list"))
            if role not in roles and list_url(model) in links:
                wrong.append((role, label, "menu"))
            row = model._default_manager.first()
            if (
                row is not None
                and role not in roles
                and client.get(detail_url(model, row.pk)).status_code == 200
            ):
                wrong.append((role, label, "page"))
    assert wrong == []
    assert INSPECTORS < BOOKS
