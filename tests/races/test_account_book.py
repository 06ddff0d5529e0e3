"""Two lists at once for the last pieces of an account book: one goes, the other waits."""

from __future__ import annotations

import threading

import pytest

from customs.account_book import left_in_book
from customs.models import Declaration, Filing
from customs.services import book, declaring
from kernel.models import Case
from tests.customs import port as ports
from tests.customs.port import declaration, waybill
from tests.customs.test_declaring import port
from tests.payments.conftest import wechat, world
from tests.payments.declaring import go_on as pay_on
from tests.payments.declaring import paid
from tests.races.crowd import at_once

__all__ = ["port", "wechat", "world"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def steps(world, wechat, port):
    """The next step of two orders of two pieces each, by two port accounts, out of a book with three."""
    ports.account(world)
    other = ports.account(world, customs_code="3104", dxp_id="DXPENT0000012346")
    payments = [paid(wechat, world), paid(wechat, world)]
    for number, payment in enumerate(payments, 1):
        waybill(payment.order, f"SF100000000000{number}")
    Declaration.objects.filter(order=payments[1].order).update(account=other)
    at = ports.go_on(pay_on(4), 2)
    Filing.objects.filter(kind__in=["order", "waybill"]).update(status="120", told_at=at)
    place = {"warehouse": world.warehouse, "variant": world.dryer}
    book.enter(**place, pieces=-97, paper="QD310526E000000001", reason="盘亏", by="anna", now=at)
    rows = [declaration(payment.order) for payment in payments]
    assert {(row.state, row.account_id) for row in rows} == {
        ("documents", other.pk),
        ("documents", rows[0].account_id),
    }
    return [lambda row=row: declaring.step(declaration=row, now=at) for row in rows]


def states() -> list[tuple[str, str]]:
    return sorted(Declaration.objects.values_list("state", "awaits"))


def left(world) -> int:
    return left_in_book(ems_no="T3105W000077", variant_ids=[world.dryer.pk])[world.dryer.pk]


def test_with_the_guard_off_both_lists_go_and_the_book_is_overdrawn(steps, world, monkeypatch):
    pause = threading.Barrier(2)
    monkeypatch.setattr(book, "_hold", lambda ems_no, variants: pause.wait(timeout=20))
    assert at_once(steps) == [None, None]
    assert (states(), left(world)) == ([("listed", "receipts")] * 2, -1)


def test_with_the_guard_on_one_list_goes_and_the_other_waits(steps, world):
    assert at_once(steps) == [None, None]
    assert (states(), left(world)) == ([("documents", "book"), ("listed", "receipts")], 1)
    case = Case.objects.get(kind="customs.mismatch", state="open")
    assert [(one["found"], one["wanted"]) for one in case.facts["differences"]] == [
        ("清单 2 件", "≤ 账册余量 1 件")
    ]
