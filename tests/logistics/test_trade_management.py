"""What is late, lost or unknown at WeChat comes before an operator; what it pushes is taken in once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend import delivery
from kernel.models import Case
from logistics.models import ShippingInfo, TradeManagement
from logistics.services import changing, comparing, lateness, shipping_info, telling
from logistics.services.packing import pack
from orders.models import Order
from orders.states import ORDER
from payments.gateways.wechat_pay import client_of
from storefronts.models import PushedMessage
from tests.logistics.telling import asked, bought, info, later, left, numbers, there
from tests.sandbox.conftest import wait_until
from wechat.pay import refunds

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def order(carriers, known) -> Order:
    return bought(carriers, known)


@pytest.fixture
def door(carriers, known, live_server):
    """Our door for WeChat's messages, which WeChat has."""
    url = f"{live_server.url}/wechat/messages/{known.shop.appid}"
    carriers.control("message_url", appid=known.shop.appid, url=url)


def kinds() -> list[str]:
    return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))


def take_in(count: int) -> None:
    """Once so many messages have come."""
    wait_until(lambda: PushedMessage.objects.count() >= count)
    delivery.drain(now=later(1))


def test_what_is_not_shipped_within_36_hours_is_a_case_that_says_what_it_waits_for(order):
    assert lateness.sweep(now=later(60 * 35)) == 0
    assert lateness.sweep(now=later(60 * 36 + 1)) == 1
    case = Case.objects.get(kind="shipping_info.late")
    assert case.facts == {
        "order": order.number,
        "until": (info(order).paid_at + timedelta(hours=48)).isoformat(timespec="minutes"),
        "promised": order.quote.ship_by.isoformat() if order.quote.ship_by else "",
        "waits_for": "release",
    }
    assert lateness.sweep(now=later(60 * 99)) == 0


@pytest.mark.parametrize(
    ("gate", "packed", "waits_for"),
    [
        ("after_release", False, "picking"),
        ("before_list", True, "release"),
        ("after_release", True, "dispatch"),
    ],
)
def test_a_late_order_waits_for_release_or_warehouse(order, gate, packed, waits_for):
    Order.objects.filter(pk=order.pk).update(gate="with_customs")
    Order.objects.filter(pk=order.pk).update(gate=gate)
    if packed:
        pack(shipment=order.shipment, carrier="SF", by="op", now=later(60))
        type(order.shipment).objects.update(state="labelled")
    lateness.sweep(now=later(60 * 37))
    assert Case.objects.get(kind="shipping_info.late").facts["waits_for"] == waits_for


def test_what_is_told_in_time_or_cancelled_or_not_managed_is_not_late(carriers, known, order):
    cancelled, unmanaged = bought(carriers, known), bought(carriers, known)
    left(order)
    telling.sweep(now=later())
    shipping_info.cancelled(order=cancelled, now=later())
    TradeManagement.objects.update(managed=False)
    assert lateness.sweep(now=later(60 * 48)) == 0
    assert (info(unmanaged).state, kinds()) == ("waiting", [])


def test_an_order_that_cannot_be_looked_at_silences_no_other_and_is_looked_at_again(
    carriers, known, order, monkeypatch
):
    other = bought(carriers, known)
    waits_for = lateness.waits_for

    def failing(one, shipment, row):
        if one.pk == order.pk:
            raise ZeroDivisionError
        return waits_for(one, shipment, row)

    monkeypatch.setattr(lateness, "waits_for", failing)
    assert lateness.sweep(now=later(60 * 37)) == 1
    assert kinds() == ["shipping_info.late", "shipping_info.late_failing"]
    assert Case.objects.get(kind="shipping_info.late").facts["order"] == other.number
    assert Case.objects.get(kind="shipping_info.late_failing").facts == {
        "order": order.number,
        "error": "ZeroDivisionError",
    }
    monkeypatch.undo()
    assert lateness.sweep(now=later(60 * 37 + 29)) == 0
    assert lateness.sweep(now=later(60 * 37 + 30)) == 1
    assert kinds() == ["shipping_info.late", "shipping_info.late"]


def test_a_late_order_that_is_told_after_all_settles_its_case(carriers, order):
    lateness.sweep(now=later(60 * 37))
    assert kinds() == ["shipping_info.late"]
    left(order, now=later(60 * 38))
    telling.sweep(now=later(60 * 38))
    assert kinds() == []


