"""Tax sheets are taken in whatever comes first, compared with what was declared, and count until paid."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from compliance import vault
from customs import labels
from customs.ceb.message import Document, Message
from customs.ceb.write import to_bytes, write
from customs.models import PortAccount, PortReceipt, TaxSheet
from customs.services.filing import new_guid
from customs.services.receiving import take_in
from customs.services.taxes import owed_fen, remind
from kernel.clock import shanghai_day
from kernel.models import Case
from orders.models import OrderLine
from tests.customs import port as ports
from tests.customs.port import Port, declaration
from tests.customs.test_declaring import LIST_NO, answer, listed, port, ready  # noqa: F401 -- fixtures too
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)

TAX_NO, DUTY_NO = "310520261127000000001", "3105202612L0000001"


@pytest.fixture
@step
def released(port: Port, ready):  # noqa: F811
    """An order released just now, and when."""
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    answer(port, order, at + timedelta(seconds=3), "800", **LIST_NO)
    at = ports.go_on(at + timedelta(seconds=9), 2)
    assert declaration(order).state == "released"
    return order, at


def declared(order) -> dict[str, int]:
    kinds = ("duty_fen", "vat_fen", "excise_fen")
    return {kind: sum(OrderLine.objects.filter(order=order).values_list(kind, flat=True)) for kind in kinds}


def sheet(order, at, *, more_vat: int = 0, tax_no: str = TAX_NO) -> bytes:
    """CEB816 of what was declared, its VAT higher by so many fen."""
    yuan = {kind: Decimal(fen).scaleb(-2) for kind, fen in declared(order).items()}
    yuan["vat_fen"] += Decimal(more_vat).scaleb(-2)
    levied = {
        "customsTax": yuan["duty_fen"],
        "valueAddedTax": yuan["vat_fen"],
        "consumptionTax": yuan["excise_fen"],
    }
    head = {"guid": new_guid(), "returnTime": at, **LIST_NO, "taxNo": tax_no, "status": "1"} | levied
    line = {"gnum": 1, "gcode": "8516310000", "taxPrice": Decimal("200")} | levied
    message = Message("CEB816Message", new_guid(), (Document(head, (line,)),))
    return to_bytes(write(message))


def status(
    at, told: str, *, list_no: str = LIST_NO["invtNo"], tax_no: str = TAX_NO, duty_no: str = ""
) -> bytes:
    """CEB818."""
    head = {"guid": new_guid(), "returnTime": at, "invtNo": list_no, "taxNo": tax_no, "status": told}
    if duty_no:
        head["entDutyNo"] = duty_no
    return to_bytes(write(Message("CEB818Message", new_guid(), (Document(head),))))


def taken(at, raw: bytes) -> list[str]:
    return [row.outcome for row in take_in(account=PortAccount.objects.get(), raw=raw, now=at)]


def owing() -> int:
    return owed_fen(PortAccount.objects.get())


def open_cases() -> list[str]:
    return sorted(
        Case.objects.filter(state="open", kind__startswith="customs.").values_list("kind", flat=True)
    )


def test_what_was_declared_counts_until_its_sheet_is_paid(released):
    order, at = released
    assert owing() == order.tax_fen > 0
    raw = sheet(order, at)
    assert taken(at, raw) == ["taken"]
    assert owing() == order.tax_fen
    assert taken(at, status(at + timedelta(days=33), "2")) == ["taken"]
    assert owing() == order.tax_fen  # summarised, and no payment order yet
    assert taken(at, status(at + timedelta(days=34), "2", duty_no=DUTY_NO)) == ["taken"]
    assert owing() == 0
    made = TaxSheet.objects.get()
    assert (made.status, made.duty_no, made.total_fen) == ("2", DUTY_NO, order.tax_fen)
    assert open_cases() == []


def test_a_sheet_is_taken_once_and_its_words_rest_sealed(released):
    order, at = released
    raw = sheet(order, at)
    assert taken(at, raw) == ["taken"]
    assert taken(at, raw) == []
    row = PortReceipt.objects.get(name="CEB816Message")
    assert TAX_NO.encode() not in bytes(row.raw_sealed)
    opened = vault.unwrap(order.key).open(labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed))
    assert TAX_NO in opened


def test_a_state_told_before_its_sheet_stands_and_the_amounts_follow(released):
    order, at = released
    assert taken(at, status(at + timedelta(days=34), "2", duty_no=DUTY_NO)) == ["taken"]
    assert (TaxSheet.objects.get().total_fen, owing()) == (None, 0)
    assert taken(at, sheet(order, at)) == ["taken"]
    made = TaxSheet.objects.get()
    assert (made.status, made.total_fen) == ("2", order.tax_fen)
    assert taken(at, status(at + timedelta(days=33), "1")) == ["old"]
    assert TaxSheet.objects.get().status == "2"


def test_one_fen_of_difference_is_a_case_that_names_both(released):
    order, at = released
    taken(at, sheet(order, at, more_vat=1))
    case = Case.objects.get(kind="customs.tax_differs", state="open")
    ours = declared(order)
    assert case.facts == {
        "order": order.number,
        "tax_sheet": TAX_NO,
        "levied": {**ours, "vat_fen": ours["vat_fen"] + 1},
        "declared": ours,
    }
    assert owing() == order.tax_fen + 1


def test_a_void_sheet_counts_no_more_and_one_in_its_place_does(released):
    order, at = released
    taken(at, sheet(order, at, more_vat=5))
    taken(at, status(at + timedelta(days=1), "3"))
    assert owing() == 0
    assert open_cases() == []
    taken(at, sheet(order, at + timedelta(days=1), tax_no=TAX_NO + "9"))
    assert owing() == order.tax_fen


@pytest.mark.parametrize("list_no", ["310520260000000009", "X"])
def test_a_sheet_of_a_list_that_is_not_ours_is_kept_and_a_case(released, list_no):
    _, at = released
    assert taken(at, status(at, "1", list_no=list_no)) == ["unknown"]
    assert not TaxSheet.objects.exists()
    assert open_cases() == ["customs.receipt_unknown"]


def test_the_window_opens_on_day_31_alarms_before_day_45_and_is_over_once_paid(released):
    order, at = released
    taken(at, sheet(order, at))
    remind(now=at + timedelta(days=30))
    assert open_cases() == []
    remind(now=at + timedelta(days=31))
    day = shanghai_day(declaration(order).released_at)
    case = Case.objects.get(kind="customs.tax_due")
    assert case.facts == {
        "account": "3105 DXPENT0000012345",
        "released": day.isoformat(),
        "lists": 1,
        "owing_fen": order.tax_fen,
        "until": (day + timedelta(days=45)).isoformat(),
    }
    remind(now=at + timedelta(days=41))
    assert open_cases() == ["customs.tax_due"]
    remind(now=at + timedelta(days=42))
    assert open_cases() == ["customs.tax_due", "customs.tax_ending"]
    taken(at, status(at + timedelta(days=43), "2", duty_no=DUTY_NO))
    remind(now=at + timedelta(days=43))
    assert open_cases() == []


def test_what_is_due_is_told_as_it_stands_and_after_the_last_day_as_overdue(released):
    order, at = released
    taken(at, sheet(order, at))
    remind(now=at + timedelta(days=31))
    type(declaration(order)).objects.update(tax_fen=1)  # the rest was paid
    assert [remind(now=at + timedelta(days=45)) for _ in range(2)] == [1, 1]
    assert open_cases() == ["customs.tax_due", "customs.tax_ending"]
    due = Case.objects.get(kind="customs.tax_due", state="open")
    assert (due.facts["owing_fen"], due.seen) == (1, 2)
    old = Case.objects.get(kind="customs.tax_due", state="settled")
    assert (old.facts["owing_fen"], old.note) == (order.tax_fen, "it is another now")
    assert remind(now=at + timedelta(days=46)) == 1
    assert open_cases() == ["customs.tax_over"]
