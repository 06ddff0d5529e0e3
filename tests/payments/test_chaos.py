"""Some rows of `manage.py chaos payments`, and that the comparison finds what is lost and what is doubled."""

from __future__ import annotations

import pytest

from backend.chaos.books import Finding, compare
from backend.chaos.faults import Killed, Point, Spoilt, Untried
from backend.chaos.running import Result, run, table
from backend.chaos.stage import Stage
from backend.chaos.trials import Trial, leaves, trials
from inventory.models import Stock
from kernel.clock import now as present
from kernel.models import Event
from orders.models import Order
from payments.models import Payment, Refund
from sandbox.switches import BILL_CALLS, COMPLAINT_CALLS, CUSTOMS_CALLS, PAY_CALLS
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING_WRONG = Finding()


def found(stage: Stage, order: Order) -> Finding:
    return compare(order=order, books=stage.books())


@pytest.mark.parametrize(
    ("step", "fault", "ended"),
    [
        ("pay: prepay", "prepay 500_after", ("paid", "succeeded", "-", "-", "-")),
        ("pay: prepay", "worker killed before the commit", ("paid", "succeeded", "-", "-", "-")),
        ("pay: prepay, and gone", "worker killed after the call", ("expired", "closed", "-", "-", "-")),
        ("pay: notification", "web killed before the commit", ("paid", "succeeded", "-", "-", "-")),
        ("pay: query", "worker killed before the commit", ("paid", "succeeded", "-", "-", "-")),
        ("cancel: close", "worker killed after the call", ("cancelled", "closed", "-", "-", "-")),
        ("refund: sent", "worker killed after the call", ("cancelled", "succeeded", "succeeded", "-", "-")),
        ("refund: sent", "refund wrong_signature", ("cancelled", "succeeded", "succeeded", "-", "-")),
        (
            "refund: notification",
            "web killed after the commit",
            ("cancelled", "succeeded", "succeeded", "-", "-"),
        ),
        (
            "refund: outcome",
            "refund_outcome abnormal",
            ("paid", "succeeded", "abnormal", "-", "refund.abnormal"),
        ),
    ],
)
def test_whatever_goes_wrong_nothing_is_lost_and_nothing_doubled(stage, step, fault, ended):
    (trial,) = [one for one in trials(f"{step} {fault}") if one.step == step]
    assert run(stage, trial) == Result(*ended, NOTHING_WRONG)


def test_every_way_to_fail_is_tried_at_every_call_and_every_death_at_every_step():
    tried = {(one.step, one.fault.name) for one in trials()}
    assert len(tried) == sum(1 for _ in trials())
    for step, call in (
        ("pay: prepay", "prepay"),
        ("pay: query", "query"),
        ("cancel: close", "close"),
        ("refund: sent", "refund"),
        ("refund: query", "refund_query"),
        ("refund: to a bank card", "refund_abnormal"),
        ("customs v3: declare", "customs_declare"),
        ("customs v3: query", "customs_query"),
        ("customs v3: amend", "customs_amend"),
        ("customs v3: payer", "customs_verify"),
        ("complaint: read", "complaint"),
        ("complaint: listed", "complaints"),
        ("complaint: reply", "complaint_reply"),
        ("complaint: refund told", "complaint_refund"),
        ("complaint: finish", "complaint_complete"),
        ("keys: both are listed", "certificates"),
    ):
        modes = ("timeout_before", "timeout_after", "timeout_late", "500_before", "500_after")
        signatures = ("wrong_signature", "stale_timestamp", "signtest", "unsigned")
        assert {(step, f"{call} {mode}") for mode in (*modes, *signatures)} <= tried
        assert {(step, f"worker killed {point}") for point in Point} <= tried


