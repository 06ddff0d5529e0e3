"""Who works in a storefront: never is the last owner let go; who takes a list home is on record."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.urls import reverse

from kernel.models import Event
from storefronts.models import Membership
from storefronts.services.colleagues import mind_last_owner
from tests import make
from tests.operators import rows
from tests.operators.test_walk import enter
from tests.races.crowd import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make.storefront()


def test_a_storefront_keeps_an_owner_whoever_leaves_at_once(client, shop):
    owners = [rows.operator(name, shop) for name in ("anna", "ben")]
    enter(client, owners[0])
    rest = Membership.objects.get(operator=owners[1])
    gone = reverse("admin:storefronts_membership_delete", args=[rest.pk])
    assert client.post(gone, {"post": "yes"}).status_code == 302
    own = Membership.objects.get(operator=owners[0])
    last = reverse("admin:storefronts_membership_delete", args=[own.pk])
    told = client.post(last, {"post": "yes"}, follow=True)
    assert "仅剩此一位负责人" in told.content.decode() and Membership.objects.filter(pk=own.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_are_not_both_gone(shop):
    owners = [Membership.objects.get(operator=rows.operator(name, shop)) for name in ("anna", "ben")]

    def leaves(one):
        with transaction.atomic():
            mind_last_owner(one)
            one.delete()

    done = at_once([lambda one=one: leaves(one) for one in owners])
    assert sorted(type(one).__name__ for one in done) == ["LastOwner", "NoneType"]


def test_who_took_a_list_home_is_on_record(client, shop):
    enter(client, rows.operator("owner", shop))
    b"".join(client.get("/admin/inventory/freighttemplate/download/"))
    client.get(reverse("goods_export"), {"storefront": shop.pk, "kind": "csv"})
    told = list(Event.objects.filter(name="list.taken").order_by("id").values_list("facts", flat=True))
    assert told[0] == {"by": "owner", "taken": "inventory.FreightTemplate", "filters": [], "rows": 0}
    assert [one["taken"] for one in told] == ["inventory.FreightTemplate", "catalog.Variant"]
    assert told[1]["filters"] == ["kind", "storefront"]  # their names, and not what was typed in them
