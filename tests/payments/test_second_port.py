"""Where a port wants a second call and the storefront has no number, an accountant is asked, once."""

from __future__ import annotations

import pytest

from kernel.cases import settle_case
from kernel.models import Case
from payments.models import CustomsNumber, PaymentDeclaration
from payments.services.declare import open_declarations
from tests import make
from tests.payments.reports import paid
from tests.stepping import step

pytestmark = pytest.mark.django_db(transaction=True)
KIND = "declaration.second_port"


@pytest.fixture
@step
def world():
    made = make.world()
    number(made, "GUANGZHOU_ZS")
    return made


def number(world, port):
    CustomsNumber.objects.create(storefront=world.shop, port=port, number="4401961A12")


def opened(world, district="5166"):
    """An order paid, its declarations opened; at which ports."""
    order = make.order(world.alice, ("IR-1", 1))
    order.warehouse.customs_district = district
    order.warehouse.save()
    payment = paid(order)
    open_declarations(order=order, now=make.NOW)
    return order, list(PaymentDeclaration.objects.filter(payment=payment).values_list("port", flat=True))


def test_a_second_port_without_a_number_is_a_case_once_and_the_number_settles_it(world):
    order, ports = opened(world)
    case = Case.objects.get(kind=KIND)
    assert ports == ["GUANGZHOU_ZS"]
    assert (case.key, case.state) == (f"port:{world.shop.code}:GUANGZHOU_NS_GJ", "open")
    assert (case.storefront_id, case.facts) == (
        world.shop.pk,
        {"order": order.number, "port": "GUANGZHOU_NS_GJ"},
    )
    opened(world)
    case.refresh_from_db()
    assert (Case.objects.filter(kind=KIND).count(), case.seen) == (1, 2)
    number(world, "GUANGZHOU_NS_GJ")
    _, ports = opened(world)
    case.refresh_from_db()
    assert sorted(ports) == ["GUANGZHOU_NS_GJ", "GUANGZHOU_ZS"]
    assert (case.state, case.settled_by, case.note) == ("settled", "system", "a number is there")


def test_what_an_accountant_settled_is_not_asked_again_and_another_port_is(world):
    opened(world)
    settle_case(case=Case.objects.get(kind=KIND), by="fang", note="not there", now=make.NOW)
    opened(world)
    assert list(Case.objects.filter(kind=KIND).values_list("state", flat=True)) == ["settled"]
    opened(world, "5208")
    case = Case.objects.get(kind=KIND, state="open")
    assert case.facts["port"] == "GUANGZHOU_HP_GJ"


def test_a_district_without_a_second_port_asks_nothing(world):
    _, ports = opened(world, "5141")
    assert (ports, Case.objects.filter(kind=KIND).count()) == (["GUANGZHOU_ZS"], 0)
