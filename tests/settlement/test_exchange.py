"""File and answer: the same bytes each time, all rows or none, and a result that the books can prove."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.models import ReferenceRate
from kernel import files
from kernel.models import Case, File
from kernel.states import WrongState
from settlement import queries
from settlement.forex_answer import BadAnswer, _Days
from settlement.models import Entry, Evidence, Posting, SettlementBatch
from settlement.services import exchange
from settlement.services.exchange import StaleBatch, export_batch, take_answer
from tests import make
from tests.races.crowd import at_once
from tests.settlement import trades
from tests.settlement.institution import HEAD, answer, balance, sealed, taken
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import DAY, of

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_file_tells_each_trade_and_names_no_one(world, sent):
    content = files.read(sent.file)
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    first = sent.items.get(position=1)
    assert rows[0] == {
        "batch": sent.number,
        "item": "1",
        "order": first.order.number,
        "transaction_id": first.evidence["transaction"],
        "bop_code": "122030",
        "goods": "8516310000 吹风机 HD-1 x2; 8516310000 吹风机 IR-1 x1",
        "quantity": "3",
        "seller": "Maison Group SAS",
        "seller_country": "FR",
        "buyer_country": "CN",
        "ordered_on": "2026-11-20",
        "payment_declaration": f"payment-{first.order.number}",
        "waybill": f"logistics-{first.order.number}",
        "clearance": f"clearance-{first.order.number}",
        "gross_yuan": "250.00",
        "refunded_yuan": "0.00",
        "fee_yuan": "0.00",
        "net_yuan": "250.00",
        "currency": "EUR",
        "expected": "30.49",
    }
    assert content.decode().splitlines()[-1] == "total,2,,,,,,,,,,,,,,,,300.00,EUR,36.59"
    for personal in (make.NAMES[make.ALICE], make.NUMBERS[make.ALICE], make.PHONES[make.ALICE]):
        assert personal.encode() not in content


def test_no_name_of_a_trade_is_a_formula_in_the_file(world):
    world.shop.brand.name = "=1+1"
    world.shop.brand.save()
    trades.ready(world)
    Evidence.objects.filter(kind="logistics").update(reference="@SUM(A1)")
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    stored = SettlementBatch.objects.get().file
    [first, *_] = csv.DictReader(io.StringIO(files.read(stored).decode()))
    assert (first["seller"], first["waybill"]) == ("'=1+1", "'@SUM(A1)")


def test_exported_again_it_is_the_one_file(world, sent):
    again = export_batch(batch=sent, by="me", now=make.NOW + timedelta(days=1))
    assert again.pk == sent.file_id
    assert File.objects.filter(name=f"{sent.number}.csv").count() == 1
    assert exchange.forex_file.written(sent) == files.read(sent.file)


def test_two_exporters_at_once_store_one_file(world):
    trades.ready(world)
    batch = made(world)
    results = at_once([lambda: export_batch(batch=batch, by="me", now=make.NOW)] * 4)
    assert len({one.pk for one in results}) == 1
    assert File.objects.count() == 1


def test_an_exporter_that_dies_half_way_leaves_a_draft(world, monkeypatch):
    trades.ready(world)
    batch = made(world)
    monkeypatch.setattr(type(exchange.BATCH), "move", lambda *_, **__: (_ for _ in ()).throw(SystemExit()))
    with pytest.raises(SystemExit):
        export_batch(batch=batch, by="me", now=make.NOW)
    monkeypatch.undo()
    assert (SettlementBatch.objects.get().state, File.objects.count()) == ("draft", 0)
    assert export_batch(batch=batch, by="me", now=make.NOW).name == f"{batch.number}.csv"


@pytest.mark.parametrize(
    "change",
    [
        lambda o: trades.charged(o, 1),
        lambda o: trades.refunded(o, goods_fen=100),
        lambda o: trades.refunded(o, state="requested", goods_fen=100),
    ],
)
def test_a_draft_whose_orders_have_changed_is_not_exported(world, change):
    order = trades.ready(world)
    batch = made(world)
    change(order)
    with pytest.raises(StaleBatch) as said:
        export_batch(batch=batch, by="me", now=make.NOW)
    assert said.value.orders == order.number
    assert File.objects.count() == 0


def test_the_answer_is_the_truth_and_what_it_brings_beyond_the_promise_is_the_result(world, sent):
    batch = taken(sent)  # at 8.15 instead of 8.20: more euros for the same yuan
    assert (batch.state, batch.settled_fen, batch.settled_promised_minor) == ("answered", 30_000, 3_659)
    assert (batch.foreign_minor, batch.result_fen) == (3_680, 171)  # 18 + 3 cents, 147 + 24 fen
    assert balance(entry__kind="settlement") == {
        "bank": -30_000,
        "abroad": 30_000,
        "passed_on": 30_000,
        "brand": -29_829,
        "forex": -171,
    }
    item = batch.items.get(position=1)
    assert (item.rate, item.foreign_minor, item.settled_on) == (Decimal("815.0000"), 3_067, DAY)
    entry = Entry.objects.get(key=f"settlement:{batch.number}:1")
    assert (entry.order_id, entry.day) == (item.order_id, DAY)
    assert queries.out_of_balance() == []


def test_a_worse_rate_is_a_loss_and_the_promised_one_nothing(world, sent):
    batch = taken(sent, rates={1: "830.0000", 2: "820.0000"})
    assert batch.foreign_minor - batch.settled_promised_minor == 3_012 - 3_049
    assert (batch.result_fen, balance(account="forex")) == (-307, {"forex": 307})
    assert not Posting.objects.filter(entry__key__endswith=":2", account="forex").exists()


def test_the_same_answer_again_changes_nothing_and_another_one_is_refused(world, sent):
    content = answer(sent)
    take_answer(batch=sent, content=content, by="me", now=make.NOW)
    before = balance()
    assert take_answer(batch=sent, content=content, by="me", now=make.NOW).state == "answered"
    assert balance() == before
    with pytest.raises(WrongState):
        taken(sent, rate="816.0000")
    assert File.objects.filter(name=f"{sent.number}-answer.csv").count() == 1


def test_an_answer_told_four_times_at_once_is_entered_once(world, sent):
    content = answer(sent)
    results = at_once([lambda: take_answer(batch=sent, content=content, by="me", now=make.NOW)] * 4)
    assert [one.state for one in results] == ["answered"] * 4
    assert Entry.objects.filter(kind="settlement").count() == 2


def test_what_the_institution_refuses_is_free_again_and_a_case(world, sent):
    batch = taken(sent, refused=(2,))
    assert (batch.state, batch.settled_fen, batch.foreign_minor) == ("answered", 25_000, 3_067)
    item = batch.items.get(position=2)
    assert (item.live, item.refusal, item.rate) == (False, "资料不符", None)
    assert (of(item.order).reasons, of(item.order).turn) == ((), 0)
    case = Case.objects.get(kind="forex.refused")
    assert (case.key, case.facts) == (f"batch:{batch.number}", {"batch": batch.number, "items": 1})


def test_a_batch_of_which_nothing_is_taken_is_refused(world, sent):
    batch = taken(sent, refused=(1, 2))
    assert (batch.state, batch.foreign_minor, Entry.objects.filter(kind="settlement").count()) == (
        "refused",
        0,
        0,
    )
    assert made(world).items_count == 2


def _line(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def _refused(text: str, reason: str) -> str:
    head, first, *others = text.splitlines(keepends=True)
    return head + f"{first.split(',')[0]},1,refused,,EUR,,,{reason}\n" + "".join(others)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda t: _line(t, "batch,item", "item,batch"), "the columns are"),
        (lambda t: _line(t, ",1,settled", ",3,settled"), "line 2: there is no item '3'"),
        (lambda t: _line(t, ",2,settled", ",1,settled"), "line 3: 6.13 is not the amount at rate 815.0000"),
        (lambda t: "".join(t.splitlines(keepends=True)[:2]), "items are missing: 2"),
        (lambda t: t + t.splitlines(keepends=True)[1], "line 4: item 1 stands there twice"),
        (lambda t: _line(t, "EUR", "USD"), "line 2: currency 'USD'"),
        (
            lambda t: _line(_line(t, "815.0000", "8.15"), "30.67", "3067.48"),
            "line 2: rate 8.15 is more than 10 % off 820.0000, the central parity of 2026-11-20"
            " (yuan for 100 EUR)",
        ),
        (
            lambda t: _line(_line(t, "815.0000", "902.0001"), "30.67", "27.72"),
            "line 2: rate 902.0001 is more than 10 % off 820.0000",
        ),
        (
            lambda t: _line(_line(t, "815.0000", "737.9999"), "30.67", "33.88"),
            "line 2: rate 737.9999 is more than 10 % off 820.0000",
        ),
        (
            lambda t: _line(t, "2026-11-20", "2026-11-19"),
            "line 2: 2026-11-19 is before the file was exported, on 2026-11-20",
        ),
        (lambda t: _line(t, "815.0000", "815,0000"), "line 2: it has 9 columns"),
        (lambda t: _line(t, "815.0000", "-815.0000"), "line 2: rate '-815.0000'"),
        (lambda t: _line(t, "815.0000", "0.0000"), "line 2: rate '0.0000'"),
        (lambda t: _line(t, "30.67", "30.69"), "line 2: 30.69 is not the amount at rate 815.0000"),
        (lambda t: _line(t, "30.67", "30.65"), "line 2: 30.65 is not the amount at rate 815.0000"),
        (lambda t: _line(t, "30.67", "30.6"), "line 2: 30.6"),
        (lambda t: _line(t, "2026-11-20", "2026-11-21"), "line 2: 2026-11-21 has not come yet"),
        (lambda t: _line(t, "2026-11-20", "20.11.2026"), "line 2: Invalid isoformat string: '20.11.2026'"),
        (lambda t: _line(t, ",1,settled,", ",1,done,"), "line 2: status 'done' with reason ''"),
        (lambda t: _line(t, ",1,settled,", ",1,refused,"), "line 2: a refused item has a reason"),
        (lambda t: _refused(t, "a\x00b"), "line 2: the reason is not one line of text"),
        (lambda t: _line(t, "\nS", "\nX"), "line 2: it is about batch"),
    ],
)
def test_one_wrong_row_and_nothing_is_taken(world, sent, spoil, fault):
    body = answer(sent).decode().rpartition("checksum")[0]
    with pytest.raises(BadAnswer) as said:
        take_answer(batch=sent, content=sealed(spoil(body), sent.file.sha256), by="me", now=make.NOW)
    assert fault in said.value.faults
    assert SettlementBatch.objects.get().state == "exported"
    assert Entry.objects.filter(kind="settlement").count() == 0
    assert File.objects.count() == 1


@pytest.mark.parametrize(("rate", "minor"), [("738.0000", 3_388), ("902.0000", 2_772)])
def test_a_rate_that_is_just_a_tenth_off_is_believed(world, sent, rate, minor):
    assert taken(sent, rates={1: rate}).items.get(position=1).foreign_minor == minor


def test_yuan_are_passed_on_as_yuan():
    days = _Days(SettlementBatch(currency="CNY", exported_at=make.NOW), DAY)
    days.check(DAY, Decimal("100.0000"))
    with pytest.raises(ValueError, match=r"rate 99\.9: 100 yuan are 100 yuan"):
        days.check(DAY, Decimal("99.9"))


@pytest.mark.parametrize(("days", "taken_in"), [(10, True), (11, False)])
def test_without_a_central_parity_that_is_fresh_enough_no_rate_is_believed(world, sent, days, taken_in):
    later = make.NOW + timedelta(days=days)
    ReferenceRate.objects.filter(first_day__gt=DAY).delete()
    content = answer(sent).replace(b"2026-11-20", later.date().isoformat().encode())
    told = sealed(content.decode().rpartition("checksum")[0], sent.file.sha256)
    if taken_in:
        take_answer(batch=sent, content=told, by="me", now=later)
    else:
        with pytest.raises(BadAnswer) as said:
            take_answer(batch=sent, content=told, by="me", now=later)
        assert "line 2: no central parity of EUR is known for 2026-12-01: load" in said.value.faults
    assert Entry.objects.filter(kind="settlement").count() == (2 if taken_in else 0)


def test_an_answer_that_was_changed_or_is_for_another_file_is_refused(world, sent):
    good = answer(sent)
    for content, fault in (
        (good.replace(b"30.67", b"30.68"), "its checksum is wrong"),
        (sealed(HEAD, "0" * 64), "it answers another file"),
        (good[:-30], "its last line is no checksum"),
        (b"\xff" + good, "it is not UTF-8"),
        (b"", "its last line is no checksum"),
    ):
        with pytest.raises(BadAnswer) as said:
            take_answer(batch=sent, content=content, by="me", now=make.NOW)
        assert said.value.faults == fault


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rates=st.tuples(st.integers(7_380_000, 9_020_000), st.integers(7_380_000, 9_020_000)),
    beyond=st.tuples(st.integers(-1, 1), st.integers(-1, 1)),
)
def test_whatever_the_rates_the_items_are_the_batch_and_truth_less_promise_is_the_result(sent, rates, beyond):
    told = {n: str(Decimal(one) / 10_000) for n, one in enumerate(rates, start=1)}
    with transaction.atomic():
        batch = taken(sent, rates=told, beyond=dict(enumerate(beyond, start=1)))
        items = list(batch.items.all())
        assert sum(i.net_fen for i in items) == batch.net_fen == batch.settled_fen
        assert sum(i.promised_minor for i in items) == batch.promised_minor == batch.settled_promised_minor
        assert sum(i.foreign_minor for i in items) == batch.foreign_minor
        books = balance(entry__kind="settlement")
        assert books.get("forex", 0) == -batch.result_fen
        assert books.get("brand", 0) == batch.result_fen - batch.net_fen
        assert sum(books.values()) == 0
        for item in items:
            more = item.foreign_minor - item.promised_minor
            own = Posting.objects.filter(entry__key=f"settlement:{batch.number}:{item.position}")
            result = -sum(own.filter(account="forex").values_list("amount_fen", flat=True))
            assert abs(result - more * item.rate / 100) <= Decimal("0.5")
        transaction.set_rollback(True)
