"""The consumer comes in: log-in, phone, consents, address, identity."""

from __future__ import annotations

from typing import Any

from backend.journey.client import Consumer, wait
from backend.journey.report import expect, expect_that, step
from backend.journey.stage import ADDRESS, NAME, OTHER_NAME, PHONE, Stage, wrong_number, yuan

SEPARATE, REUSE = "sensitive_identity", "identity_reuse"


def enter(stage: Stage, who: Consumer) -> dict[str, Any]:
    """wx.login, then a session of ours."""
    code = stage.sandbox.tell("login", appid=who.appid, user=who.user)["code"]
    made: dict[str, Any] = who.call("POST", "session", {"code": code}, status=201)
    who.token = made["token"]
    return made


def agree(who: Consumer, *kinds: str) -> list[str]:
    """Agree to the current version of these texts, or of all required ones but the separate one."""
    texts = {text["kind"]: text for text in who.get("me/consents")["items"]}
    wanted = kinds or tuple(kind for kind, text in texts.items() if text["required"] and kind != SEPARATE)
    for kind in wanted:
        given = who.call("PUT", f"me/consents/{kind}", {"version": texts[kind]["version"]})
        expect_that(given["given"], f"{kind} is given", given)
    return list(wanted)


def settle_in(stage: Stage, who: Consumer) -> dict[str, Any]:
    """Everything from the log-in to the identity, in one go; what is known of the identity then."""
    enter(stage, who)
    agree(who)
    agree(who, SEPARATE)
    who.call("POST", "me/addresses", ADDRESS, status=201)
    own: dict[str, Any] = who.call("PUT", "me/identity", {"name": NAME, "number": stage.number})
    expect("verified", own["state"])
    return own


@step("登录", "log in with the code of wx.login")
def log_in(stage: Stage) -> str:
    made = enter(stage, stage.alice)
    expect(True, made["customer"]["new"])
    return f"a new customer, token until {made['expires_at'][:16]}Z"


@step("重复使用登录码", "the same code a second time")
def log_in_again(stage: Stage) -> str:
    code = stage.sandbox.tell("login", appid=stage.stranger.appid, user=stage.stranger.user)["code"]
    stage.stranger.token = stage.stranger.call("POST", "session", {"code": code}, status=201)["token"]
    stage.stranger.call("GET", "me")
    other = Consumer(stage.stranger.base, stage.stranger.appid, stage.stranger.user)
    answer = other.send("POST", "session", {"code": code})
    expect_that(answer.status_code in (403, 409, 422), "a used code is refused", answer.text)
    return f"refused: {answer.json()['title']}"


def press_phone_button(stage: Stage, who: Consumer) -> str:
    """WeChat's phone button; the number as it is shown then."""
    code = stage.sandbox.tell("phone", appid=who.appid, phone=PHONE)["code"]
    masked = who.call("POST", "me/phone", {"code": code})["phone_masked"]
    expect("138****8000", masked)
    return str(masked)


@step("手机号", "WeChat's phone button")
def give_phone(stage: Stage) -> str:
    return press_phone_button(stage, stage.alice)


@step("同意", "agree to what the service needs")
def give_consents(stage: Stage) -> str:
    return ", ".join(agree(stage.alice))


@step("收货地址", "a delivery address")
def give_address(stage: Stage) -> str:
    made = stage.alice.call("POST", "me/addresses", ADDRESS, status=201)
    expect(True, made["is_default"])
    return f"{' '.join(made['region'])} {made['street']}"


@step("身份信息须单独同意", "an identity before its separate consent")
def identity_without_consent(stage: Stage) -> str:
    body = {"name": NAME, "number": stage.number}
    problem = stage.alice.refused("PUT", "me/identity", body, status=409, code="consent_needed")
    return f"409 {problem['code']}"


@step("身份证号校验码错误", "a slip in the identity number")
def wrong_identity(stage: Stage) -> str:
    agree(stage.alice, SEPARATE)
    body = {"name": NAME, "number": wrong_number(stage.number)}
    problem = stage.alice.refused("PUT", "me/identity", body, status=422, code="invalid_identity")
    expect("number", problem["field"])
    expect("none", stage.alice.get("me/identity")["state"])
    return f"422, nothing kept: {problem['title']}"


@step("姓名与号码不一致", "a number of someone else: the authority says no")
def wrong_pair(stage: Stage) -> str:
    stage.sandbox.tell("identity", number=stage.number, name=NAME)
    own = stage.alice.call("PUT", "me/identity", {"name": OTHER_NAME, "number": stage.number})
    expect(("rejected", "not_confirmed"), (own["state"], own["rejected_for"]))
    return "rejected, not confirmed: why is the owner's matter, no one else's"


@step("核验机构故障", "the right pair, but the provider is down")
def provider_down(stage: Stage) -> str:
    stage.sandbox.tell("switches", call="identity", mode="500")
    own = stage.alice.call("PUT", "me/identity", {"name": NAME, "number": stage.number})
    expect(("stated", True), (own["state"], own["under_way"]))
    return "stated; the house goes on asking by itself"


@step("实名核验通过", "verified as soon as the provider answers again")
def verified(stage: Stage) -> str:
    def ask() -> Any:
        own = stage.alice.get("me/identity")
        return own if own["state"] == "verified" else None

    own = wait("the identity verified", ask, seconds=20)
    expect_that(stage.number not in str(own), "the number is shown masked", own)
    allowance = own["allowance"]
    expect((2_600_000, 2_600_000), (allowance["limit_fen"], allowance["left_fen"]))
    return f"{own['name_masked']} {own['number_masked']}, {yuan(allowance['left_fen'])} of this year left"


STEPS = (
    log_in,
    log_in_again,
    give_phone,
    give_consents,
    give_address,
    identity_without_consent,
    wrong_identity,
    wrong_pair,
    provider_down,
    verified,
)
