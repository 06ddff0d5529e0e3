"""Returns in every state, of one order, so that the operators' pages have something to show at first."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from backend.journey import partnering, shipping
from backend.journey.account import settle_in
from backend.journey.client import wait
from backend.journey.ordering import fresh_key, place, quote, risk_notice
from backend.journey.paying import start, wait_for
from backend.journey.refunding import as_the_house
from backend.journey.report import Unexpected, expect, step
from backend.journey.shelves import products
from backend.journey.stage import MAISON, Stage, yuan
from customs.models import Declaration
from kernel.clock import now
from logistics.models import Shipment
from payments.models import PaymentDeclaration
from returns.models import ReturnRequest
from returns.services import arrive, decide

BY = "operator:demo"
PIECES = (6, 2)  # of two kinds of goods
STATES = ("requested", "appealed", "to_send", "to_send", "received", "settled")
BACK = ("return", "changed_mind")


@step("购买", "eight pieces of two kinds, paid")
def bought(stage: Stage) -> str:
    settle_in(stage, stage.alice)
    cards = [one for one in products(stage, "sort=price&category=haircare") if one["in_stock"]]
    lines = [
        {"sku": card["skus"][0], "quantity": pieces} for card, pieces in zip(cards, PIECES, strict=False)
    ]
    stage.basket = lines
    stage.order = place(stage.alice, quote(stage.alice, lines), risk_notice(stage))
    number = stage.order["number"]
    stage.sandbox.tell("pay", client=start(stage, stage.alice, number, MAISON))
    wait_for(stage.alice, number, "paid")
    of_order = {"order__number": number}
    opened = [one.objects.filter(**of_order) for one in (Shipment, Declaration, PaymentDeclaration)]
    wait("what follows a payment", lambda: all(rows.exists() for rows in opened), seconds=30)
    return f"{number} {yuan(stage.order['total_fen'])}"


@step("待审核", "damaged, with a picture: a person decides")
def waiting(stage: Stage) -> str:
    return _asked(stage, "claim", "damaged", words="外盒压扁，瓶身渗漏", pictures=[_picture(stage)]).number


@step("拒绝与申诉", "refused, and appealed: a second person decides")
def appealed(stage: Stage) -> str:
    row = _asked(stage, "claim", "defective", words="泵头按不动", pictures=[_picture(stage)])
    decide.refuse(request=row, answer="图片未见瑕疵，请补充说明", by=BY, now=now())
    stage.alice.call("POST", f"returns/{row.number}/appeal")
    return row.number


@step("待寄回", "agreed by itself: to be sent back")
def to_send(stage: Stage) -> str:
    return _asked(stage, *BACK).number


@step("换货", "another kind in its place, quoted as an order of its own")
def exchanged(stage: Stage) -> str:
    row = _asked(stage, "exchange", "does_not_fit", wanted=stage.basket[1]["sku"])
    made = stage.alice.call("POST", f"returns/{row.number}/replacement", status=201)
    return f"{row.number}, anew for {yuan(made['amounts']['total_fen'])}"


@step("已到货待验", "back at the return centre, and not graded yet")
def received(stage: Stage) -> str:
    return _back(stage, "SF7000000000002").number


@step("验货退款", "graded as new: its money goes by itself")
def refunded(stage: Stage) -> str:
    row = _back(stage, "SF7000000000003")
    lot = arrive.lots_of(row)[1][0]
    with as_the_house(stage):  # its refund tells WeChat Pay where to answer
        arrive.inspect(request=row, found=[arrive.Found(1, "as_new", "shelf", 1, lot.pk)], by=BY, now=now())
    expect("refunding", ReturnRequest.objects.get(pk=row.pk).state)
    return row.number


def _asked(stage: Stage, kind: str, reason: str, wanted: str = "", **more: Any) -> ReturnRequest:
    """One piece of the first line."""
    line = {"position": 1, "quantity": 1} | ({"wanted": wanted} if wanted else {})
    body = {"kind": kind, "reason": reason, "lines": [line], **more}
    path = f"orders/{stage.order['number']}/returns"
    number = stage.alice.call("POST", path, body, status=201, headers=fresh_key())["number"]
    return ReturnRequest.objects.select_related("order").get(number=number)


def _back(stage: Stage, waybill: str) -> ReturnRequest:
    row = _asked(stage, *BACK)
    stage.alice.call("POST", f"returns/{row.number}/way", {"carrier": "SF", "waybill": waybill})
    return arrive.receive(request=row, by=BY, now=now())


def _picture(stage: Stage) -> str:
    """The id of a picture, of one colour, for a claim."""
    drawn, who = io.BytesIO(), stage.alice
    Image.new("RGB", (320, 240), (176, 96, 80)).save(drawn, format="JPEG")
    answer = who.http.post(
        f"{who.base}/api/v1/orders/{stage.order['number']}/returns/pictures",
        files={"picture": ("box.jpg", drawn.getvalue(), "image/jpeg")},
        headers={"Authorization": f"Bearer {who.token}"},
        timeout=15,
    )
    if answer.status_code != 201:
        raise Unexpected("a picture taken", answer.text[:600])
    return str(answer.json()["id"])


STEPS = (
    partnering.connected,
    bought,
    shipping.declared,
    shipping.packed,
    shipping.cleared,
    shipping.left,
    shipping.scanned,
    shipping.received,
    waiting,
    appealed,
    to_send,
    exchanged,
    received,
    refunded,
)
