"""Another consumer asks what is held, takes a copy away, limits, withdraws, corrects, and leaves for good."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from backend.journey.account import SEPARATE, agree, enter, settle_in
from backend.journey.client import Consumer, wait
from backend.journey.ordering import fresh_key, place, quote, risk_notice
from backend.journey.paying import start, wait_for
from backend.journey.report import expect, expect_that, step
from backend.journey.stage import ADDRESS, MAISON, NAME, Stage


def fresh_code(stage: Stage) -> dict[str, str]:
    """What wx.login gives on the phone of the one who leaves."""
    who = stage.leaver
    return {"code": stage.sandbox.tell("login", appid=who.appid, user=who.user)["code"]}


def held(who: Consumer) -> dict[str, list[dict[str, Any]]]:
    """What one sees of one's own data, by category."""
    return {one["code"]: one["rows"] for one in who.get("me/data")["categories"]}


@step("另一位消费者", "another consumer settles in and orders")
def arrive(stage: Stage) -> str:
    who = stage.leaver
    settle_in(stage, who)
    notice = who.get("me/notices/providing")
    seen = who.call("PUT", "me/notices/providing", {"version": notice["version"]})
    expect_that(seen["seen_at"] is not None, "the notice is seen", seen)
    stage.order = place(who, quote(who, stage.basket), risk_notice(stage))
    start(stage, who, stage.order["number"], MAISON)
    return f"{stage.order['number']}, after reading “{notice['title']['zh']}”"


@step("查阅个人信息", "see what is held, by category")
def see(stage: Stage) -> str:
    rows = held(stage.leaver)
    expect(stage.order["number"], rows["orders"][0]["number"])
    expect_that(stage.number not in str(rows), "the number is masked", rows["identity"])
    return ", ".join(f"{code} {len(found)}" for code, found in rows.items() if found)


@step("提供记录", "to whom data was given")
def disclosures(stage: Stage) -> str:
    (told,) = stage.leaver.get("me/disclosures")["items"]
    expect(("payment", "contract"), (told["recipient_kind"], told["basis"]))
    expect(stage.order["number"], told["order_number"])
    return f"{told['recipient']}: {'、'.join(one['zh'] for one in told['what'])}"


@step("导出副本", "a copy as a ZIP, by a link that gives it once")
def export(stage: Stage) -> str:
    asked = stage.leaver.call("POST", "me/exports", fresh_code(stage), status=202)
    wait("the copy made", lambda: stage.leaver.get("me/exports")["items"][0]["state"] == "done", seconds=30)
    secret = asked["url"].rpartition("/")[2]
    seen = stage.leaver.get(f"exports/{secret}")  # as a preview of the link does
    answer = stage.leaver.send("POST", f"exports/{secret}")
    expect((200, "application/zip"), (answer.status_code, answer.headers["Content-Type"]))
    expect(seen["size"], len(answer.content))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told, page = json.loads(archive.read("data.json")), archive.read("index.html").decode()
    plain = {one["code"]: one["rows"] for one in told["categories"]}
    expect((NAME, stage.number), (plain["identity"][0]["name"], plain["identity"][0]["number"]))
    expect_that(stage.number in page and "我的个人信息" in page, "a page to read", page[:300])
    stage.leaver.refused("POST", f"exports/{secret}", status=410, code="export_gone")
    return f"{len(answer.content):,} bytes: data.json, index.html; the second time 410"


@step("撤回授权", "withdraw the identity consent: no order, and it says why")
def withdraw(stage: Stage) -> str:
    who = stage.leaver
    wish = {"quote": quote(who, stage.basket)["token"], "risk_notice": risk_notice(stage)}
    who.call("DELETE", f"me/consents/{SEPARATE}", status=204)
    problem = who.refused("POST", "orders", wish, status=409, code="consent_needed", headers=fresh_key())
    expect(SEPARATE, problem["consent"])
    expect([], held(who)["identity"])
    return f"409 {problem['code']}: {problem['consent']}; name and number are erased"


@step("更正信息", "agree again, state and correct name and address")
def correct(stage: Stage) -> str:
    who = stage.leaver
    agree(who, SEPARATE)
    who.call("PUT", "me/identity", {"name": NAME, "number": stage.number})
    address = who.get("me/addresses")["items"][0]["id"]
    body = {**ADDRESS, "street": "示例路 2 号 1 室", "is_default": True}
    expect(body["street"], who.call("PUT", f"me/addresses/{address}", body)["street"])
    return f"street is now {body['street']}"


@step("限制处理", "limit what is done with one's data, and lift it")
def limit(stage: Stage) -> str:
    who = stage.leaver
    who.call("PUT", "me/limit", status=204)
    who.refused("POST", "quotes", {"lines": stage.basket}, status=409, code="processing_limited")
    who.call("DELETE", "me/limit", status=204)
    quote(who, stage.basket)
    return "409 processing_limited; lifted, a quote again"


@step("注销须先完结订单", "close the account: an order is open; another's code")
def too_early(stage: Stage) -> str:
    who = stage.leaver
    problem = who.refused(
        "POST", "me/closing", fresh_code(stage), status=409, code="account_has_open_matters"
    )
    expect([stage.order["number"]], [one["number"] for one in problem["matters"]])
    theirs = stage.sandbox.tell("login", appid=who.appid, user=stage.stranger.user)["code"]
    who.refused("POST", "me/closing", {"code": theirs}, status=409, code="another_wechat")
    return f"409: {problem['matters'][0]['en']}; 409 another_wechat"


@step("注销并删除", "the order ends, the account is closed and erased")
def close(stage: Stage) -> str:
    who = stage.leaver
    who.call("POST", f"orders/{stage.order['number']}/cancel")
    wait_for(who, stage.order["number"], "cancelled")
    kept = who.call("POST", "me/closing", fresh_code(stage))["kept"]
    who.refused("GET", "me", status=401, code="unauthenticated")
    who.token = ""
    return "kept: " + "; ".join(
        f"{one['rows']} {one['name']['zh']} {one['name']['en']}"
        f" ({'until ' + one['until'] if one['until'] else 'no day: numbers alone'})"
        for one in kept
    )


@step("同一微信再次登录", "the same WeChat comes back as someone new")
def come_back(stage: Stage) -> str:
    made = enter(stage, stage.leaver)
    expect(True, made["customer"]["new"])
    expect({"profile", "sessions"}, {code for code, rows in held(stage.leaver).items() if rows})
    return "a new customer, nothing known"


STEPS = (
    arrive,
    see,
    disclosures,
    export,
    withdraw,
    correct,
    limit,
    too_early,
    close,
    come_back,
)
