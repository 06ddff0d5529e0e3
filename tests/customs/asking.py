"""Customs asks for the data of a payment, at the sandbox's port or in a session that is none of its own."""

from __future__ import annotations

import pytest
import requests

from compliance import vault
from compliance.models import DataKey
from customs.models import DataRequest
from customs.services import data_asked
from customs.services.data_asked import Asked
from customs.services.filing import new_guid
from kernel.clock import shanghai_day
from orders.models import Order
from payments.models import Payment
from tests import make
from tests.customs import port as ports
from tests.customs.test_at_the_port import registered
from tests.payments.declaring import go_on as pay_on
from tests.payments.declaring import paid


@pytest.fixture
def enterprise(wechat, world, settings):
    settings.PORT_DATA_BASE = wechat.url
    return registered(wechat, world, settings)


@pytest.fixture
def key(wechat, enterprise):
    """The account signs with a key that the port knows."""
    account, told = enterprise
    card = next(one for one in told["certificates"] if one["method"] == "rsa-sha1")
    ports.set_key(
        account=account,
        method=card["method"],
        secret=card["private_key"],
        number=card["number"],
        certificate=card["certificate"],
    )
    return card


@pytest.fixture
def payment(wechat, world, key) -> Payment:
    made = paid(wechat, world, ("HD-1", 2), ("IR-1", 1))
    pay_on(2)
    return made


def asked(wechat, number: str, live_server, times: int = 1) -> list[DataRequest]:
    """The port asks by itself."""
    told = wechat.control(
        "data_request", url=f"{live_server.url}/customs/platDataOpen", order=number, times=times, wait=True
    )
    said = [(one["status"], one["code"], one.get("fits")) for one in told["requests"]]
    assert said == [(200, "10000", True)] * times
    return list(DataRequest.objects.filter(session__in=[one["sessionID"] for one in told["requests"]]))


def known(number: str) -> DataRequest:
    """A request in a session that the port does not know."""
    data_asked.keep(asked=Asked(new_guid(), number, 1), now=make.present())
    return DataRequest.objects.get(number=number)


def books(wechat) -> dict:
    return requests.get(f"{wechat.url}/sandbox/books", timeout=15).json()["port"]


def taken(wechat) -> list[str]:
    return [one["sessionID"] for one in books(wechat)["uploads"] if one["code"] == "10000"]


def again(row: DataRequest) -> DataRequest:
    row.refresh_from_db()
    return row


def opened(row: DataRequest) -> str:
    vault_key = vault.unwrap(Order.objects.select_related("key").get(pk=row.order_id).key)
    return vault_key.open("customs.datarequest.body", row.public_id, bytes(row.body_sealed))


def no_key(payment, world):
    DataKey.objects.filter(pk=payment.order.key_id).update(destroy_on=shanghai_day(make.present()))
    vault.destroy_key(key_id=payment.order.key_id, now=make.present())
    return payment.out_trade_no
