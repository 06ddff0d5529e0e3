"""No list goes to customs before it has the payment at every port, with what is left of it."""

from __future__ import annotations

import pytest

from backend import delivery
from inventory import services as inventory
from inventory.models import Reservation
from kernel.models import Event
from kernel.states import WrongState
from orders.models import Order
from orders.services.cancel_paid import cancel_paid
from payments.models import CustomsNumber, PaymentDeclaration
from payments.services.declare import open_declarations
from payments.services.declare_change import follow_refund
from payments.services.refund_gate import DeclarationBehind, NotDeclared, NothingLeft, send_to_customs
from payments.services.refunds import Wish, request_refund
from payments.states import DECLARATION
from tests import make
from tests.payments.reports import declared, paid, told
from tests.stepping import step

# A refusal ends its transaction, and each test goes on after one.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
@step
def payment(world):
    return paid(make.order(world.alice, ("HD-1", 3), ("IR-1", 2)))


def given_back(payment, wish):
    """A refund that has arrived; its event is not delivered yet."""
    refund = request_refund(
        number=payment.order.number,
        wish=wish,
        key="k",
        reason="退款",
        asked_by="operator:wang",
        now=make.NOW,
    )
    told(refund)
    return refund


def gate() -> str:
    return Order.objects.get().gate


def test_no_list_goes_of_a_payment_that_was_never_declared(payment):
    with pytest.raises(NotDeclared):
        send_to_customs(number=payment.order.number, now=make.NOW)
    assert gate() == "before_list"


@pytest.mark.parametrize("state", sorted(set(DECLARATION.states) - {"succeeded"}))
def test_no_list_goes_before_the_declaration_has_succeeded(payment, state):
    declared(payment)
    PaymentDeclaration.objects.update(state=state, trouble="refused" if state == "held" else "")
    with pytest.raises(NotDeclared):
        send_to_customs(number=payment.order.number, now=make.NOW)
    assert gate() == "before_list"


def test_the_list_goes_once_every_port_has_the_payment(world):
    make.warehouse(world.shop, customs_district="5166")
    for port in ("GUANGZHOU_ZS", "GUANGZHOU_NS_GJ"):
        CustomsNumber.objects.create(storefront=world.shop, port=port, number="5166961A12")
    payment = paid(make.order(world.alice, ("HD-1", 1)))
    declared(payment)
    second = PaymentDeclaration.objects.filter(port="GUANGZHOU_NS_GJ")
    assert (second.update(state="submitted"), PaymentDeclaration.objects.count()) == (1, 2)
    with pytest.raises(NotDeclared):
        send_to_customs(number=payment.order.number, now=make.NOW)
    second.update(state="succeeded")
    assert send_to_customs(number=payment.order.number, now=make.NOW).gate == "with_customs"


def test_after_a_part_went_back_the_list_goes_once_the_rest_has_succeeded_anew(payment):
    declared(payment)
    refund = given_back(payment, Wish({payment.order.lines.get(sku="HD-1").pk: 1}))
    with pytest.raises(DeclarationBehind):
        send_to_customs(number=payment.order.number, now=make.NOW)
    follow_refund(out_refund_no=refund.out_refund_no, now=make.NOW)
    row = PaymentDeclaration.objects.get()
    assert (row.state, row.order_fen) == ("amending", payment.amount_fen - refund.amount_fen)
    with pytest.raises(NotDeclared):
        send_to_customs(number=payment.order.number, now=make.NOW)
    DECLARATION.move(row, "succeed", now=make.NOW, succeeded_at=make.NOW)
    assert send_to_customs(number=payment.order.number, now=make.NOW).gate == "with_customs"


def test_refunded_pieces_do_not_go_with_the_list_although_their_event_comes_after_it(payment):
    refund = given_back(payment, Wish({payment.order.lines.get(sku="HD-1").pk: 2}))
    follow_refund(out_refund_no=refund.out_refund_no, now=make.NOW)
    declared(payment)
    send_to_customs(number=payment.order.number, now=make.NOW)
    held = Reservation.objects.filter(holder=payment.order.event_key)
    assert dict(held.values_list("stock__variant__sku", "quantity")) == {"HD-1": 1, "IR-1": 2}
    assert Event.objects.filter(name="order.lessened", key=payment.order.event_key).count() == 1
    delivery.drain()
    assert dict(held.values_list("stock__variant__sku", "quantity")) == {"HD-1": 1, "IR-1": 2}
    assert Event.objects.filter(name="order.lessened", key=payment.order.event_key).count() == 1


def test_refunded_pieces_that_have_left_before_the_list_are_told_of_once(payment):
    order = payment.order
    inventory.pick(holder=order.event_key, by="mei", now=make.NOW)
    inventory.ship(holder=order.event_key, by="mei", now=make.NOW)
    refund = given_back(payment, Wish({order.lines.get(sku="HD-1").pk: 2}))
    for _ in range(2):
        follow_refund(out_refund_no=refund.out_refund_no, now=make.NOW)
        delivery.drain()
    told = Event.objects.get(name="order.lessened", key=order.event_key)
    assert told.facts == {"pieces": 0, "left": {"HD-1": 2}}


def test_no_list_goes_of_an_order_of_which_nothing_is_left(payment):
    declared(payment)
    refund = given_back(payment, Wish())
    assert refund.amount_fen == payment.received_fen
    with pytest.raises(NothingLeft):
        send_to_customs(number=payment.order.number, now=make.NOW)
    follow_refund(out_refund_no=refund.out_refund_no, now=make.NOW)
    assert PaymentDeclaration.objects.get().state == "withdrawn"
    with pytest.raises(NothingLeft):
        send_to_customs(number=payment.order.number, now=make.NOW)
    assert gate() == "before_list"


def test_what_has_no_way_to_the_list_is_told_as_such(world, payment):
    open_declarations(order=payment.order, now=make.NOW)
    cancel_paid(number=payment.order.number, by="consumer", now=make.NOW)
    with pytest.raises(WrongState):
        send_to_customs(number=payment.order.number, now=make.NOW)
    sent = paid(make.order(world.alice, ("HD-1", 1)))
    declared(sent)
    send_to_customs(number=sent.order.number, now=make.NOW)
    with pytest.raises(WrongState):
        send_to_customs(number=sent.order.number, now=make.NOW)
