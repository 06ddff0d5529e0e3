"""Parcels that have left are put on one bill each, by hand or file; a mistake is mended, and on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from customs.models import ConsignedParcel, Consignment
from customs.services import consigning
from customs.services.consigning import Voyage
from kernel.errors import Missing
from kernel.models import Event
from kernel.states import WrongState
from logistics.models import Parcel
from tests import make
from tests.customs import mail
from tests.logistics import shipping
from tests.logistics.shipping import LATER

pytestmark = pytest.mark.django_db(transaction=True)
DAY = make.NOW.date() + timedelta(days=1)


def voyage(**changes) -> Voyage:
    return Voyage(
        **{"bill_no": "160-1", "voyage_no": "CX1", "traffic_no": "B-LRA", "arrives_on": DAY, **changes}
    )


@pytest.fixture
def world() -> make.World:
    made = make.world()
    shipping.sf(made.shop)
    return made


@pytest.fixture
def account(world):
    return mail.district(world)


@pytest.fixture
def consignment(account) -> Consignment:
    return consigning.open_consignment(account=account, voyage=voyage(), by="mei", now=LATER)


@pytest.fixture
def parcel(world, account) -> Parcel:
    """Direct mail that has left."""
    made = shipping.labelled(world, ("HD-1", 1))
    mail.left(made.shipment.order, LATER)
    return made


def put(consignment: Consignment, parcel: Parcel, by: str = "mei") -> ConsignedParcel:
    return consigning.put_on(consignment=consignment, waybill=parcel.waybill, by=by, now=LATER)


def happened() -> list[str]:
    return list(
        Event.objects.filter(name__startswith="consignment.").order_by("id").values_list("name", flat=True)
    )


def test_a_consignment_comes_in_at_the_port_of_its_account_unless_it_names_another(account, consignment):
    assert (consignment.state, consignment.port_code, str(consignment)) == ("open", "3104", "160-1 CX1")
    other = consigning.open_consignment(
        account=account, voyage=voyage(voyage_no=" CX2 ", port_code="5145"), by="mei", now=LATER
    )
    assert (other.voyage_no, other.port_code) == ("CX2", "5145")


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"bill_no": ""}, "bill_no"),
        ({"bill_no": "1" * 38}, "bill_no"),
        ({"voyage_no": "  "}, "voyage_no"),
        ({"traffic_no": ""}, "traffic_no"),
        ({"port_code": "31"}, "port_code"),
    ],
)
def test_what_no_list_could_say_is_no_consignment(account, said, what):
    with pytest.raises(consigning.ConsignmentWrong) as wrong:
        consigning.open_consignment(account=account, voyage=voyage(**said), by="mei", now=LATER)
    assert wrong.value.what.startswith(f"{what}: ")
    assert not Consignment.objects.exists()


def test_a_bill_of_one_voyage_is_one_consignment_until_it_is_dropped(account, consignment):
    with pytest.raises(consigning.ConsignmentThere):
        consigning.open_consignment(account=account, voyage=voyage(), by="mei", now=LATER)
    consigning.drop(consignment=consignment, by="mei", now=LATER)
    assert consigning.open_consignment(account=account, voyage=voyage(), by="mei", now=LATER).state == "open"
    with pytest.raises(WrongState):
        consigning.correct(consignment=consignment, voyage=voyage(bill_no="160-2"), by="mei", now=LATER)


def test_a_parcel_is_on_one_consignment_and_put_there_twice_it_is_there_once(account, consignment, parcel):
    placed = put(consignment, parcel)
    assert put(consignment, parcel) == placed
    other = consigning.open_consignment(account=account, voyage=voyage(bill_no="160-2"), by="mei", now=LATER)
    with pytest.raises(consigning.ParcelElsewhere) as elsewhere:
        put(other, parcel)
    assert elsewhere.value.bill_no == "160-1"
    with pytest.raises(consigning.ConsignmentHasParcels):
        consigning.drop(consignment=consignment, by="mei", now=LATER)
    for _ in range(2):
        consigning.take_off(placed=placed, by="mei", now=LATER)
    assert put(other, parcel).consignment == other
    assert happened() == [
        f"consignment.{what}" for what in ("opened", "put_on", "opened", "taken_off", "put_on")
    ]


def test_what_has_not_left_is_on_no_bill(world, consignment):
    made = shipping.labelled(world, ("HD-1", 1))
    with pytest.raises(consigning.ParcelNotLeft):
        put(consignment, made)


def test_what_nobody_packed_is_on_no_bill(consignment):
    for waybill in ("SF404", ""):
        with pytest.raises(Missing):
            consigning.put_on(consignment=consignment, waybill=waybill, by="mei", now=LATER)


def test_bonded_goods_and_those_of_another_district_are_on_no_bill_here(world, consignment, parcel):
    order = parcel.shipment.order
    for mode, district in (("1210", "3105"), ("9610", "5141")):
        type(order).objects.update(trade_mode=mode)
        type(world.warehouse).objects.update(customs_district=district)
        with pytest.raises(consigning.ParcelNotDirect):
            put(consignment, parcel)
    assert not ConsignedParcel.objects.exists()


def test_nothing_is_put_on_or_taken_off_once_it_is_on_its_way_unless_it_is_opened_again(
    world, consignment, parcel
):
    with pytest.raises(consigning.ConsignmentEmpty):
        consigning.close(consignment=consignment, by="mei", now=LATER)
    placed = put(consignment, parcel)
    consigning.close(consignment=consignment, by="mei", now=LATER)
    second = shipping.labelled(world, ("HD-1", 1))
    mail.left(second.shipment.order, LATER)
    with pytest.raises(WrongState):
        put(consignment, second)
    with pytest.raises(WrongState):
        consigning.take_off(placed=placed, by="mei", now=LATER)
    assert put(consignment, parcel) == placed
    consigning.reopen(consignment=Consignment.objects.get(), by="mei", now=LATER)
    put(consignment, second)
    row = consigning.close(consignment=consignment, by="mei", now=LATER)
    assert (row.state, row.closed_at, row.parcels.count()) == ("closed", LATER, 2)


def test_a_file_of_a_warehouse_puts_on_what_it_may_and_says_why_not_of_the_rest(world, consignment, parcel):
    waiting = shipping.labelled(world, ("HD-1", 1))
    numbers = [parcel.waybill, waiting.waybill, " SF404 ", "", parcel.waybill]
    file = "\ufeff订单,运单号\r\n" + "".join(f"{'A,' * bool(one)}{one}\r\n" for one in numbers)
    said = consigning.put_on_all(consignment=consignment, file=file.encode(), by="warehouse", now=LATER)
    assert [(waybill, problem and problem.code) for waybill, problem in said] == [
        (parcel.waybill, None),
        (waiting.waybill, "parcel_not_left"),
        ("SF404", "not_found"),
    ]
    assert [one.waybill for one in ConsignedParcel.objects.all()] == [parcel.waybill]


def test_a_file_without_a_heading_has_the_waybill_first(consignment, parcel):
    said = consigning.put_on_all(
        consignment=consignment, file=f"{parcel.waybill},x\n".encode(), by="mei", now=LATER
    )
    assert said == [(parcel.waybill, None)]


@pytest.mark.parametrize("file", [b"", b"\n\n", b"waybill\n", b"\xff\xfe", b'"SF1', b"1\n" * 5001])
def test_what_is_no_file_of_waybills_is_refused_whole(consignment, file):
    with pytest.raises(consigning.ConsignmentWrong):
        consigning.put_on_all(consignment=consignment, file=file, by="mei", now=LATER)


def test_a_correction_leaves_both_versions_and_none_where_nothing_changed(consignment):
    consigning.correct(consignment=consignment, voyage=voyage(port_code="3104"), by="mei", now=LATER)
    row = consigning.correct(consignment=consignment, voyage=voyage(voyage_no="CX9"), by="mei", now=LATER)
    assert row.voyage_no == "CX9"
    told = Event.objects.get(name="consignment.corrected").facts
    assert (told["by"], told["before"]["voyage_no"], told["after"]["voyage_no"]) == ("mei", "CX1", "CX9")


def test_the_site_is_asked_again_of_what_is_on_its_way_alone(consignment, parcel):
    with pytest.raises(WrongState):
        consigning.ask_again(consignment=consignment, by="mei", now=LATER)
    put(consignment, parcel)
    consigning.close(consignment=consignment, by="mei", now=LATER)
    Consignment.objects.update(asked_at=LATER, next_try_at=None)
    row = consigning.ask_again(consignment=consignment, by="mei", now=LATER)
    assert (row.asked_at, row.next_try_at) == (None, LATER)


@pytest.mark.parametrize("table", ["consignment", "consignedparcel", "warehouseentry"])
@pytest.mark.parametrize("role", ["web", "worker"])
def test_who_serves_removes_nothing_of_it(table, role):
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, %s, 'DELETE')", [role, f"customs_{table}"])
        assert cursor.fetchone() == (False,)


@pytest.mark.parametrize("role", ["web", "worker"])
def test_who_serves_opens_fills_corrects_and_closes(account, parcel, role):
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        try:
            row = consigning.open_consignment(account=account, voyage=voyage(), by="mei", now=LATER)
            consigning.take_off(placed=put(row, parcel), by="mei", now=LATER)
            put(row, parcel)
            consigning.correct(consignment=row, voyage=voyage(voyage_no="CX2"), by="mei", now=LATER)
            assert consigning.close(consignment=row, by="mei", now=LATER).state == "closed"
        finally:
            cursor.execute("RESET ROLE")
    assert ConsignedParcel.objects.filter(taken_off_at=None).count() == 1


def test_what_the_bill_says_of_a_parcel_is_written_once(account, consignment, parcel):
    put(consignment, parcel)
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL ROLE web")
        cursor.execute("UPDATE customs_consignedparcel SET waybill = 'SF2'")
