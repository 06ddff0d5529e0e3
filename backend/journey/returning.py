"""A piece goes back within seven days: quoted, sent, declared, graded, refunded; the year restored."""

from __future__ import annotations

from typing import Any

from backend.journey.client import wait
from backend.journey.partnering import refused
from backend.journey.refunding import as_the_house
from backend.journey.report import expect, expect_that, step
from backend.journey.stage import Stage, yuan
from customs.services import declaring, receiving, sending
from inventory.models import Lot, Movement
from kernel.clock import now
from kernel.models import Event
from returns.models import ReturnRequest
from returns.services.arrive import lots_of

WAYBILL = "SF7000000000001"


def of_the_journey(stage: Stage) -> ReturnRequest:
    """The one return of the journey's order."""
    return ReturnRequest.objects.select_related("order").get(number=stage.returned)


def wish(stage: Stage) -> dict[str, Any]:
    """One piece of the first line of which any is left."""
    options = stage.alice.get(f"orders/{stage.order['number']}/returns/options")
    line = next(one for one in options["lines"] if one["left"])
    return {
        "kind": "return",
        "reason": "changed_mind",
        "lines": [{"position": line["position"], "quantity": 1}],
    }


def left_fen(stage: Stage) -> int:
    """What is left of the consumer's year."""
    fen: int = stage.alice.get("me/identity")["allowance"]["left_fen"]
    return fen


@step("退货报价", "before it is asked for: what, by whom, until when")
def quoted(stage: Stage) -> str:
    path = f"orders/{stage.order['number']}/returns/quote"
    offer = stage.alice.call("POST", path, wish(stage))
    expect((True, True), (offer["possible"], offer["tax"]["restorable"]))
    clocks = ", ".join(f"{one['name']} {one['last']}" for one in offer["clocks"])
    stage.stranger.call("POST", path, wish(stage), status=404)
    return f"{yuan(offer['refund_fen'])} with tax {yuan(offer['tax']['fen'])}; {clocks}"


@step("申请退货", "asked twice under one key: one request, approved by itself")
def asked(stage: Stage) -> str:
    key = {"Idempotency-Key": f"return-{stage.order['number']}"}
    path, body = f"orders/{stage.order['number']}/returns", wish(stage)
    first, second = (stage.alice.call("POST", path, body, status=201, headers=key) for _ in range(2))
    expect(first, second)
    stage.returned = first["number"]
    row = of_the_journey(stage)
    expect(("to_send", "system"), (row.state, row.decided_by))
    return f"{row.number}: {stage.alice.get(f'returns/{row.number}')['next']['says']['zh']}"


@step("寄回与退货申报", "with the carrier: customs is told (CEB625)")
def sent(stage: Stage) -> str:
    row = of_the_journey(stage)
    path = f"returns/{row.number}/way"
    stage.alice.call("POST", path, {"carrier": "SF", "waybill": "?"}, status=422)
    stage.alice.call("POST", path, {"carrier": "SF", "waybill": WAYBILL})
    row.refresh_from_db()
    expect_that(bool(row.return_no), "a return at customs", row.return_no)
    return f"waybill {WAYBILL}, return {row.return_no}"


@step("退货中心验收", "by the warehouse, as new: for sale again, money on its way")
def graded(stage: Stage) -> str:
    row = of_the_journey(stage)
    here = stage.wms.post_return_receipt(row.number)
    (line,) = here["lines"]
    lot = line["lots"][0]
    held = lots_of(row)[row.lines.get().line.position][0]
    before = Lot.objects.get(pk=held.pk).on_hand
    found = {"sku": line["sku"], "quantity": line["quantity"], "grade": "as_new", "lot": lot["lot"]}
    body: Any = {"lines": [{**found, "inbound_list": lot["inbound_list"] or ""}]}
    told = stage.wms.post_return_inspection(row.number, body)
    refused(409, stage.wms.post_return_inspection, row.number, body)
    expect(before + 1, Lot.objects.get(pk=held.pk).on_hand)
    expect(1, Movement.objects.filter(reason=row.number, kind="return").count())
    return f"lot {held.code} has {before + 1} pieces, the return is {told['state']}"


@step("海关准予退货", "626: tax given up, the year restored, once")
def granted(stage: Stage) -> str:
    row, before = of_the_journey(stage), left_fen(stage)
    told = Event.objects.filter(key=row.order.event_key, name="customs.return_restored")

    def restored() -> Event | None:
        with as_the_house(stage):
            declaring.sweep(now=now())
            sending.sweep(now=now())
            receiving.collect(now=now())
        return told.first()

    event: Event = wait("customs' word on the return", restored, seconds=60)
    expect((1, row.return_no), (told.count(), event.facts["return"]))
    back = left_fen(stage) - before
    expect_that(back > 0, "a part of the year", back)
    return f"{yuan(back)} of the year are free again"


@step("退款到账", "the money has arrived, to the fen as it was quoted")
def arrived(stage: Stage) -> str:
    number = of_the_journey(stage).number

    def settled() -> dict[str, Any] | None:
        page: dict[str, Any] = stage.alice.get(f"returns/{number}")
        return page if page["state"] == "settled" else None

    # WeChat Pay takes the refunds of one payment a minute apart.
    page: dict[str, Any] = wait("the return settled", settled, seconds=75)
    expect(page["refund_fen"], page["refund"]["amount_fen"])
    return f"{yuan(page['refund']['amount_fen'])}: {page['next']['says']['zh']}"


STEPS = (quoted, asked, sent, graded, granted)
