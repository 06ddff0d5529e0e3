"""Returns in the admin: who decides, receives and settles; the evidence for a purpose; the return centre."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.urls import reverse

from compliance.models import Access
from kernel.clock import shanghai_day
from kernel.models import Event
from logistics.models import Shipment
from logistics.services.shipments import find_out
from operators import return_story
from payments.models import Refund
from returns.models import ReturnGrade, ReturnPolicy, ReturnRequest, StrayParcel
from returns.reasons import Kind
from returns.services.arrive import lots_of, receive
from returns.services.decide import appeal, withdraw
from returns.services.way import send
from tests import make
from tests.operators import rows
from tests.operators.return_rows import PNG, WORDS, add_picture
from tests.operators.test_verbs import enter
from tests.returns import parts
from tests.returns.conftest import customs  # noqa: F401
from tests.returns.parts import DELIVERED, asked, delivered, wish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("customs")]
DAY = timedelta(days=1)
CENTRE = "/admin/returns/returnrequest/centre/"


@pytest.fixture
def world():
    return make.world()


@pytest.fixture(autouse=True)
def at():
    with time_machine.travel(DELIVERED + DAY, tick=False):
        yield DELIVERED + DAY


def step(row, name):
    return reverse("admin:returns_returnrequest_step", args=[row.pk, name])


def page(row):
    return reverse("admin:returns_returnrequest_change", args=[row.pk])


def come(client, world, role):
    return enter(client, rows.operator(role, world.shop, role))


def waiting(world, **more):
    parts.policy(world, approves=False, **more)
    return asked(delivered(world), wish(2), words=WORDS)


def on_the_way(world, pieces=2, **terms):
    parts.policy(world, **terms)
    row = asked(delivered(world), wish(pieces))
    return send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=DELIVERED)


def fresh(row):
    return ReturnRequest.objects.get(pk=row.pk)


def test_customer_service_approves_with_an_answer_and_the_page_tells_its_story(client, world):
    row = waiting(world)
    come(client, world, "customer_service")
    shown = client.get(page(row)).content.decode()
    for text in (
        row.order.number,
        "HD-1",
        "What was asked and quoted",
        "to be decided by",
        step(row, "approve"),
    ):
        assert text in shown
    assert WORDS not in shown
    client.post(step(row, "approve"), {"answer": "请寄回"})
    row = fresh(row)
    assert (row.state, row.answer, row.decided_by) == ("to_send", "请寄回", "customer_service")
    shown = client.get(page(row)).content.decode()
    assert step(row, "approve") not in shown and step(row, "send") in shown


def test_who_refused_does_not_decide_the_appeal(client, world):
    row = waiting(world)
    come(client, world, "customer_service")
    client.post(step(row, "refuse"), {"answer": ""})
    assert fresh(row).state == "requested"
    client.post(step(row, "refuse"), {"answer": "已使用"})
    assert fresh(row).state == "refused"
    appeal(request=fresh(row), now=DELIVERED + DAY)
    for name in ("approve", "refuse"):
        told = client.post(step(row, name), {"answer": "不变"}).content.decode()
        assert "someone else decides the appeal" in told
    assert fresh(row).state == "appealed"
    enter(client, rows.operator("ben", world.shop, "customer_service"))
    client.post(step(row, "approve"), {"answer": "同意"})
    assert (fresh(row).state, fresh(row).decided_by) == ("to_send", "ben")


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("fulfilment", "approve"),
        ("merchandiser", "approve"),
        ("auditor", "refuse"),
        ("auditor", "reveal"),
        ("finance", "refuse"),
    ],
)
def test_other_roles_decide_nothing_and_open_nothing(client, world, role, name):
    row = waiting(world)
    come(client, world, role)
    told = client.post(step(row, name), {"answer": "x", "purpose": "to look at it"})
    assert told.status_code in (302, 403)
    assert (fresh(row).state, Access.objects.filter(what__startswith="returns").count()) == ("requested", 0)


def test_a_refund_without_goods_takes_the_right_to_refund(client, world):
    parts.policy(world, approves=False)
    order = parts.bought(world)
    parts.cleared(world, order)
    row = asked(order, wish(1, "no_longer_wanted", Kind.REFUND_ONLY), at=parts.RELEASED)
    come(client, world, "compliance")
    shown = client.get(page(row)).content.decode()
    assert step(row, "refuse") in shown
    for name in ("approve", "grant"):
        assert step(row, name) not in shown
        assert client.post(step(row, name), {"answer": ""}).status_code == 403
    assert (fresh(row).state, Refund.objects.count()) == ("requested", 0)
    come(client, world, "finance")
    client.post(step(row, "grant"), {"answer": ""})
    assert (fresh(row).state, fresh(row).decided_by) == ("refunding", "finance")


def test_another_storefronts_people_find_nothing(client, world):
    row = on_the_way(world)
    enter(client, rows.operator("far", make.storefront("swift"), "owner"))
    assert client.post(step(row, "lost"), {"answer": ""}).status_code == 404
    assert "Not known" in client.get(CENTRE, {"q": row.number}).content.decode()
    client.post(CENTRE, {"q": row.number, "number": row.number, "act": "receive"})
    assert fresh(row).state == "on_the_way"


def test_words_and_pictures_open_for_a_purpose_and_each_look_is_recorded(client, world):
    row = waiting(world)
    add_picture(row)
    come(client, world, "customer_service")
    shown = client.post(step(row, "reveal"), {"purpose": "to decide the return"})
    assert WORDS in shown.content.decode()
    assert base64.b64encode(PNG).decode() in unescape(shown.content.decode())
    assert "no-store" in shown["Cache-Control"]
    looks = Access.objects.filter(purpose="to decide the return").values_list("what", "who")
    assert sorted(looks) == [
        ("returns.returnpicture.file", "customer_service"),
        ("returns.returnrequest.words", "customer_service"),
    ]


def test_the_list_finds_by_waybill_and_shows_what_waits(client, world):
    row = on_the_way(world)
    other = asked(delivered(world), wish(1), key="k-9")
    ReturnRequest.objects.filter(pk=other.pk).update(
        state="received", received_at=DELIVERED, refund_by=DELIVERED
    )
    come(client, world, "finance")
    listed = reverse("admin:returns_returnrequest_changelist")

    def numbers(query):
        return {one.number for one in client.get(listed, query).context["cl"].result_list}

    late = asked(delivered(world), wish(1), key="k-8")
    ReturnRequest.objects.filter(pk=late.pk).update(
        state="requested", decide_by=DELIVERED - DAY, next_at=DELIVERED + 9 * DAY
    )
    shown = client.get(listed)
    first, overdue = shown.context["cl"].result_list[0], '<strong class="text-red-600">overdue</strong>'
    assert shown.content.decode().count(overdue) == 2  # a decision, and a refund by law
    assert first.number == late.number  # an overdue decision is on top, however late it is looked at again
    ReturnRequest.objects.filter(pk=late.pk).update(state="withdrawn", reason="wrong")
    assert numbers({"q": "SF2000000000001"}) == {row.number}
    assert numbers({"waits": "1"}) == numbers({"due": "late"}) == {other.number}
    assert numbers({"age": "7"}) == set()
    assert numbers({"reason": "changed_mind"}) == {row.number, other.number}


def test_what_is_lost_on_its_way_back_is_refunded_whole_and_tax_stays_used(client, world):
    row = on_the_way(world, lost_tax_percent=0)
    come(client, world, "finance")
    client.post(step(row, "lost"), {"answer": "承运方确认丢失"})
    row = fresh(row)
    assert (row.state, row.restorable, row.refund.amount_fen) == ("refunding", False, row.quoted_fen)
    assert (row.refund.tax_lost_fen, row.refund.tax_kept_fen) == (row.refund.tax_fen, 0)
    assert row.refund.tax_fen > 0
    assert client.post(step(row, "lost"), {"answer": ""}).status_code == 403


def test_a_parcel_lost_on_its_way_there_is_refunded_from_its_page_by_someone_else(client, world):
    order = delivered(world)
    shipment = Shipment.objects.get(order=order)
    url = reverse("admin:logistics_shipment_step", args=[shipment.pk, "refund-lost"])
    assert enter(client, rows.operator("mei", world.shop, "owner")) and client.post(url).status_code == 403
    find_out(shipment=shipment, verb="lose", by="mei", now=DELIVERED)
    assert "someone else refunds it" in client.post(url).content.decode()
    come(client, world, "fulfilment")
    assert client.post(url).status_code == 403
    come(client, world, "finance")
    assert client.post(url).status_code == 302
    row = ReturnRequest.objects.get(key="lost")
    assert (row.state, row.refund.amount_fen, row.decided_by) == ("refunding", order.total_fen, "finance")
    assert client.post(url).status_code == 403


def test_finance_enters_the_way_back_as_paid(client, world):
    row = receive(request=on_the_way(world, way_back_by="brand"), by="op", now=DELIVERED)
    said = {"amount": "12.34", "reference": "T-77", "on": DELIVERED.date().isoformat()}
    come(client, world, "fulfilment")
    assert client.post(step(row, "way-paid"), said).status_code == 403
    come(client, world, "finance")
    assert step(row, "way-paid") in client.get(page(row)).content.decode()
    assert client.post(step(row, "way-paid"), said).status_code == 302
    assert (fresh(row).way_fen, fresh(row).way_reference) == (1_234, "T-77")
    shown = client.get(page(row)).content.decode()
    assert "¥12.34" in shown and "T-77" in shown and step(row, "way-paid") not in shown
    assert client.post(step(row, "way-paid"), said).status_code == 403


def test_a_parcel_is_scanned_received_graded_and_the_field_waits_again(client, world):
    row = on_the_way(world)
    come(client, world, "fulfilment")
    assert client.get(CENTRE).content.decode().count("autofocus>") == 1
    shown = client.get(CENTRE, {"q": "sf2000000000001"}).content.decode()
    assert row.number in shown and 'value="receive"' in shown
    said = {"q": "", "open": "sf2000000000001", "number": row.number, "once": "1"}
    assert "style=" not in shown and shown.count("autofocus>") == 1
    assert re.search(r'name="q"[^>]* autofocus>', shown)
    # Scanned on the open page: another parcel's number opens that one, and receives nothing.
    other = asked(delivered(world), wish(1), key="k-9")
    send(request=other, carrier="SF", waybill="SF2000000000003", by="consumer", now=DELIVERED)
    told = client.post(CENTRE, {**said, "q": "SF2000000000003", "day": DELIVERED.date().isoformat()})
    assert (told["Location"], fresh(row).state) == (f"{CENTRE}?q=SF2000000000003", "on_the_way")
    for day in ("2026-13-77", ""):  # a day that cannot be read is not today
        told = client.post(CENTRE, {**said, "act": "receive", "day": day})
        assert "Enter the day on which" in told.content.decode()
    assert fresh(row).state == "on_the_way"
    again = {**said, "q": "]C1SF 2000000000001", "day": DELIVERED.date().isoformat()}
    for _ in (1, 2):
        told = client.post(CENTRE, again)
        assert told["Location"] == f"{CENTRE}?q={row.number}"
    assert (fresh(row).state, shanghai_day(fresh(row).received_at)) == ("received", DELIVERED.date())
    assert 'name="grade-1-0"' in client.get(CENTRE, {"q": row.order.number}).content.decode()
    for code in (row.number.lower(), row.order.number.lower(), "ＳＦ２０００００００００００１"):
        shown = client.get(CENTRE, {"q": code}).content.decode()
        assert 'name="grade-1-0"' in shown and re.search(r'name="q"[^>]* autofocus>', shown)
    found = {"n-1-0": "1", "grade-1-0": "as_new", "n-1-1": "1", "grade-1-1": "damaged"}
    assert client.get(CENTRE, {"q": "a\0b"}).status_code == 400
    assert client.post(CENTRE, {**said, "why": "a\0b", "act": "inspect"}).status_code == 400
    said = {"q": row.number, "number": row.number}
    for _ in (1, 2):
        told = client.post(CENTRE, {**said, **found, "act": "inspect", "once": "2"})
        assert told["Location"] == CENTRE
    assert list(ReturnGrade.objects.order_by("id").values_list("grade", "place", "quantity")) == [
        ("as_new", "shelf", 1),
        ("damaged", "quarantine", 1),
    ]
    assert fresh(row).state == "refunding"
    told = Event.objects.filter(name__startswith="return_line.")  # a line by its place, not by our key
    assert {one.facts["line"] for one in told} == {1}


def test_what_is_graded_wrong_is_told_and_stays_typed(client, world):
    row = on_the_way(world, opened_percent=10)
    come(client, world, "fulfilment")
    said = {"q": row.number, "number": row.number}
    client.post(CENTRE, {**said, "act": "receive", "once": "1"})
    for found, told in (
        ({"n-1-0": "1", "grade-1-0": "as_new"}, "grade all 2 pieces"),
        ({"n-1-0": "2", "grade-1-0": "opened", "deducted": "9999", "why": "已用"}, "can be kept back"),
        ({"n-1-0": "2", "grade-1-0": "opened", "deducted": "?", "why": "已用"}, "can be kept back"),
    ):
        shown = client.post(CENTRE, {**said, **found, "act": "inspect", "once": "2"}).content.decode()
        assert told in shown
        assert found.get("deducted", "") in shown
    row = fresh(row)
    assert (row.state, ReturnGrade.objects.count()) == ("received", 0)
    for past, stands in ((0, return_story.CLOSED), (1, return_story.OPEN)):
        clocks = return_story.tell(row, row.refund_by - timedelta(seconds=past))[1]
        _, last, state, _ = clocks["rows"][-1]
        assert str(shanghai_day(row.refund_by) - DAY) in last and state == stands
    found = {"n-1-0": "2", "grade-1-0": "opened", "deducted": "10", "why": "已使用"}
    client.post(CENTRE, {**said, **found, "act": "inspect", "once": "2"})
    assert (fresh(row).state, fresh(row).deducted_fen) == ("inspected", 1_000)
    enter(client, rows.operator("mei", world.shop, "finance"))
    client.post(step(row, "waive"), {})
    assert (fresh(row).state, fresh(row).refund.deducted_fen) == ("refunding", 0)


def test_an_unknown_parcel_says_what_to_do_and_others_have_no_such_page(client, world):
    come(client, world, "fulfilment")
    assert "do not open it" in client.get(CENTRE, {"q": "SF999"}).content.decode()
    come(client, world, "finance")
    assert client.get(CENTRE).status_code == 403


def test_a_parcel_of_a_withdrawn_return_is_kept_apart_and_decided_on_its_page(client, world):
    row = withdraw(request=asked(delivered(world), wish(1)), by="consumer", now=DELIVERED)
    come(client, world, "fulfilment")
    shown = client.get(CENTRE, {"q": row.number}).content.decode()
    lot = lots_of(row)[1][0].pk
    assert "the consumer took it back" in shown and f'name="s-1-{lot}"' in shown
    said = {"q": row.number, "number": row.number, "act": "stray", "once": "1"}
    assert (
        "only 2 more pieces"
        in client.post(CENTRE, {**said, f"s-1-{lot}": "3", f"sg-1-{lot}": "as_new"}).content.decode()
    )
    for _ in (1, 2):
        told = client.post(CENTRE, {**said, f"s-1-{lot}": "1", f"sg-1-{lot}": "opened"})
        assert told["Location"] == CENTRE
    parcel = StrayParcel.objects.get()
    assert (parcel.found.get().grade, fresh(row).state) == ("opened", "withdrawn")
    url = reverse("admin:returns_strayparcel_step", args=[parcel.pk, "refund"])
    assert client.post(url).status_code == 403
    come(client, world, "finance")
    assert (
        parcel.number
        in client.get(reverse("admin:returns_strayparcel_change", args=[parcel.pk])).content.decode()
    )
    assert client.post(url).status_code == 302
    assert ReturnRequest.objects.exclude(pk=row.pk).get().state == "refunding"


def test_a_parcel_of_an_order_without_a_return_and_of_nobody_known_are_registered(client, world):
    order = delivered(world)
    come(client, world, "fulfilment")
    assert "no return was asked for" in client.get(CENTRE, {"q": order.number}).content.decode()
    said = {"q": "YT99", "act": "stray", "once": "1"}
    assert "Say what is in the parcel" in client.post(CENTRE, said).content.decode()
    client.post(CENTRE, {**said, "contents": "两盒面膜", "pieces": "2"})
    parcel = StrayParcel.objects.get()
    assert (parcel.order, parcel.waybill, parcel.pieces, parcel.storefront) == (None, "YT99", 2, world.shop)
    close = reverse("admin:returns_strayparcel_step", args=[parcel.pk, "close"])
    client.post(close, {"note": "已交还承运方"})
    assert StrayParcel.objects.get().state == "closed"


def test_terms_are_announced_for_a_day_to_come_and_never_changed(client, world):
    parts.policy(world)
    come(client, world, "owner")
    add = reverse("admin:returns_returnpolicy_add")
    terms = {
        "storefront": world.shop.pk,
        "way_back_by": "brand",
        "lost_tax_percent": "100",
        "opened_percent": "5",
        "decide_hours": "24",
        "send_days": "7",
        "appeal_days": "7",
        "approves_up_to_fen": "500",
    }
    today = shanghai_day(DELIVERED + DAY)
    for day, claim in ((today + DAY, "6"), (today, "15")):
        client.post(add, {**terms, "starts_on": day.isoformat(), "claim_days": claim})
    fine = {**terms, "starts_on": (today + DAY).isoformat(), "claim_days": "15"}
    client.post(add, {**fine, "approves_up_to_fen": ""})
    assert ReturnPolicy.objects.count() == 1
    for _ in (1, 2):
        client.post(add, {**terms, "starts_on": (today + DAY).isoformat(), "claim_days": "30"})
    made = ReturnPolicy.objects.get(way_back_by="brand")
    assert (made.claim_days, made.opened_percent, made.approves_up_to_fen) == (30, 5, 50_000)
    shown = client.get(reverse("admin:returns_returnpolicy_changelist")).content.decode()
    assert "in force" in shown and "to come" in shown
    client.post(reverse("admin:returns_returnpolicy_change", args=[made.pk]), {"claim_days": "8"})
    assert ReturnPolicy.objects.get(pk=made.pk).claim_days == 30
