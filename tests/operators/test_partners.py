"""An owner opens a partner, hands out a credential and takes it back; its secrets are on one page, once."""

from __future__ import annotations

import re

import pytest

from inventory.models import Warehouse
from kernel import approvals
from kernel.clock import now
from kernel.models import Approval
from partners.models import Application, Connection, Partner
from partners.services import accounts
from storefronts.models import Membership, Operator
from tests import make
from tests.operators.rows import operator
from tests.partners.calling import System, partner

pytestmark = pytest.mark.django_db
ADMIN = "/admin/partners"


@pytest.fixture
def shop(client):
    made = make.storefront()
    client.force_login(operator("olga", made, "owner"))
    return made


def step(client, row, name, **form):
    return client.post(f"{ADMIN}/{row._meta.model_name}/{row.pk}/step/{name}/", form)


def form(client, url):
    return re.search(r'name="once" value="([^"]+)"', client.get(url).content.decode())[1]


def secrets_of(answer: object) -> list[str]:
    page = answer.content.decode()
    return [
        re.search(rf"{name}\W+(?:<[^>]+>\s*)*([\w-]{{20,}})", page)[1]
        for name in ("client_id", "client_secret")
    ]


def test_an_owner_opens_a_partner_and_its_credential_is_shown_once(client, shop):
    form = {"storefront": shop.pk, "name": "Ningbo WMS", "kind": "warehouse", "country": "CN"}
    client.post(f"{ADMIN}/partner/add/", form)
    row = Partner.objects.get()
    assert Connection.objects.get().name == "Ningbo WMS"
    shown = step(client, row, "credential", scopes=["stock:read", "orders:read"])
    made = Application.objects.get()
    client_id, secret = secrets_of(shown)
    assert (client_id, made.scopes) == (made.client_id, ["profile", "stock:read", "orders:read"])
    assert "no-store" in shown["Cache-Control"]
    sent = {"scopes": ["stock:read"], "once": "a-form-of-its-own"}
    first, second = (step(client, row, "credential", **sent) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 302)
    assert secrets_of(first) and Application.objects.count() == 2
    Application.objects.latest("pk").delete()
    assert System(client, accounts.Issued(made, client_id, secret, "")).ask().status_code == 200
    page = client.get(f"{ADMIN}/application/{made.pk}/change/").content.decode()
    assert made.client_id in page
    assert secret not in page
    assert made.client_secret not in page


def test_rotating_and_revoking_are_buttons_of_the_owner(client, shop):
    row = accounts.issue_credential(partner=partner(shop), by="o", now=now()).credential
    step(client, row, "rotate", overlap="0")
    row.refresh_from_db()
    assert row.expires_at <= now()
    fresh = Application.objects.exclude(pk=row.pk).get()
    step(client, fresh, "revoke")
    fresh.refresh_from_db()
    assert fresh.revoked_at is not None


def test_of_a_form_that_is_sent_twice_one_credential_comes_and_its_secrets_are_told_once(client, shop):
    wms = partner(shop)
    url = f"{ADMIN}/partner/{wms.pk}/step/credential/"
    sent = {"scopes": ["stock:read"], "once": form(client, url)}
    first, second = client.post(url, sent), client.post(url, sent)
    made = Application.objects.get()
    assert secrets_of(first)[0] == made.client_id
    assert 'type="submit" class="bg-primary-600' not in first.content.decode()  # nothing to send again
    assert second["Location"] == f"{ADMIN}/partner/{wms.pk}/change/"
    assert "此表单已提交过" in client.get(second["Location"]).content.decode()
    url = f"{ADMIN}/application/{made.pk}/step/rotate/"
    sent = {"overlap": "0", "once": form(client, url)}
    assert [client.post(url, sent).status_code for _ in range(2)] == [200, 302]  # the old one is over by then
    assert Application.objects.count() == 2
    assert client.post(url, {"overlap": "0"}).status_code == 403


def test_an_owner_of_another_storefront_of_the_brand_ends_and_renews_what_the_partner_may_do_there(
    client, shop
):
    other = make.storefront("swift", brand=shop.brand)
    accounts.connect(partner=partner(shop), storefront=other, scopes=["stock:read"], by="o", now=now())
    client.force_login(operator("bob", other, "owner"))
    row = Connection.objects.get(storefront=other)
    url = f"{ADMIN}/connection/{row.pk}/step/end/"
    sent = {"once": form(client, url)}
    assert [client.post(url, sent).status_code for _ in range(2)] == [
        302,
        302,
    ]  # a second click is no refusal
    assert not Connection.objects.filter(storefront=other, ended_at=None).exists()
    assert Connection.objects.filter(storefront=shop, ended_at=None).exists()
    assert step(client, row, "again", scopes=["orders:read"]).status_code == 302
    fresh = Connection.objects.get(storefront=other, ended_at=None)
    assert (fresh.partner_id, fresh.scopes) == (row.partner_id, ["profile", "orders:read"])
    assert step(client, row, "again", scopes=["stock:read"]).status_code == 403
    step(client, fresh, "scopes", scopes=["stock:read"])
    assert Connection.objects.get(storefront=other, ended_at=None).scopes == ["profile", "stock:read"]


