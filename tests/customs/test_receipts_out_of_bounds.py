"""A receipt with a value out of all bounds, or that fails, is kept and stops no other in its box."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance import vault
from customs import labels
from customs.ceb.message import Document, Message
from customs.ceb.tables import NAMESPACE, shapes
from customs.ceb.write import to_bytes, write
from customs.gateways.port import Came
from customs.models import PortAccount, PortReceipt
from customs.services import receiving
from customs.services.filing import new_guid
from customs.signing.envelope import sign
from kernel.clock import shanghai_day
from kernel.models import Case
from tests.customs import mail
from tests.customs import port as ports
from tests.customs.ceb import plain
from tests.customs.port import declaration
from tests.customs.test_declaring import LIST_NO, answer, listed, order_key, port, ready  # noqa: F401
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@step
def accepted(port, ready):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    return order, ports.go_on(at, 2) + timedelta(hours=1)


def receipt(name: str, known: dict, element: str, text: str) -> bytes:
    """A receipt of something known here, one of its values as `text`."""
    message = plain(name)
    document = message.documents[0]
    head = {**document.head, **known, "guid": new_guid()}
    root = write(Message(name, new_guid(), (Document(head, document.lines),), message.transfer))
    found = root.find(f".//{{{NAMESPACE}}}{shapes()[name].head}/{{{NAMESPACE}}}{element}")
    assert found is not None
    found.text = text
    if name == "CEB711Message":
        sign(root, mail.SIGNS)
    return to_bytes(root)


LONG, ENTRY = "9" * 5_000, {"copNo": "RK0001"}


@pytest.mark.parametrize(
    ("name", "element", "text"),
    [
        ("CEB312Message", "returnStatus", f"-{LONG}"),
        ("CEB412Message", "payCode", LONG),
        ("CEB622Message", "invtNo", LONG),
        ("CEB622Message", "preNo", LONG),
        ("CEB622Message", "returnTime", "00010101000000000"),
        ("CEB622Message", "returnTime", "99991231235959999"),
        ("CEB711Message", "copNo", LONG),
        ("CEB711Message", "billNo", LONG),
        ("CEB712Message", "rkdNo", LONG),
        ("CEB816Message", "taxNo", LONG),
        ("CEB816Message", "customsTax", "9" * 40),
        ("CEB816Message", "valueAddedTax", "9" * 17),
        ("CEB818Message", "entDutyNo", LONG),
    ],
)
def test_a_value_out_of_all_bounds_is_kept_as_it_came_and_the_next_receipt_is_taken(
    world,
    port,  # noqa: F811
    accepted,
    name,
    element,
    text,
):
    order, at = accepted
    PortAccount.objects.update(site_certificate=mail.SITE_CERTIFICATE)
    known = {
        "CEB312Message": order_key(port),
        "CEB412Message": {"payTransactionId": order.transaction_id},
        "CEB622Message": {"copNo": declaration(order).cop_no, "returnTime": at, "customsCode": "3105"},
        "CEB816Message": LIST_NO,
        "CEB818Message": LIST_NO,
    }.get(name, ENTRY)
    raw = receipt(name, known, element, text)
    port.box.append(Came("bad", raw))
    answer(port, order, at, "800", **LIST_NO)
    receiving.collect(now=at)
    assert port.box == []
    assert declaration(order).state == "released"
    row = PortReceipt.objects.get(outcome="unreadable")
    kept = vault.unwrap(world.shop.key).open(labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed))
    assert f"<ceb:{element}>{text}</ceb:{element}>" in kept
    assert Case.objects.filter(kind="customs.receipt_unreadable", state="open").count() == 1
    assert not Case.objects.filter(kind="customs.receipts_failing").exists()


def test_one_that_fails_as_nobody_foresaw_waits_at_the_port_and_the_others_are_taken(
    port,  # noqa: F811
    accepted,
    monkeypatch,
):
    order, at = accepted
    port.box.append(Came("bad", receipt("CEB818Message", LIST_NO, "taxNo", "1")))
    answer(port, order, at, "800", **LIST_NO)

    def fails(**_: object) -> bool:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("customs.services.takers.take_sheet", fails)
        receiving.collect(now=at)
    assert [one.id for one in port.box] == ["bad"]
    assert declaration(order).state == "released"
    cases = Case.objects.filter(kind="customs.receipts_failing", state="open")
    assert cases.get().facts["error"] == "RuntimeError"
    receiving.collect(now=at)
    assert (port.box, cases.exists()) == ([], False)


def test_a_receipt_dated_ahead_of_our_clock_silences_nothing_that_comes_after(port, ready):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    answer(port, order, at + timedelta(days=400), "120", **LIST_NO)
    receiving.collect(now=at)
    found = declaration(order)
    assert (found.state, found.accepted_at) == ("accepted", at)
    answer(port, order, at + timedelta(minutes=1), "800", **LIST_NO)
    receiving.collect(now=at + timedelta(minutes=1))
    assert declaration(order).state == "released"
    told = PortReceipt.objects.filter(filing__kind="list").order_by("id").first().told_at
    assert shanghai_day(told) == shanghai_day(at + timedelta(days=400))  # what was said stays
