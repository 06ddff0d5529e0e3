"""Where the money stands by currency, and the way of a batch by command and by page."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from kernel.clock import shanghai_day
from settlement.models import ForexReceipt, SettlementBatch
from settlement.position import Position, positions
from settlement.reasons import Reason
from settlement.services.exchange import export_batch, take_answer
from settlement.services.receipts import close_batch
from settlement.unsettled import unsettled
from storefronts.models import Membership
from tests import make
from tests.operators import rows
from tests.settlement import trades
from tests.settlement.institution import answer, credited, taken
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import DAY, of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


def stands(world: make.World) -> Position:
    waiting = unsettled(storefront_id=world.shop.pk, day=DAY)
    (at,) = positions(storefront_id=world.shop.pk, waiting=waiting)
    return at


def test_the_promise_is_followed_from_order_to_bank(world, django_assert_num_queries):
    trades.paid(world, ("IR-1", 1))
    trades.ready(world)
    at = stands(world)
    assert (at.currency, at.waiting, at.ready, at.promised_open) == ("EUR", 610, 3_049, 3_659)
    assert at.why == {Reason.PAYER: 1, Reason.DECLARED: 1, Reason.LOGISTICS: 1, Reason.CLEARANCE: 1}
    batch = made(world)
    assert (stands(world).ready, stands(world).in_batch, stands(world).promised_open) == (0, 3_049, 3_659)
    export_batch(batch=batch, by="me", now=make.NOW)
    batch = taken(batch)
    at = stands(world)
    assert (at.in_batch, at.settled, at.on_its_way, at.received) == (0, 3_067, 3_067, 0)
    assert (at.result, at.result_fen) == (18, 147)
    credited(batch, 3_000)
    with django_assert_num_queries(2):
        at = stands(world)
    assert (at.on_its_way, at.received, at.promised_open) == (67, 3_000, 610)


def test_what_the_bank_kept_is_charged_and_was_never_received(world):
    trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    batch = taken(batch)
    credited(batch, 500, kind=ForexReceipt.Kind.CHARGE)
    at = stands(world)
    assert (at.settled, at.charged, at.received, at.on_its_way) == (3_067, 500, 0, 2_567)
    credited(batch, 2_567, "B-2")
    at = stands(world)
    assert (at.settled, at.charged, at.received, at.on_its_way) == (3_067, 500, 2_567, 0)


def test_what_is_refunded_while_its_batch_is_out_is_to_be_taken_back_until_a_batch_has_done_so(world):
    order = trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    trades.refunded(order, goods_fen=5_000)
    at = stands(world)
    assert (at.in_batch, at.taken_back, at.promised_open) == (3_049, 610, 2_439)
    assert (of(order).held_minor, of(order).beyond_minor) == (3_049, -610)
    batch = taken(batch)
    assert (stands(world).in_batch, stands(world).taken_back) == (0, 610)
    credited(batch, 3_067)
    close_batch(batch=SettlementBatch.objects.get(), by="me", now=make.NOW)
    at = stands(world)
    assert (at.taken_back, at.ready, at.waiting, at.promised_open) == (610, 0, 0, -610)
    trades.ready(world, ("IR-1", 2))
    assert (stands(world).ready, stands(world).taken_back) == (1_220, 610)
    assert made(world).promised_minor == 610
    assert (stands(world).in_batch, stands(world).taken_back, stands(world).ready) == (610, 0, 0)


def test_a_fee_given_back_while_the_batch_is_out_waits_for_its_end(world):
    order = trades.ready(world)
    trades.charged(order, 820)
    made(world)
    trades.charged(order, -820)
    at = stands(world)
    assert (at.in_batch, at.waiting, at.taken_back, at.promised_open) == (2_949, 100, 0, 3_049)


def said(*args: Any) -> list[str]:
    out = io.StringIO()
    call_command("settle", *args, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_takes_a_batch_from_draft_to_close(world, tmp_path):
    order, code = trades.ready(world), world.shop.code
    waits = trades.paid(world, ("IR-1", 1))
    assert said("unsettled", code) == [
        "order,paid_on,net_yuan,currency,promised,batch,reasons",
        f"{order.number},2026-11-20,250.00,EUR,30.49,,ready",
        f"{waits.number},2026-11-20,50.00,EUR,6.10,,"
        "payer and orderer are not confirmed to be one person; the payment is not declared yet;"
        " there is no evidence of logistics; there is no evidence of customs clearance",
    ]
    made_now = said("make", code, "EUR")
    number = made_now[0].partition(":")[0]
    assert made_now == [f"{number}: 1 orders, 250.00 yuan", "promised 30.49 EUR"]
    with pytest.raises(CommandError, match="nothing to settle"):
        said("make", code, "EUR")
    (line,) = said("export", number, tmp_path)
    content = (tmp_path / f"{number}.csv").read_bytes()
    assert line == f"{hashlib.sha256(content).hexdigest()}  {number}.csv"
    assert (tmp_path / f"{number}.csv.sha256").read_text() == f"{line}\n"
    (tmp_path / "answer.csv").write_bytes(answer(SettlementBatch.objects.get()))
    assert said("answer", number, tmp_path / "answer.csv") == [
        f"{number} answered: 30.67 EUR, result 1.47 yuan"
    ]
    assert said("position", code) == [
        "currency,waiting,ready,in_batch,taken_back,on_its_way,received,charged,result,result_yuan",
        "EUR,6.10,0.00,0.00,0.00,30.67,0.00,0.00,0.18,1.47",
    ]
    today = shanghai_day(make.present()).isoformat()
    with pytest.raises(CommandError, match="is no amount in EUR"):
        said("receive", number, "B-1", "30.6", today)
    with pytest.raises(CommandError, match=r"The day must lie between .* and today"):
        said("receive", number, "B-1", "30.00", "2026-11-19")
    said("receive", number, "B-1", "30.00", today)
    said("receive", number, "B-2", "0.67", today, "--charge")
    said("close", number)
    assert SettlementBatch.objects.get().state == "closed"
    for wrong in (("position", "nowhere"), ("close", "S-none")):
        with pytest.raises(CommandError, match="there is no"):
            said(*wrong)


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:settlement_settlementbatch_{name}", args=args)


def test_an_accountant_makes_exports_answers_and_closes_a_batch_on_its_page(client, world):
    order = trades.ready(world)
    waits = trades.paid(world, ("IR-1", 1))
    client.force_login(rows.operator("finance", world.shop, "finance"), backend=rows.BACKEND)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    assert reverse("admin:settlement_position") in client.get(page("changelist")).content.decode()
    text = client.get(reverse("admin:settlement_position")).content.decode()
    assert waits.number in text
    assert "there is no evidence of customs clearance" in text
    assert "30.49" in text
    client.post(page("add"), {"storefront": world.shop.pk, "currency": "EUR"})
    batch = SettlementBatch.objects.get()
    assert (batch.made_by, batch.items.get().order_id) == ("finance", order.pk)
    client.post(page("step", batch.pk, "export"))
    kept = client.get(reverse("admin:settlement_batch_kept", args=[batch.pk, "file"]))
    assert order.number in kept.content.decode()
    sent = SimpleUploadedFile("a.csv", answer(batch))
    client.post(page("step", batch.pk, "answer"), {"answer": sent})
    batch.refresh_from_db()
    assert (batch.state, batch.foreign_minor) == ("answered", 3_067)
    today = shanghai_day(make.present()).isoformat()
    credit = {"kind": "credit", "reference": "B-1", "credited_on": today}
    answered = client.post(page("step", batch.pk, "receive"), {**credit, "amount": "30.6"})
    assert "is no amount in EUR" in answered.content.decode()
    client.post(page("step", batch.pk, "receive"), {**credit, "amount": "30.67"})
    client.post(page("step", batch.pk, "close"))
    batch.refresh_from_db()
    assert (batch.state, batch.received_minor) == ("closed", 3_067)
    assert batch.file.sha256 in client.get(page("change", batch.pk)).content.decode()


@pytest.mark.parametrize(("role", "seen"), [("auditor", 200), ("compliance", 200), ("merchandiser", 403)])
def test_who_keeps_no_books_moves_nothing_and_sees_a_batch_where_that_is_their_work(
    client, world, role, seen
):
    trades.ready(world)
    batch = made(world)
    client.force_login(rows.operator("reader", world.shop, role), backend=rows.BACKEND)
    assert client.get(page("change", batch.pk)).status_code == seen
    assert client.get(reverse("admin:settlement_position")).status_code == (200 if seen == 200 else 403)
    assert client.get(page("add")).status_code == 403
    assert client.post(page("step", batch.pk, "export")).status_code == (403 if seen == 200 else 404)
    assert SettlementBatch.objects.get().state == "draft"


def test_a_stranger_is_given_no_file(client, world):
    trades.ready(world)
    batch = made(world)
    export_batch(batch=batch, by="me", now=make.NOW)
    take_answer(batch=batch, content=answer(batch), by="me", now=make.NOW)
    other = rows.operator("stranger", make.storefront("other"))
    Membership.objects.create(operator=other, storefront=world.shop, role="fulfilment")  # packs here
    client.force_login(other, backend=rows.BACKEND)
    assert batch.number not in client.get(page("changelist")).content.decode()
    assert "30.67" not in client.get(reverse("admin:settlement_position")).content.decode()
    for which in ("file", "answer", "nothing"):
        assert client.get(reverse("admin:settlement_batch_kept", args=[batch.pk, which])).status_code == 404
