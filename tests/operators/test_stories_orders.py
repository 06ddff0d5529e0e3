"""What packers, customer service, finance and declarants do with orders, told in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from compliance.services import payer
from customs.gateways.clearing import Release
from customs.services import declaring
from customs.services.release import record_release
from inventory.models import Stock
from kernel.models import Approval, Case
from logistics.models import Parcel, Shipment
from orders.models import Order
from payments.models import ComplaintAct, Payment, PaymentDeclaration, Refund
from returns.models import ReturnRequest
from returns.services.way import send
from storefronts.models import FourEyes
from tests import make
from tests.customs import port as ports
from tests.customs.port import Port, declaration, waybill
from tests.customs.test_declaring import answer, listed
from tests.logistics import shipping
from tests.operators.stories import Story
from tests.payments.complaining import heard
from tests.payments.declaring import family, register
from tests.payments.reports import declared
from tests.returns import parts
from tests.returns.conftest import customs  # noqa: F401 -- a fixture

PHONE = make.PHONES[make.ALICE]


def bought(story: Story) -> Order:
    """Alice's order of today, paid."""
    return Order.objects.get(customer=story.world.alice, state="paid")


def test_a_packer_picks_packs_and_labels_and_nothing_leaves_before_its_release(story: Story) -> None:
    page, order = story.page, bought(story)
    shipping.sf(story.world.shop)
    made = Shipment.objects.get(order=order)
    there = Stock.objects.get(variant=story.world.dryer).on_hand

    story.sits("wu", "fulfilment")
    story.goes("admin:logistics_shipment_changelist")
    story.look()
    story.acts("start_packing", made)
    made.refresh_from_db()
    assert made.state == "packing"
    story.goes("admin:logistics_shipment_change", made.pk)
    story.look("packing")
    story.step("pack")
    story.look()
    page.fill("[name=weight_g]", "1200")
    story.sends()
    parcel = Parcel.objects.get(shipment=made)
    assert parcel.weighed_g == 1_200
    # SF has answered with a number.
    Parcel.objects.filter(pk=parcel.pk).update(
        state="issued", waybill="SF1000000000118", issued_at=story.now, sent_at=story.now
    )
    Shipment.objects.filter(pk=made.pk).update(state="labelled")
    label = page.request.get(story.at("admin:logistics_parcel_show_label", parcel.pk))
    assert (label.status, label.body()[:5]) == (200, b"%PDF-")
    story.goes("admin:logistics_parcel_change", parcel.pk)
    story.look("parcel")
    story.goes("admin:logistics_shipment_step", made.pk, "dispatch")
    story.sends()
    assert (
        story.says("该订单尚未放行，货物不得出区。", "Customs has not released this order yet")
        in page.content()
    )
    made.refresh_from_db()
    assert made.state == "labelled"
    record_release(order=order, release=Release("L1", story.now), now=story.now)
    story.goes("admin:logistics_shipment_step", made.pk, "dispatch")
    story.sends()
    made.refresh_from_db()
    assert (made.state, Stock.objects.get(variant=story.world.dryer).on_hand) == ("dispatched", there - 1)


def test_customer_service_finds_an_order_by_telephone_and_answers_a_complaint(story: Story) -> None:
    page, order = story.page, bought(story)
    complaint = heard(Payment.objects.get(order=order))
    story.sits("anna", "customer_service")
    story.goes("admin:orders_order_changelist")
    story.enters("[name=text]", PHONE)
    assert (PHONE in page.url, page.locator("#result_list tbody tr").count()) == (False, 1)
    story.look()
    story.clicks(page.get_by_role("link", name=order.number).first)
    story.look("order")
    assert not [one for one in (PHONE, make.NAMES[make.ALICE], "世纪大道") if one in page.content()]
    story.goes("admin:payments_complaint_change", complaint.pk)
    story.look("complaint")
    story.step("reply")
    page.fill("[name=text]", "您好，已核实，将为您补发。")
    story.look()
    story.sends()
    act = ComplaintAct.objects.get(complaint=complaint)
    assert (act.kind, act.by, act.state) == ("reply", "anna", "asked")
    assert page.locator(f"a[href*='{complaint.pk}/step/reply']").count() == 0  # not twice


