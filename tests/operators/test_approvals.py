"""What the law lets a storefront do by approval alone: asked for here, decided by a colleague who may."""

from __future__ import annotations

import pytest

from kernel import approvals
from kernel.models import Approval
from storefronts import queries
from tests import make
from tests.operators import rows
from tests.operators.test_verbs import change, enter, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


def storefront_form(shop, *modes):
    return {
        "name": shop.name,
        "name_zh": shop.name_zh,
        "state": "open",
        "trade_modes": list(modes),
        "payment_window_seconds": "1800",
        "quote_window_seconds": "900",
    }


def decide(client, asked, verb="grant"):
    url = change("kernel_approval", asked.pk).replace("change", f"step/{verb}")
    return client.post(url, {"reason": "seen"})


def test_opening_1239_asks_for_an_approval_and_the_mode_stays_off(client, world):
    enter(client, rows.operator("owner", world.shop, "owner"))
    page = change("storefronts_storefront", world.shop.pk)
    answer = client.post(page, storefront_form(world.shop, "1210", "1239"), follow=True)
    assert "1239 waits for an approval, which was asked for." in answer.content.decode()
    asked = Approval.objects.get()
    assert (asked.verb, asked.key, asked.asked_by) == ("trade_mode", "maison:1239", "owner")
    assert queries.shop(world.shop.pk).trade_modes == ("1210", "1239")
    assert queries.shop(world.shop.pk).approved_modes == frozenset()
    client.post(page, storefront_form(world.shop, "1210", "1239"))
    assert Approval.objects.count() == 1


def test_compliance_or_an_owner_decides_what_the_law_asks_for_and_finance_does_not(client, world):
    asked = approvals.ask(
        storefront_id=world.shop.pk, verb="trade_mode", key="maison:1239", facts={}, by="me", now=make.NOW
    )
    assert queries.shop(world.shop.pk).approved_modes == frozenset()
    enter(client, rows.operator("fin", world.shop, "finance"))
    assert decide(client, asked).status_code == 403
    enter(client, rows.operator("law", world.shop, "compliance"))
    assert decide(client, asked).status_code == 302
    asked.refresh_from_db()
    assert (asked.granted, asked.decided_by, asked.reason) == (True, "law", "seen")
    assert queries.shop(world.shop.pk).approved_modes == {"1239"}


def test_who_asked_does_not_decide(client, world):
    asked = approvals.ask(
        storefront_id=world.shop.pk,
        verb="goods_gate",
        key="maison:sku:HD-1",
        facts={},
        by="law",
        now=make.NOW,
    )
    enter(client, rows.operator("law", world.shop, "compliance"))
    assert decide(client, asked).status_code == 403
    asked.refresh_from_db()
    assert asked.granted is None
    assert queries.shop(world.shop.pk).open_gates == frozenset()


def test_a_merchandiser_asks_for_the_gate_of_own_items_once(client, world):
    other = make.storefront("swift")
    foreign = make.variant(other, "S-1")
    enter(client, rows.operator("mei", world.shop, "merchandiser"))
    run(client, "catalog_variant", "ask_for_gate", world.dryer.pk, foreign.pk)
    answer = run(client, "catalog_variant", "ask_for_gate", world.dryer.pk)
    assert "already waits" in answer.content.decode()
    asked = Approval.objects.get()
    assert (asked.verb, asked.key, asked.storefront_id) == ("goods_gate", "maison:sku:HD-1", world.shop.pk)
