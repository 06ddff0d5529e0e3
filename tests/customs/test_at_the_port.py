"""An order clears at the sandbox's port, which checks, compares and answers by tables of its own."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
import requests

from customs.models import Declaration, PortAccount, PortReceipt, TaxSheet
from customs.services.keys import set_key
from customs.services.taxes import owed_fen
from kernel.models import Case
from orders.models import Order
from storefronts.models import LegalParty
from tests.customs import port as ports
from tests.customs.port import declaration, waybill
from tests.payments.declaring import family, paid, register
from tests.payments.declaring import go_on as pay_on

pytestmark = pytest.mark.django_db(transaction=True)


def registered(wechat, world, settings) -> tuple[PortAccount, dict[str, Any]]:
    """The storefront's way to the port, whose enterprise is the port's own; what the port gave it."""
    settings.PORT_BASE = settings.SIGN_BASE = wechat.url
    settings.CUSTOMS_SENDERS = "stand_in"
    family(world, "v2")
    register(world)
    told = next(one for one in wechat.world["storefronts"] if one["appid"] == world.shop.appid)["port"]
    account = ports.account(world, dxp_id=told["dxp_id"])
    LegalParty.objects.filter(storefront=world.shop, role="declarant").update(
        customs_code=told["cop_code"], name=told["cop_name"]
    )
    return account, told


@pytest.fixture(params=["rsa-sha1", "sm2-sm3"])
def enterprise(request, world, wechat, settings):
    """The storefront's declaring enterprise, registered at the port, with one of its two keys."""
    account, told = registered(wechat, world, settings)
    card = next(one for one in told["certificates"] if one["method"] == request.param)
    set_key(
        account=account,
        method=card["method"],
        secret=card["private_key"],
        number=card["number"],
        certificate=card["certificate"],
    )
    return account


def ready(wechat, world) -> tuple[Order, datetime]:
    payment = paid(wechat, world)
    waybill(payment.order)
    return payment.order, pay_on(2)


def until(order: Order, at: datetime, *states: str, rounds: int = 25) -> Declaration:
    """Let the house and the port go on until the declaration is in one of these states."""
    for _ in range(rounds):
        at = ports.go_on(at)
        row = declaration(order)
        if row.state in states:
            return row
        time.sleep(0.02)
    told = list(PortReceipt.objects.values_list("name", "status", "code", "outcome"))
    raise AssertionError(
        f"{row.state} {row.awaits} {row.trouble} {told} {list(Case.objects.values('kind', 'facts'))}"
    )


def test_an_order_clears(wechat, world, enterprise):
    order, at = ready(wechat, world)
    row = until(order, at, "released", "closed")
    order.refresh_from_db()
    assert order.gate == "after_release"
    assert len(row.list_no) == 18
    copies = PortReceipt.objects.filter(name="CEB511Message", filing__kind="waybill")
    assert list(copies.values_list("outcome", flat=True)) == ["taken"]  # and it says the same
    told = requests.get(f"{wechat.url}/sandbox/books", timeout=15).json()["port"]
    assert [one["status"] for one in told["lists"]] in (["800"], ["899"])
    open_ones = Case.objects.filter(state="open", kind__startswith="customs.")
    assert not open_ones.exclude(kind="customs.receipt_unreadable").exists()
    assert set(PortReceipt.objects.filter(name="CEB622Message").values_list("outcome", flat=True)) == {
        "taken"
    }


def test_the_tax_of_a_list_is_what_was_declared_and_paid_once_it_is_summarised(wechat, world, enterprise):
    order, at = ready(wechat, world)
    until(order, at, "released", "closed")
    for _ in range(25):
        at = ports.go_on(at)
        if TaxSheet.objects.exists():
            break
        time.sleep(0.02)
    made = TaxSheet.objects.get()
    assert (made.status, made.total_fen, owed_fen(enterprise)) == ("1", order.tax_fen, order.tax_fen)
    told = wechat.control("port_tax", order=order.out_trade_no, status="2")
    ports.go_on(at, 2)
    made.refresh_from_db()
    assert (made.status, made.tax_no, made.duty_no) == ("2", told["taxNo"], told["entDutyNo"])
    assert owed_fen(enterprise) == 0
    assert not Case.objects.filter(kind="customs.tax_differs").exists()
