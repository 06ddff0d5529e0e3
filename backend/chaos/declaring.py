"""Trials of what customs is told of a payment: declared, followed, amended, sent again; who paid is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from backend.chaos.books import Finding, Part, cases_of
from backend.chaos.faults import Fault, Spoilt, Twice
from backend.chaos.stage import Stage, openid_of
from backend.chaos.ways import BUSY, UNBELIEVED, Step, Story, killed, killed_writing, spoilt
from backend.journey.stage import identity_number
from compliance.models import PayerCheck
from compliance.services import refund_overdue_payers
from orders.models import Order
from payments.models import CustomsNumber, PaymentDeclaration
from payments.ports import ports_of
from payments.services import send_refund
from payments.services.declare import OPEN, sweep
from storefronts.models import MerchantAccount
from storefronts.queries import forget_kept
from storefronts.services import set_customs

HOLD = timedelta(minutes=30, seconds=2)
CONSIDERED = 31  # seconds after which customs has made up its mind, and we ask
FAMILIES = ("v2", "v3")
ANOTHER = "李四"
NUMBER = "3105961A12"  # made up, as the stand-in takes any
AGREED = {
    "SUBMITTED": "submitted",
    "PROCESSING": "processing",
    "SUCCESS": "succeeded",
    "FAIL": "failed",
    "EXCEPT": "excepted",
}
UNDECIDED = ("SUBMITTED", "PROCESSING", "EXCEPT")
WRITES = {"opening_the_declaration": "payments_paymentdeclaration"}


def owed(stage: Stage, family: str) -> Order:
    """A paid order whose payment is declared by `family`, once its hold is over; nobody has done it yet."""
    stage.play(DECLARING)
    order = Order.objects.select_related("warehouse").get(pk=stage.order().pk)
    merchant = MerchantAccount.objects.select_related("storefront__key").get(
        storefront=stage.shop, active=True
    )
    if merchant.customs_family != family:
        set_customs(merchant=merchant, family=family, payer_identity=False)
        forget_kept()
    for port in ports_of(order.warehouse.customs_district, registered=()):
        CustomsNumber.objects.get_or_create(storefront=stage.shop, port=port, defaults={"number": NUMBER})
    stage.pay_unseen(order)
    stage.hear_of(order)
    return order


def due(stage: Stage, family: str) -> Order:
    """The same when the hold is over."""
    order = owed(stage, family)
    stage.deliver()
    stage.pass_time(HOLD.total_seconds())
    return order


def declared(stage: Stage, family: str, fate: str = "success") -> Order:
    """The same when WeChat has it, and customs has decided; nobody here has heard."""
    order = due(stage, family)
    stage.sandbox.tell("switches", call="customs_outcome", mode=fate)
    sweep(now=stage.now())
    stage.pass_time(CONSIDERED)
    return order


def opened(family: str, stage: Stage, fault: Fault) -> Order:
    """Putting down what is owed goes wrong."""
    order = owed(stage, family)
    fault.strike(stage, stage.deliver)
    return order


def declares(family: str, stage: Stage, fault: Fault) -> Order:
    """Declaring goes wrong."""
    order = due(stage, family)
    fault.strike(stage, lambda: sweep(now=stage.now()))
    return order


def follows(family: str, stage: Stage, fault: Fault) -> Order:
    """It is declared, and asking what became of it goes wrong."""
    order = declared(stage, family)
    fault.strike(stage, lambda: sweep(now=stage.now()))
    return order


def amends(family: str, stage: Stage, fault: Fault) -> Order:
    """A piece goes back after the declaration, and amending it goes wrong."""
    order = declared(stage, family)
    sweep(now=stage.now())
    stage.deliver()
    stage.ask_back(order, pieces=1)
    while not PaymentDeclaration.objects.filter(order=order, state="amending").exists():
        stage.deliver()
        stage.calm()
        stage.pass_time(61)
        send_refund.sweep(now=stage.now())
    fault.strike(stage, lambda: sweep(now=stage.now()))
    return order


def sends_again(family: str, stage: Stage, fault: Fault) -> Order:
    """Customs' interface has failed, and sending it again goes wrong."""
    order = declared(stage, family, "except")
    sweep(now=stage.now())
    stage.pass_time(CONSIDERED)
    fault.strike(stage, lambda: sweep(now=stage.now()))
    return order


def asks_for_payer(family: str, stage: Stage, fault: Fault) -> Order:
    """It is declared, and whether the payer is the orderer is asked, which goes wrong."""
    order = declared(stage, family)
    sweep(now=stage.now())
    fault.strike(stage, stage.deliver)
    return order


def ends_for_payer(family: str, stage: Stage, fault: Fault) -> Order:
    """Another one has paid, nobody is named in time, and ending the order for it goes wrong."""
    order = due(stage, family)
    openid = openid_of(order)
    stage.sandbox.tell("payer", openid=openid, number=identity_number(), name=ANOTHER)
    for wait in (0, CONSIDERED, 0):
        stage.pass_time(wait)
        sweep(now=stage.now())
        stage.deliver()
    late = PayerCheck.objects.get(order_number=order.number).deadline_at
    assert late is not None
    stage.pass_time((late - stage.now()).total_seconds() + 1)
    refund_overdue_payers(now=stage.now())
    fault.strike(stage, stage.deliver)
    return order


