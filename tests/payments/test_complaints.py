"""A complaint is taken in once whoever tells, its clocks are never silent, and its words rest sealed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction

from compliance import vault
from compliance.models import Access, DataKey
from kernel.cases import settle_case
from kernel.models import Case, Delivery, Event
from payments.models import Complaint
from payments.personal_complaints import KEEPING
from payments.services import complaint_clocks, complaints
from payments.services.complaint_answers import (
    ComplaintElsewhere,
    ComplaintEnded,
    hold,
    note_outside,
    open_for,
    reply,
)
from storefronts.models import MerchantAccount
from tests import make
from tests.payments.complaining import DETAIL, heard, mini_told, report_of
from tests.payments.reports import paid, sealed_delivery
from tests.stepping import step

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
@step
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1)))


def open_kinds():
    return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))


def test_a_complaint_finds_its_order_and_opens_a_case_with_its_clocks(payment):
    row = heard(payment)
    assert (row.order, row.payment, row.state) == (payment.order, payment, "pending")
    assert (row.reply_by, row.finish_by) == (make.NOW + 24 * HOUR, make.NOW + 72 * HOUR)
    case = Case.objects.get()
    assert (case.kind, case.key) == ("complaint.reply_due", row.event_key)
    assert case.facts["order"] == payment.order.number
    assert DETAIL not in json.dumps(case.facts)
    assert list(Event.objects.filter(key=row.event_key).values_list("name", flat=True)) == [
        "complaint.taken_in"
    ]


def test_told_again_it_is_the_same_complaint_and_the_same_case(payment):
    assert {heard(payment, asked=second).pk for second in (0, 5, 5)} == {Complaint.objects.get().pk}
    assert (Case.objects.count(), Case.objects.get().seen) == (1, 1)


def test_it_is_found_by_wechats_number_where_ours_is_missing(payment):
    assert heard(payment, out_trade_no="").payment == payment


def test_one_that_names_no_payment_of_ours_has_a_key_of_its_own_that_ends(payment):
    row = heard(payment, out_trade_no="P-unknown", transaction_id="")
    assert (row.order, row.payment) == (None, None)
    assert row.key_id != payment.order.key_id
    assert DataKey.objects.get(pk=row.key_id).destroy_on.year == make.NOW.year + 5
    assert open_for(complaint=row, who="ann", purpose="to answer", now=make.NOW) == (DETAIL, "")


def test_another_storefronts_payment_is_not_found(payment):
    other = make.storefront("swift")
    mchid = MerchantAccount.objects.get(storefront=other).mchid
    report = report_of(payment, mchid=mchid, complaint_id="C-other")
    row = complaints.take_in(mchid=mchid, report=report, asked_at=make.NOW, now=make.NOW)
    assert (row.storefront_id, row.order) == (other.pk, None)


def test_the_words_rest_sealed_and_each_look_is_recorded(payment):
    row = heard(payment)
    assert DETAIL.encode() not in bytes(row.detail_sealed)
    assert row.key_id == payment.order.key_id
    assert open_for(complaint=row, who="ann", purpose="to answer", now=make.NOW) == (DETAIL, "")
    access = Access.objects.get(what="payments.complaint.detail")
    assert (access.who, access.ref, access.purpose) == ("ann", str(row.public_id), "to answer")


def test_once_its_key_is_gone_nobody_reads_it(payment):
    row = heard(payment, out_trade_no="P-unknown", transaction_id="")
    vault.destroy_key(key_id=row.key_id, now=make.NOW)
    with pytest.raises(vault.VaultClosed):
        open_for(complaint=Complaint.objects.get(), who="ann", purpose="to answer", now=make.NOW)
    (kept,) = KEEPING
    kept.let_go(list(kept.due(make.NOW)), make.NOW)
    assert (bytes(Complaint.objects.get().detail_sealed), list(kept.due(make.NOW))) == (b"", [])


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("PENDING", "pending"),
        ("PROCESSING", "processing"),
        ("PROCESSED", "processed"),
        ("OF_2030", "pending"),
    ],
)
def test_where_it_stands_is_what_wechat_says(payment, told, state):
    heard(payment)
    row = heard(payment, asked=1, state=told)
    assert (row.state, row.told_state) == (state, told)
    assert open_kinds() == (["complaint.reply_due"] if state == "pending" else [])


def test_what_was_asked_for_earlier_overrides_nothing(payment):
    heard(payment, asked=10, state="PROCESSING")
    assert heard(payment, asked=9, state="PENDING").state == "processing"
    assert Case.objects.count() == 0


def test_taken_up_again_it_has_new_clocks_and_a_new_case(payment):
    heard(payment)
    heard(payment, asked=1, state="PROCESSED")
    assert open_kinds() == []
    later = make.NOW + timedelta(days=5)
    row = heard(payment, asked=2, now=later, times=2)
    assert (row.state, row.reply_by, row.ended_at) == ("pending", later + 24 * HOUR, None)
    assert Case.objects.get(state="open").key == f"{row.event_key}:2"


def test_a_consumer_who_writes_again_is_put_before_an_operator(payment):
    heard(payment, state="PROCESSING")
    heard(payment, asked=1, state="PROCESSING", waits_for_answer=True)
    assert open_kinds() == ["complaint.waiting"]
    settle_case(case=Case.objects.get(), by="ann", note="answered", now=make.NOW)
    heard(payment, asked=2, state="PROCESSING")
    assert open_kinds() == []
    heard(payment, asked=3, state="PROCESSING", waits_for_answer=True)
    assert open_kinds() == ["complaint.waiting"]


@pytest.mark.parametrize(
    ("hours", "kinds"),
    [
        (17, []),
        (18, ["complaint.reply_soon"]),
        (24, ["complaint.reply_overdue"]),
        (60, ["complaint.finish_soon", "complaint.reply_overdue"]),
        (72, ["complaint.finish_overdue", "complaint.reply_overdue"]),
    ],
)
def test_as_an_end_nears_another_case_is_opened_once(payment, hours, kinds):
    heard(payment)
    at = make.NOW + hours * HOUR
    assert complaint_clocks.watch(now=at) == len(kinds)
    assert complaint_clocks.watch(now=at) == 0
    assert open_kinds() == sorted([*kinds, "complaint.reply_due"])


def test_a_case_that_a_colleague_settled_is_not_opened_again(payment):
    row = heard(payment)
    complaint_clocks.watch(now=make.NOW + 20 * HOUR)
    for case in Case.objects.filter(state="open"):
        settle_case(case=case, by="ann", note="seen", now=make.NOW)
    assert complaint_clocks.watch(now=make.NOW + 21 * HOUR) == 0
    heard(payment, asked=3)
    assert open_kinds() == []
    assert row.state == "pending"


def test_the_answer_settles_the_cases_of_the_reply_and_the_end_all(payment):
    heard(payment)
    complaint_clocks.watch(now=make.NOW + 61 * HOUR)
    heard(payment, asked=1, state="PROCESSING")
    assert open_kinds() == ["complaint.finish_soon"]
    heard(payment, asked=2, state="PROCESSED")
    assert open_kinds() == []


def with_customs(payment):
    type(payment.order).objects.filter(pk=payment.order_id).update(gate="with_customs")


def test_while_customs_decides_the_consumer_is_told_a_day_before_the_reply_is_due(payment):
    row = heard(payment)
    with_customs(payment)
    assert hold(now=make.NOW + 17 * HOUR) == 0
    assert hold(now=make.NOW + 18 * HOUR) == 1
    assert hold(now=make.NOW + 18 * HOUR) == 0
    act = row.acts.get()
    assert (act.kind, act.by, act.state) == ("reply", "system", "asked")
    text = vault.unwrap(row.key).open("payments.complaintact.text", act.public_id, bytes(act.text_sealed))
    day = complaint_clocks.promised_day(make.NOW + 18 * HOUR)
    assert f"{day.year}年{day.month}月{day.day}日" in text
    assert len(text) <= 200


def test_nobody_is_put_off_whom_someone_is_answering_or_whose_order_is_free(payment):
    row = heard(payment)
    assert hold(now=make.NOW + 20 * HOUR) == 0  # customs has not got the order
    with_customs(payment)
    reply(complaint=row, text="您好", by="ann", now=make.NOW)
    assert hold(now=make.NOW + 20 * HOUR) == 0


def mini(shop, status="201", at=make.NOW, **changes):
    told = mini_told(status=status, at=at, **changes)
    return complaints.take_in_mini_program(storefront_id=shop.pk, told=told, now=at)


@pytest.mark.parametrize("status", ["201", "206"])
def test_the_mini_programs_complaint_has_forty_eight_hours_or_the_end_it_tells(payment, status):
    row = mini(payment.storefront, status, transaction_id=payment.transaction_id)
    assert (row.channel, row.state, row.order) == ("mini_program", "pending", payment.order)
    assert row.reply_by == row.finish_by == make.NOW + 48 * HOUR
    end = make.NOW + 30 * HOUR
    again = mini(payment.storefront, status, at=make.NOW + HOUR, expires_at=end)
    assert (again.pk, again.reply_by, again.finish_by) == (row.pk, end, end)
    assert complaint_clocks.watch(now=end) == 1  # one clock, one case
    assert open_kinds() == ["complaint.reply_due", "complaint.reply_overdue"]


def test_the_mini_programs_is_answered_in_its_console_and_noted_here(payment):
    row = mini(payment.storefront)
    with pytest.raises(ComplaintElsewhere), transaction.atomic():
        reply(complaint=row, text="您好", by="ann", now=make.NOW)
    note_outside(complaint=row, ended=False, by="ann", note="已在后台回复", now=make.NOW)
    assert (Complaint.objects.get().state, open_kinds()) == ("processing", [])
    with pytest.raises(ComplaintEnded), transaction.atomic():
        note_outside(complaint=row, ended=False, by="ann", note="again", now=make.NOW)
    note_outside(complaint=row, ended=True, by="ann", note="已结案", now=make.NOW)
    assert Complaint.objects.get().state == "processed"
    again = mini(payment.storefront, "206", at=make.NOW + HOUR)
    assert (again.state, again.times, open_kinds()) == ("pending", 2, ["complaint.reply_due"])
    assert Case.objects.get(state="open").key == f"complaint:MP-1@{payment.storefront_id}:2"


def test_one_of_wechat_pay_is_not_noted_but_answered(payment):
    with pytest.raises(ComplaintElsewhere):
        note_outside(complaint=heard(payment), ended=True, by="ann", note="x", now=make.NOW)


def test_both_channels_may_use_one_number(payment):
    assert mini(payment.storefront, complaint_id="X").pk != heard(payment, complaint_id="X").pk


def test_a_notification_only_asks_the_worker_to_read(client, payment):
    plain = {"complaint_id": "C-1", "action_type": "OF_NEXT_YEAR"}
    body, headers = sealed_delivery("COMPLAINT.STATE_CHANGE", plain, id="notice-1")
    for _ in range(2):
        answer = client.post(
            f"/pay/wechat/{payment.mchid}", body, content_type="application/json", headers=headers
        )
        assert answer.status_code == 204
    event = Event.objects.get(name="complaint.told")
    assert event.facts == {"mchid": payment.mchid, "complaint": "C-1", "action": "OF_NEXT_YEAR"}
    assert Delivery.objects.get(event=event).handler == "payments.tasks.read_complaint"
    assert Complaint.objects.count() == 0
