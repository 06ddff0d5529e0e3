"""A parcel gets one waybill, whatever happens on the way; what the carrier is told is on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from compliance.models import Access, Disclosure
from kernel.models import Case, Event
from logistics.gateways.sf_wire import ServiceRefused, digest
from logistics.gateways.waybills import CarrierRefused
from logistics.models import Parcel, Shipment
from logistics.services import packing, shipments, waybills
from logistics.services.refusals import code_of, words_of
from tests import make
from tests.logistics import shipping

pytestmark = pytest.mark.django_db(transaction=True)


def packed(world) -> Parcel:
    made = shipping.shipment(world, ("HD-1", 2))
    return packing.pack(shipment=made, carrier="SF", by="op", now=make.present())


def asked(carriers) -> list[str]:
    calls = requests.get(f"{carriers.url}/sandbox/log", timeout=15).json()["calls"]
    return [one["call"] for one in calls if one["call"].startswith("sf_")]


def known(carriers) -> list[dict]:
    return requests.get(f"{carriers.url}/sandbox/parcels", timeout=15).json()["parcels"]


def states() -> dict[str, str]:
    return dict(Parcel.objects.values_list("own_number", "state"))


def later(minutes: float):
    return make.present() + timedelta(minutes=minutes)


def test_the_digest_is_that_of_the_platforms_own_spelling():
    assert digest('{"a":"顺丰 *~-_."}', "1700000000000", "word") == "0MPHUDH8/YWPxgV+fEBkFw=="


def test_a_packed_parcel_gets_its_waybill_and_waits_for_the_carrier(carriers, house):
    parcel = packed(house)
    assert waybills.sweep(now=later(0)) == 1
    parcel.refresh_from_db()
    (theirs,) = known(carriers)
    assert (parcel.state, parcel.waybill, parcel.routing) == ("issued", theirs["waybill"], "021W-FA-008")
    assert theirs["order_id"] == parcel.own_number
    assert Shipment.objects.get().state == "labelled"
    assert Event.objects.get(name="waybill.issued").facts["waybill"] == parcel.waybill
    assert parcel.expected_on is None  # SF names no day
    assert waybills.sweep(now=later(1)) == 0
    assert asked(carriers) == ["sf_create"]


def test_what_the_carrier_is_told_of_a_person_is_on_record_and_was_opened_for_the_call(carriers, house):
    packed(house)
    waybills.sweep(now=later(0))
    row = Disclosure.objects.get(recipient_kind="carrier")
    assert (row.recipient, row.purpose, row.basis) == ("顺丰速运有限公司", "deliver", "contract")
    assert row.fields == ["consignee_name", "consignee_phone", "consignee_address", "order_number", "goods"]
    looks = Access.objects.filter(who="logistics", purpose="ask the carrier for a waybill")
    assert looks.count() == 3
    assert not Event.objects.filter(facts__icontains=make.PHONES[make.ALICE]).exists()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", ["timeout_after", "500_before", "500_after"])
def test_an_unknown_outcome_is_asked_about_and_never_issued_twice(carriers, house, mode):
    carriers.control("switches", call="sf_create", mode=mode, seconds=9)
    parcel = packed(house)
    waybills.sweep(now=later(0))
    parcel.refresh_from_db()
    assert (parcel.state, parcel.waybill) == ("asked", "")
    assert waybills.sweep(now=later(5)) == 1
    parcel.refresh_from_db()
    (theirs,) = known(carriers)
    assert (parcel.state, parcel.waybill) == ("issued", theirs["waybill"])
    expected = {"500_before": ["sf_create", "sf_find", "sf_create"], "500_after": ["sf_create", "sf_find"]}
    if mode in expected:  # of a call that hangs the log tells once it ends
        assert asked(carriers) == expected[mode]


def test_what_was_ordered_before_is_found_and_not_ordered_again(carriers, house):
    parcel = packed(house)
    waybills.sweep(now=later(0))
    first = Parcel.objects.get().waybill
    Parcel.objects.update(state="asked", waybill="", issued_at=None, sent_at=None, next_try_at=later(0))
    waybills.sweep(now=later(1))
    parcel.refresh_from_db()
    assert (parcel.waybill, asked(carriers)) == (first, ["sf_create", "sf_create", "sf_find"])


def test_a_carrier_that_stays_silent_is_a_case_that_its_answer_settles(carriers, house):
    carriers.control("switches", call="sf_create", mode="500_before", times=8)
    packed(house)
    for tried in range(8):
        assert waybills.sweep(now=later(60 * (tried + 1))) == 1
    case = Case.objects.get(kind="waybill.unanswered")
    assert case.facts["carrier"] == "SF"
    waybills.sweep(now=later(600))
    case.refresh_from_db()
    assert (case.state, Parcel.objects.get().state) == ("settled", "issued")


def test_a_refusal_is_a_case_and_asked_again_after_a_mend(carriers, house):
    carriers.control("switches", call="sf_create", mode="error", code="A1006")
    parcel = packed(house)
    waybills.sweep(now=later(0))
    parcel.refresh_from_db()
    assert (parcel.state, parcel.trouble) == ("refused", "A1006 told to fail")
    assert Case.objects.get(kind="waybill.refused").facts["why"] == "A1006"
    assert waybills.sweep(now=later(60)) == 0
    shipments.try_again(parcel=parcel, by="op", now=later(60))
    waybills.sweep(now=later(61))
    parcel.refresh_from_db()
    assert (parcel.state, parcel.trouble, Case.objects.get(kind="waybill.refused").state) == (
        "issued",
        "",
        "settled",
    )


def test_the_case_of_a_refusal_ends_with_a_parcel_that_is_cancelled_at_once(carriers, house):
    carriers.control("switches", call="sf_create", mode="error", code="A1006")
    parcel = packed(house)
    waybills.sweep(now=later(0))
    parcel.refresh_from_db()
    shipments.withdraw(parcel=parcel, by="mei", now=later(60))
    parcel.refresh_from_db()
    case = Case.objects.get(kind="waybill.refused")
    assert (parcel.state, case.state, case.settled_by, case.note) == (
        "cancelled",
        "settled",
        "mei",
        "cancelled",
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "收件人电话13800138000不合法，王爱丽 世纪大道 1 号",
            "8001 收件人电话…不合法，… …",
        ),
        ("王 爱丽：世纪大道1号不派送，寄件 13900001111", "8001 …：…不派送，寄件 139****1111"),
        ("x" * 148 + "13800138000", "8001 " + "x" * 148 + "…"),
        ("世纪大道不派送", "8001 …不派送"),
        ("月结卡号无效", "8001 月结卡号无效"),
    ],
)
def test_a_carriers_words_are_kept_without_the_person_and_only_its_code_for_ever(
    house, monkeypatch, said, kept
):
    def create(self, wanted):
        raise ServiceRefused("8001", said)

    monkeypatch.setattr("logistics.gateways.sf.Sf.create", create)
    parcel = packed(house)
    waybills.sweep(now=later(0))
    parcel.refresh_from_db()
    assert (parcel.state, parcel.trouble) == ("refused", kept)
    assert Event.objects.get(name="waybill.refused").facts["why"] == "8001"
    assert Case.objects.get(kind="waybill.refused").facts["why"] == "8001"


def test_what_is_no_code_is_not_kept_as_one():
    assert code_of(CarrierRefused(why="x", number="王爱丽 13800138000")) == "no code"
    assert words_of(CarrierRefused(why="8111 王爱丽", number="8111"), None) == "8111"


def test_a_wrong_check_word_is_refused_by_the_carrier(carriers, house):
    told = carriers.world["storefronts"][0]
    shipping.sf(house.shop, secret="not-the-check-word", customer_code=told["sf_partner"])
    packed(house)
    waybills.sweep(now=later(0))
    assert Parcel.objects.get().trouble == "A1006 数字签名无效"
    assert known(carriers) == []


def test_a_waybill_that_is_taken_back_leaves_the_parcel_to_be_packed_anew(carriers, house):
    parcel = packed(house)
    waybills.sweep(now=later(0))
    parcel.refresh_from_db()
    shipments.withdraw(parcel=parcel, by="op", now=later(1))
    carriers.control("switches", call="sf_cancel", mode="500_after")
    waybills.sweep(now=later(1))
    assert Parcel.objects.get().state == "withdrawing"
    waybills.sweep(now=later(9))
    assert (Parcel.objects.get().state, Shipment.objects.get().state) == ("cancelled", "packing")
    assert known(carriers)[0]["taken_back"] is True
    second = packing.pack(shipment=Shipment.objects.get(), carrier="SF", by="op", now=later(10))
    waybills.sweep(now=later(11))
    second.refresh_from_db()
    assert (second.own_number[-2:], second.state, second.waybill != parcel.waybill) == ("-2", "issued", True)


def test_what_was_issued_unheard_and_then_refused_is_taken_back_at_the_carrier(carriers, house):
    parcel = packed(house)
    carriers.control("switches", call="sf_create", mode="500_after")
    waybills.sweep(now=later(0))
    carriers.control("switches", call="sf_find", mode="error", code="A1006")
    waybills.sweep(now=later(5))
    assert states() == {parcel.own_number: "refused"}
    shipments.withdraw(parcel=parcel, by="op", now=later(6))
    assert states() == {parcel.own_number: "withdrawing"}
    again = packing.pack(shipment=Shipment.objects.get(), carrier="SF", by="op", now=later(6))
    assert again == parcel  # no second waybill beside one that may stand
    waybills.sweep(now=later(7))
    assert (states(), known(carriers)[0]["taken_back"]) == ({parcel.own_number: "cancelled"}, True)


def test_what_was_issued_unheard_and_refused_of_an_order_that_is_cancelled_is_taken_back(carriers, house):
    parcel = packed(house)
    carriers.control("switches", call="sf_create", mode="500_after")
    waybills.sweep(now=later(0))
    carriers.control("switches", call="sf_find", mode="error", code="A1006")
    waybills.sweep(now=later(5))
    shipments.cancel_shipment(order=Shipment.objects.get().order, by="op", now=later(6))
    waybills.sweep(now=later(7))
    assert (states(), known(carriers)[0]["taken_back"]) == ({parcel.own_number: "cancelled"}, True)


def test_what_the_first_call_was_refused_is_gone_at_once_and_nobody_is_asked(carriers, house):
    parcel = packed(house)
    carriers.control("switches", call="sf_create", mode="error", code="A1006")
    waybills.sweep(now=later(0))
    shipments.withdraw(parcel=parcel, by="op", now=later(1))
    assert (states(), asked(carriers)) == ({parcel.own_number: "cancelled"}, ["sf_create"])


def test_a_refusal_that_another_call_overtook_does_not_say_that_nothing_was_issued(
    carriers, house, monkeypatch
):
    parcel = packed(house)
    attempt = waybills._attempt(parcel, later(0))
    assert attempt is not None
    monkeypatch.setattr("logistics.gateways.sf.Sf.find", lambda *_: None)
    carriers.control("switches", call="sf_create", mode="500_after")
    waybills.sweep(now=later(1))  # the lease of the first was over
    waybills._refused(attempt, CarrierRefused(why="A1006", number="A1006"), later(1))
    parcel.refresh_from_db()
    assert (parcel.state, parcel.sent_at is not None) == ("refused", True)
    shipments.withdraw(parcel=parcel, by="op", now=later(2))
    assert states() == {parcel.own_number: "withdrawing"}


def test_a_waybill_under_way_is_not_taken_back_and_is_a_case(carriers, house):
    parcel = packed(house)
    waybills.sweep(now=later(0))
    parcel.refresh_from_db()
    carriers.control("parcel", waybill=parcel.waybill, step="picked_up")
    shipments.withdraw(parcel=parcel, by="op", now=later(1))
    waybills.sweep(now=later(2))
    parcel.refresh_from_db()
    assert (parcel.state, Shipment.objects.get().state) == ("issued", "labelled")
    assert Case.objects.get(kind="waybill.not_taken_back").facts["why"] == "8111"


def test_the_waybill_of_an_order_cancelled_meanwhile_is_taken_back(carriers, house):
    parcel = packed(house)
    waybills.sweep(now=later(0))
    order = Shipment.objects.get().order
    shipments.cancel_shipment(order=order, by="op", now=later(1))
    waybills.sweep(now=later(2))
    parcel.refresh_from_db()
    assert (parcel.state, Shipment.objects.get().state) == ("cancelled", "cancelled")
    assert known(carriers)[0]["taken_back"] is True


def test_one_that_fails_as_nobody_foresaw_stops_no_other_and_its_case_settles_when_it_is_issued(
    carriers, house, monkeypatch
):
    poisoned = packed(house)
    other = packed(house)
    really = waybills._call

    def poison(attempt):
        if attempt.parcel.pk == poisoned.pk:
            raise ZeroDivisionError(make.PHONES[make.ALICE])
        return really(attempt)

    monkeypatch.setattr(waybills, "_call", poison)
    assert waybills.sweep(now=later(0)) == 1
    assert states() == {poisoned.own_number: "asked", other.own_number: "issued"}
    case = Case.objects.get()
    assert (case.kind, case.key, case.state) == ("waybill.failing", poisoned.event_key, "open")
    assert case.facts == {
        "order": poisoned.shipment.number,
        "parcel": poisoned.own_number,
        "carrier": "SF",
        "error": "ZeroDivisionError",
    }
    assert waybills.sweep(now=later(2)) == 0
    assert Case.objects.get().seen == 2
    monkeypatch.setattr(waybills, "_call", really)
    assert waybills.sweep(now=later(4)) == 1
    case.refresh_from_db()
    assert (case.state, case.settled_by, case.note) == ("settled", "system", "answered")
    assert states() == {poisoned.own_number: "issued", other.own_number: "issued"}


def test_what_keeps_failing_is_tried_later_and_later_up_to_half_an_hour(carriers, house, monkeypatch):
    packed(house)

    def poison(parcel, now):
        raise ZeroDivisionError

    monkeypatch.setattr(waybills, "_attempt", poison)
    at, waits = later(0), []
    for _ in range(7):
        waybills.sweep(now=at)
        again = Parcel.objects.get().next_try_at
        waits.append(int((again - at).total_seconds() // 60))
        at = again
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_a_parcel_that_is_taken_back_before_it_was_asked_for_fails_no_more(carriers, house, monkeypatch):
    parcel = packed(house)

    def poison(parcel, now):
        raise ZeroDivisionError

    monkeypatch.setattr(waybills, "_attempt", poison)
    assert waybills.sweep(now=later(0)) == 0
    assert Case.objects.get().state == "open"
    shipments.withdraw(parcel=parcel, by="op", now=later(1))
    case = Case.objects.get()
    assert (Parcel.objects.get().state, case.state, case.settled_by) == ("cancelled", "settled", "op")
