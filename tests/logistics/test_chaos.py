"""Some rows of `manage.py chaos logistics`, and that comparing finds what is lost and what is doubled."""

from __future__ import annotations

from typing import Any

import pytest

from backend.chaos.books import Finding, compare
from backend.chaos.faults import Spoilt
from backend.chaos.running import run
from backend.chaos.shipping import labelled, scanned
from backend.chaos.stage import Stage
from backend.chaos.trials import trials
from backend.journey.client import Sandbox
from inventory.models import Stock
from kernel.models import Event
from logistics.models import Parcel
from logistics.services import telling
from sandbox.switches import CARRIER_CALLS
from tests import make
from tests.stand_in import StandIn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage(carriers: StandIn, known: make.World) -> Stage:
    """The house as faults are tried in it, with accounts that the stand-in knows; no web takes pushes in."""
    told: dict[str, Any] = carriers.world["storefronts"][0]
    return Stage(shop=known.shop, sku="HD-1", sandbox=Sandbox(carriers.url), served=False, credentials=told)


@pytest.mark.parametrize(
    ("step", "fault", "besides"),
    [
        ("stock: receive", "worker killed amid the ledger", "to_pick waiting"),
        ("pack: pick", "worker killed before the commit", "packing waiting"),
        ("pack: pack", "worker killed a parcel", "labelled issued waiting"),
        ("pack: waybill", "worker killed after the call", "labelled issued waiting"),
        ("pack: waybill again", "sf_find 500_after", "labelled issued waiting"),
        ("pack: label", "worker killed before the commit", "labelled issued waiting"),
        ("way: leave", "two workers at once", "dispatched issued waiting"),
        ("way: first scan", "worker killed before the commit", "in_transit issued told"),
        ("way: push", "web killed before the commit", "in_transit issued told"),
        ("wechat: tell", "worker killed after the call", "in_transit issued told"),
        ("stock: return", "worker killed amid the ledger", "in_transit issued told"),
    ],
)
def test_whatever_goes_wrong_no_piece_no_parcel_and_no_word_is_lost_or_doubled(stage, step, fault, besides):
    (trial,) = [one for one in trials(f"{step} {fault}", "logistics") if one.step == step]
    result = run(stage, trial)
    assert (result.order, result.besides, result.found) == ("paid", besides, Finding())


def test_every_call_to_a_carrier_and_each_step_is_tried():
    tried = list(trials("", "logistics"))
    spoilt = {one.fault.call for one in tried if isinstance(one.fault, Spoilt)}
    unasked = {"sf_cancel", "poll", "poll_query"}
    assert set(CARRIER_CALLS) - spoilt == unasked
    assert {"ship_upload", "ship_order", "tracking_push"} <= spoilt
    assert {one.step for one in tried if "killed" in one.fault.name} == {one.step for one in tried}
    assert len({one.name for one in tried}) == len(tried)


def found(stage: Stage, shipment) -> Finding:
    return compare(order=shipment.order, books=stage.books(), parts=stage.parts)


def test_a_waybill_that_only_the_carrier_or_only_we_know_is_found(stage):
    shipment = labelled(stage)
    stage.deliver()
    assert found(stage, shipment) == Finding()
    waybill = Parcel.objects.get().waybill
    Parcel.objects.update(waybill="SF-ELSE")
    assert found(stage, shipment) == Finding(
        lost=[f"waybill {waybill}"], doubled=["waybill SF-ELSE: the carrier has none"]
    )


@pytest.mark.crooked_stock
def test_a_balance_that_left_its_ledger_and_a_hand_over_told_twice_are_found(stage):
    shipment = scanned(stage)
    stage.deliver()
    telling.sweep(now=stage.now())
    assert found(stage, shipment) == Finding()
    row = Stock.objects.get(variant__sku="HD-1")
    make.crook(row, on_hand=row.on_hand + 1)
    told = Event.objects.get(key=shipment.event_key, name="shipment.handed_over")
    Event.objects.create(
        storefront_id=told.storefront_id, name=told.name, key=told.key, seq=99, facts=told.facts, at=told.at
    )
    wrong = found(stage, shipment)
    assert [text.split(":")[0] for text in wrong.lost] == ["balance and ledger"]
    assert wrong.doubled == ["handed over 2 times"]
