"""A payment on its way to customs, against WeChat's stand-in."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from backend import delivery
from compliance.models import PayerCheck
from customers import queries as customers
from orders.models import Order
from payments.models import CustomsNumber, Payment, PaymentDeclaration
from payments.services.declare import sweep
from payments.services.query import query
from payments.services.settle import Outcome
from payments.services.start import start_payment
from storefronts.models import MerchantAccount
from storefronts.queries import forget_kept
from storefronts.services import set_customs
from tests import make
from tests.stand_in import StandIn
from tests.stepping import step

NUMBER = "3105961A12"
HOLD = timedelta(minutes=30)


@step
def family(world: make.World, name: str, **more: Any) -> None:
    """Let the storefront declare by this family."""
    merchant = MerchantAccount.objects.get(storefront=world.shop, active=True)
    set_customs(merchant=merchant, family=name, **{"payer_identity": False, **more})
    forget_kept()


@step
def register(world: make.World, *ports: str) -> None:
    """The storefront's number at each port."""
    for port in ports or ("NINGBO",):
        CustomsNumber.objects.get_or_create(storefront=world.shop, port=port, defaults={"number": NUMBER})


@step
def paid(wechat: StandIn, world: make.World, *wanted: tuple[str, int], **more: Any) -> Payment:
    """An order paid just now, its events delivered: what it owes customs is on file."""
    order = make.order(world.alice, *(wanted or (("HD-1", 2),)), now=make.present(), **more)
    start_payment(order=order, openid=customers.openid(world.alice), now=make.present())
    payment = Payment.objects.get(order=order)
    wechat.control("pay", out_trade_no=payment.out_trade_no)
    assert query(payment=payment, now=make.present()) is Outcome.SETTLED
    delivery.drain()
    payment.refresh_from_db()
    return payment


def after_hold() -> datetime:
    """When the hold of an order paid just now is over."""
    return make.present() + HOLD + timedelta(seconds=2)


def go_on(rounds: int = 1, at: datetime | None = None) -> datetime:
    """Let the sweep do `rounds` steps, each when the next is due; the last instant."""
    at = at or after_hold()
    for _ in range(rounds):
        sweep(now=at)
        delivery.drain(now=at)
        time.sleep(0.005)  # the stand-in's ladder: customs has made up its mind
        at += timedelta(minutes=10, seconds=1)
    return at


def row(payment: Payment, port: str = "NINGBO") -> PaymentDeclaration:
    return PaymentDeclaration.objects.select_related("order", "payment").get(payment=payment, port=port)


def check(payment: Payment) -> PayerCheck:
    return PayerCheck.objects.get(order_number=Order.objects.get(pk=payment.order_id).number)


def calls(wechat: StandIn, *names: str) -> list[str]:
    """The customs calls that reached the stand-in, in their order."""
    import requests

    told = requests.get(f"{wechat.url}/sandbox/log", timeout=15).json()["calls"]
    return [one["call"] for one in told if one["call"].startswith("customs_")]