def test_a_comparison_that_fails_is_a_case_until_one_is_made(carriers, order, monkeypatch):
    monkeypatch.setattr(comparing, "compare", lambda **_: 1 // 0)
    assert comparing.sweep(now=later(120)) == 0
    assert kinds() == ["shipping_info.comparing_failing"]
    monkeypatch.undo()
    assert comparing.sweep(now=later(181)) == 1
    assert kinds() == []


def test_the_two_lists_agree_and_the_next_look_is_a_day_later(carriers, order):
    left(order)
    telling.sweep(now=later())
    now = later(120)
    assert comparing.sweep(now=now) == 1
    row = TradeManagement.objects.get()
    assert (row.check_at, row.checked_at, kinds()) == (now + timedelta(days=1), now, [])
    assert comparing.sweep(now=now + timedelta(hours=23)) == 0
    assert asked(carriers).count("ship_list") == 3


def test_older_days_are_read_while_an_order_of_ours_is_open(carriers, order):
    left(order)
    telling.sweep(now=later())
    there(carriers, order, act="receive")
    there(carriers, order, act="settle")
    comparing.sweep(now=later(60 * 24 * 20))
    assert (info(order).state, asked(carriers).count("ship_list")) == ("settled", 4)
    comparing.sweep(now=later(60 * 24 * 21 + 1))
    assert asked(carriers).count("ship_list") == 4 + 3


def test_a_waybill_that_someone_changed_in_the_console_is_a_case(carriers, order):
    left(order)
    telling.sweep(now=later())
    there(carriers, order, act="by_hand", waybill="SF-BY-HAND")
    comparing.sweep(now=later(50))
    assert kinds() == []  # told within the hour
    TradeManagement.objects.update(check_at=later())
    comparing.sweep(now=later(120))
    facts = Case.objects.get(kind="shipping_info.outdated").facts
    assert facts == {"order": order.number, "waybill": "SF1001", "theirs": "SF-BY-HAND"}


def test_what_wechat_has_forgotten_is_a_case_and_told_again_by_an_operator(carriers, order):
    left(order)
    telling.sweep(now=later())
    there(carriers, order, act="forget")
    comparing.sweep(now=later(120))
    assert kinds() == ["shipping_info.lost_there"]
    assert Case.objects.get().facts == {"order": order.number, "waybill": "SF1001"}
    changing.tell_again(info=info(order), by="op", now=later(121))
    telling.sweep(now=later(121))
    assert (info(order).state, numbers(carriers, order), kinds()) == ("told", ["SF1001"], [])


def test_what_is_missing_from_the_list_altogether_is_a_case(carriers, order, known):
    left(order)
    telling.sweep(now=later())
    carriers.control("trade_management", appid=known.shop.appid, never=order.out_trade_no)
    comparing.sweep(now=later(120))
    assert kinds() == ["shipping_info.lost_there"]


def test_what_was_told_within_the_hour_may_be_missing(carriers, order):
    left(order)
    telling.sweep(now=later(119))
    there(carriers, order, act="forget")
    comparing.sweep(now=later(120))
    assert (info(order).state, kinds()) == ("told", [])


def test_a_shipping_that_nobody_here_knows_of_is_a_case(carriers, order):
    there(carriers, order, act="by_hand", waybill="SF-BY-HAND")
    comparing.sweep(now=later(120))
    assert kinds() == ["shipping_info.otherwise"]
    assert Case.objects.get().facts == {"order": order.number, "theirs": "SF-BY-HAND"}


def test_a_payment_that_is_no_order_of_ours_is_a_case_unless_it_went_back(carriers, order):
    ShippingInfo.objects.all().delete()
    Order.objects.filter(pk=order.pk).update(transaction_id="42000000")
    comparing.sweep(now=later(120))
    assert kinds() == ["shipping_info.unknown_here"]
    assert Case.objects.get().facts["out_trade_no"] == order.out_trade_no


def test_an_order_without_a_row_is_given_one(carriers, order):
    ShippingInfo.objects.all().delete()
    comparing.sweep(now=later(120))
    assert (info(order).state, info(order).transaction_id, kinds()) == ("waiting", order.transaction_id, [])


def test_an_order_that_someone_told_meanwhile_is_asked_about_before_it_is_told(carriers, order):
    left(order)
    there(carriers, order, act="by_hand", waybill="SF1001")
    comparing.sweep(now=later(120))
    telling.sweep(now=later(121))
    assert (info(order).state, asked(carriers).count("ship_upload")) == ("told", 0)


def test_received_settled_and_refunded_follow_from_the_list(carriers, known):
    orders = [bought(carriers, known) for _ in range(3)]
    for order in orders:
        left(order)
    telling.sweep(now=later())
    there(carriers, orders[0], act="receive")
    there(carriers, orders[1], act="receive")
    there(carriers, orders[1], act="settle")
    comparing.sweep(now=later(120))
    assert [info(order).state for order in orders] == ["received", "settled", "told"]
    there(carriers, orders[0], act="settle")
    comparing.sweep(now=later(60 * 26))
    assert info(orders[0]).state == "settled"


def test_a_storefront_that_becomes_managed_tells_what_it_did_not(carriers, order, known):
    carriers.control("trade_management", appid=known.shop.appid, managed=False)
    left(order)
    telling.sweep(now=later())
    assert info(order).state == "exempt"
    carriers.control("trade_management", appid=known.shop.appid, managed=True)
    comparing.sweep(now=later(120))
    assert info(order).state == "owed"
    telling.sweep(now=later(121))
    assert (info(order).state, numbers(carriers, order)) == ("told", ["SF1001"])


def test_a_list_that_breaks_off_concludes_nothing_and_is_read_again(carriers, order):
    left(order)
    telling.sweep(now=later())
    there(carriers, order, act="forget")
    carriers.control("switches", call="ship_list", mode="500_before")
    now = later(120)
    assert comparing.sweep(now=now) == 0
    assert (kinds(), TradeManagement.objects.get().check_at) == ([], now + timedelta(minutes=30))
    assert comparing.sweep(now=now + timedelta(minutes=30)) == 1
    assert kinds() == ["shipping_info.lost_there"]


def test_unconfirmed_settlement_and_unknown_carriers_are_cases_that_settle(carriers, order, known, settings):
    settings.WECHAT_ORDER_PATH = "pages/order/detail"
    carriers.control("trade_management", appid=known.shop.appid, confirmed=False)
    comparing.sweep(now=later(120))
    assert kinds() == ["trade_management.unconfirmed"]
    told = carriers.control("trade_management", appid=known.shop.appid, confirmed=True)
    assert (told["path"], TradeManagement.objects.get().path) == ("pages/order/detail", "pages/order/detail")
    comparing.sweep(now=later(60 * 26))
    assert kinds() == []
    assert asked(carriers, management=True).count("ship_path") == 1


@pytest.mark.parametrize("as_json", [False, True])
def test_settlement_is_heard_from_a_push_and_the_method_is_not_read(carriers, order, door, as_json):
    left(order)
    telling.sweep(now=later())
    take_in(1)  # told at shipping, with its tail empty
    row = info(order)
    assert (row.state, row.money_at, row.settles_at.tzinfo) == ("told", None, UTC)
    there(carriers, order, act="receive")
    there(carriers, order, act="settle", json=as_json)
    take_in(2)
    row = info(order)
    assert (row.state, row.receipt_at <= row.money_at) == ("settled", True)
    assert abs(row.money_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert set(PushedMessage.objects.values_list("event", "outcome")) == {
        ("trade_manage_order_settlement", "taken")
    }


def test_a_push_that_comes_many_times_at_once_is_taken_in_once(carriers, order, door):
    carriers.control("switches", call="push", mode="duplicate", copies=6)
    there(carriers, order, act="remind")
    take_in(1)
    assert PushedMessage.objects.count() == 1
    case = Case.objects.get(kind="shipping_info.reminded")
    assert (case.facts["order"], case.facts["waits_for"], case.seen) == (order.number, "release", 1)


def test_a_reminder_of_what_is_over_is_nothing(carriers, order, door):
    shipping_info.cancelled(order=order, now=later())
    there(carriers, order, act="remind")
    take_in(1)
    assert (PushedMessage.objects.get().outcome, kinds()) == ("taken", [])


def test_being_asked_to_use_the_interface_is_a_case_that_asking_settles(carriers, order, door, known):
    left(order)
    telling.sweep(now=later())
    carriers.control("trade_management", appid=known.shop.appid, remind=True)
    wait_until(lambda: PushedMessage.objects.filter(event="trade_manage_remind_access_api").exists())
    delivery.drain(now=later(1))
    assert (kinds(), TradeManagement.objects.get().answered_at) == (["trade_management.access"], None)
    comparing.sweep(now=later(120))
    assert kinds() == []


def test_a_push_about_an_unknown_payment_changes_nothing(carriers, order, door):
    ShippingInfo.objects.all().delete()
    Order.objects.filter(pk=order.pk).update(transaction_id="42000000")
    there(carriers, order, act="tell")
    take_in(1)
    outcome = PushedMessage.objects.get().outcome
    assert (outcome, info(order).settles_at, kinds()) == ("taken", None, [])


def test_a_push_that_tells_of_shipping_makes_us_ask_before_we_tell(carriers, order, door):
    left(order)
    there(carriers, order, act="by_hand", waybill="SF1001")
    there(carriers, order, act="tell")
    take_in(1)
    telling.sweep(now=later(2))
    assert (info(order).state, asked(carriers)) == ("told", ["ship_order"])


def test_a_cancelled_order_that_was_never_told_is_ended(carriers, order):
    left(order)
    ORDER.move(order, "cancel", now=later())
    telling.sweep(now=later())
    assert (info(order).state, asked(carriers), kinds()) == ("ended", [], [])


def refund(order: Order) -> None:
    """All of it goes back at WeChat Pay."""
    refunds.create(
        client_of(order.mchid),
        out_trade_no=order.out_trade_no,
        out_refund_no=f"R{order.number}",
        refund_fen=order.total_fen,
        total_fen=order.total_fen,
        reason="退款",
        notify_url="https://shop.test/pay",
    )
    wait_until(
        lambda: refunds.query(client_of(order.mchid), f"R{order.number}").status == "SUCCESS", seconds=20
    )


def test_an_order_that_was_refunded_at_wechat_is_ended_and_no_case(carriers, order):
    refund(order)
    left(order)
    telling.sweep(now=later())
    assert (info(order).state, asked(carriers), kinds()) == ("ended", ["ship_upload", "ship_order"], [])


def test_what_was_told_and_then_refunded_is_ended_by_the_list(carriers, order):
    left(order)
    telling.sweep(now=later())
    refund(order)
    comparing.sweep(now=later(120))
    assert (info(order).state, kinds()) == ("ended", [])
