"""What tests of shipping information need: an order that WeChat knows as paid, with a carrier."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import requests

from customers.queries import openid
from logistics.gateways.carrying import Handover
from logistics.models import ShippingInfo
from logistics.services import shipping_info
from logistics.services.handover import record_handover
from logistics.services.shipments import open_shipment
from orders.models import Order
from orders.states import ORDER
from payments.gateways.wechat_pay import client_of
from tests import make
from tests.stand_in import StandIn
from tests.stepping import step


def later(minutes: float = 0) -> datetime:
    """Some minutes after the real present."""
    return make.present() + timedelta(minutes=minutes)


@step
def bought(wechat: StandIn, world: make.World, *lines: tuple[str, int]) -> Order:
    """A paid order of Alice's: ours and WeChat's."""
    now = make.present()
    order = make.order(world.alice, *(lines or (("HD-1", 1),)), now=now)
    facts = next(one for one in wechat.world["storefronts"] if one["appid"] == world.shop.appid)
    pay, number = client_of(facts["mchid"]), f"P{order.number}"[:32]
    pay.prepay_jsapi(
        appid=world.shop.appid,
        openid=openid(world.alice),
        out_trade_no=number,
        description="测试",
        total_fen=order.total_fen,
        notify_url="https://shop.test/pay",
        time_expire=now + timedelta(minutes=30),
    )
    wechat.control("pay", out_trade_no=number, notify=False)
    paid = pay.query_by_out_trade_no(number)
    ORDER.move(
        order,
        "pay",
        now=now,
        paid_at=paid.success_time,
        transaction_id=paid.transaction_id,
        mchid=facts["mchid"],
        out_trade_no=number,
    )
    open_shipment(order=order, now=now)
    shipping_info.open_info(order=order, now=now)
    return order


@step
def left(order: Order, waybill: str = "SF1001", now: datetime | None = None) -> ShippingInfo:
    """A carrier has it, and WeChat is to be told."""
    at = now or make.present()
    record_handover(order=order, handover=Handover(waybill, "顺丰速运", at), now=at)
    shipping_info.owe(order=order, now=at)
    return info(order)


def info(order: Order) -> ShippingInfo:
    """The row as it is."""
    return ShippingInfo.objects.get(order=order)


def there(wechat: StandIn, order: Order, **act: Any) -> dict[str, Any]:
    """What WeChat knows of the order's shipping."""
    return wechat.control("shipping", out_trade_no=order.out_trade_no, **({"act": "read"} | act))


def numbers(wechat: StandIn, order: Order) -> list[str]:
    """The waybills that WeChat shows."""
    shipping = there(wechat, order).get("shipping", {"shipping_list": []})
    return [one["tracking_no"] for one in shipping["shipping_list"]]


def asked(wechat: StandIn, *, management: bool = False) -> list[str]:
    """The calls about shipping, in order; those about the management of trades alone, or those but these."""
    calls = requests.get(f"{wechat.url}/sandbox/log", timeout=15).json()["calls"]
    of_it = ("ship_managed", "ship_confirmed", "ship_carriers", "ship_path")
    names = [one["call"] for one in calls if one["call"].startswith("ship_")]
    return [name for name in names if (name in of_it) is management]
