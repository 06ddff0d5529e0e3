"""WeChat is told once that an order has left, and once more where its waybill changes; never a third time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import delivery
from compliance.models import Disclosure
from kernel.models import Case, Event
from kernel.states import WrongState
from logistics.gateways.tracking import Report, Told
from logistics.models import ShippingInfo, TradeManagement
from logistics.services import changing, packing, shipping_info, telling, waybills
from logistics.services.changing import ChangeUsed, SameWaybill
from logistics.services.tracking import take_in_tracking
from logistics.vocabulary import Code
from orders.models import Order
from tests import make
from tests.logistics.telling import asked, bought, info, later, left, numbers, there

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(carriers, known) -> Order:
    return bought(carriers, known)


def kinds() -> list[str]:
    return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))


def test_nothing_is_told_before_a_carrier_has_the_parcel(carriers, order):
    assert telling.sweep(now=later(60)) == 0
    assert (info(order).state, asked(carriers)) == ("waiting", [])


def test_from_the_label_to_the_reminder_wechat_is_told_at_the_first_scan(carriers, order):
    delivery.drain(now=later(60 * 24))
    shipment = order.shipment
    parcel = packing.pack(shipment=shipment, carrier="SF", by="op", now=later(60 * 24))
    waybills.sweep(now=later(60 * 24))
    delivery.drain(now=later(60 * 24))
    parcel.refresh_from_db()
    assert (parcel.state, info(order).state, asked(carriers)) == ("issued", "waiting", [])
    at = later(60 * 25)
    for code, minutes in ((Code.PICKED_UP, 0), (Code.IN_TRANSIT, 9), (Code.DELIVERED, 99)):
        told = (Told(at + timedelta(minutes=minutes), code, "x", "…"),)
        take_in_tracking(
            storefront_id=order.storefront_id, report=Report("sf", "SF", parcel.waybill, told), now=at
        )
        delivery.drain(now=at)
        telling.sweep(now=at)
    row = info(order)
    assert (row.state, row.known, row.shipped_at) == ("told", [["SF", parcel.waybill]], at)
    assert (row.delivered_at, row.reminded_at) == (at + timedelta(minutes=99), at)
    (seen,) = there(carriers, order)["shipping"]["shipping_list"]
    assert (seen["contact"], seen["goods_desc"]) == ({"consignor_contact": "****0000"}, "吹风机 HD-1×1")
    assert asked(carriers) == ["ship_upload", "ship_remind"]
    row = Disclosure.objects.get(purpose="tell_shipping")
    assert (row.recipient_kind, row.recipient, row.country, row.fields) == (
        "partner",
        "深圳市腾讯计算机系统有限公司",
        "CN",
        ["openid", "order_number", "goods", "waybill"],
    )


def test_where_no_sender_is_known_the_receivers_last_four_digits_go_and_are_on_record(carriers, order):
    left(order)
    telling.sweep(now=later())
    (seen,) = there(carriers, order)["shipping"]["shipping_list"]
    assert seen["contact"] == {"receiver_contact": f"****{make.PHONES[make.ALICE][-4:]}"}
    assert "consignee_phone" in Disclosure.objects.get(purpose="tell_shipping").fields
    assert not Event.objects.filter(facts__icontains=make.PHONES[make.ALICE]).exists()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("mode", "calls"),
    [
        ("timeout_before", None),
        ("timeout_after", None),
        ("500_before", ["ship_upload", "ship_order", "ship_upload"]),
        ("500_after", ["ship_upload", "ship_order"]),
    ],
)
def test_an_unknown_outcome_is_asked_about_and_not_told_twice(carriers, order, mode, calls):
    carriers.control("switches", call="ship_upload", mode=mode, seconds=4)
    left(order)
    telling.sweep(now=later())
    assert (info(order).state, info(order).sent) == ("owed", [["SF", "SF1001"]])
    assert telling.sweep(now=later(1)) == 1
    assert (info(order).state, numbers(carriers, order)) == ("told", ["SF1001"])
    assert there(carriers, order)["shipping"]["finish_shipping_count"] == 1
    if calls is not None:  # of a call that hangs the log tells once it ends
        assert asked(carriers) == calls


def test_who_dies_after_the_call_leaves_what_the_next_one_asks_about(carriers, order):
    row = left(order)
    attempt = telling._attempt(row, later())
    telling._call(attempt)  # and the worker is gone before it takes the answer in
    assert info(order).state == "owed"
    telling.step(info=info(order), now=later(10))
    assert (info(order).state, info(order).known) == ("told", [["SF", "SF1001"]])
    assert asked(carriers) == ["ship_upload", "ship_order"]


def test_who_dies_before_the_call_leaves_what_the_next_one_tells(carriers, order):
    telling._attempt(left(order), later())
    telling.step(info=info(order), now=later(10))
    assert (info(order).state, asked(carriers)) == ("told", ["ship_order", "ship_upload"])


def test_who_was_overtaken_tells_nothing(carriers, order, monkeypatch):
    attempt = telling._attempt(left(order), later())
    monkeypatch.setattr("logistics.services.telling.OVERTAKEN_SECONDS", -1)
    with pytest.raises(telling.Overtaken):
        telling._call(attempt)
    stale = info(order)
    ShippingInfo.objects.update(tries=5)  # another one has claimed it since
    assert telling._attempt(stale, later()) is None
    assert asked(carriers) == []


def test_a_payment_that_wechat_does_not_know_yet_is_told_later(carriers, order, known):
    carriers.control("trade_management", appid=known.shop.appid, ingest_seconds=60)
    left(order)
    now = later()
    telling.sweep(now=now)
    row = info(order)
    assert (row.state, row.next_try_at, kinds()) == ("owed", now + timedelta(seconds=10), [])
    telling.sweep(now=now + timedelta(seconds=10))
    assert info(order).next_try_at == now + timedelta(seconds=30)
    carriers.control("advance", seconds=61)
    telling.sweep(now=now + timedelta(minutes=2))
    assert info(order).state == "told"


def test_a_payment_that_wechat_never_knows_is_a_case_that_its_telling_settles(carriers, order, known):
    carriers.control("switches", call="ship_upload", mode="error", code=10060001, times=1)
    carriers.control("switches", call="ship_order", mode="error", code=10060001, times=7)
    left(order)
    for tried in range(8):
        assert kinds() == []
        telling.sweep(now=later(60 * tried))
    assert kinds() == ["shipping_info.not_there"]
    telling.sweep(now=later(60 * 9))
    assert (info(order).state, kinds()) == ("told", [])


def test_silence_is_a_case(carriers, order):
    carriers.control("switches", call="ship_upload", mode="500_before", times=1)
    carriers.control("switches", call="ship_order", mode="500_before", times=7)
    left(order)
    for tried in range(8):
        telling.sweep(now=later(60 * tried))
    assert kinds() == ["shipping_info.unanswered"]


def test_a_refusal_is_a_case_and_told_again_after_a_mend(carriers, order):
    carriers.control("switches", call="ship_upload", mode="error", code=48001)
    left(order)
    telling.sweep(now=later())
    assert (info(order).state, info(order).trouble, kinds()) == (
        "refused",
        "48001",
        ["shipping_info.refused"],
    )
    assert telling.sweep(now=later(60)) == 0
    changing.tell_again(info=info(order), by="op", now=later(60))
    telling.sweep(now=later(61))
    assert (info(order).state, info(order).trouble, kinds()) == ("told", "", [])


def test_a_changed_waybill_uses_the_one_change_and_a_further_one_is_a_case(carriers, order):
    left(order)
    telling.sweep(now=later())
    left(order, "SF1002")
    assert info(order).state == "amending"
    telling.sweep(now=later(1))
    row = info(order)
    assert (row.state, row.known, numbers(carriers, order)) == ("retold", [["SF", "SF1002"]], ["SF1002"])
    left(order, "SF1003")
    assert (info(order).state, kinds()) == ("outdated", ["shipping_info.outdated"])
    assert Case.objects.get().facts == {"order": order.number, "waybill": "SF1003", "theirs": "SF1002"}
    assert telling.sweep(now=later(60)) == 0
    assert asked(carriers) == ["ship_upload", "ship_order", "ship_upload"]


def test_a_change_without_an_answer_is_made_once(carriers, order):
    left(order)
    telling.sweep(now=later())
    carriers.control("switches", call="ship_upload", mode="500_after")
    left(order, "SF1002")
    telling.sweep(now=later(1))
    telling.sweep(now=later(9))
    assert (info(order).state, numbers(carriers, order)) == ("retold", ["SF1002"])
    assert asked(carriers) == ["ship_upload", "ship_order", "ship_upload", "ship_order"]


def test_a_waybill_that_changes_while_the_first_is_unanswered_is_the_one_change(carriers, order):
    carriers.control("switches", call="ship_upload", mode="500_after")
    left(order)
    telling.sweep(now=later())
    left(order, "SF1002")
    telling.sweep(now=later(9))
    assert (info(order).state, info(order).known) == ("amending", [["SF", "SF1001"]])
    telling.sweep(now=later(20))
    assert (info(order).state, numbers(carriers, order)) == ("retold", ["SF1002"])


def test_where_the_change_was_used_by_hand_nothing_is_told_and_it_is_a_case(carriers, order):
    left(order)
    telling.sweep(now=later())
    carriers.control("switches", call="ship_upload", mode="error", code=10060003)
    left(order, "SF1002")
    telling.sweep(now=later(1))
    assert (info(order).state, kinds()) == ("outdated", ["shipping_info.outdated"])


def test_a_change_that_is_refused_for_another_reason_is_still_made_after_a_mend(carriers, order):
    left(order)
    telling.sweep(now=later())
    carriers.control("switches", call="ship_order", mode="error", code=48001)
    left(order, "SF1002")
    telling.sweep(now=later(1))
    assert (info(order).state, info(order).trouble, kinds()) == (
        "amending",
        "48001",
        ["shipping_info.refused"],
    )
    telling.sweep(now=later(60))
    assert (info(order).state, info(order).trouble, kinds()) == ("retold", "", [])


def test_an_operator_tells_of_another_number_once(carriers, order):
    row = left(order)
    with pytest.raises(WrongState):
        changing.change_waybill(info=row, carrier="SF", waybill="SF9", by="op", now=later())
    telling.sweep(now=later())
    with pytest.raises(SameWaybill):
        changing.change_waybill(info=row, carrier="SF", waybill="SF1001", by="op", now=later())
    changing.change_waybill(info=row, carrier="YTO", waybill="YT9", by="op", now=later(1))
    telling.sweep(now=later(2))
    assert (info(order).state, numbers(carriers, order)) == ("retold", ["YT9"])
    with pytest.raises(ChangeUsed):
        changing.change_waybill(info=row, carrier="SF", waybill="SF1001", by="op", now=later(3))
    assert Event.objects.get(name="shipping_info.changed").facts == {
        "by": "op",
        "waybill": "YT9",
        "carrier": "YTO",
        "replaces": "SF1001",
    }


def test_what_someone_told_in_the_console_is_not_overwritten_until_an_operator_says_so(carriers, order):
    there(carriers, order, act="by_hand", waybill="SF-BY-HAND")
    row = left(order)
    ShippingInfo.objects.update(attempted_at=later())  # as a push or the list has made us ask first
    telling.sweep(now=later())
    assert (info(order).state, kinds()) == ("refused", ["shipping_info.otherwise"])
    assert Case.objects.get().facts["theirs"] == "SF-BY-HAND"
    changing.use_the_change(info=row, by="op", now=later(1))
    telling.sweep(now=later(2))
    assert (info(order).state, numbers(carriers, order), kinds()) == ("retold", ["SF1001"], [])


def test_time_told_of_one_payment_always_increases(carriers, order):
    left(order)
    now = later(1).replace(microsecond=123_456)
    telling.sweep(now=now)
    assert info(order).said_at == now.replace(microsecond=123_000)
    ShippingInfo.objects.update(said_at=now + timedelta(hours=1))
    left(order, "SF1002")
    telling.sweep(now=now + timedelta(minutes=1))
    assert info(order).said_at == now + timedelta(hours=1, milliseconds=1)


def test_a_mini_program_that_is_not_managed_is_told_nothing(carriers, order, known):
    carriers.control("trade_management", appid=known.shop.appid, managed=False)
    left(order)
    telling.sweep(now=later())
    assert (info(order).state, info(order).late_at, asked(carriers)) == ("exempt", None, [])
    assert TradeManagement.objects.get().managed is False


def test_whether_it_is_managed_is_asked_once_a_day_and_an_outage_changes_nothing(carriers, known):
    orders = [bought(carriers, known) for _ in range(3)]
    for order in orders[:2]:
        left(order)
        telling.sweep(now=later())
    assert asked(carriers, management=True) == ["ship_managed", "ship_confirmed", "ship_carriers"]
    answered_at = TradeManagement.objects.get().answered_at
    carriers.control("switches", call="ship_managed", mode="500_before")
    left(orders[2])
    telling.sweep(now=later(60 * 25))
    assert (info(orders[2]).state, TradeManagement.objects.get().answered_at) == ("told", answered_at)


def test_while_nobody_knows_whether_it_is_managed_nothing_is_told(carriers, order):
    carriers.control("switches", call="ship_managed", mode="500_before")
    left(order)
    telling.sweep(now=later())
    assert (info(order).state, asked(carriers)) == ("owed", [])
    telling.sweep(now=later(1))
    assert info(order).state == "told"


def test_what_is_cancelled_before_it_leaves_is_ended(carriers, order):
    shipping_info.cancelled(order=order, now=later())
    assert info(order).state == "ended"
    left(order)
    assert (info(order).state, telling.sweep(now=later())) == ("ended", 0)


def test_a_consumer_who_confirmed_first_is_not_reminded(carriers, order):
    left(order)
    telling.sweep(now=later())
    there(carriers, order, act="receive")
    shipping_info.delivered(order=order, at=later(), now=later(1))
    telling.sweep(now=later(1))
    row = info(order)
    assert (row.state, row.reminded_at, row.remind_at, row.trouble) == ("told", None, None, "10060004")
    assert telling.sweep(now=later(60)) == 0


def test_a_reminder_without_an_answer_is_repeated_and_wechat_sends_it_once(carriers, order):
    left(order)
    telling.sweep(now=later())
    shipping_info.delivered(order=order, at=later(), now=later(1))
    carriers.control("switches", call="ship_remind", mode="500_after")
    telling.sweep(now=later(1))
    telling.sweep(now=later(9))
    assert there(carriers, order)["reminded"] is True
    assert asked(carriers) == ["ship_upload", "ship_remind", "ship_remind"]
    assert telling.sweep(now=later(99)) == 0


def test_an_order_that_fails_as_nobody_foresaw_is_a_case_and_waits_longer_each_time(
    carriers, known, monkeypatch
):
    order = bought(carriers, known)
    left(order)
    attempt = telling._attempt
    monkeypatch.setattr(telling, "_attempt", lambda *a: 1 / 0)
    for minutes in range(1, 240):
        telling.sweep(now=later(minutes))
    case = Case.objects.get(kind="shipping_info.failing")
    assert (case.facts, case.seen, info(order).tries) == (
        {"order": order.number, "error": "ZeroDivisionError"},
        9,
        9,
    )
    monkeypatch.setattr(telling, "_attempt", attempt)
    telling.sweep(now=later(300))
    case.refresh_from_db()
    assert (info(order).state, case.state) == ("told", "settled")
