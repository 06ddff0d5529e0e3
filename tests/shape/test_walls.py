"""Every table of a storefront has its wall, and each table without one says here why."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import connection

from tests.shape.test_house import ROOT, sources

pytestmark = pytest.mark.django_db

# Rows of ours that name no storefront.
WITHOUT = {
    "kernel_delivery": "an event's way to a handler: its name and key, never its facts",
    "kernel_receipt": "found by who calls and their key, both of which its reader must know",
    "compliance_person": "one human being, whichever storefronts they buy from",
    "compliance_allowanceaccount": "a person's year, which all storefronts share",
    "compliance_allowanceentry": "a movement of it",
    "compliance_tariffline": "the law's",
    "compliance_positivelistline": "the law's",
    "compliance_referencerate": "the law's",
    "settlement_ratepublication": "a published page",
    "customers_identityfinding": "the provider is asked once for all storefronts; found by a blind index",
    "payments_notification": "comes before anyone knows whose it is; read by its merchant number",
    "storefronts_brandcompany": "the house's own list of tenants",
    "storefronts_storefront": "the tenant itself: it is asked who is meant",
    "storefronts_operator": "who stands above storefronts",
    "storefronts_operatorsession": "who stands above storefronts is in",
    "storefronts_operator_groups": "not used",
    "storefronts_operator_user_permissions": "not used",
}
# Where everything is seen under a door: to find out who is meant, or because a person is one everywhere.
WIDE = {
    "backend/delivery.py": "the platform's own events",
    "compliance/services/incident_affected.py": "an incident of the platform concerned people of all",
    "customers/queries.py": "where an identity was carried to",
    "customers/services/attempts.py": "a number or a device may be tried in every storefront",
    "customers/services/exports.py": "the link tells whose copy it is",
    "customers/services/findings.py": "the provider's answer is kept while anyone's identity rests on it",
    "customers/services/sharing.py": "an identity is carried from one storefront to another",
    "customs/services/accounts.py": "a folder of the port's client is one storefront's alone",
    "customs/doors.py": "customs asks for an order, or looks at a good, of whomever",
    "kernel/cases.py": "a case of the platform's, whoever is at work",
    "logistics/queries.py": "the address tells whose carrier pushes",
    "operators/merchant.py": "a merchant number is one storefront's alone",
    "operators/middleware.py": "a superuser",
    "operators/partners.py": "a partner that came from another storefront is a row of its home",
    "operators/scope.py": "the memberships tell which storefronts are named",
    "orders/queries.py": "a person's year knows no storefront",
    "orders/services/patterns.py": "what is split is split over several storefronts",
    "partner_api/token.py": "the credentials tell who is meant",
    "partners/queries.py": "the token tells who is meant, who may act in several storefronts",
    "partners/services/sandbox.py": "a stranger is given keys of the one that the setting names",
    "payments/services/complaint_clocks.py": "the same number in two storefronts",
    "storefronts/services/colleagues.py": "who works elsewhere too is no single owner's to let in anew",
    "storefronts/services/second_factor.py": "an operator's own, told wherever they work",
    "storefronts/services/opening.py": "a merchant number is one storefront's alone",
    "storefronts/queries.py": "appid and merchant number tell who is meant",
}
WALLED = """
SELECT c.relname, c.relrowsecurity AND NOT c.relforcerowsecurity, p.polcmd, p.polpermissive,
       ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY (p.polroles) ORDER BY 1),
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
WHERE c.relname = ANY (%s) AND c.relnamespace = 'public'::regnamespace
"""
SEEN = (
    "((storefront_id = ANY (( SELECT named_storefronts() AS named_storefronts)::bigint[]))"
    " OR ( SELECT named_everything() AS named_everything))"
)
SHARED = {"compliance_datakey", "kernel_event"}  # rows without a storefront are everybody's


def tables() -> dict[str, bool]:
    """Our tables, and whether a row names its storefront."""
    ours = {path.parts[len(ROOT.parts)] for path in sources() if path.name == "models.py"}
    ours |= {path.parts[len(ROOT.parts)] for path in sources() if path.parent.name == "models"}
    found = [
        m
        for m in apps.get_models(include_auto_created=True)
        if m._meta.app_label in ours and not m._meta.proxy
    ]
    return {m._meta.db_table: any(f.column == "storefront_id" for f in m._meta.fields) for m in found}


def test_every_table_of_a_storefront_has_its_wall():
    owned = {name for name, own in tables().items() if own}
    assert len(owned) > 100
    with connection.cursor() as cursor:
        cursor.execute(WALLED, [list(owned)])
        rows = cursor.fetchall()
    assert {row[0] for row in rows} == owned
    bare = sorted(row[0] for row in rows if not row[1])
    assert bare == [], 'a migration of the app wants: from kernel.walls import wall; wall("…")'
    for table, _, command, permissive, roles, seen, written in rows:  # one policy a table: two would be ored
        wanted = f"((storefront_id IS NULL) OR {SEEN[1:]}" if table in SHARED else SEEN
        assert (command, permissive, roles) == ("*", True, ["web", "worker"]), table
        assert seen == written == wanted, table


def test_a_table_without_a_wall_has_a_reason():
    assert {name for name, own in tables().items() if not own} == set(WITHOUT)


def test_no_view_looks_over_the_wall():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND (relkind = 'm'"
            " OR relkind = 'v' AND 'security_invoker=true' <> ALL (coalesce(reloptions, '{}')))"
        )
        assert cursor.fetchall() == []


def test_whoever_sees_everything_says_why():
    wide = re.compile(r"\beverything(\(\)| if\b)")
    product = [f for f in sources() if f.relative_to(ROOT).parts[0] not in ("tests", "bench")]
    found = {str(f.relative_to(ROOT)) for f in product if wide.search(f.read_text())}
    assert found - {"kernel/tenancy.py"} == set(WIDE)
