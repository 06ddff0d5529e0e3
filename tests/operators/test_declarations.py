"""Declarations of payments are read by all and sent again by a few; each leaves who did it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from kernel.cases import open_case
from kernel.models import Case, Event
from payments.models import CustomsNumber, PaymentDeclaration
from storefronts.models import MerchantAccount
from storefronts.services import set_customs
from storefronts.services.opening import BadKey
from tests import make
from tests.operators import rows
from tests.operators.test_verbs import change, enter, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


@pytest.fixture
def held(world):
    rows.fill(world)
    PaymentDeclaration.objects.update(state="held", trouble="coupon")
    row = PaymentDeclaration.objects.get()
    open_case(
        storefront_id=world.shop.pk,
        kind="declaration.coupon",
        key=row.event_key,
        title="A coupon",
        facts={"payer_fen": 100},
        now=make.NOW,
    )
    return row


def test_finance_sends_a_held_declaration_again_and_the_case_is_settled_in_its_name(client, world, held):
    enter(client, rows.operator("fei", world.shop, "finance"))
    run(client, "payments_paymentdeclaration", "retry", held.pk)
    held.refresh_from_db()
    assert (held.state, held.trouble, held.coupon_accepted) == ("to_declare", "", True)
    assert Event.objects.get(key=held.event_key).facts["by"] == "fei"
    case = Case.objects.get(kind="declaration.coupon")
    assert (case.state, case.settled_by) == ("settled", "fei")


@pytest.mark.parametrize("role", ["auditor", "merchandiser", "customer_service"])
def test_others_read_it_and_send_nothing(client, world, held, role):
    enter(client, rows.operator("ann", world.shop, role))
    run(client, "payments_paymentdeclaration", "retry", held.pk)
    held.refresh_from_db()
    assert held.state == "held"
    page = client.get(change("payments_paymentdeclaration", held.pk)).content.decode()
    assert ("NINGBO" in page, 'name="order_fen"' in page) == (True, False)


def test_what_is_declared_already_is_not_sent_again(client, world, held):
    PaymentDeclaration.objects.update(
        state="succeeded", trouble="", match="SAME", succeeded_at=make.NOW, customs_number="3105961A12"
    )
    enter(client, rows.operator("fei", world.shop, "finance"))
    answer = run(client, "payments_paymentdeclaration", "retry", held.pk)
    assert "is not possible while declaration is" in answer.content.decode()


def test_an_owner_puts_the_number_of_a_port_on_file(client, world):
    enter(client, rows.operator("olga", world.shop, "owner"))
    form = {"storefront": world.shop.pk, "port": "TIANJIN", "number": "1207961A12"}
    client.post(reverse("admin:payments_customsnumber_add"), form)
    assert CustomsNumber.objects.get().number == "1207961A12"


def test_the_key_of_api_v2_is_sealed_and_kept_when_it_is_not_given_again(world):
    merchant = MerchantAccount.objects.get()
    set_customs(merchant=merchant, family="v2", payer_identity=True, v2_key="v" * 32)
    sealed = bytes(merchant.v2_key_sealed)
    assert b"v" * 32 not in sealed
    set_customs(merchant=merchant, family="v3", payer_identity=False)
    merchant.refresh_from_db()
    assert bytes(merchant.v2_key_sealed) == sealed
    assert (merchant.customs_family, merchant.payer_identity) == ("v3", "off")
    with pytest.raises(BadKey):
        set_customs(merchant=merchant, family="v2", payer_identity=False, v2_key="short")
