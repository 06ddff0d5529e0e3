"""A friend pays: WeChat says that they are not the orderer, is told who they are, and says that they are."""

from __future__ import annotations

from typing import Any

from backend.journey.client import wait
from backend.journey.ordering import place, quote, risk_notice
from backend.journey.paying import start, wait_for
from backend.journey.refunding import as_the_house
from backend.journey.report import expect, step
from backend.journey.stage import MAISON, OTHER_NAME, Stage, identity_number
from kernel.clock import now
from payments.models import PaymentDeclaration
from payments.services import declare


def compared(stage: Stage, number: str, wanted: str) -> dict[str, Any]:
    """What the consumer sees of the orderer, once WeChat has compared them; an operator need not wait half an
    hour for the hold: its declaration is taken on at once."""
    rows = PaymentDeclaration.objects.filter(order__number=number).exclude(state__in=("failed", "withdrawn"))

    def ask() -> dict[str, Any] | None:
        with as_the_house(stage):
            for row in rows.all():
                declare.step(declaration=row, now=now())
        told: dict[str, Any] = stage.alice.get(f"orders/{number}/orderer")
        return told if told["payer"] == wanted else None

    told: dict[str, Any] = wait(f"payer and orderer {wanted}", ask, seconds=30)
    return told


@step("支付人与订购人不一致", "a friend pays: WeChat tells them apart")
def another(stage: Stage) -> str:
    stage.friend = identity_number()
    stage.sandbox.tell("identity", number=stage.friend, name=OTHER_NAME)
    stage.sandbox.tell("payer", openid="o-friend", number=stage.friend, name=OTHER_NAME)
    made = place(stage.alice, quote(stage.alice, stage.basket[:1]), risk_notice(stage))
    stage.sandbox.tell("pay", client=start(stage, stage.alice, made["number"], MAISON), openid="o-friend")
    wait_for(stage.alice, made["number"], "paid")
    told = compared(stage, made["number"], "different")
    expect((True, True), (told["may_name"], told["may_refund"]))
    stage.shared = made["number"]
    return f"{made['number']}: to be named by {told['name_until'][:16]}Z, or refunded"


@step("更正订购人", "the friend is named, verified, judged: the same")
def named(stage: Stage) -> str:
    path = f"orders/{stage.shared}/orderer"
    notice = stage.alice.get(path)["notice"]["version"]
    body = {"name": OTHER_NAME, "number": stage.friend, "notice": notice}
    told = stage.alice.call("PUT", path, body)
    expect("taken", told["named"]["state"])
    told = compared(stage, stage.shared, "same")
    return f"orderer {told['name_masked']} {told['number_masked']}, payer is the orderer"


STEPS = (another, named)
