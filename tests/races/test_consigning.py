"""Two operators, a correction, an entry and a list at once: one bill a parcel, and no list past its bill."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from customs.models import ConsignedParcel, Consignment, WarehouseEntry
from customs.services import cargo, consigning, declaring, entering
from kernel.models import Case
from tests import make
from tests.customs import mail
from tests.customs.mail import WAYBILL, answers, enters, put
from tests.customs.port import declaration
from tests.customs.test_declaring import port
from tests.customs.test_direct_mail import account, lists, parcel, stood
from tests.payments.conftest import wechat, world
from tests.races.crowd import at_once

__all__ = ["account", "parcel", "port", "stood", "wechat", "world"]
pytestmark = pytest.mark.django_db(transaction=True)


def failures(results: list[object]) -> list[object]:
    return [one for one in results if isinstance(one, Exception)]


def test_with_the_guard_off_two_operators_both_find_the_parcel_on_no_bill(account, parcel):
    pause = threading.Barrier(2)

    def naive() -> bool:
        free = not ConsignedParcel.objects.filter(parcel=parcel, taken_off_at=None).exists()
        pause.wait(timeout=20)
        return free

    assert at_once([naive] * 2) == [True, True]


def test_with_the_guard_on_eight_operators_put_a_parcel_on_one_of_two_bills(account, parcel):
    bills = [mail.opened(account, bill_no=f"160-{n}") for n in (1, 2)]
    calls = [
        lambda bill=bill: (
            consigning.put_on(consignment=bill, waybill=WAYBILL, by="mei", now=make.present()).consignment_id
        )
        for bill in bills * 4
    ]
    results = at_once(calls)
    placed = ConsignedParcel.objects.get()
    assert {type(one) for one in failures(results)} == {consigning.ParcelElsewhere}
    assert [one for one in results if isinstance(one, int)] == [placed.consignment_id] * 4


def test_the_database_lets_a_parcel_be_on_one_bill_even_where_nobody_locks(account, parcel):
    bills = [mail.opened(account, bill_no=f"160-{n}") for n in (1, 2)]

    def naive(bill: Consignment) -> str:
        ConsignedParcel.objects.create(
            storefront=bill.storefront,
            consignment=bill,
            parcel=parcel,
            waybill=WAYBILL,
            put_on_at=make.present(),
        )
        return "made"

    results = at_once([lambda bill=bill: naive(bill) for bill in bills])
    assert (results.count("made"), [type(one).__name__ for one in failures(results)]) == (
        1,
        ["IntegrityError"],
    )


def test_a_parcel_put_on_while_its_bill_is_closed_is_on_it_or_refused(account, parcel, world, wechat):
    second = mail.sent(wechat, world, "SF1000000000002")
    bill = mail.opened(account)
    now = make.present()
    consigning.put_on(consignment=bill, waybill=WAYBILL, by="mei", now=now)
    results = at_once(
        [
            lambda: consigning.close(consignment=bill, by="mei", now=now).state,
            lambda: consigning.put_on(consignment=bill, waybill=second.waybill, by="li", now=now).waybill,
        ]
    )
    assert results[0] == "closed"
    there = cargo.on_it(bill).filter(waybill=second.waybill).exists()
    assert there == (results[1] == second.waybill)
    assert {type(one).__name__ for one in failures(results)} <= {"WrongState"}


def test_an_entry_that_arrives_while_the_list_is_being_made_is_missed_by_none(port, account, stood):
    """The list's step reads no entry, and its row is free again only after the entry is known."""
    order, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    enters(port, at)
    answers(port, at, "120")
    looked, arrived = threading.Event(), threading.Event()

    def making() -> str:
        with transaction.atomic():
            _, row = declaring.held(declaration(order))
            awaits = cargo.awaited(order)
            looked.set()
            arrived.wait(timeout=2)  # as long as the entry may wait for this row
            row.next_try_at, row.awaits = at + declaring.SILENT_AFTER, awaits
            row.save(update_fields=["next_try_at", "awaits"])
        return awaits

    def arriving() -> str:
        looked.wait(timeout=20)
        mail.ports.receiving.collect(now=at)
        arrived.set()
        return cargo.awaited(order)

    assert at_once([making, arriving]) == ["entry", ""]
    assert declaration(order).next_try_at == at  # looked at again now, and not in half an hour
    mail.go_on(at, 2)
    assert declaration(order).state == "listed"


def test_a_bill_corrected_while_its_list_is_made_is_told_as_it_was_or_as_it_is(port, account, stood):
    order, at = stood
    consignment = put(mail.opened(account), WAYBILL, now=at)
    enters(port, at)
    answers(port, at, "120")
    mail.ports.receiving.collect(now=at)
    results = at_once(
        [
            lambda: declaring.sweep(now=at),
            lambda: (
                consigning.correct(
                    consignment=consignment, voyage=mail.voyage(voyage_no="CX9"), by="mei", now=at
                ).voyage_no
            ),
        ]
    )
    assert {type(one) for one in failures(results)} <= {consigning.ConsignmentTold}
    mail.go_on(at, 1)
    stays = Consignment.objects.get().voyage_no
    if results[1] == "CX9":
        assert (stays, declaration(order).awaits, lists(port)) == ("CX9", "entry", [])
    else:
        assert (stays, [one["voyageNo"] for one in lists(port)]) == ("CX0839", ["CX0839"])


def test_entry_and_closing_at_once_leave_what_is_missing_before_a_person(port, account, stood):
    _, at = stood
    bill = mail.opened(account)
    consigning.put_on(consignment=bill, waybill=WAYBILL, by="mei", now=at)
    enters(port, at, ["SF9"])
    results = at_once(
        [
            lambda: consigning.close(consignment=bill, by="mei", now=at).state,
            lambda: mail.ports.receiving.collect(now=at),
        ]
    )
    assert results == ["closed", 1]
    kinds = Case.objects.filter(state="open", kind__startswith="customs.entry").values_list("kind", flat=True)
    assert set(kinds) == {entering.MISSING, entering.EXCESS}


def test_an_entry_and_its_answer_taken_in_at_once_are_one_entry(account):
    now = make.present()
    head = {"copNo": "RK7", "operatorCode": mail.SITE, "billNo": "160-1", "voyageNo": "V", "trafNo": "T"}

    def entry() -> None:
        with transaction.atomic():
            entering.take_entry(
                account=account, head={**head, "appTime": now}, lines=[{"logisticsNo": "SF1"}], now=now
            )

    def said() -> None:
        with transaction.atomic():
            entering.take_answer(
                account=account, head={**head, "returnStatus": "120", "returnTime": now}, now=now
            )

    assert failures(at_once([entry, said] * 4)) == []
    made = WarehouseEntry.objects.get()
    assert (made.status, made.bill_no, made.waybills) == ("120", "160-1", ["SF1"])