def taken_back(family: str, stage: Stage, fault: Fault) -> Order:
    """All goes back while declaring goes wrong: in the end nothing is declared any more."""
    order = due(stage, family)
    fault.strike(stage, lambda: sweep(now=stage.now()))
    stage.ask_back(order)
    return order


def _compare(found: Finding, order: Order, books: dict[str, Any]) -> None:
    rows = list(PaymentDeclaration.objects.filter(order=order).select_related("payment"))
    here = {(row.payment.out_trade_no, row.port): row for row in rows}
    there = {(one["out_trade_no"], one["customs"]): one for one in books["declarations"]}
    attended = set(cases_of(order).values_list("key", flat=True))
    back = {one["out_trade_no"]: one["amount"] for one in books["refunds"] if one["status"] != "CLOSED"}
    paid = {one["out_trade_no"]: one["total"] for one in books["orders"] if one["paid"]}
    for key, one in there.items():
        row = here.get(key)
        if row is None:
            found.lost.append(f"declaration {' '.join(key)}")
        elif row.state != "withdrawn":
            _differs(found, row, one, row.event_key in attended)
            left = paid[key[0]] - back.get(key[0], 0)
            if not row.order_fen == one["order_fee"] == left:
                found.lost.append(f"{left} fen are left, {one['order_fee']} declared, {row.order_fen} here")
    for key, row in here.items():
        if key not in there and row.state not in ("withdrawn", "to_declare", "held"):
            found.doubled.append(f"declaration {' '.join(key)}: {row.state}, and WeChat has none")
        if row.state in OPEN and row.event_key not in attended:
            found.open.append(f"declaration {row.state}")
    if order.state == "paid" and not rows:
        found.lost.append("a payment that nobody is to declare")
    asked = PayerCheck.objects.filter(order_number=order.number, state__in=("open", "asked"))
    if any(row.state == "succeeded" for row in rows) and asked.exists():
        found.open.append("whether the payer is the orderer")


def _differs(found: Finding, row: PaymentDeclaration, one: dict[str, Any], attended: bool) -> None:
    if one["rounds"] > row.round:
        found.doubled.append(f"{row.port}: made anew {one['rounds']} times, {row.round} were to be")
    if one["resent"] > row.resends:
        found.doubled.append(f"{row.port}: sent again {one['resent']} times, {row.resends} were to be")
    if row.state != AGREED[one["state"]] and not attended:
        text = f"{row.port}: {one['state']}, here {row.state}"
        (found.doubled if row.state == "succeeded" else found.open).append(text)


def _ends(order: Order) -> str:
    rows = PaymentDeclaration.objects.filter(order=order).order_by("id")
    return " ".join(f"{port} {state}" for port, state in rows.values_list("port", "state")) or "-"


def _work(at: datetime) -> None:
    sweep(now=at)
    refund_overdue_payers(now=at)


DECLARING = Part(_work, _compare, _ends)


def _steps() -> Iterator[Step]:
    for family in FAMILIES:
        yield from _of(family)


def _of(family: str) -> Iterator[Step]:
    def step(name: str, story: Callable[..., Order], ways: Callable[[], list[Fault]]) -> Step:
        told: Story = partial(story, family)
        return f"customs {family}: {name}", told, ways

    lies = UNBELIEVED[1:3]  # in the older family each is a signature that is wrong
    skip = lies if family == "v2" else ()

    def all_of(call: str, *refusals: tuple[str, int]) -> list[Fault]:
        ways = (
            [one for one in spoilt(call, *refusals) if not one.name.endswith(skip)] if skip else spoilt(call)
        )
        return [*ways, *killed(), Twice()]

    yield step("put down", opened, lambda: [*killed_writing(**WRITES), Twice()])
    yield step("declare", declares, lambda: all_of("customs_declare", BUSY, ("PARAM_ERROR", 400)))
    yield step("query", follows, lambda: all_of("customs_query", BUSY))
    yield step("amend", amends, lambda: all_of("customs_amend", BUSY))
    yield step(
        "send again",
        sends_again,
        lambda: [*spoilt("customs_redeclare", BUSY)[:5], *killed(), *killed(2), Twice()],
    )
    yield step("taken back", taken_back, lambda: [*spoilt("customs_declare")[3:5], *killed()])
    if family == "v3":
        yield step("payer", asks_for_payer, lambda: all_of("customs_verify", BUSY))
    yield step(
        "another payer",
        ends_for_payer,
        lambda: [*spoilt("refund")[3:5], *killed(), *killed_writing(cancelling="kernel_event")[2:], Twice()],
    )
    yield step(
        "outcome",
        declares,
        lambda: [Spoilt("customs_outcome", fate) for fate in ("success", "fail", "except", "stuck", "slow")],
    )


STEPS: tuple[Step, ...] = tuple(_steps())
