"""A sheet of parcels is done row by row: what may not leave keeps no other, and twice it is done once."""

from __future__ import annotations

import pytest

from backend import delivery
from inventory.models import Movement
from kernel.models import Case, Job
from logistics.models import Parcel, Shipment, TrackingEvent
from logistics.services import leaving, packing
from partners.services import accounts
from tests import make
from tests.partner_api.test_files import sent, sheet
from tests.partner_api.test_shipments import (  # noqa: F401 -- fixtures too
    bought,
    code,
    labelled,
    released,
    wms,
    world,
)

pytestmark = pytest.mark.django_db(transaction=True)


def parcel(wms, world, *, free=True, weight_g=700):  # noqa: F811
    order = bought(world, ("HD-1", 1))
    wms.post(f"shipments/{order.number}/pick")
    if free:
        released(order)
    row = Shipment.objects.get(order=order)
    made = packing.pack(shipment=row, carrier="SF", by="mei", now=make.present(), weight_g=weight_g)
    return labelled(made.public_id)


def test_each_row_of_parcels_is_done_by_itself_and_once(wms, world, monkeypatch):  # noqa: F811
    first, second = parcel(wms, world), parcel(wms, world, weight_g=None)
    kept = parcel(wms, world, free=False)
    scales = sheet(
        ("waybill", "weight_g"), (second, "702"), (first, "heavy"), (second, "9000"), ("NONE", "1")
    )
    _, lines = sent(wms, "weights", scales)
    assert [(line[0], line[2]) for line in lines] == [
        ("2", "taken"),
        ("3", "refused"),
        ("4", "refused"),
        ("5", "refused"),
    ]
    assert lines[1][3] == "weight_g: A valid integer is required."
    assert Case.objects.get(kind="parcel.weight_differs").state == "open"  # it is for the brand to look at
    assert Parcel.objects.get(waybill=second).weighed_g == 702
    leave = sheet(("waybill",), (first,), (kept,), (second,))
    dispatch = leaving.dispatch

    def dies(*, parcel, **more):
        if parcel.waybill == second:
            raise RuntimeError("killed")
        return dispatch(parcel=parcel, **more)

    monkeypatch.setattr(leaving, "dispatch", dies)
    answer = wms.post("files?kind=departures&name=a.csv", leave)
    delivery.drain()
    monkeypatch.undo()
    left = Movement.objects.filter(kind="ship").count()
    assert (Job.objects.latest("id").state, left) == ("failed", 1)  # the first row stays done
    delivery.drain(make.present().replace(year=make.present().year + 1))
    where = f"jobs/{answer.json()['id']}/results"
    assert [one["outcome"] for one in wms.get(where).json()["items"]] == ["unchanged", "refused", "taken"]
    assert Movement.objects.filter(kind="ship").count() == 2
    _, lines = sent(wms, "departures", leave)
    assert [line[2] for line in lines] == ["unchanged", "refused", "unchanged"]


def test_a_carrier_tells_by_sheet_of_the_parcels_of_its_storefront(client, wms, world):  # noqa: F811
    waybill = parcel(wms, world)
    row = wms.issued.credential.partner
    scopes = ["tracking:write"]
    accounts.connect(partner=row, storefront=world.shop, scopes=scopes, by="o", now=make.present())
    wms.token = ""
    at = f"{make.present():%Y-%m-%d %H:%M:%S}Z"
    told = sheet(
        ("waybill", "at", "code", "text"),
        (waybill, at, "picked_up", "已揽收"),
        (waybill, at, "picked_up", "已揽收"),
        (waybill, "yesterday", "picked_up", ""),
        (waybill, at, "flown", ""),
    )
    _, lines = sent(wms, "tracking", told)
    assert [line[2] for line in lines] == ["taken", "unchanged", "refused", "refused"]
    assert TrackingEvent.objects.filter(parcel__waybill=waybill).count() == 1
    assert code(wms.post("files?kind=departures&name=a.csv", told)) == (403, "scope_missing")
