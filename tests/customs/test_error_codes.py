"""Every error code of the specification leads where the table of steps says, told of its own document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from customs.models import Filing, PortAccount, PortMessage
from customs.services import declaring
from customs.services.receiving import take_in
from customs.services.undoing import ask_back, declare_return
from customs.steps import Step, errors, step_for
from kernel.models import Case
from operators.customs_words import stands_for
from orders.models import Order
from payments.models import PaymentDeclaration
from tests.customs import port as ports
from tests.customs.port import CODES, Port, declaration
from tests.customs.test_declaring import (  # noqa: F401 -- fixtures too
    LIST_NO,
    answer,
    both_stand,
    order_key,
    port,
    ready,
)
from tests.payments.declaring import go_on as pay_on

pytestmark = pytest.mark.django_db(transaction=True)

OF_ORDER, OF_PAYMENT, OF_WAYBILL, OF_LIST = ("-301",), ("-401",), ("-504", "-505"), ("-621", "-101", "-800")
OF_CANCEL, OF_RETURN = ("-623",), ("-625",)
TOLD_AGAIN = (Step.AS_NEW, Step.AS_CHANGED, Step.PAYMENT, Step.CARRIER)
GIVEN_BACK = (Step.LIMIT_SINGLE, Step.LIMIT_YEAR)


class Rolled(Exception):
    """Nothing of what was tried is kept."""


@contextmanager
def tried() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise Rolled
    except Rolled:
        pass


def codes(*prefixes: str) -> dict[str, Step]:
    found = {code: told.step for code, told in errors().items() if code.startswith(prefixes)}
    assert found
    return found


def told(port: Port, name: str, at: datetime, code: str, **key: object) -> None:  # noqa: F811
    port.tell(name, at, returnStatus=code, returnInfo=f"[Code:{code};Desc:x]", **key)


def undone(filing: Filing) -> dict[str, str]:
    return {"copNo": filing.key, "preNo": "C20261127000000001", **LIST_NO}


def test_each_code_belongs_to_one_of_the_documents_that_are_tried_here():
    tried_here = (OF_ORDER, OF_PAYMENT, OF_WAYBILL, OF_LIST, OF_CANCEL, OF_RETURN)
    assert sum(len(codes(*one)) for one in tried_here) == len(errors()) == 156


def leads(order: Order, at: datetime, step: Step, before: str, kind: str) -> None:
    """What a refusal of order, payment, waybill or list has done, and what the next sweep does about it."""
    row = declaration(order)
    if step in (Step.OLD, Step.DECLARED):
        assert (row.state, row.trouble) == (before, "")
        return
    if step is Step.LATER:
        message = PortMessage.objects.get(filings__declaration=row, filings__kind=kind)
        assert (row.state, row.resends, message.sent_at) == (before, 1, None)
        assert message.next_try_at > at
        return
    assert (row.state, row.trouble) == ("rejected", str(step))
    case = Case.objects.get(kind="customs.rejected", state="open")
    assert (case.facts["step"], case.facts["document"]) == (str(step), kind)
    declaring.step(declaration=row, now=at)
    order.refresh_from_db()
    if step in GIVEN_BACK:
        assert (order.state, order.gate) == ("cancelled", "before_list")
    elif step in TOLD_AGAIN:
        assert declaration(order).state == "waiting"
        payment = PaymentDeclaration.objects.get(order=order)
        assert payment.state == ("amending" if step is Step.PAYMENT else "succeeded")
    else:
        assert (declaration(order).state, order.state) == ("rejected", "paid")


def test_codes_of_order_payment_and_waybill(port, ready):  # noqa: F811
    order, at = ready
    at = ports.go_on(at, 2)
    assert declaration(order).state == "documents"
    payment = {"payCode": CODES["pay"], "payTransactionId": order.transaction_id}
    waybill = {"logisticsCode": CODES["logistics"], "logisticsNo": "SF1000000000001"}
    for prefixes, name, key, kind in (
        (OF_ORDER, "CEB312Message", order_key(port), "order"),
        (OF_PAYMENT, "CEB412Message", payment, "payment"),
        (OF_WAYBILL, "CEB512Message", waybill, "waybill"),
    ):
        for code, step in codes(*prefixes).items():
            with tried():
                told(port, name, at, code, **key)
                receive(port, at)
                leads(order, at, step, "documents", kind)
            order.refresh_from_db()


def test_codes_of_a_list(port, ready):  # noqa: F811
    order, at = ready
    at = ports.go_on(at, 2)
    both_stand(port, at)
    at = ports.go_on(at, 2)
    for code, step in codes(*OF_LIST).items():
        with tried():
            answer(port, order, at, code, f"[Code:{code};Desc:x]")
            receive(port, at)
            leads(order, at, step, "listed", "list")
        order.refresh_from_db()


def test_codes_of_a_cancellation_and_of_a_return(port, ready):  # noqa: F811
    order, at = ready
    at = ports.go_on(at, 2)
    both_stand(port, at)
    at = ports.go_on(at, 2)
    answer(port, order, at, "120", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    with tried():
        filing = ask_back(declaration=declaration(order), reason="x", by="o", now=at)
        later = ports.go_on(at, 1)
        for code, step in codes(*OF_CANCEL).items():
            with tried():
                told(port, "CEB624Message", later, code, **undone(filing))
                receive(port, later)
                refused = Case.objects.filter(kind="customs.cancel_refused", state="open").count()
                state = declaration(order).state
                goes_on = step in (Step.OLD, Step.DECLARED, Step.LATER)
                assert (state, refused) == (("cancelling", 0) if goes_on else ("accepted", 1)), code
    answer(port, order, at, "800", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=3), 2)
    filing = declare_return(declaration=declaration(order), pieces={"HD-1": 1}, reason="x", by="o", now=at)
    at = ports.go_on(at, 2)
    for code, step in codes(*OF_RETURN).items():
        with tried():
            told(port, "CEB626Message", at, code, **undone(filing))
            receive(port, at)
            cases = Case.objects.filter(kind="customs.rejected", state="open")
            quiet = step in (Step.OLD, Step.DECLARED, Step.LATER)
            assert [one.facts["step"] for one in cases] == ([] if quiet else [str(step)]), code
            assert declaration(order).resends == (step is Step.LATER)


def receive(port: Port, at: datetime) -> None:  # noqa: F811
    """What waits is taken in, and the box is empty again."""
    for one in port.box:
        take_in(account=PortAccount.objects.get(), raw=one.raw, now=at)
    port.box.clear()


def test_a_payment_that_customs_refused_is_told_anew_and_then_the_rest(port, ready):  # noqa: F811
    order, at = ready
    at = ports.go_on(at, 2)
    key = {"payCode": CODES["pay"], "payTransactionId": order.transaction_id}
    told(port, "CEB412Message", at, "-401001", **key)
    at = ports.go_on(at, 4)
    assert (declaration(order).state, declaration(order).awaits) == ("waiting", "payment")
    at = pay_on(3, at + timedelta(seconds=1))
    at = ports.go_on(at + timedelta(minutes=3), 2)
    payment = PaymentDeclaration.objects.get(order=order)
    assert (payment.state, payment.round) == ("succeeded", 1)
    assert declaration(order).state == "documents"


def test_what_is_closed_waits_for_nothing_any_more():
    assert stands_for("closed", "receipts", "") == "-"
    assert stands_for("listed", "receipts", "") != "-"


@pytest.mark.parametrize(
    ("words", "step"),
    [
        ("税款担保额度不足", Step.PERSON),
        ("[Code:1371;Desc:保函额度不足]", Step.PERSON),
        ("账册商品累计申报数量超过备案数量", Step.PERSON),
        ("清单表体第1项料号累计出区数量大于账册余量", Step.PERSON),
        ("企业年度报告未提交", Step.PERSON),
        ("订购人与支付人不一致", Step.DATA),
        ("身份证号码与姓名不一致", Step.DATA),
        ("支付单不存在", Step.PAYMENT),
        ("运单不存在", Step.CARRIER),
        ("清单与订单不符", Step.AS_CHANGED),
        ("购买人[张]已使用额度[25000]，本次交易超过年度限额", Step.LIMIT_YEAR),
        ("个人年度交易限值已超出", Step.LIMIT_YEAR),
        ("消费者单次交易超过限值", Step.LIMIT_SINGLE),
        ("单次交易限值超过5000元", Step.LIMIT_SINGLE),
        ("消费者累计购买金额超过额度", Step.LIMIT_YEAR),
        ("累计购买金额超过额度", Step.PERSON),
        ("原因不明", Step.PERSON),
    ],
)
def test_words_of_customs_end_an_order_only_where_they_say_that_it_is_the_persons_limit(words, step):
    assert step_for("100", words) is step
