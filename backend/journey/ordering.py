"""The consumer orders: cart, coupon, quote to the fen, what the law refuses, one order however often sent."""

from __future__ import annotations

import secrets
from typing import Any

from backend.journey.client import Consumer
from backend.journey.report import expect, expect_that, step
from backend.journey.shelves import LIMIT_FEN, products
from backend.journey.stage import Stage, yuan

SHARES = ("goods_fen", "freight_fen", "coupon_fen", "duty_fen", "vat_fen", "excise_fen", "tax_fen")


def quote(who: Consumer, lines: list[dict[str, Any]], coupon: str | None = None) -> dict[str, Any]:
    """A quote, its sums checked to the fen."""
    made: dict[str, Any] = who.call("POST", "quotes", {"lines": lines, "coupon_id": coupon}, status=201)
    sums = made["amounts"]
    for share in SHARES:
        expect(f"{share} {sums[share]}", f"{share} {sum(line[share] for line in made['lines'])}")
    for line in made["lines"]:
        expect(line["price_fen"] * line["quantity"], line["goods_fen"])
        expect(line["duty_fen"] + line["vat_fen"] + line["excise_fen"], line["tax_fen"])
    total = sums["goods_fen"] + sums["freight_fen"] + sums["tax_fen"] - sums["coupon_fen"]
    expect(total, sums["total_fen"])
    return made


def place(who: Consumer, quoted: dict[str, Any], notice: str | None) -> dict[str, Any]:
    """An order on a quote, at exactly its price."""
    body = {"quote": quoted["token"], "risk_notice": notice}
    order: dict[str, Any] = who.call("POST", "orders", body, status=201, headers=fresh_key())
    expect(quoted["amounts"]["total_fen"], order["total_fen"])
    return order


def fresh_key() -> dict[str, str]:
    """A new Idempotency-Key."""
    return {"Idempotency-Key": secrets.token_hex(16)}


@step("购物车", "put both into the cart")
def cart(stage: Stage) -> str:
    for line in stage.basket:
        held = stage.alice.call("PUT", f"cart/lines/{line['sku']}", {"quantity": line["quantity"]})
    expect(3, held["pieces"])
    return f"{held['pieces']} pieces, {yuan(held['goods_fen'])}"


@step("领券", "claim a coupon")
def coupon(stage: Stage) -> str:
    claim = stage.alice.call("POST", "coupons/WELCOME/claim", status=201)
    stage.coupon = claim["id"]
    return f"{claim['coupon']['name']['zh']} −{yuan(claim['coupon']['reduces_fen'])}"


@step("报价含税", "a quote with tax; every sum meets to the fen")
def quote_with_tax(stage: Stage) -> str:
    stage.quote = quote(stage.alice, stage.basket, stage.coupon)
    expect([], stage.quote["refusals"])
    sums = stage.quote["amounts"]
    expect_that(sums["tax_fen"] > 0, "some tax", sums)
    return (
        f"goods {yuan(sums['goods_fen'])} + freight {yuan(sums['freight_fen'])} + tax {yuan(sums['tax_fen'])}"
        f" − coupon {yuan(sums['coupon_fen'])} = {yuan(sums['total_fen'])}, mode {stage.quote['trade_mode']}"
    )


@step("单件超限", "one piece above ¥5,000: allowed, taxed in full")
def one_piece(stage: Stage) -> str:
    card = next(c for c in products(stage, "sort=-price&limit=10") if c["price_fen"] > LIMIT_FEN)
    made = quote(stage.alice, [{"sku": card["skus"][0], "quantity": 1}])
    expect((True, []), (made["over_limit"], made["refusals"]))
    return f"{card['name']['zh']} {yuan(card['price_fen'])}, tax {yuan(made['amounts']['tax_fen'])}"


@step("超限购物清单被拒", "a basket above ¥5,000 is refused with its citation")
def over_limit(stage: Stage) -> str:
    made = quote(stage.alice, stage.big_basket)
    rules = [refusal["rule"] for refusal in made["refusals"]]
    expect((["LIMIT-1"], False), (rules, made["placeable"]))
    body = {"quote": made["token"], "risk_notice": risk_notice(stage)}
    problem = stage.alice.refused("POST", "orders", body, status=403, code="refused", headers=fresh_key())
    refusal = problem["refusals"][0]
    expect("LIMIT-1", refusal["rule"])
    expect_that(bool(refusal["citation"]), "a citation", refusal)
    return f"403 LIMIT-1 {refusal['citation']}"


@step("超过个人年度数量被拒", "3 kg of sugar: one person may buy 2 kg a year")
def too_much_sugar(stage: Stage) -> str:
    return refusal_of(stage, "pantry-sweet", 3, "1210", "LIST-3")


@step("不得直购进口被拒", "mayonnaise in Hong Kong: no egg comes by direct mail")
def mailed_egg(stage: Stage) -> str:
    return refusal_of(stage, "pantry-sauces", 1, "9610", "QUARANTINE-1")


