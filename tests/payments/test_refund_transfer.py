"""What came to the merchant's own card is owed to the consumer until a person has paid it by transfer."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from backend import delivery
from compliance.copy_words import word
from kernel.clock import SHANGHAI
from kernel.models import Case, Event
from kernel.states import WrongState
from payments import personal
from payments.models import Refund
from payments.services import refund_verbs
from payments.services.refund_hold import LEASE
from payments.services.refund_transfer import AlreadyTransferred, BadTransfer
from payments.services.refund_verbs import RefundHeld, to_bank_card, transfer_made
from payments.services.refunds import Wish, request_refund
from settlement.models import Entry, Posting
from settlement.queries import not_entered
from settlement.reasons import Reason
from settlement.unsettled import unsettled
from tests import make
from tests.make_tables import NOW
from tests.payments.reports import paid, refund_report_of, told
from tests.stepping import step
from wechat.errors import OutcomeUnknown, Rejected
from wechat.pay.refunds import BankCard

pytestmark = pytest.mark.django_db(transaction=True)
CARD = BankCard("ICBC_DEBIT", "6222020200112233", "王爱丽")
ON = date(2026, 11, 21)
LATER = NOW + timedelta(days=2)


@pytest.fixture
@step
def refund() -> Refund:
    payment = paid(make.order(make.world().alice, ("HD-1", 1)))
    made = request_refund(
        number=payment.order.number, wish=Wish(), key="k", reason="退款", asked_by="system", now=NOW
    )
    told(made, status="ABNORMAL", success_time=None)
    made.refresh_from_db()
    return made


@pytest.fixture
def wechat_says(monkeypatch: pytest.MonkeyPatch, refund: Refund) -> dict[str, Any]:
    """What the call answers and what the question answers: a status, or a failure to raise."""
    says: dict[str, Any] = {"apply": "PROCESSING", "query": "ABNORMAL", "cards": []}

    def said(name: str) -> Any:
        if isinstance(says[name], Exception):
            raise says[name]
        return refund_report_of(refund, status=says[name], success_time=None)

    def applied(client: Any, **facts: Any) -> Any:
        says["cards"].append(facts["card"])
        return said("apply")

    monkeypatch.setattr(refund_verbs, "apply_abnormal", applied)
    monkeypatch.setattr(refund_verbs, "query", lambda client, number: said("query"))
    return says


def redirect(refund: Refund, card: BankCard | None, at: datetime = NOW) -> Refund:
    to_bank_card(refund=refund, card=card, by="fang", note="n", now=at)
    refund.refresh_from_db()
    return refund


def transfer(refund: Refund, **changes: Any) -> None:
    facts = {"reference": "ICBC-77", "on": ON, "by": "fang", "note": "n", "now": LATER, **changes}
    transfer_made(refund=refund, **facts)


def balances() -> dict[str, int]:
    found: dict[str, int] = {}
    for account, amount in Posting.objects.values_list("account", "amount_fen"):
        found[account] = found.get(account, 0) + amount
    return {account: fen for account, fen in found.items() if fen}


def to_the_merchant(refund: Refund) -> Refund:
    redirect(refund, None)
    told(refund, channel="OTHER_BANKCARD")
    delivery.drain()
    refund.refresh_from_db()
    return refund


def test_what_the_merchants_card_took_is_a_case_and_is_owed_to_the_consumer(
    refund: Refund, wechat_says: dict[str, Any]
) -> None:
    to_the_merchant(refund)
    amount = refund.amount_fen
    assert (refund.state, refund.redirected_to, refund.owed) == ("succeeded", "merchant", True)
    assert balances() == {"bank": amount, "consumer": -amount}
    case = Case.objects.get(state="open")
    assert (case.kind, case.key) == ("refund.pay_by_transfer", f"refund:{refund.out_refund_no}")
    assert (case.facts["refund_fen"], case.facts["order"]) == (amount, refund.order.number)
    assert Case.objects.get(state="settled").kind == "refund.abnormal"


def test_a_transfer_is_told_once_settles_the_case_and_leaves_the_bank(
    refund: Refund, wechat_says: dict[str, Any]
) -> None:
    to_the_merchant(refund)
    transfer(refund)
    with pytest.raises(AlreadyTransferred) as again:
        transfer(refund, reference="ICBC-78")
    assert again.value.reference == "ICBC-77"
    assert not_entered(storefront_id=refund.storefront_id) == [refund.out_refund_no]
    delivery.drain()
    refund.refresh_from_db()
    assert (refund.transfer_reference, refund.owed) == ("ICBC-77", False)
    assert refund.arrived_at == datetime(2026, 11, 21, tzinfo=SHANGHAI)
    event = Event.objects.get(name="refund.transferred")
    assert event.facts == {
        "amount_fen": refund.amount_fen,
        "transfer_reference": "ICBC-77",
        "day": "2026-11-21",
        "by": "fang",
        "note": "n",
    }
    case = Case.objects.get(kind="refund.pay_by_transfer")
    assert (case.state, case.settled_by, case.note) == ("settled", "fang", "ICBC-77 n")
    assert balances() == {}
    entry = Entry.objects.get(kind="transfer")
    assert (entry.key, entry.day) == (f"transfer:{refund.out_refund_no}", ON)
    assert not_entered(storefront_id=refund.storefront_id) == []


@pytest.mark.parametrize(
    "wrong", [{"reference": " "}, {"on": date(2026, 11, 19)}, {"on": date(2026, 11, 23)}]
)
def test_a_transfer_without_number_or_of_an_impossible_day_is_refused(
    refund: Refund, wechat_says: dict[str, Any], wrong: dict[str, Any]
) -> None:
    to_the_merchant(refund)
    with pytest.raises(BadTransfer):
        transfer(refund, **wrong)
    refund.refresh_from_db()
    assert refund.owed


def test_what_the_consumers_card_took_is_owed_to_no_one(refund: Refund, wechat_says: dict[str, Any]) -> None:
    redirect(refund, CARD)
    told(refund, channel="OTHER_BANKCARD")
    delivery.drain()
    refund.refresh_from_db()
    assert (refund.state, refund.redirected_to, refund.owed) == ("succeeded", "consumer", False)
    assert balances() == {}
    assert not Case.objects.filter(state="open").exists()
    with pytest.raises(WrongState):
        transfer(refund)


def test_a_redirection_that_wechat_refuses_leaves_no_target(
    refund: Refund, wechat_says: dict[str, Any]
) -> None:
    wechat_says["apply"] = Rejected(call="refund_abnormal", wechat_code="INVALID_REQUEST")
    with pytest.raises(Rejected):
        redirect(refund, None)
    refund.refresh_from_db()
    assert refund.redirected_to == ""


def test_a_redirection_without_an_answer_is_looked_up_before_another_card_is_asked_for(
    refund: Refund, wechat_says: dict[str, Any]
) -> None:
    wechat_says["apply"] = OutcomeUnknown(call="refund_abnormal", reason="time-out")
    with pytest.raises(OutcomeUnknown):
        redirect(refund, None)
    wechat_says |= {"apply": "PROCESSING", "query": "PROCESSING"}  # it was taken after all
    with pytest.raises(RefundHeld):
        redirect(refund, CARD)  # what was sent a moment ago may still arrive
    with pytest.raises(WrongState) as late:
        redirect(refund, CARD, NOW + LEASE)
    refund.refresh_from_db()
    assert (late.value.state, refund.state, refund.redirected_to) == ("processing", "processing", "merchant")
    assert wechat_says["cards"] == [None]


def test_a_redirection_that_never_arrived_makes_room_for_another(
    refund: Refund, wechat_says: dict[str, Any]
) -> None:
    wechat_says["apply"] = OutcomeUnknown(call="refund_abnormal", reason="time-out")
    with pytest.raises(OutcomeUnknown):
        redirect(refund, None)
    wechat_says["apply"] = "PROCESSING"
    assert redirect(refund, CARD, NOW + LEASE).redirected_to == "consumer"
    assert wechat_says["cards"] == [None, CARD]


def test_old_word_of_the_trouble_does_not_take_the_target_away(
    refund: Refund, wechat_says: dict[str, Any]
) -> None:
    redirect(refund, None)
    told(refund, status="ABNORMAL", success_time=None)
    told(refund, channel="OTHER_BANKCARD")
    refund.refresh_from_db()
    assert refund.owed


def test_an_order_whose_consumer_waits_for_a_transfer_is_not_settled_abroad(
    refund: Refund, wechat_says: dict[str, Any]
) -> None:
    Refund.objects.filter(pk=refund.pk).update(  # a part: what is left of the order could go abroad
        kind="goodwill", goods_fen=0, freight_fen=0, tax_fen=0, discount_fen=0, other_fen=500, amount_fen=500
    )
    refund.lines.all().delete()
    refund.refresh_from_db()
    to_the_merchant(refund)

    def reasons() -> tuple[Reason, ...]:
        (one,) = unsettled(storefront_id=refund.storefront_id, day=ON)
        assert one.refunded_fen == 500
        return one.reasons

    assert {Reason.REFUND, Reason.CASE} <= set(reasons())
    transfer(refund)
    delivery.drain()
    assert not {Reason.REFUND, Reason.CASE} & set(reasons())


def test_the_account_of_a_consumer_who_waits_for_a_transfer_is_not_closed(
    refund: Refund, wechat_says: dict[str, Any]
) -> None:
    to_the_merchant(refund)
    subject = refund.order.subject
    assert subject is not None
    assert [one.number for one in personal.waits(subject, LATER)] == [refund.out_refund_no]
    shown = {one.code: one.rows for one in personal.see(subject, LATER)}["refunds"]
    assert (shown[0]["state"], shown[0]["succeeded_at"]) == (word("refunds", "processing"), None)
    transfer(refund)
    assert personal.waits(subject, LATER) == []
