"""What a payment was prepared with is kept as it was sent and received, sealed, and opened on record."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, connection, transaction

from compliance import vault
from compliance.models import Access, DataKey
from customers import queries as customers
from kernel.clock import shanghai_day
from payments.models import Payment, PaymentOriginal
from payments.personal_originals import KEEPING
from payments.services.originals import open_original
from payments.services.start import start_payment
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


def prepared(world: make.World) -> Payment:
    order = make.order(world.alice, ("HD-1", 2), now=make.present())
    start_payment(order=order, openid=customers.openid(world.alice), now=make.present())
    return Payment.objects.get(order=order)


def test_the_first_call_is_kept_byte_for_byte_and_opened_with_two_rows_of_access(world, wechat):
    payment = prepared(world)
    told = open_original(payment=payment, who="customs", purpose="give", now=make.present())
    assert told is not None
    asked = json.loads(told.request)
    assert told.request == json.dumps(asked, ensure_ascii=False, separators=(",", ":"))
    assert asked["out_trade_no"] == payment.out_trade_no
    assert asked["payer"] == {"openid": customers.openid(world.alice)}
    assert json.loads(told.response) == {"prepay_id": payment.prepay_id}
    assert sorted(Access.objects.filter(who="customs").values_list("what", flat=True)) == [
        "payments.paymentoriginal.request",
        "payments.paymentoriginal.response",
    ]


def test_nobody_who_serves_changes_or_removes_it_before_the_order_s_key_is_gone(world, wechat):
    payment = prepared(world)
    row = PaymentOriginal.objects.get(payment=payment)
    assert customers.openid(world.alice).encode() not in bytes(row.request_sealed)
    for change in (
        "DELETE FROM payments_paymentoriginal",
        "UPDATE payments_paymentoriginal SET request_sealed = '', response_sealed = ''",
        "UPDATE payments_paymentoriginal SET kept_at = now()",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE worker")
            cursor.execute(change)
    row.refresh_from_db()
    assert bytes(row.request_sealed)


def test_it_is_emptied_once_the_order_s_key_is_destroyed(world, wechat):
    payment = prepared(world)
    now = make.present()
    assert list(KEEPING.due(now)) == []
    DataKey.objects.filter(pk=payment.order.key_id).update(destroy_on=shanghai_day(now))  # its day has come
    vault.destroy_key(key_id=payment.order.key_id, now=now)
    KEEPING.let_go(list(KEEPING.due(now)), now)
    row = PaymentOriginal.objects.get(payment=payment)
    assert (bytes(row.request_sealed), bytes(row.response_sealed)) == (b"", b"")
    assert list(KEEPING.due(now)) == []
