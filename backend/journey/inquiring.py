"""Customs asks for the payment data of an order of the day (支付原始数据), and is given it."""

from __future__ import annotations

from typing import Any

from backend.journey.client import wait
from backend.journey.refunding import as_the_house
from backend.journey.report import expect, step
from backend.journey.stage import Stage
from compliance.models import Disclosure
from customs.models import DataRequest
from customs.services import data_given
from kernel.clock import now
from orders.models import Order


@step("海关调取支付数据", "customs asks for a payment and is given it, signed")
def inquired(stage: Stage) -> str:
    order = Order.objects.get(number=stage.order["number"])
    asked = stage.sandbox.tell(
        "data_request", url=f"{stage.alice.base}/customs/platDataOpen", order=order.out_trade_no
    )
    (answer,) = asked["requests"]
    expect((200, "10000"), (answer["status"], answer["code"]))

    def given() -> dict[str, Any] | None:
        with as_the_house(stage):
            data_given.sweep(now=now())
        uploads = stage.sandbox.read("books")["port"]["uploads"]
        return next((one for one in uploads if one["sessionID"] == answer["sessionID"]), None)

    took: dict[str, Any] = wait("the upload", given, seconds=30)
    expect(("10000", [order.out_trade_no]), (took["code"], took["orders"]))
    request = DataRequest.objects.filter(session=answer["sessionID"])
    wait("the upload noted", lambda: request.filter(state="given").exists(), seconds=15)
    told = Disclosure.objects.get(order_number=order.number, purpose="customs_inquiry")
    row = request.get()
    waited = (row.given_at or now()) - row.asked_at
    return (
        f"{took['orders'][0]} given {waited.total_seconds():.1f} s after it was asked:"
        f" {', '.join(told.fields)}, verified by {took['verDept']}"
    )


STEPS = (inquired,)