def test_a_partner_is_connected_to_another_storefront_of_the_brand_by_who_owns_both(client, shop):
    wms, other = partner(shop), make.storefront("swift", brand=shop.brand)
    foreign, olga = make.storefront("strange"), Operator.objects.get(username="olga")
    assert (
        step(client, wms, "connect", storefront=other.pk, scopes=["stock:read"]).status_code == 403
    )  # unseen
    work = Membership.objects.create(operator=olga, storefront=other, role="finance")
    Membership.objects.create(operator=olga, storefront=foreign, role="owner")
    assert step(client, wms, "connect", storefront=other.pk, scopes=["stock:read"]).status_code == 403
    Membership.objects.filter(pk=work.pk).update(role="owner")
    assert step(client, wms, "connect", storefront=foreign.pk, scopes=["stock:read"]).status_code == 200
    assert Connection.objects.count() == 1
    assert step(client, wms, "connect", storefront=other.pk, scopes=["stock:read"]).status_code == 302
    made = Connection.objects.get(storefront=other, ended_at=None)
    assert (made.partner, made.scopes) == (wms, ["profile", "stock:read"])
    assert step(client, wms, "connect", storefront=other.pk, scopes=["stock:read"]).status_code == 403


def test_what_a_partner_may_do_is_changed_and_ended_by_the_owner_of_that_storefront(client, shop):
    wms = partner(shop)
    step(client, Connection.objects.get(), "scopes", scopes=["orders:read"])
    assert Connection.objects.get(ended_at=None).scopes == ["profile", "orders:read"]
    step(client, Connection.objects.get(ended_at=None), "end")
    assert not Connection.objects.filter(ended_at=None).exists()
    bad = step(client, wms, "calling", networks="10.0.0.0/8\nnonsense", per_minute="60", state="active")
    assert "nonsense" in bad.content.decode()
    step(client, wms, "calling", networks="203.0.113.7", per_minute="60", state="suspended")
    wms.refresh_from_db()
    assert (wms.networks, wms.per_minute, wms.state) == (["203.0.113.7/32"], 60, "suspended")


def test_personal_data_is_given_to_a_partner_once_a_colleague_agrees_and_taken_back_alone(client, shop):
    partner(shop)

    def given(*scopes):
        step(client, Connection.objects.get(ended_at=None), "scopes", scopes=scopes)
        return Connection.objects.get(ended_at=None).scopes[1:]

    phone, name = ["orders:read", "personal:phone"], ["orders:read", "personal:name"]
    assert given("orders:read") == ["orders:read"] == given(*phone)
    asked = Approval.objects.get()
    assert (asked.verb, asked.facts["scopes"]) == ("bulk_export", ["profile", *phone])
    approvals.decide(approval=asked, by="lan", granted=True, reason="our warehouse", now=now())
    assert given(*name) == ["orders:read"]
    assert given(*phone) == phone == given(*phone)
    assert given("orders:read") == ["orders:read"] == given(*phone)
    step(client, Connection.objects.get(ended_at=None), "end")
    step(client, Connection.objects.latest("pk"), "again", scopes=phone)
    assert not Connection.objects.filter(ended_at=None).exists()


def test_who_is_no_owner_here_sees_or_does_nothing_of_it(client, shop):
    wms = partner(shop)
    row = accounts.issue_credential(partner=wms, by="o", now=now()).credential
    for role, status in (("merchandiser", 404), ("compliance", 403)):
        client.force_login(operator(f"a-{role}", shop, role))
        assert step(client, wms, "credential", scopes=["stock:read"]).status_code == status
        assert step(client, row, "revoke").status_code == status
    client.force_login(operator("eve", make.storefront("swift"), "owner"))
    for what in (wms, row, Connection.objects.get()):
        assert step(client, what, "end").status_code in (302, 404)
        assert client.get(f"{ADMIN}/{what._meta.model_name}/{what.pk}/change/").status_code in (302, 404)
    assert Application.objects.get().revoked_at is None
    assert Connection.objects.get().ended_at is None


def test_a_connection_is_limited_to_warehouses_and_widening_one_that_has_names_wants_a_colleague(
    client, shop
):
    made = [
        Warehouse.objects.create(
            storefront=where, code=code, name=code, name_zh=code, trade_mode="0110", customs_district="0100"
        )
        for where, code in ((shop, "near"), (shop, "far"), (make.storefront("swift"), "strange"))
    ]
    wms = partner(shop)

    def served(*rows, scopes=("stock:read",)):
        ticked = [f"{row.storefront_id}:{row.code}" for row in rows]
        step(client, Connection.objects.get(ended_at=None), "scopes", scopes=scopes, warehouses=ticked)
        return Connection.objects.get(ended_at=None).warehouses

    near, far, strange = made
    assert served(near, far) == ["far", "near"]
    assert served(strange) == ["far", "near"]  # another storefront's is no choice here
    named = ["stock:read", "personal:name"]
    accounts.connect(partner=wms, storefront=shop, scopes=named, warehouses=["near"], by="o", now=now())
    assert served(far, scopes=named) == ["near"]
    asked = Approval.objects.get()
    assert asked.facts["warehouses"] == ["far"]
    approvals.decide(approval=asked, by="lan", granted=True, reason="their second house", now=now())
    assert served(scopes=named) == ["near"]  # all of them is more than what was agreed to
    assert served(far, scopes=named) == ["far"]
    accounts.connect(partner=wms, storefront=shop, scopes=["stock:read"], by="o", now=now())
    assert Connection.objects.get(ended_at=None).warehouses == ["far"]  # as before, where nobody says
