"""The shape of the house, walked: keys point down, files stay small, nothing is wired in secret."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from backend import personal
from catalog.states import PRODUCT
from compliance.states import INCIDENT, PAYER
from customers.states import IDENTITY, NEWS
from customs.states import CONSIGNMENT, DATA_REQUEST
from customs.states import DECLARATION as CUSTOMS
from kernel.errors import Invalid, Missing, Problem
from logistics.states import SHIPMENT, SHIPPING_INFO, WAYBILL
from orders.states import ORDER
from payments.states import ANSWER, BILL, COMPLAINT, DECLARATION, PAYMENT, REFUND
from settlement.states import BATCH

ROOT = Path(__file__).resolve().parents[2]
LAYERS = [
    {"kernel"},
    {"compliance"},
    {"storefronts"},
    {"customers", "catalog", "partners"},
    {"inventory", "shopfront"},
    {"orders"},
    {"payments", "logistics"},
    {"customs"},
    {"settlement"},
    {"returns", "reviews"},
    {"reporting"},
    {"miniprogram_api", "partner_api", "operators"},
    {"backend"},
]
HEIGHT = {app: height for height, row in enumerate(LAYERS) for app in row}


def sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"], cwd=ROOT, capture_output=True, check=True
    )
    files = [ROOT / name for name in listed.stdout.decode().split() if "/migrations/" not in name]
    return [file for file in files if file.exists()]


def test_foreign_keys_point_down():
    for model in apps.get_models():
        here = HEIGHT.get(model._meta.app_label)
        if here is None:
            continue
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model in apps.get_models():
                there = HEIGHT.get(field.related_model._meta.app_label)
                same = field.related_model._meta.app_label == model._meta.app_label
                assert same or there is None or there < here, f"{model.__name__}.{field.name} points up"


def test_what_belongs_to_a_storefront_says_so():
    plain = {"kernel", "compliance"}
    global_rows = {
        "BrandCompany",
        "Storefront",
        "Operator",
        "OperatorSession",
        "Telephone",
    }  # the tenant itself, and who stands above it
    lower_rows = {
        "Delivery",
        "Receipt",
        "Person",
        "AllowanceAccount",
        "AllowanceEntry",
        "TariffLine",
        "ReferenceRate",
        "RatePublication",
        "IdentityFinding",
        "PositiveListLine",
    }
    by_merchant = {"Notification"}  # comes before anyone knows whose it is
    for app in HEIGHT:
        for model in apps.get_app_config(app).get_models():
            if model.__name__ in global_rows | lower_rows | by_merchant:
                continue
            field = model._meta.get_field("storefront_id" if app in plain else "storefront")
            assert isinstance(field, models.BigIntegerField if app in plain else models.ForeignKey), model


def test_files_stay_under_400_lines():
    long = {str(f.relative_to(ROOT)): n for f in sources() if (n := len(f.read_text().splitlines())) > 400}
    made = {"partner_client/calls.py", "partner_client/shapes.py"}  # from the document, as long as it is
    assert long.keys() <= made, long


def test_every_module_opens_with_its_promise():
    bare = [
        str(file.relative_to(ROOT))
        for file in sources()
        if file.name != "__init__.py" and ast.get_docstring(ast.parse(file.read_text())) is None
    ]
    assert bare == []


def test_there_are_no_signals_and_no_drawers_for_odds_and_ends():
    for file in sources():
        name = str(file.relative_to(ROOT))
        assert not re.search(r"(^|/)(utils|helpers|common)(\.py|/)", name), name
        if not name.startswith("tests/"):
            assert not re.search(r"django\.dispatch|models\.signals|@receiver", file.read_text()), name


def test_every_sealed_or_indexed_field_is_declared_personal():
    declared = {(entry.model, entry.field) for entry in personal.FIELDS}
    secrets_of_the_house = {
        f"storefronts.{name}" for name in ("Storefront", "MerchantAccount", "PastMerchantKey")
    } | {"customs.PortAccount", "logistics.CarrierAccount", "partners.Application", "partners.Endpoint"}
    for model in apps.get_models():
        label = model._meta.label
        if model._meta.app_label not in HEIGHT or label in secrets_of_the_house:
            continue
        for field in model._meta.get_fields():
            if getattr(field, "name", "").endswith(("_sealed", "_index")) and field.concrete:
                assert (label, field.name) in declared, f"{label}.{field.name} has no entry in personal.py"
    for label, field in declared:
        apps.get_model(label)._meta.get_field(field)


@pytest.mark.parametrize(
    ("machine", "app"),
    [
        (ORDER, "orders"),
        (PAYMENT, "payments"),
        (REFUND, "payments"),
        (BILL, "payments"),
        (COMPLAINT, "payments"),
        (ANSWER, "payments"),
        (DECLARATION, "payments"),
        (PRODUCT, "catalog"),
        (PAYER, "compliance"),
        (INCIDENT, "compliance"),
        (IDENTITY, "customers"),
        (NEWS, "customers"),
        (BATCH, "settlement"),
        (SHIPMENT, "logistics"),
        (WAYBILL, "logistics"),
        (SHIPPING_INFO, "logistics"),
        (CUSTOMS, "customs"),
        (CONSIGNMENT, "customs"),
        (DATA_REQUEST, "customs"),
    ],
)
def test_the_state_picture_in_the_readme_is_fresh(machine, app):
    assert machine.picture() in (ROOT / app / "README.md").read_text()


def concrete(kind: type[Problem]) -> list[type[Problem]]:
    found = []
    for child in kind.__subclasses__():
        found += [child, *concrete(child)]
    return found


def test_every_error_has_a_code_of_its_own_and_two_languages():
    ours = [k for k in concrete(Problem) if k.__module__.split(".")[0] in {*HEIGHT, "wechat"}]
    codes: dict[str, type[Problem]] = {}
    for kind in ours:
        if "code" not in vars(kind):
            continue
        assert kind.code not in codes, f"{kind} and {codes[kind.code]} share a code"
        codes[kind.code] = kind
        assert re.search(r"[\u4e00-\u9fff]", kind.title_zh), f"{kind} speaks no Chinese"
        assert not re.search(r"[\u4e00-\u9fff]", kind.title), f"{kind} speaks no English"
    assert {Invalid.code, Missing.code} <= set(codes)


def test_the_list_of_errors_is_complete():
    listed = (ROOT / "docs" / "errors.md").read_text()
    for kind in concrete(Problem):
        if "code" in vars(kind) and not kind.__module__.startswith("tests"):
            assert f"`{kind.code}`" in listed, f"run `manage.py errors`: {kind.code} is not in docs/errors.md"
