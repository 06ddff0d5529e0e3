"""What comes back is returned, however it was told; nobody's silence confirms the receipt of it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from kernel.clock import SHANGHAI
from kernel.models import Case, Event
from logistics.gateways.tracking import Report, Told
from logistics.models import Parcel, Shipment
from logistics.services import receipt, shipments, tracking
from logistics.services.standing import receipt_due
from logistics.vocabulary import understood
from tests.logistics import shipping
from tests.logistics.shipping import LATER
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
BEGUN = datetime(2026, 11, 20, 18, 0, tzinfo=SHANGHAI)
LOCKER = [("103", "已揽收"), ("5", "派件"), ("304", "已投柜"), ("6", "退回中"), ("4", "退签")]
STORIES = {
    "from a locker": (LOCKER, "returned", None),
    "still on its way back": (LOCKER[:4], "in_transit", None),
    "refused and fetched after all": (
        [*LOCKER[:3], ("14", "拒签"), ("5", "派件"), ("301", "本人签收")],
        "delivered",
        5,
    ),
    "scanned once more where it was signed for": ([*LOCKER[:3], ("1002", "干线")], "delivered", 2),
    "broken, as is seen once it is there": ([*LOCKER[:3], ("209", "破损")], "damaged", None),
}


@pytest.fixture
@step
def parcel(world) -> Parcel:
    shipping.sf(world.shop)
    return shipping.labelled(world)


def told(provider: str, *way: tuple[str, str]) -> list[Told]:
    return [
        Told(BEGUN + timedelta(hours=hour), understood(provider, code, text), code, text)
        for hour, (code, text) in enumerate(way)
    ]


def take_in(parcel: Parcel, lines: list[Told], provider: str = "kuaidi100") -> None:
    report = Report(provider, "SF", parcel.waybill, tuple(lines))
    tracking.take_in_tracking(storefront_id=parcel.storefront_id, report=report, now=LATER)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("manner", ["at once", "prefix by prefix", "shuffled", "backwards"])
def test_a_way_that_turns_ends_the_same_however_it_is_told(parcel, name, manner):
    way, ends, delivered = STORIES[name]
    lines = told("kuaidi100", *way)
    pieces = {
        "at once": [lines],
        "prefix by prefix": [lines[: end + 1] for end in range(len(lines))],
        "shuffled": [[one] for one in random.Random(7).sample(lines, len(lines))],
        "backwards": [[one] for one in reversed(lines)],
    }
    for piece in pieces[manner]:
        take_in(parcel, piece)
    row = Shipment.objects.get()
    at = None if delivered is None else BEGUN + timedelta(hours=delivered)
    due = None if at is None else receipt_due(at)
    assert (row.state, row.delivered_at, row.receipt_due_at) == (ends, at, due)


def test_what_came_back_from_a_locker_is_confirmed_by_nobodys_silence(parcel):
    lines = told("kuaidi100", *LOCKER)
    take_in(parcel, lines[:3])
    due = Shipment.objects.get().receipt_due_at
    assert due == receipt_due(BEGUN + timedelta(hours=2))
    for line in lines[3:]:
        take_in(parcel, [line])
    assert receipt.sweep(now=due + timedelta(days=1)) == 0
    row = Shipment.objects.get()
    assert (row.state, row.receipt_at, row.receipt_due_at) == ("returned", None, None)
    assert dict(Case.objects.filter(kind__startswith="tracking.ret").values_list("kind", "state")) == {
        "tracking.returning": "settled",
        "tracking.returned": "open",
    }


def test_an_operator_can_say_that_what_was_delivered_came_back(parcel):
    take_in(parcel, told("kuaidi100", *LOCKER[:3]))
    row = shipments.find_out(shipment=Shipment.objects.get(), verb="return", by="op", now=LATER)
    row.refresh_from_db()
    assert (row.state, row.delivered_at, row.receipt_due_at) == ("returned", None, None)


@pytest.mark.parametrize("piecewise", [True, False])
def test_signed_for_by_its_sender_a_parcel_of_sf_is_returned(parcel, piecewise):
    lines = told(
        "sf", ("50", "已收件"), ("44", "派送中"), ("648", "快件退回"), ("44", "派送中"), ("80", "已签收")
    )
    for end in range(1 if piecewise else len(lines), len(lines) + 1):
        take_in(parcel, lines[:end], "sf")
    row = Shipment.objects.get()
    parcel.refresh_from_db()
    assert (row.state, row.receipt_due_at, parcel.latest) == ("returned", None, "returned")
    assert not Event.objects.filter(name="shipment.delivered").exists()
    assert Case.objects.get(kind="tracking.returned").state == "open"
    assert not Case.objects.filter(kind="tracking.returning", state="open").exists()


def test_two_who_tell_of_one_return_in_their_own_codes_say_the_same(parcel):
    take_in(parcel, told("kuaidi100", ("103", "已揽收"), ("4", "退回件已签收")))
    take_in(parcel, told("sf", ("50", "已收件"), ("80", "已签收")), "sf")
    parcel.refresh_from_db()
    assert (Shipment.objects.get().state, parcel.latest) == ("returned", "returned")
