"""A bank card that WeChat did not take owes nobody anything, whoever is heard first, for those who serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from backend import delivery, inventory
from compliance.consent_texts import NOTICES, current_text
from compliance.models import Disclosure
from kernel.models import Case
from kernel.states import WrongState
from payments.models import Refund
from payments.services import refund_verbs, send_refund
from payments.services.refund_hold import LEASE
from payments.services.refund_outcome import Outcome
from payments.services.refund_verbs import to_bank_card
from payments.services.refunds import Wish, request_refund
from settlement.models import Posting
from tests import make
from tests.make_tables import NOW
from tests.payments.reports import paid, refund_report_of, told
from tests.stepping import step
from wechat.errors import OutcomeUnknown, RateLimited, Rejected
from wechat.pay.refunds import BankCard

pytestmark = pytest.mark.django_db(transaction=True)
CARD = BankCard("ICBC_DEBIT", "6222020200112233", "王爱丽")
OTHER = BankCard("CMB_DEBIT", "6214830112345678", "王爱丽")
CALL = "refund_abnormal"
REFUSED = Rejected(call=CALL, wechat_code="INVALID_REQUEST")
UNKNOWN = OutcomeUnknown(call=CALL, reason="time-out")


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


@pytest.fixture(params=["web", "worker"])
def role(request: Any, refund: Refund) -> Iterator[str]:
    """What happens to the refund from now on is done by the database's role of who serves."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {request.param}")
    yield request.param
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


class WeChat:
    """Answers the question with `status`, and each call with the next of `answers`; `meanwhile` happens
    while it is under way."""

    def __init__(self, refund: Refund) -> None:
        self.refund, self.status, self.channel = refund, "ABNORMAL", "ORIGINAL"
        self.answers: list[Exception | str] = []
        self.cards: list[BankCard | None] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def query(self, client: Any, number: str) -> Any:
        success = {} if self.status == "SUCCESS" else {"success_time": None}
        return refund_report_of(self.refund, status=self.status, channel=self.channel, **success)

    def apply(self, client: Any, *, card: BankCard | None, **facts: Any) -> Any:
        self.cards.append(card)
        self.meanwhile()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return refund_report_of(self.refund, status=answer, success_time=None)


@pytest.fixture
def wechat(monkeypatch: pytest.MonkeyPatch, refund: Refund) -> WeChat:
    wechat = WeChat(refund)
    monkeypatch.setattr(refund_verbs, "apply_abnormal", wechat.apply)
    for module in (refund_verbs, send_refund):
        monkeypatch.setattr(module, "query", wechat.query)
    return wechat


def redirect(refund: Refund, card: BankCard | None, later: timedelta = timedelta()) -> None:
    to_bank_card(refund=refund, card=card, by="fang", note="n", now=NOW + later)


def state_of(refund: Refund) -> tuple[str, str, bool]:
    refund.refresh_from_db()
    return refund.state, refund.redirected_to, refund.owed