def refusal_of(stage: Stage, shelf: str, pieces: int, mode: str, rule: str) -> str:
    """Quote and order the first thing of a shelf, which one rule alone refuses, twice with its citation."""
    sku = products(stage, f"category={shelf}")[0]["skus"][0]
    made = quote(stage.alice, [{"sku": sku, "quantity": pieces}])
    expect((mode, [rule]), (made["trade_mode"], [refusal["rule"] for refusal in made["refusals"]]))
    body = {"quote": made["token"], "risk_notice": risk_notice(stage)}
    problem = stage.alice.refused("POST", "orders", body, status=403, code="refused", headers=fresh_key())
    expect([rule], [refusal["rule"] for refusal in problem["refusals"]])
    citation = problem["refusals"][0]["citation"]
    expect_that(bool(citation), "a citation", problem)
    return f"403 {rule} {citation}"


def risk_notice(stage: Stage) -> str:
    """The hash of the risk notice, as the consumer's screen shows it."""
    stage.notice = stage.notice or stage.alice.get("risk-notice")["sha256"]
    return stage.notice


@step("未确认风险告知书", "an order without the risk notice")
def without_notice(stage: Stage) -> str:
    body = {"quote": stage.quote["token"], "risk_notice": None}
    problem = stage.alice.refused("POST", "orders", body, status=403, code="refused", headers=fresh_key())
    refusal = problem["refusals"][0]
    expect([], stage.alice.get("orders")["items"])
    return f"403 {refusal['rule']} {refusal['citation']}"


@step("七日无理由退货例外", "no box is ticked beforehand; no ground, no giving up")
def exclusions(stage: Stage) -> str:
    shown = [line["return_exclusion"] for line in stage.quote["lines"]]
    expect(["opened"] * len(shown), [one["ground"] for one in shown])
    expect([False] * len(shown), [one["confirmed"] for one in shown])
    dress = stage.big_basket[0]["sku"]  # a dress can be returned, whatever one ticks
    made = quote(stage.alice, [{"sku": dress, "quantity": 1}])
    expect(None, made["lines"][0]["return_exclusion"])
    body = {"quote": made["token"], "risk_notice": risk_notice(stage), "return_exclusions": [dress]}
    problem = stage.alice.refused("POST", "orders", body, status=403, code="refused", headers=fresh_key())
    expect(["RETURN-1"], [refusal["rule"] for refusal in problem["refusals"]])
    return f"403 RETURN-1 {problem['refusals'][0]['citation']}"


@step("下单", "place the order; the same request again gives the same answer")
def order(stage: Stage) -> str:
    given_up = stage.basket[0]["sku"]
    body = {
        "quote": stage.quote["token"],
        "risk_notice": risk_notice(stage),
        "return_exclusions": [given_up],
    }
    key = fresh_key()
    first = stage.alice.send("POST", "orders", body, key)
    expect_that(first.status_code == 201, "201", first.text)
    again = stage.alice.send("POST", "orders", body, key)
    expect((201, first.content), (again.status_code, again.content))
    expect("true", again.headers.get("Idempotent-Replay"))
    other = {**body, "risk_notice": None}
    stage.alice.refused("POST", "orders", other, status=422, code="idempotency_key_reused", headers=key)
    stage.order = first.json()
    expect(stage.quote["amounts"]["total_fen"], stage.order["total_fen"])
    expect(1, len(stage.alice.get("orders")["items"]))
    expect(0, stage.alice.get("cart")["pieces"])
    lines = stage.alice.get(f"orders/{stage.order['number']}")["lines"]
    expect([given_up], [line["sku"] for line in lines if line["return_exclusion"]["confirmed"]])
    return f"{stage.order['number']} {yuan(stage.order['total_fen'])}, one order, cart empty"


@step("价格依据", "the order's price is proved from what was public")
def proof(stage: Stage) -> str:
    proved = stage.alice.get(f"orders/{stage.order['number']}/price")
    expect(True, proved["derived"])
    expect(proved["coupon_fen"], proved["discount_fen"])
    for line in proved["lines"]:
        piece = (line["price_cut"] or line["list_price"])["price_fen"]
        expect(piece * line["quantity"], line["goods_fen"])
    return f"{len(proved['lines'])} lines from published prices, coupon −{yuan(proved['coupon_fen'])}"


@step("他人订单不可见", "a stranger sees nothing of it")
def stranger(stage: Stage) -> str:
    number = stage.order["number"]
    for method, path in (
        ("GET", f"orders/{number}"),
        ("POST", f"orders/{number}/cancel"),
        ("POST", f"orders/{number}/payment"),
    ):
        stage.stranger.refused(method, path, status=404, code="not_found")
    return "404, 404, 404"


STEPS = (
    cart,
    coupon,
    quote_with_tax,
    one_piece,
    over_limit,
    too_much_sugar,
    mailed_egg,
    without_notice,
    exclusions,
    order,
    proof,
    stranger,
)
