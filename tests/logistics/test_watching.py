"""Parcels are watched at the tracker, asked about where it is silent, and put before a person when still."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests

from compliance.models import Disclosure
from kernel.models import Case
from logistics.gateways.tracking import Report, Told
from logistics.models import CarrierAccount, Parcel, Shipment
from logistics.services import packing, watching, waybills
from logistics.services.tracking import take_in_tracking
from logistics.vocabulary import Code
from tests import make
from tests.logistics import shipping

pytestmark = pytest.mark.django_db(transaction=True)


def later(hours: float):
    return make.present() + timedelta(hours=hours)


@pytest.fixture
def parcel(house) -> Parcel:
    made = shipping.shipment(house)
    parcel = packing.pack(shipment=made, carrier="SF", by="op", now=make.present())
    waybills.sweep(now=later(0))
    parcel.refresh_from_db()
    assert parcel.state == "issued"
    return parcel


def asked(carriers) -> list[str]:
    calls = requests.get(f"{carriers.url}/sandbox/log", timeout=15).json()["calls"]
    return [one["call"] for one in calls if one["call"] in ("poll", "poll_query", "sf_routes")]


def test_an_issued_waybill_is_watched_and_then_asked_about_where_nothing_is_pushed(carriers, parcel):
    assert watching.sweep(now=later(0.1)) == 1
    parcel.refresh_from_db()
    assert parcel.subscribed_at is not None
    assert watching.sweep(now=later(1)) == 0
    carriers.control("parcel", waybill=parcel.waybill, step="picked_up", push=False)
    carriers.control("parcel", waybill=parcel.waybill, step="in_transit", push=False)
    assert watching.sweep(now=later(13)) == 1
    assert asked(carriers) == ["poll", "poll_query"]
    assert (Shipment.objects.get().state, parcel.events.count()) == ("in_transit", 2)


def test_that_the_tracker_learns_of_a_persons_parcel_is_on_record_once(carriers, parcel):
    carriers.control("parcel", waybill=parcel.waybill, step="picked_up", push=False)
    watching.sweep(now=later(0.1))
    watching.sweep(now=later(13))
    assert asked(carriers) == ["poll", "poll_query"]
    row = Disclosure.objects.get(purpose="track")
    assert (row.recipient_kind, row.recipient, row.country, row.basis) == (
        "partner",
        "深圳前海百递网络有限公司",
        "CN",
        "contract",
    )
    order = parcel.shipment.order
    assert (row.order_number, row.subject_id, row.fields) == (
        order.number,
        order.subject_id,
        ["waybill", "carrier_name"],
    )


def test_where_carriers_themselves_are_asked_no_tracker_learns_of_it(carriers, parcel):
    CarrierAccount.objects.filter(provider="kuaidi100").update(active=False)
    watching.sweep(now=later(0.1))
    assert asked(carriers) == ["sf_routes"]
    assert not Disclosure.objects.filter(purpose="track").exists()


def test_no_ones_telephone_but_the_senders_is_told_to_the_tracker(carriers, parcel, monkeypatch):
    sent = []
    real = watching.kuaidi100

    def spied(account):
        made = real(account)
        post = made._post
        made._post = lambda path, form: sent.append(json.loads(form["param"])) or post(path, form)
        return made

    monkeypatch.setattr(watching, "kuaidi100", spied)
    watching.sweep(now=later(0.1))
    assert sent[0]["parameters"]["phone"] == "057488880000"
    assert make.PHONES[make.ALICE] not in json.dumps(sent)
    assert sent[0]["parameters"]["callbackurl"] == "https://shop.test/carriers/kuaidi100/maison"


def test_without_a_tracker_the_carrier_itself_is_asked(carriers, parcel):
    CarrierAccount.objects.filter(provider="kuaidi100").update(active=False)
    carriers.control("parcel", waybill=parcel.waybill, step="picked_up")
    watching.sweep(now=later(0.1))
    assert asked(carriers) == ["sf_routes"]
    assert (Shipment.objects.get().state, parcel.events.get().raw_code) == ("handed_over", "50")


def test_a_number_that_is_watched_already_stays_so_and_a_refusal_is_tried_later(carriers, parcel):
    carriers.control("switches", call="poll", mode="error", code="501")
    watching.sweep(now=later(0.1))
    parcel.refresh_from_db()
    assert parcel.subscribed_at is not None
    Parcel.objects.update(subscribed_at=None, next_try_at=later(0.2))
    carriers.control("switches", call="poll", mode="error", code="601")
    watching.sweep(now=later(0.3))
    parcel.refresh_from_db()
    assert (parcel.subscribed_at, parcel.next_try_at > later(0.7)) == (None, True)


def test_a_parcel_that_does_not_move_for_days_is_a_case(carriers, parcel):
    watching.sweep(now=later(0.1))
    Parcel.objects.update(scanned_at=later(0), latest="in_transit", latest_at=later(0), next_try_at=later(1))
    watching.sweep(now=later(2))
    assert Case.objects.count() == 0
    Parcel.objects.update(next_try_at=later(1))
    watching.sweep(now=later(121))
    assert Case.objects.get().kind == "tracking.silent"


def test_one_that_fails_as_nobody_foresaw_stops_no_other_and_its_case_settles_when_it_is_watched(
    carriers, parcel, house, monkeypatch
):
    other = packing.pack(shipment=shipping.shipment(house), carrier="SF", by="op", now=make.present())
    waybills.sweep(now=later(0))
    really = watching._watch

    def poison(row, tracker, now):
        if row.pk == parcel.pk:
            raise ZeroDivisionError(make.PHONES[make.ALICE])
        really(row, tracker, now)

    monkeypatch.setattr(watching, "_watch", poison)
    assert watching.sweep(now=later(0.1)) == 1
    watched = dict(Parcel.objects.values_list("pk", "subscribed_at"))
    assert (watched[parcel.pk], watched[other.pk] is not None) == (None, True)
    case = Case.objects.get()
    assert (case.kind, case.key, case.state) == ("tracking.failing", parcel.event_key, "open")
    assert case.facts == {
        "order": parcel.shipment.number,
        "waybill": parcel.waybill,
        "carrier": "SF",
        "error": "ZeroDivisionError",
    }
    assert watching.sweep(now=later(0.2)) == 0
    assert Case.objects.get().seen == 2
    monkeypatch.setattr(watching, "_watch", really)
    carriers.control("switches", call="poll", mode="error", code="601")
    watching.sweep(now=later(0.3))
    assert Case.objects.get().state == "open"  # the tracker refused: nobody knows whether it would go on
    assert watching.sweep(now=later(1)) == 1
    case.refresh_from_db()
    assert (case.state, case.settled_by) == ("settled", "system")


def test_what_keeps_failing_is_watched_later_and_later_up_to_half_an_hour(carriers, parcel, monkeypatch):
    def poison(row, tracker, now):
        raise ZeroDivisionError

    monkeypatch.setattr(watching, "_watch", poison)
    at, waits = later(0.1), []
    Parcel.objects.update(tries=0)
    for _ in range(7):
        watching.sweep(now=at)
        again = Parcel.objects.get().next_try_at
        waits.append(int((again - at).total_seconds() // 60))
        at = again
    assert waits == [1, 2, 4, 8, 16, 30, 30]


def test_a_parcel_that_has_arrived_needs_no_watching(carriers, parcel, monkeypatch):
    def poison(row, tracker, now):
        raise ZeroDivisionError

    monkeypatch.setattr(watching, "_watch", poison)
    watching.sweep(now=later(0.1))
    assert Case.objects.get().state == "open"
    report = Report("kuaidi100", "SF", parcel.waybill, (Told(later(0.1), Code.DELIVERED, "3", "已签收"),))
    take_in_tracking(storefront_id=parcel.storefront_id, report=report, now=later(0.2))
    case = Case.objects.get(kind="tracking.failing")
    assert (case.state, case.note) == ("settled", "it has ended")


def test_what_has_left_and_no_carrier_has_scanned_is_a_case_that_its_scan_settles(carriers, parcel):
    left = later(1)
    watching.sweep(now=later(0.1))
    Shipment.objects.update(state="dispatched", dispatched_at=left)
    Parcel.objects.update(next_try_at=left, left_at=left)
    watching.sweep(now=left + timedelta(hours=47))
    assert Case.objects.count() == 0
    Parcel.objects.update(next_try_at=left)
    watching.sweep(now=left + timedelta(hours=48))
    case = Case.objects.get()
    assert (case.kind, case.key, case.state) == ("tracking.not_scanned", parcel.event_key, "open")
    assert case.facts == {"order": parcel.shipment.number, "waybill": parcel.waybill, "carrier": "SF"}
    at = left + timedelta(hours=49)
    report = Report("kuaidi100", "SF", parcel.waybill, (Told(at, Code.PICKED_UP, "103", "已揽收"),))
    take_in_tracking(storefront_id=parcel.storefront_id, report=report, now=at)
    case.refresh_from_db()
    assert (case.state, case.settled_by) == ("settled", "system")


def test_what_still_waits_in_the_warehouse_is_no_case_of_its_carrier(carriers, parcel):
    watching.sweep(now=later(0.1))
    Parcel.objects.update(next_try_at=later(0.1))
    watching.sweep(now=later(24 * 20))
    assert Case.objects.count() == 0


def test_what_is_watched_no_more_after_sixty_days_is_a_case(carriers, parcel):
    watching.sweep(now=later(24 * 61))
    parcel.refresh_from_db()
    case = Case.objects.get()
    assert (case.kind, case.title, parcel.next_try_at) == (
        "tracking.silent",
        "A parcel is watched no more",
        None,
    )
