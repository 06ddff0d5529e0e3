"""An order that is not paid in time, in the second mini-program, and money that comes all the same."""

from __future__ import annotations

from backend.journey.account import REUSE, SEPARATE, agree, enter, press_phone_button
from backend.journey.client import wait
from backend.journey.ordering import place, quote, risk_notice
from backend.journey.paying import start, wait_for
from backend.journey.report import expect, expect_that, step
from backend.journey.stage import ADDRESS, SWIFT, Stage, yuan
from compliance.models import AllowanceAccount
from kernel.models import Case

MORE_THAN_THERE_IS = 99


def left(stage: Stage) -> int:
    """How many pieces can still be sold: asked for too many, the house says how many there are."""
    basket = [{"sku": stage.swift_sku, "quantity": MORE_THAN_THERE_IS}]
    problem = stage.alice_at_swift.refused(
        "POST", "quotes", {"lines": basket}, status=409, code="cannot_ship_together"
    )
    return int(problem["short"][0]["available"])


@step("身份共享", "the identity is carried to another mini-program by a code")
def carry_identity(stage: Stage) -> str:
    who = stage.alice_at_swift
    enter(stage, who)
    press_phone_button(stage, who)
    agree(who)
    agree(who, SEPARATE, REUSE)
    who.call("POST", "me/addresses", ADDRESS, status=201)
    stage.alice.refused("POST", "me/identity/share", status=409, code="consent_needed")
    agree(stage.alice, REUSE)
    code = stage.alice.call("POST", "me/identity/share", status=201)["code"]
    taken = who.call("POST", "me/identity/reuse", {"code": code})
    expect("verified", taken["state"])
    (shared,) = stage.alice.get("me/identity/share")["items"]
    return f"{taken['number_masked']} verified at {shared['storefront']['zh']}, nothing typed"


@step("一人一额度", "same person, one yearly allowance")
def one_allowance(stage: Stage) -> str:
    there = stage.alice_at_swift.get("me/identity")["allowance"]
    here = stage.alice.get("me/identity")["allowance"]
    expect(here, there)
    expect_that(here["reserved_fen"] > 0, "two orders count", here)
    found = AllowanceAccount.objects.filter(reserved=here["reserved_fen"], year=here["year"], measure="value")
    people = [account.person.subjects.count() for account in found]
    expect_that(2 in people, "one person behind two customers", people)
    return f"{yuan(here['left_fen'])} left of one person's year, for both (read in the database)"


@step("限时三秒支付", "an order that must be paid within three seconds")
def order_swift(stage: Stage) -> str:
    who = stage.alice_at_swift
    stage.swift_sku = who.get("products?sort=price")["items"][0]["skus"][0]
    before = left(stage)
    quoted = quote(who, [{"sku": stage.swift_sku, "quantity": 2}])
    stage.order = place(who, quoted, risk_notice(stage))
    stage.payment = start(stage, who, stage.order["number"], SWIFT)
    stage.swift_left = before
    expect(before - 2, left(stage))
    return f"{stage.order['number']}, stock {before} → {before - 2}"


@step("订单过期", "not paid in time: WeChat closes first, then the order expires")
def expire(stage: Stage) -> str:
    seen = wait_for(stage.alice_at_swift, stage.order["number"], "expired", seconds=15)
    history = [one["state"] for one in seen["history"]]  # type: ignore[attr-defined]
    expect(["placed", "closing", "expired"], history)
    expect(["closed"], [one["state"] for one in seen["payments"]])  # type: ignore[attr-defined]
    return "placed → closing → expired, payment closed"


@step("库存释放", "what it held is for sale again")
def stock_back(stage: Stage) -> str:
    expect(stage.swift_left, left(stage))
    return f"stock {stage.swift_left} again"


@step("过期后到账", "money that comes all the same is not taken for the order")
def pay_late(stage: Stage) -> str:
    prepay_id = stage.payment["package"].removeprefix("prepay_id=")
    paid = stage.sandbox.tell("pay", prepay_id=prepay_id, force=True)
    calls = stage.sandbox.log("calls", paid["out_trade_no"])
    expect([("prepay", 200), ("close", 204)], [(row["call"], row["status"]) for row in calls[:2]])

    def told() -> bool:
        rows = stage.sandbox.log("notifications", paid["out_trade_no"])
        return any(row["outcome"] == "acknowledged" for row in rows)

    wait("the notification acknowledged", told)
    expect("expired", stage.alice_at_swift.get(f"orders/{stage.order['number']}")["state"])
    stage.out_trade_no = paid["out_trade_no"]
    return f"{yuan(paid['total'])} came; the order stays expired"


@step("过期款退回", "it goes back by itself, and its case settles")
def late_returned(stage: Stage) -> str:
    def returned() -> bool:
        refunds = stage.alice_at_swift.get(f"orders/{stage.order['number']}")["refunds"]
        return [one["state"] for one in refunds] == ["succeeded"]

    wait("the late money returned", returned, seconds=30)
    # What is not seen over HTTP: no consumer sees the case, and operators see it in the admin.
    case = Case.objects.get(kind="payment.late", facts__out_trade_no=stage.out_trade_no)
    expect((stage.order["number"], "settled"), (case.facts["order"], case.state))
    return f"{case.title}: {yuan(case.facts['total_fen'])} returned; {case.note}"


@step("退出登录", "log out; the token is worth nothing")
def log_out(stage: Stage) -> str:
    stage.alice.call("DELETE", "session", status=204)
    stage.alice.refused("GET", "me", status=401, code="unauthenticated")
    return "204, then 401"


STEPS = (carry_identity, one_allowance, order_swift, expire, stock_back, pay_late, late_returned, log_out)
