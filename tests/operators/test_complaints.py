"""Operators see complaints by their clocks and say what their role allows; the words open for a purpose."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from compliance.models import Access
from payments.models import Complaint, ComplaintAct, Refund
from payments.services.complaints import take_in_mini_program
from tests import make
from tests.operators import rows
from tests.operators.test_verbs import enter
from tests.payments.complaining import DETAIL, heard, mini_told
from tests.payments.reports import paid

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment():
    return paid(make.order(make.world().alice, ("HD-1", 1), now=make.present()))


@pytest.fixture
def complaint(payment):
    return heard(payment)


def step(row, name):
    return reverse("admin:payments_complaint_step", args=[row.pk, name])


def page(row):
    return reverse("admin:payments_complaint_change", args=[row.pk])


def test_customer_service_replies_by_a_button_and_not_twice(client, complaint):
    enter(client, rows.operator("lin", complaint.storefront, "customer_service"))
    assert step(complaint, "reply") in client.get(page(complaint)).content.decode()
    client.post(step(complaint, "reply"), {"text": "您好，已核实"})
    act = ComplaintAct.objects.get()
    assert (act.kind, act.by, act.state) == ("reply", "lin", "asked")
    assert step(complaint, "reply") not in client.get(page(complaint)).content.decode()
    assert client.post(step(complaint, "reply"), {"text": "又"}).status_code == 403
    assert ComplaintAct.objects.count() == 1


@pytest.mark.parametrize(("typed", "fen"), [("", None), ("12.50", 1250)])
def test_a_refund_is_approved_in_whole_or_in_part(client, complaint, payment, typed, fen):
    enter(client, rows.operator("mei", complaint.storefront, "finance"))
    client.post(step(complaint, "approve"), {"amount_fen": typed})
    assert Refund.objects.get().amount_fen == (fen or payment.received_fen)
    assert ComplaintAct.objects.get().kind == "approve"


def test_what_cannot_be_refunded_is_told_and_nothing_is_agreed(client, complaint):
    enter(client, rows.operator("mei", complaint.storefront, "finance"))
    answer = client.post(step(complaint, "approve"), {"amount_fen": "99999"})
    assert "At most" in answer.content.decode()
    assert (Refund.objects.count(), ComplaintAct.objects.count()) == (0, 0)


def test_a_rejection_needs_its_reason(client, complaint):
    enter(client, rows.operator("lin", complaint.storefront, "customer_service"))
    client.post(step(complaint, "reject"), {"text": ""})
    assert ComplaintAct.objects.count() == 0
    client.post(step(complaint, "reject"), {"text": "商品完好且已签收"})
    assert ComplaintAct.objects.get().kind == "reject"


def test_only_what_was_answered_has_a_button_to_complete(client, payment, complaint):
    enter(client, rows.operator("lin", complaint.storefront, "customer_service"))
    assert client.post(step(complaint, "complete")).status_code == 403
    heard(payment, asked=1, state="PROCESSING")
    client.post(step(complaint, "complete"))
    assert ComplaintAct.objects.get().kind == "complete"


@pytest.mark.parametrize("name", ["reveal", "reply", "approve", "reject"])
@pytest.mark.parametrize("role", ["auditor", "merchandiser"])
def test_others_say_nothing(client, complaint, role, name):
    enter(client, rows.operator("other", complaint.storefront, role))
    assert client.post(step(complaint, name), {"text": "x", "purpose": "to look"}).status_code in (
        302,
        403,
        404,
    )
    assert (ComplaintAct.objects.count(), Access.objects.filter(what__contains="complaint").count()) == (0, 0)


def test_another_storefronts_service_finds_nothing(client, complaint):
    enter(client, rows.operator("far", make.storefront("swift"), "customer_service"))
    assert client.post(step(complaint, "reply"), {"text": "您好"}).status_code == 404
    assert ComplaintAct.objects.count() == 0


def test_the_words_open_for_a_purpose_and_are_shown_once(client, complaint):
    enter(client, rows.operator("lin", complaint.storefront, "customer_service"))
    assert DETAIL not in client.get(page(complaint)).content.decode()
    shown = client.post(step(complaint, "reveal"), {"purpose": "to answer the complaint"})
    assert DETAIL in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert Access.objects.get(what="payments.complaint.detail").purpose == "to answer the complaint"


def test_the_mini_programs_is_noted_not_answered(client, payment):
    row = take_in_mini_program(
        storefront_id=payment.storefront_id,
        told=mini_told(transaction_id=payment.transaction_id),
        now=make.NOW,
    )
    enter(client, rows.operator("lin", payment.storefront, "customer_service"))
    assert client.post(step(row, "reply"), {"text": "您好"}).status_code == 403
    client.post(step(row, "note"), {"note": "已在后台回复"})
    assert Complaint.objects.get().state == "processing"


def test_what_is_due_next_stands_first_and_what_is_over_last(client, payment):
    heard(payment, complaint_id="C-over", state="PROCESSED")
    heard(payment, complaint_id="C-late", complained_at=make.NOW + timedelta(hours=9))
    heard(payment, complaint_id="C-soon", complained_at=make.NOW)
    enter(client, rows.operator("lin", payment.storefront, "customer_service"))
    shown = client.get(reverse("admin:payments_complaint_changelist")).content.decode()
    assert sorted(("C-soon", "C-late", "C-over"), key=shown.index) == ["C-soon", "C-late", "C-over"]
    assert "overdue" in shown


def test_a_reply_takes_pictures_along(client, complaint, monkeypatch):
    left = []

    def leave(*, complaint, contents):
        left.extend(contents)
        return [f"media-{number}" for number in range(len(contents))]

    monkeypatch.setattr("payments.services.complaint_answers.leave_pictures", leave)
    enter(client, rows.operator("lin", complaint.storefront, "customer_service"))
    assert 'enctype="multipart/form-data"' in client.get(step(complaint, "reply")).content.decode()
    files = [SimpleUploadedFile(f"{name}.jpg", name.encode(), "image/jpeg") for name in ("one", "two")]
    client.post(step(complaint, "reply"), {"text": "见图", "pictures": files})
    assert left == [b"one", b"two"]
    assert ComplaintAct.objects.get().images == ["media-0", "media-1"]


def test_what_is_no_picture_is_told_and_nothing_is_said(client, complaint):
    enter(client, rows.operator("lin", complaint.storefront, "customer_service"))
    answer = client.post(
        step(complaint, "reply"), {"text": "见图", "pictures": [SimpleUploadedFile("a.jpg", b"<svg/>")]}
    )
    assert "at most four pictures" in answer.content.decode()
    assert ComplaintAct.objects.count() == 0
