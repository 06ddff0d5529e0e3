"""Some rows of `manage.py chaos customs`, and that comparing finds what is lost and what is doubled."""

from __future__ import annotations

import pytest

from backend.chaos import clearing, undoing
from backend.chaos.books import Finding, compare
from backend.chaos.faults import Spoilt
from backend.chaos.running import run
from backend.chaos.stage import Stage
from backend.chaos.trials import trials
from backend.journey.client import Sandbox
from customs.models import Declaration, ListedPieces, TaxSheet
from customs.services import data_given
from kernel.models import Event
from sandbox.switches import PORT_CALLS
from tests.customs.asking import enterprise, key

__all__ = ["enterprise", "key"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage(wechat, world, key, settings) -> Stage:
    """The house as faults are tried in it, with an account that the port knows; no web takes anything in."""
    return Stage(shop=world.shop, sku="HD-1", sandbox=Sandbox(wechat.url), served=False)


@pytest.mark.parametrize(
    ("step", "fault", "order", "besides"),
    [
        ("papers: made", "worker killed a document", "paid", "closed tax 1"),
        ("papers: 312 412 512", "receipts_taken 500_after", "paid", "closed tax 1"),
        ("list: sent", "worker killed after the call", "paid", "closed tax 1"),
        ("list: 622", "worker killed moving the allowance", "paid", "closed tax 1"),
        ("undo: the order ends", "worker killed before the commit", "cancelled", "cancelled"),
        ("undo: 625 sent", "ceb 500_after", "paid", "closed tax 3"),
        ("undo: 626", "worker killed giving the pieces back", "paid", "closed tax 3"),
        ("tax: 816 818", "worker killed keeping the sheet", "paid", "closed tax 2"),
        ("data: given", "worker killed after the call", "paid", "closed tax 1 data given"),
    ],
)
def test_whatever_goes_wrong_one_list_is_told_and_nothing_is_lost_or_doubled(
    stage, step, fault, order, besides
):
    (trial,) = [one for one in trials(f"{step} {fault}", "customs") if one.step == step]
    result = run(stage, trial)
    assert (result.order, result.besides.split(", ")[0], result.found) == (order, besides, Finding())


def test_every_call_to_the_port_and_each_step_is_tried():
    tried = list(trials("", "customs"))
    spoilt = {one.fault.call for one in tried if isinstance(one.fault, Spoilt)}
    assert {*PORT_CALLS, "ceb"} - spoilt == {"site_entries", "sign"}
    assert {one.step for one in tried if "killed" in one.fault.name} == {one.step for one in tried}
    assert len({one.name for one in tried}) == len(tried)


def found(stage: Stage, order) -> Finding:
    return compare(order=order, books=stage.books(), parts=stage.parts)


def test_what_only_customs_or_only_we_know_is_found(stage):
    order = clearing.heard(stage)
    stage.pass_time(clearing.SOON)
    clearing.listen(stage)
    assert found(stage, order) == Finding()
    row, told = Declaration.objects.get(), Event.objects.get(name="customs.released")
    Event.objects.create(name=told.name, key=told.key, seq=99, facts=told.facts, at=told.at)
    ListedPieces.objects.update(quantity=4)
    TaxSheet.objects.update(status="2")
    wrong = found(stage, order)
    assert wrong.doubled == ["pieces listed: 4 for 2", "releases: 2 for 1"]
    assert [text.split(" [")[0] for text in wrong.lost] == ["tax sheets"]
    Declaration.objects.filter(pk=row.pk).update(state="cancelled", released_at=None)
    wrong = found(stage, order)
    assert "lists at customs: 1 for 0" in wrong.doubled
    assert any(text.startswith("fen used of the year") for text in wrong.doubled)


def test_payment_data_that_customs_does_not_have_is_found(stage):
    order = clearing.heard(stage)
    undoing.ask(stage, order)()
    assert "payment data asked " in found(stage, order).open
    data_given.sweep(now=stage.now())
    books = stage.books()
    assert not any(
        "payment data" in text for text in compare(order=order, books=books, parts=stage.parts).open
    )
    books["port"]["uploads"].clear()
    wrong = compare(order=order, books=books, parts=stage.parts)
    assert wrong.doubled == ["payment data given that customs does not have"]
    books["port"]["requests"].append({"sessionID": "of which nothing is here"})
    assert compare(order=order, books=books, parts=stage.parts).lost == ["requests for payment data: 0 for 1"]
    stage.begin()
    assert clearing.due(stage).state == "paid"  # and what was given before stays as it is
