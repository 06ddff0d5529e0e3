"""Some rows of `manage.py chaos payments` on what follows from a payment, and that each comparison finds."""

from __future__ import annotations

import pytest

from backend.chaos import billing, complaining, declaring, settling
from backend.chaos.books import Finding, Part
from backend.chaos.faults import KilledAfter, Twice, Untried
from backend.chaos.running import Result, run
from backend.chaos.stage import Stage
from backend.chaos.trials import trials
from kernel import files
from kernel.clock import now as present
from payments.gateways.customs import customs_client
from payments.gateways.wechat_pay import client_of
from payments.models import BillDifference, BillLine, Complaint, ComplaintAct, Payment, PaymentDeclaration
from payments.services.bills.run import due
from payments.services.declare import piece_of, sweep
from settlement.services.batches import make_batch
from settlement.services.exchange import export_batch
from wechat.pay.complaints import respond

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING_WRONG = Finding()


def found_by(part: Part, stage: Stage, order) -> Finding:
    found = Finding()
    part.compare(found, order, stage.books())
    return found


@pytest.mark.parametrize(
    ("step", "fault", "refunds", "besides"),
    [
        ("customs v2: declare", "worker killed after the call", "-", "NINGBO succeeded"),
        ("customs v2: amend", "worker killed after the call", "succeeded", "NINGBO succeeded"),
        ("customs v3: payer", "customs_verify 500_after", "-", "NINGBO succeeded"),
        (
            "bills: fetched",
            "worker killed taking the lines of trades",
            "-",
            "trade matched fund_basic matched",
        ),
        ("bills: entered", "two workers at once", "-", "trade matched fund_basic matched"),
        ("complaint: reply", "worker killed after the call", "-", "processing reply done"),
        ("complaint: refund told", "complaint_refund 500_after", "succeeded", "processing approve done"),
        ("keys: both are listed", "worker killed after the call", "-", "key fetched"),
        ("forex: answer", "worker killed entering a settlement", "-", "batch answered"),
        ("refund: to a bank card", "refund_abnormal 500_after", "succeeded", "-"),
    ],
)
def test_whatever_goes_wrong_nothing_is_lost_and_nothing_doubled(stage, step, fault, refunds, besides):
    (trial,) = [one for one in trials(f"{step} {fault}") if one.step == step]
    result = run(stage, trial)
    all_back = step in ("complaint: refund told", "refund: to a bank card")
    order = "cancelled" if all_back else "paid"  # before the list the order ends with its money
    assert result == Result(order, "succeeded", refunds, besides, result.cases, NOTHING_WRONG)
    assert result.cases in ("-", "complaint.reply_due")


def test_a_declaration_that_only_wechat_knows_of_is_found_lost(stage):
    order = declaring.due(stage, "v2")
    sweep(now=stage.now())
    number = Payment.objects.get().out_trade_no
    PaymentDeclaration.objects.update(port="SHENZHEN", state="to_declare")
    found = found_by(declaring.DECLARING, stage, order)
    assert found.lost == [f"declaration {number} NINGBO"]
    assert found.open == ["declaration to_declare"]


def test_a_declaration_that_is_made_anew_once_too_often_is_found_doubled(stage):
    order = declaring.declared(stage, "v2")
    sweep(now=stage.now())
    stage.deliver()
    row = PaymentDeclaration.objects.get()
    customs_client(row.payment.mchid, row.family).amend(piece_of(row), None)
    found = found_by(declaring.DECLARING, stage, order)
    assert found.doubled[0] == "NINGBO: made anew 1 times, 0 were to be"


def test_a_bill_line_that_is_not_there_is_found_lost(stage):
    order = billing.sold(stage)
    number = Payment.objects.get().out_trade_no
    assert found_by(billing.BILLS, stage, order) == Finding(lost=[f"the line of sale {number}"])


def test_a_commission_that_is_not_entered_is_found_lost(stage):
    order = billing.sold(stage)
    billing.next_morning(stage)
    while due(now=stage.now()):
        pass
    line = BillLine.objects.get()
    assert found_by(billing.BILLS, stage, order).lost == [
        f"commission of line {line}: 0 fen for {line.fee_fen}"
    ]
    stage.deliver()
    assert found_by(billing.BILLS, stage, order) == NOTHING_WRONG


def test_a_word_that_wechat_has_twice_is_found_doubled_and_one_it_has_not_is_found_lost(stage):
    order, complaint = complaining.heard(stage)
    act = {"storefront": stage.shop, "complaint": complaint, "by": "chaos"}
    act |= {"asked_at": present(), "next_try_at": present()}
    ComplaintAct.objects.create(kind="reply", state="done", **act)
    assert found_by(complaining.COMPLAINTS, stage, order) == Finding(lost=["1 times reply, there 0"])
    ComplaintAct.objects.all().delete()
    for _ in range(2):
        respond(client_of(complaint.mchid), complaint.external_id, "您好")
    found = found_by(complaining.COMPLAINTS, stage, order)
    assert found.doubled == ["2 times reply"]
    Complaint.objects.all().delete()
    assert found_by(complaining.COMPLAINTS, stage, order) == Finding(
        lost=[f"complaint {complaint.external_id}"]
    )


def test_a_paper_that_was_stored_twice_is_found_doubled(stage):
    order = settling.ready(stage)
    assert found_by(settling.FOREX, stage, order).lost == ["in no batch: "]
    batch = make_batch(storefront_id=stage.shop.pk, currency=order.brand_currency, by="t", now=stage.now())
    export_batch(batch=batch, by="t", now=stage.now())
    assert found_by(settling.FOREX, stage, order) == NOTHING_WRONG
    files.store(
        storefront_id=stage.shop.pk,
        name=f"{batch.number}.csv",
        media_type="text/csv",
        content=b"again",
        now=present(),
    )
    assert found_by(settling.FOREX, stage, order) == Finding(doubled=[f"2 of 1 files of {batch.number}"])


@pytest.mark.parametrize("fault", [KilledAfter("INSERT INTO nowhere", "writing nothing")])
def test_a_fault_that_never_strikes_is_no_trial(stage, fault):
    order = stage.order()
    with pytest.raises(Untried):
        fault.strike(stage, order.refresh_from_db)


def test_two_workers_of_whom_one_fails_are_no_trial(stage):
    def fails() -> None:
        raise LookupError

    with pytest.raises(Untried):
        Twice().strike(stage, fails)


def test_a_difference_of_the_bill_is_found_and_one_of_a_forgotten_order_is_not(stage):
    forgotten = Payment.objects.get(order=stage.paid())
    stage.begin()
    order = billing.sold(stage)
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=forgotten.pk).update(succeeded_at=payment.succeeded_at)
    billing.next_morning(stage)
    stage.sandbox.tell("switches", call="tradebill", mode="wrong_amount", times=2)
    while due(now=stage.now()):
        pass
    stage.deliver()
    kinds = BillDifference.objects.filter(bill__day=payment.succeeded_at.date(), bill__kind="trade")
    assert set(kinds.values_list("kind", "payment")) == {
        ("amount", payment.pk),
        ("missing_payment", forgotten.pk),
    }
    lost = found_by(billing.BILLS, stage, order).lost
    assert f"amount payment:{payment.out_trade_no}" in lost
    assert not any(forgotten.out_trade_no in text for text in lost)
