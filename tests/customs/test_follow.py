"""Parcel and release of a declared order are heard of once, whatever goes wrong, and become evidence."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
import requests

from backend import delivery
from customs.services import follow as following
from customs.services.follow import follow
from kernel.clock import shanghai_day
from kernel.models import Case, Event
from orders.models import Order
from payments.models import Payment
from settlement.models import Evidence
from settlement.reasons import Reason
from settlement.unsettled import unsettled
from tests import make
from tests.payments.declaring import after_hold, family, go_on, paid, register

pytestmark = pytest.mark.django_db(transaction=True)
FACTS = ("shipment.handed_over", "customs.released")


@pytest.fixture
def shop(world, wechat, settings):
    """A storefront that declares, and a stand-in that is asked about parcels and releases."""
    family(world, "v2")
    register(world)
    settings.CARRIER = settings.CLEARANCE = "stand_in"
    settings.TRADE_BASE = wechat.url
    return world


def declared(wechat, shop) -> Payment:
    """Paid, declared, and long enough ago by the stand-in's quick ladder."""
    payment = paid(wechat, shop)
    go_on(2)
    time.sleep(0.02)
    return payment


def asked(wechat) -> list[str]:
    told = requests.get(f"{wechat.url}/sandbox/log", timeout=15).json()["calls"]
    return [one["call"] for one in told if one["call"] in ("shipments", "releases")]


def facts() -> dict[str, dict[str, str]]:
    return {one.name: one.facts for one in Event.objects.filter(name__in=FACTS)}


def test_parcel_and_release_become_evidence_and_then_nobody_is_asked_again(wechat, shop):
    payment = declared(wechat, shop)
    number = payment.order.number
    assert follow(now=make.present()) == 2
    told = facts()
    assert told["shipment.handed_over"]["order"] == told["customs.released"]["order"] == number
    assert told["shipment.handed_over"]["carrier"] == "顺丰速运"
    waybill, released = told["shipment.handed_over"]["waybill"], told["customs.released"]["list"]
    assert (waybill[:2], len(waybill), released[:9], len(released)) == ("SF", 15, "31052026I", 18)
    assert asked(wechat) == ["shipments", "releases"]
    assert follow(now=make.present()) == 0
    assert asked(wechat) == ["shipments", "releases"]
    delivery.drain(now=after_hold() + timedelta(hours=1))
    kept = dict(Evidence.objects.values_list("kind", "reference"))
    assert kept == {"payment": payment.transaction_id, "logistics": waybill, "clearance": released}
    at = datetime.fromisoformat(told["customs.released"]["at"])
    assert Evidence.objects.get(kind="clearance").at == at
    (one,) = unsettled(storefront_id=shop.shop.pk, day=shanghai_day(make.present()))
    assert (one.number, one.reasons) == (number, ())
    assert Case.objects.count() == 0


def test_nobody_is_asked_unless_someone_is_named(wechat, shop, settings):
    declared(wechat, shop)
    settings.CARRIER = settings.CLEARANCE = ""
    assert follow(now=make.present()) == 0
    assert asked(wechat) == []
    settings.CLEARANCE = "stand_in"
    assert follow(now=make.present()) == 1
    assert (asked(wechat), list(facts())) == (["releases"], ["customs.released"])


def test_what_is_not_declared_or_not_paid_is_not_asked_about(wechat, shop):
    payment = paid(wechat, shop)
    assert follow(now=make.present()) == 0
    go_on(2)
    Order.objects.filter(pk=payment.order_id).update(state="cancelled")
    assert follow(now=make.present()) == 0
    assert asked(wechat) == []


def test_an_order_that_nothing_is_told_of_for_a_month_is_given_up(wechat, shop):
    declared(wechat, shop)
    assert follow(now=make.present() + timedelta(days=30, minutes=1)) == 0
    assert asked(wechat) == []
    assert follow(now=make.present() + timedelta(days=29)) == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", ["500_before", "timeout_before"])
def test_one_that_cannot_be_asked_about_keeps_no_other_waiting_and_is_asked_about_again(wechat, shop, mode):
    first = declared(wechat, shop)
    second = declared(wechat, shop)
    wechat.control("switches", call="shipments", mode=mode, out_trade_no=second.out_trade_no, seconds=4)
    assert follow(now=make.present()) == 2
    assert {one["order"] for one in facts().values()} == {first.order.number}
    assert follow(now=make.present()) == 2
    assert Event.objects.filter(name__in=FACTS).count() == 4


def test_what_is_kept_back_is_nothing_yet(wechat, shop):
    payment = declared(wechat, shop)
    wechat.control("trade", out_trade_no=payment.out_trade_no, hold=True)
    assert follow(now=make.present()) == 0
    delivery.drain(now=after_hold() + timedelta(hours=1))
    (one,) = unsettled(storefront_id=shop.shop.pk, day=shanghai_day(make.present()))
    assert one.reasons == (Reason.LOGISTICS, Reason.CLEARANCE)
    wechat.control("trade", out_trade_no=payment.out_trade_no, hold=False, waybill="YT1", list="L1")
    assert follow(now=make.present()) == 2
    assert (facts()["shipment.handed_over"]["waybill"], facts()["customs.released"]["list"]) == ("YT1", "L1")


def test_one_list_told_of_two_orders_holds_both(wechat, shop):
    first, second = declared(wechat, shop), declared(wechat, shop)
    for payment in (first, second):
        wechat.control("trade", out_trade_no=payment.out_trade_no, list="310520260000000001")
    assert follow(now=make.present()) == 4
    delivery.drain(now=after_hold() + timedelta(hours=1))
    case = Case.objects.get(kind="evidence.contradicts")
    assert {case.key.removeprefix("order:"), case.facts["order"]} == {
        first.order.number,
        second.order.number,
    }
    found = unsettled(storefront_id=shop.shop.pk, day=shanghai_day(make.present()))
    assert [one.reasons for one in found] == [(Reason.CASE,), (Reason.CASE,)]


def test_one_that_fails_as_nobody_foresaw_keeps_no_other_waiting_and_its_case_settles_when_it_is_told(
    wechat, shop, monkeypatch
):
    _, second = declared(wechat, shop), declared(wechat, shop)
    really = following.record_release

    def poison(*, order, release, now):
        if order.pk == second.order_id:
            raise ZeroDivisionError("13800138000")
        return really(order=order, release=release, now=now)

    monkeypatch.setattr(following, "record_release", poison)
    assert follow(now=make.present()) == 3  # both parcels, and one release
    case = Case.objects.get()
    assert (case.kind, case.key, case.state) == ("clearance.failing", second.order.event_key, "open")
    assert case.facts == {"order": second.order.number, "error": "ZeroDivisionError"}
    assert follow(now=make.present()) == 0
    assert Case.objects.get().seen == 2
    monkeypatch.setattr(following, "record_release", really)
    assert follow(now=make.present()) == 1
    case.refresh_from_db()
    assert (case.state, case.settled_by) == ("settled", "system")
    assert Event.objects.filter(name="customs.released").count() == 2
