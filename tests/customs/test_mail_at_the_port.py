"""Direct mail clears at the sandbox's port, where the site enters what came in and is seen to."""

from __future__ import annotations

import time

import pytest
import requests

from customs.models import Consignment, WarehouseEntry
from customs.services.keys import set_key
from kernel.models import Case
from tests.customs import mail
from tests.customs.mail import WAYBILL, go_on, put
from tests.customs.port import declaration
from tests.customs.test_at_the_port import registered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(world, wechat, settings):
    """The storefront's declaring enterprise at the port, whose parcels come by air."""
    account, told = registered(wechat, world, settings)
    card = next(one for one in told["certificates"] if one["method"] == "sm2-sm3")
    set_key(
        account=account,
        method=card["method"],
        secret=card["private_key"],
        number=card["number"],
        certificate=card["certificate"],
    )
    account.traffic, account.dispatch_country = "5", "110"
    account.site_certificate = wechat.world["site"]["certificate"]
    account.save()
    world.warehouse.trade_mode, world.warehouse.ems_no, world.warehouse.area_code = "9610", "", ""
    world.warehouse.save()
    return account


def until(at, condition, rounds=40):
    for _ in range(rounds):
        if condition():
            return at
        at = go_on(at)
        time.sleep(0.02)
    raise AssertionError(list(Case.objects.values("kind", "facts")))


def test_direct_mail_clears_with_the_bill_and_the_entry_of_its_site(wechat, world, account):
    order = mail.sent(wechat, world).shipment.order
    at = until(mail.due(), lambda: declaration(order).awaits == "consignment")
    put(mail.opened(account), WAYBILL, now=at)
    until(at, lambda: declaration(order).state in ("released", "closed"))
    entry = WarehouseEntry.objects.get()
    assert (entry.bill_no, entry.waybills, entry.status) == ("160-12345675", [WAYBILL], "399")
    (told,) = requests.get(f"{wechat.url}/sandbox/books", timeout=15).json()["port"]["entries"]
    assert told["status"] == "399"
    open_ones = Case.objects.filter(state="open", kind__startswith="customs.")
    assert list(open_ones.values_list("kind", flat=True)) == []


def test_an_entry_that_customs_refuses_at_the_port_is_asked_for_again_by_a_person(wechat, world, account):
    from customs.services import consigning

    order = mail.sent(wechat, world).shipment.order
    wechat.control("port", order="160-12345675", document="entry", outcome="reject", info="运抵报告不存在")
    at = until(mail.due(), lambda: declaration(order).awaits == "consignment")
    put(mail.opened(account), WAYBILL, now=at)
    refused = Case.objects.filter(kind="customs.entry_refused", state="open")
    at = until(at, refused.exists)
    assert declaration(order).state == "documents"
    consigning.ask_again(consignment=Consignment.objects.get(), by="mei", now=at)
    until(at, lambda: declaration(order).state in ("released", "closed"))
    assert not refused.exists()
    assert sorted(WarehouseEntry.objects.values_list("status", flat=True)) == ["100", "399"]
