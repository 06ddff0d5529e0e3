"""The consumer pays: told once, told five times, told never; and cancels what is not paid."""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from backend.journey.client import Consumer, wait
from backend.journey.ordering import place, quote, risk_notice
from backend.journey.report import Unexpected, expect, expect_that, step
from backend.journey.stage import MAISON, MENDED, Stage, yuan

COPIES = 5


def start(stage: Stage, who: Consumer, number: str, code: str) -> dict[str, str]:
    """The parameters of wx.requestPayment, whose signature the merchant's key must have made."""
    told: dict[str, str] = who.call("POST", f"orders/{number}/payment")
    lines = (who.appid, told["timeStamp"], told["nonceStr"], told["package"])
    message = "".join(f"{line}\n" for line in lines).encode()
    try:
        stage.merchant_key(code).verify(base64.b64decode(told["paySign"]), message, PKCS1v15(), SHA256())
    except InvalidSignature as failure:
        raise Unexpected("a paySign by the merchant's key", told) from failure
    return told


def wait_for(who: Consumer, number: str, state: str, *, seconds: float = 5.0) -> dict[str, object]:
    """The order once it is in this state."""
    found: dict[str, object] = {}

    def ask() -> bool:
        found.update(who.get(f"orders/{number}"))
        return found["state"] == state

    wait(f"order {state}", ask, seconds=seconds)
    return found


@step("发起支付", "parameters for wx.requestPayment, paySign checked")
def start_payment(stage: Stage) -> str:
    stage.payment = start(stage, stage.alice, stage.order["number"], MAISON)
    return f"{stage.payment['package'][:24]}…, signed by merchant's key"


@step("支付", f"pay in WeChat; its notification comes {COPIES} times at once")
def pay(stage: Stage) -> str:
    stage.sandbox.tell("switches", call="notify", mode="duplicate", copies=COPIES)
    paid = stage.sandbox.tell("pay", client=stage.payment)
    stage.out_trade_no = paid["out_trade_no"]
    expect(stage.order["total_fen"], paid["total"])
    seen = wait_for(stage.alice, stage.order["number"], "paid")
    return f"order paid at {str(seen['paid_at'])[11:19]}Z, {yuan(paid['total'])}"


@step("重复通知", "the other notifications change nothing")
def duplicates(stage: Stage) -> str:
    def delivered() -> list[int]:
        rows = stage.sandbox.log("notifications", stage.out_trade_no)
        statuses = [row["status"] for row in rows if row["attempt"] == 1]
        return statuses if len(statuses) == COPIES else []

    statuses = wait(f"{COPIES} notifications delivered", delivered)
    # 409: another one of them is being taken in at this instant; WeChat comes again.
    accepted, in_flight = statuses.count(204), statuses.count(409)
    expect(COPIES, accepted + in_flight)
    expect_that(accepted > 0, "one of them accepted", statuses)
    seen = stage.alice.get(f"orders/{stage.order['number']}")
    expect(["placed", "paid"], [one["state"] for one in seen["history"]])
    expect(["succeeded"], [one["state"] for one in seen["payments"]])
    return f"{accepted} × 204, {in_flight} × 409 in flight; history placed → paid, one payment"


@step("已付订单", "paying it again")
def pay_again(stage: Stage) -> str:
    number = stage.order["number"]
    stage.alice.refused("POST", f"orders/{number}/payment", status=409, code="order_not_payable")
    return "409 order_not_payable"


@step("修改收货信息", "it goes to someone else, told twice, done once")
def mend(stage: Stage) -> str:
    path = f"orders/{stage.order['number']}"
    before = stage.alice.get(path)
    for _ in range(2):
        seen = stage.alice.call("PUT", f"{path}/address", MENDED)["consignee"]
    expect(("李*", "139****9000"), (seen["name_masked"], seen["phone_masked"]))
    after = stage.alice.get(path)
    expect((seen, before["amounts"]), (after["consignee"], after["amounts"]))
    return f"{seen['name_masked']} {seen['phone_masked']}, {' '.join(seen['region'])}, at the same price"


@step("通知丢失", "a second order: the notification is lost, a query finds it")
def lost(stage: Stage) -> str:
    made = place(stage.alice, quote(stage.alice, stage.basket), risk_notice(stage))
    told = start(stage, stage.alice, made["number"], MAISON)
    stage.sandbox.tell("switches", call="notify", mode="lost_notification")
    number = stage.sandbox.tell("pay", client=told)["out_trade_no"]

    def gone() -> bool:
        return any(row["outcome"] == "lost" for row in stage.sandbox.log("notifications", number))

    wait("the notification lost", gone)
    expect("placed", stage.alice.get(f"orders/{made['number']}")["state"])
    synced = stage.alice.call("POST", f"orders/{made['number']}/payment/sync")
    expect("paid", synced["state"])
    return f"{made['number']} placed, then paid by query"


@step("取消订单", "a third order, cancelled: WeChat closes the payment first")
def cancel(stage: Stage) -> str:
    made = place(stage.alice, quote(stage.alice, stage.basket), risk_notice(stage))
    told = start(stage, stage.alice, made["number"], MAISON)
    stage.alice.call("POST", f"orders/{made['number']}/cancel")
    seen = wait_for(stage.alice, made["number"], "cancelled")
    expect(["closed"], [one["state"] for one in seen["payments"]])  # type: ignore[attr-defined]
    answer = stage.sandbox.http.post(f"{stage.sandbox.base}/sandbox/pay", json={"client": told}, timeout=5)
    expect_that(answer.status_code == 409, "WeChat takes no money for it", answer.text)
    return f"{made['number']} cancelled; WeChat takes no money for it"


STEPS = (start_payment, pay, duplicates, pay_again, mend, lost, cancel)