def entered() -> None:
    """The worker hears of what happened, whoever did it."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE worker")
    delivery.drain()


def balances() -> dict[str, int]:
    found: dict[str, int] = {}
    for account, amount in Posting.objects.values_list("account", "amount_fen"):
        found[account] = found.get(account, 0) + amount
    return {account: fen for account, fen in found.items() if fen}


@pytest.mark.parametrize("channel", ["ORIGINAL", "BALANCE"])
@pytest.mark.parametrize("card", [None, CARD], ids=["merchant", "consumer"])
def test_what_the_payers_own_account_took_after_all_is_owed_to_no_one(
    refund: Refund, role: str, wechat: WeChat, channel: str, card: BankCard | None
) -> None:
    wechat.answers = [UNKNOWN]
    with pytest.raises(OutcomeUnknown):
        redirect(refund, card)
    assert told(refund, channel=channel) is Outcome.TAKEN
    assert state_of(refund) == ("succeeded", "", False)
    entered()
    assert balances() == {}
    assert not Case.objects.filter(state="open").exists()


@pytest.mark.parametrize("channel", ["ORIGINAL", "BALANCE"])
@pytest.mark.parametrize(
    "refusal", [REFUSED, RateLimited(call=CALL, wechat_code="FREQUENCY_LIMITED")], ids=["refused", "limited"]
)
def test_a_success_that_is_heard_while_wechat_refuses_the_merchants_card_owes_nothing(
    refund: Refund, role: str, wechat: WeChat, channel: str, refusal: Exception
) -> None:
    wechat.answers, wechat.meanwhile = [refusal], lambda: told(refund, channel=channel)
    with pytest.raises(type(refusal)):
        redirect(refund, None)
    assert state_of(refund) == ("succeeded", "", False)
    assert refund.held_until is None
    entered()
    assert balances() == {}
    assert not Case.objects.filter(state="open").exists()


@pytest.mark.parametrize(
    ("first", "second", "owed"), [(CARD, None, False), (None, CARD, True)], ids=["consumer", "merchant"]
)
def test_of_two_cards_the_one_that_wechat_did_not_refuse_has_the_money(
    refund: Refund, role: str, wechat: WeChat, first: BankCard | None, second: BankCard | None, owed: bool
) -> None:
    """The first card had no answer and was taken; its success is heard while WeChat refuses the second."""
    wechat.answers = [UNKNOWN, REFUSED]
    with pytest.raises(OutcomeUnknown):
        redirect(refund, first)
    heard: list[Outcome] = []

    def succeed() -> None:
        wechat.status, wechat.channel = "SUCCESS", "OTHER_BANKCARD"
        heard.append(told(refund, channel="OTHER_BANKCARD"))

    wechat.meanwhile = succeed
    with pytest.raises(Rejected):
        redirect(refund, second, LEASE)
    target = "merchant" if owed else "consumer"
    assert (heard, state_of(refund)) == ([Outcome.KNOWN], ("abnormal", target, False))
    assert send_refund.sweep(now=NOW + 2 * LEASE) == 1
    assert state_of(refund) == ("succeeded", target, owed)
    entered()
    amount = refund.amount_fen
    assert balances() == ({"bank": amount, "consumer": -amount} if owed else {})
    open_cases = Case.objects.filter(state="open").values_list("kind", flat=True)
    assert list(open_cases) == (["refund.pay_by_transfer"] if owed else [])


def test_another_card_of_the_consumer_is_asked_for_only_while_the_money_still_waits(
    refund: Refund, role: str, wechat: WeChat
) -> None:
    wechat.answers = [UNKNOWN]
    with pytest.raises(OutcomeUnknown):
        redirect(refund, CARD)
    wechat.status = "PROCESSING"  # the first was taken
    with pytest.raises(WrongState) as late:
        redirect(refund, OTHER, LEASE)
    assert late.value.state == "processing"
    assert (wechat.cards, state_of(refund)) == ([CARD], ("processing", "consumer", False))


@pytest.mark.parametrize("card", [None, CARD], ids=["merchant", "consumer"])
def test_no_card_is_asked_for_where_wechat_says_that_the_money_has_arrived(
    refund: Refund, role: str, wechat: WeChat, card: BankCard | None
) -> None:
    wechat.status = "SUCCESS"
    with pytest.raises(WrongState) as late:
        redirect(refund, card)
    assert late.value.state == "succeeded"
    assert (wechat.cards, state_of(refund)) == ([], ("succeeded", "", False))
    assert refund.held_until is None


def test_a_card_that_wechat_refuses_leaves_the_one_before(refund: Refund, role: str, wechat: WeChat) -> None:
    wechat.answers = [UNKNOWN, REFUSED]
    with pytest.raises(OutcomeUnknown):
        redirect(refund, CARD)
    with pytest.raises(Rejected):
        redirect(refund, None, LEASE)
    assert state_of(refund) == ("abnormal", "consumer", False)


def disclosed(refund: Refund) -> list[dict[str, Any]]:
    columns = ("subject_id", "recipient_kind", "recipient", "country", "basis", "fields", "at")
    told = Disclosure.objects.filter(purpose="refund", order_number=refund.order.number)
    return list(told.order_by("id").values(*columns))


def test_a_consumers_card_is_disclosed_before_it_leaves_each_time_it_does(
    refund: Refund, role: str, wechat: WeChat
) -> None:
    written: list[int] = []
    wechat.answers, wechat.meanwhile = [UNKNOWN, "PROCESSING"], lambda: written.append(len(disclosed(refund)))
    with pytest.raises(OutcomeUnknown):
        redirect(refund, CARD)
    redirect(refund, OTHER, LEASE)
    assert written == [1, 2]
    assert disclosed(refund) == [
        {
            "subject_id": refund.order.subject_id,
            "recipient_kind": "payment",
            "recipient": "财付通支付科技有限公司",
            "country": "CN",
            "basis": "contract",
            "fields": ["refund_number", "account_holder", "bank_account"],
            "at": NOW + later,
        }
        for later in (timedelta(), LEASE)
    ]


def test_nothing_is_disclosed_of_the_merchants_card_nor_where_no_call_leaves(
    refund: Refund, role: str, wechat: WeChat
) -> None:
    wechat.answers = [UNKNOWN]
    with pytest.raises(OutcomeUnknown):
        redirect(refund, None)
    wechat.status = "PROCESSING"
    with pytest.raises(WrongState):
        redirect(refund, CARD, LEASE)
    assert disclosed(refund) == []


def test_the_notice_and_the_inventory_say_that_a_bank_account_goes_to_the_payment_institution() -> None:
    told = current_text("providing", date(2026, 11, 27), folder=NOTICES)
    assert told is not None
    assert told.version == "2"
    assert "该账户的户名和账号，用于退款，本平台不予留存" in told.zh
    assert "that bank account and the name of its holder, to refund to it" in told.en
    passed = (
        "| 收款银行账户户名、收款银行账号 | to refund to another account of the consumer's where the one that"
    )
    assert f"{passed} paid takes no money | contract | 支付机构 |" in inventory.page()
