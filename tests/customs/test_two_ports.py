"""A payment that is declared at two ports of one district must stand at both as the order has it."""

from __future__ import annotations

import pytest

from customs.services.gather import gather
from payments.models import CustomsNumber, PaymentDeclaration
from tests import make
from tests.customs import port as ports
from tests.customs.port import waybill
from tests.customs.test_declaring import port  # noqa: F401 -- a fixture
from tests.payments.declaring import NUMBER, paid
from tests.payments.declaring import go_on as pay_on

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "4401961A99"


@pytest.mark.parametrize(
    ("first", "second", "told"), [(NUMBER, NUMBER, NUMBER), (NUMBER, OTHER, OTHER), (OTHER, NUMBER, OTHER)]
)
def test_the_number_at_each_port_is_compared(port, world, wechat, first, second, told):  # noqa: F811
    account = ports.account(world, customs_code="5166")
    world.warehouse.customs_district = "5166"
    world.warehouse.save()
    for name, number in (("GUANGZHOU_NS_GJ", first), ("GUANGZHOU_ZS", second)):
        CustomsNumber.objects.get_or_create(storefront=world.shop, port=name, defaults={"number": number})
    payment = paid(wechat, world)
    waybill(payment.order)
    pay_on(3)
    assert PaymentDeclaration.objects.filter(state="succeeded").count() == 2
    trade = gather(order=payment.order, account=account, now=make.present())
    assert (trade.platform.code, trade.payment.platform_code) == (NUMBER, told)
