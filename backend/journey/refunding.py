"""Money goes back: a piece of a paid order, and all of one that its consumer cancels within the hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from backend.journey.client import wait
from backend.journey.ordering import place, quote, risk_notice
from backend.journey.paying import start, wait_for
from backend.journey.report import expect, expect_that, step
from backend.journey.stage import MAISON, Stage, yuan
from kernel.clock import now
from orders.models import OrderLine
from payments.services.refunds import Wish, request_refund


def refunded(stage: Stage, number: str) -> list[dict[str, Any]]:
    """The refunds of an order, once WeChat has carried out each of them."""

    def ended() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = stage.alice.get(f"orders/{number}")["refunds"]
        return found if found and all(one["state"] == "succeeded" for one in found) else []

    found: list[dict[str, Any]] = wait("the money returned", ended, seconds=30)
    return found


@contextmanager
def as_the_house(stage: Stage) -> Iterator[None]:
    """What an operator does is done by this process, which must know where the house and others are."""
    told = {
        "PUBLIC_BASE_URL": stage.alice.base,
        "WECHAT_PAY_BASE": stage.sandbox.base,
        "CFETS_BASE": stage.sandbox.base,
        "SF_BASE": stage.sandbox.base,
        "KUAIDI100_BASE": stage.sandbox.base,
        "PORT_BASE": stage.sandbox.base,
        "SIGN_BASE": stage.sandbox.base,
        "PORT_DATA_BASE": stage.sandbox.base,
        "CUSTOMS_SENDERS": "stand_in",
    }
    own = {name: getattr(settings, name) for name in told}
    try:
        for name, value in told.items():
            setattr(settings, name, value)
        yield
    finally:
        for name, value in own.items():
            setattr(settings, name, value)


@step("部分退款", "one piece goes back, with its tax and freight")
def part(stage: Stage) -> str:
    number = stage.order["number"]
    line = OrderLine.objects.filter(order__number=number).order_by("position")[0]
    with as_the_house(stage):
        refund = request_refund(
            number=number,
            wish=Wish({line.pk: 1}),
            key="journey",
            reason="少发一件",
            asked_by="operator:journey",
            now=now(),
        )
    (one,) = refunded(stage, number)
    expect(refund.amount_fen, one["amount_fen"])
    expect("paid", stage.alice.get(f"orders/{number}")["state"])
    return f"{refund.out_refund_no}: {yuan(refund.amount_fen)}, of it tax {yuan(refund.tax_fen)}"


@step("付款后取消", "a paid order, cancelled within the hold: all goes back")
def whole(stage: Stage) -> str:
    made = place(stage.alice, quote(stage.alice, stage.basket), risk_notice(stage))
    stage.sandbox.tell("pay", client=start(stage, stage.alice, made["number"], MAISON))
    seen = wait_for(stage.alice, made["number"], "paid")
    expect_that(seen["cancellable_until"] is not None, "it can still be cancelled", seen)
    told = stage.alice.call("POST", f"orders/{made['number']}/cancel")
    expect("cancelled", told["state"])
    (one,) = refunded(stage, made["number"])
    expect(made["total_fen"], one["amount_fen"])
    return f"{made['number']} cancelled, {yuan(one['amount_fen'])} returned"


STEPS = (part, whole)
