"""Who paid is handed down to the order as a blind index, and the payer's check is opened when it is paid."""

from __future__ import annotations

import pytest

from backend import delivery
from compliance import vault
from compliance.models import PayerCheck
from orders.models import Order
from payments.services.settle import settle
from tests import make
from tests.payments.reports import report_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("openid", "index"), [("o-payer", vault.blind), (None, None)])
def test_the_payer_is_kept_as_a_blind_index_where_wechat_tells_it(openid, index):
    payment = make.payment(make.order(make.world().alice, ("HD-1", 1)))
    report = report_of(payment, openid=openid)
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)
    order = Order.objects.get()
    kept = None if order.payer_index is None else bytes(order.payer_index)
    assert (order.state, kept) == ("paid", index and index("openid", openid))


def test_a_paid_order_opens_its_check_at_the_port_of_its_warehouse():
    payment = make.payment(make.order(make.world().alice, ("HD-1", 1)))
    report = report_of(payment)
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=make.NOW)
    assert PayerCheck.objects.count() == 0  # not within the payment: it waits for nobody
    delivery.drain()
    check = PayerCheck.objects.get()
    assert (check.order_number, check.state, check.port) == (payment.order.number, "open", "3105")