def test_every_switch_of_the_sandbox_that_spoils_money_is_tried():
    spoilt = {one.fault.call for one in trials() if isinstance(one.fault, Spoilt)}
    told_to_nobody = {"refund_outcome", "customs_outcome", "notify", "billdownload"}
    calls = {*PAY_CALLS, *COMPLAINT_CALLS, *BILL_CALLS, *CUSTOMS_CALLS, *told_to_nobody}
    assert calls - spoilt == set()


def test_a_payment_of_which_nobody_knows_is_found_lost_until_the_house_asks(stage):
    order = stage.order()
    stage.pay_unseen(order)
    stage.deliver()
    payment = Payment.objects.get()
    before = found(stage, order)
    assert before.lost == [f"payment {payment.out_trade_no}: {order.total_fen} fen"]
    assert before.open == ["payment prepared", "order placed"]
    assert stage.settle(order) == NOTHING_WRONG


def test_a_refund_that_nobody_here_asked_for_is_found_lost(stage):
    order = stage.paid()
    payment = Payment.objects.get()
    stage.deliver()
    stage.sandbox.tell(
        "refund",
        mchid=payment.mchid,
        out_trade_no=payment.out_trade_no,
        out_refund_no="BY-HAND-1",
        amount=500,
        status="SUCCESS",
    )
    assert found(stage, order) == Finding(
        lost=["refund BY-HAND-1: 500 fen"], doubled=["500 fen went back, 0 were to"]
    )


def test_a_refund_that_only_we_believe_in_is_found_doubled(stage):
    order = stage.paid()
    stage.deliver()
    number = stage.ask_back(order).out_refund_no
    Refund.objects.update(state="succeeded", refund_id="5030", succeeded_at=present())
    assert f"refund {number}: succeeded, and WeChat has none" in found(stage, order).doubled


def test_money_that_only_we_believe_in_is_found_doubled(stage):
    order = stage.paid()
    stage.deliver()
    payment = Payment.objects.get()
    stage.begin()  # a WeChat that knows nothing
    wrong = found(stage, order)
    assert wrong.doubled == [f"payment {payment.out_trade_no}: {order.total_fen} fen"]


@pytest.mark.crooked_stock
def test_pieces_that_stay_reserved_for_nobody_are_found_lost(stage):
    order = stage.paid()
    stage.deliver()
    stock = Stock.objects.get(variant__sku="HD-1")
    make.crook(stock, reserved=stock.reserved + 1)
    assert found(stage, order) == Finding(lost=["3 pieces reserved, 2 held"])


def test_a_fact_that_is_told_twice_is_found_doubled(stage):
    order = stage.paid()
    stage.deliver()
    Event.objects.create(name="order.paid", key=order.event_key, seq=99, at=present())
    assert found(stage, order) == Finding(doubled=["order.paid told 2 times"])


def test_what_is_not_in_the_ledger_is_found_lost(stage):
    order = stage.paid()  # and its events are not delivered
    number = Payment.objects.get().out_trade_no
    assert found(stage, order).lost == [f"{number} not in the ledger"]


@pytest.mark.parametrize(
    "fault", [Spoilt("query", "500_before"), Killed(Point.AFTER_COMMIT), Killed(Point.AFTER_CALL)]
)
def test_a_fault_that_never_strikes_is_no_trial(stage, fault):
    order = stage.order()
    with pytest.raises(Untried):
        fault.strike(stage, order.refresh_from_db)


def test_the_table_tells_each_trial_and_fails_where_one_was_not_tried(stage):
    lines: list[str] = []
    good = Trial("pay: prepay, and gone", leaves, Spoilt("prepay", "500_before"))
    assert table(stage, [good], lines.append)
    assert lines[1].split() == [
        *("pay:", "prepay,", "and", "gone", "prepay", "500_before"),
        *("expired", "closed", "-", "-", "-", "0", "0"),
    ]
    vain = Trial("pay: prepay, and gone", leaves, Spoilt("query", "500_before", {"times": 9}))
    assert not table(stage, [good, vain], lines.append)
    assert any("not tried" in line for line in lines)
    assert not table(stage, [], lines.append)