def test_a_refund_over_the_limit_is_done_once_a_second_person_agreed(story: Story) -> None:
    page, order = story.page, Order.objects.filter(state="paid").latest("total_fen")
    FourEyes.objects.create(storefront=story.world.shop, verb="refund", above=10_000)

    def asks() -> None:
        story.sits("li", "finance")
        story.goes("admin:orders_order_step", order.pk, "refund-goodwill")
        page.fill("[name=reason]", "少发一件")
        page.fill("[name=note]", "工单 118")
        page.fill("[name=amount]", "150.00")
        story.sends()

    asks()
    story.look()
    assert not Refund.objects.exists()
    waits = Approval.objects.get(verb="refund")
    assert waits.facts == {"order": order.number, "amount_fen": 15_000}
    story.sits("fang", "finance")
    story.goes(f"{reverse('work')}?area=approvals")
    story.look("approvals")
    story.clicks(page.get_by_role("link", name=story.says("审批", "Decide"), exact=True))
    story.look()
    story.step("grant")
    page.fill("[name=reason]", "已核对工单")
    story.sends()
    waits.refresh_from_db()
    assert (waits.granted, waits.decided_by) == (True, "fang")
    asks()
    done = Refund.objects.get()
    assert (done.amount_fen, done.asked_by) == (15_000, "operator:li")
    story.goes("admin:payments_refund_change", done.pk)
    story.look("refund")


def test_a_return_is_approved_received_and_graded_at_the_return_centre(story: Story, customs: Any) -> None:  # noqa: F811
    page = story.page
    parts.policy(story.world, approves=False, opened_percent=5)
    row = parts.asked(parts.delivered(story.world), parts.wish(2), words="颜色与页面不符")
    story.now = parts.DELIVERED + timedelta(days=1)
    story.sits("anna", "customer_service")
    story.goes("admin:returns_returnrequest_change", row.pk)
    story.look("return")
    story.step("approve")
    page.fill("[name=answer]", "请寄回")
    story.sends()
    row = ReturnRequest.objects.get(pk=row.pk)
    assert (row.state, row.answer, row.decided_by) == ("to_send", "请寄回", "anna")
    send(request=row, carrier="SF", waybill="SF2000000000001", by="consumer", now=story.now)
    story.now += timedelta(days=2)
    story.sits("wu", "fulfilment")
    story.goes("admin:return_centre")
    for _ in ("found", "received"):
        story.enters("#scan [name=q]", row.number)
    assert ReturnRequest.objects.get(pk=row.pk).state == "received"
    page.select_option("[name=grade-1-0]", "opened")
    page.fill("[name=deducted]", "5.00")
    page.fill("[name=why]", "外盒已拆封")
    story.look("return-centre")
    story.clicks(page.locator("[name=act][value=inspect]"))
    row.refresh_from_db()
    assert (row.state, row.deducted_fen) == ("inspected", 500)  # which the consumer may dispute
    assert row.lines.get().grades.get().grade == "opened"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Port:
    """A port of this process."""
    made = Port()
    for asked in ("sending", "receiving"):
        monkeypatch.setattr(f"customs.services.{asked}.port_of", lambda account: made)
    return made


def test_a_rejected_list_is_found_in_the_queue_and_declared_again(story: Story, port: Port) -> None:
    page, order = story.page, bought(story)
    family(story.world, "v2")
    register(story.world)
    ports.account(story.world)
    declared(Payment.objects.get(order=order))
    asked = payer.open_payer_check(
        storefront_id=order.storefront_id, order_number=order.number, port="3105", now=story.now
    )
    payer.ask_payer(check=asked, now=story.now)
    payer.answer_payer(check=asked, answer="same", now=story.now)
    declaring.open_declaration(order=order, now=story.now)
    waybill(order)
    at = listed(port, story.now)
    answer(port, order, at, "-621001", "[Code:-621001;Desc:清单校验不通过]")
    story.now = ports.go_on(at, 2)
    before = declaration(order)
    assert before.state == "rejected"
    story.sits("guan", "compliance")
    story.goes(f"{reverse('work')}?area=customs")
    story.look("queue")
    story.clicks(page.locator("[name=act][value=take]"))
    assert Case.objects.get(kind="customs.rejected").taken_by == "guan"
    story.clicks(page.get_by_role("link", name=story.says("打开页面", "Open its page")))
    story.look("declaration")
    story.step("again")
    story.sends()
    after = declaration(order)
    assert (after.state, after.round, after.cop_no != before.cop_no) == ("waiting", 2, True)
    assert not Case.objects.filter(kind="customs.rejected", state="open").exists()
    sent = len(port.sent)
    ports.go_on(story.now, 2)
    assert len(port.sent) == sent + 1
    story.goes("admin:customs_board")
    story.look("board")
    assert PaymentDeclaration.objects.filter(order=order, state="succeeded").exists()
