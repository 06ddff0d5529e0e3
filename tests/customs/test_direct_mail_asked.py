"""Carrier and site are asked for what they sign of direct mail, in time and once; their silence is a case."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance.models import Disclosure
from customs.models import Consignment
from customs.services import consigning
from tests.customs import mail
from tests.customs.mail import WAYBILL, answers, enters, go_on, put
from tests.customs.port import declaration
from tests.customs.test_declaring import port
from tests.customs.test_direct_mail import account, lists, open_cases, parcel, stood

__all__ = ["account", "parcel", "port", "stood"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch, settings) -> mail.Asked:
    """Carrier and site are asked, and answer nothing by themselves."""
    made = mail.Asked()
    for module in ("asking", "preparing", "declaring"):
        monkeypatch.setattr(f"customs.services.{module}.senders", lambda: made)
    return made


def test_carrier_and_site_are_asked_with_the_bill_and_once(port, account, asked, parcel):
    order, at = parcel.shipment.order, mail.due()
    at = go_on(at, 2)
    mail.ordered(port, at)
    at = go_on(at, 2)
    assert (declaration(order).awaits, asked.waybills) == ("consignment", [])
    put(mail.opened(account), WAYBILL, now=at)
    at = go_on(at, 3)
    assert [(one.number, one.bill_no, one.again) for one in asked.waybills] == [
        (WAYBILL, "160-12345675", False)
    ]
    (entry,) = asked.entries
    assert (entry.bill_no, entry.voyage_no, entry.traffic_no) == ("160-12345675", "CX0839", "B-LRA")
    assert (entry.customs_code, entry.traffic, list(entry.waybills)) == ("3105", "5", [WAYBILL])
    shown = Disclosure.objects.get(recipient_kind="partner")
    assert (shown.recipient, shown.fields) == ("监管作业场所 3105", ["waybill"])


def test_a_corrected_bill_is_told_by_the_carrier_again(port, account, asked, parcel):
    order, at = parcel.shipment.order, mail.due()
    consignment = put(mail.opened(account, bill_no="160-1"), WAYBILL, now=at)
    at = go_on(at, 3)
    mail.ordered(port, at)
    mail.carried(port, at)
    at = go_on(at, 2)
    consigning.correct(consignment=consignment, voyage=mail.voyage(), by="mei", now=at)
    at = go_on(at, 2)
    assert [(one.bill_no, one.again) for one in asked.waybills] == [("160-1", False), ("160-12345675", True)]
    assert [one.bill_no for one in asked.entries] == ["160-1", "160-12345675"]
    enters(port, at)
    answers(port, at, "120")
    at = go_on(at, 2)
    assert lists(port) == []  # the changed waybill does not stand yet
    mail.carried(port, at)
    go_on(at, 2)
    assert (declaration(order).state, lists(port)[0]["billNo"]) == ("listed", "160-12345675")


def test_the_site_is_asked_on_the_day_of_arrival_and_not_before(port, account, asked, stood):
    _, at = stood
    put(mail.opened(account, arrives_on=mail.voyage().arrives_on + timedelta(days=4)), WAYBILL, now=at)
    at = go_on(at, 2)
    assert asked.entries == []
    go_on(at + timedelta(days=4))
    assert len(asked.entries) == 1


def test_a_site_that_cannot_be_reached_is_asked_later(port, account, asked, stood):
    _, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    asked.down = True
    at = go_on(at)
    assert Consignment.objects.get().asked_at is None
    asked.down = False
    go_on(at + timedelta(minutes=6))
    assert (len(asked.entries), open_cases()) == (1, {})


def test_what_has_come_in_and_was_not_entered_for_two_days_is_a_case_until_it_is(port, account, stood):
    _, at = stood
    put(mail.opened(account), WAYBILL, now=at)
    at = go_on(at)
    assert open_cases() == {}
    at = go_on(at + timedelta(days=2))
    day = mail.voyage().arrives_on.isoformat()
    assert open_cases() == {"customs.entry_late": {"bill_no": "160-12345675", "arrives_on": day}}
    enters(port, at)
    answers(port, at, "120")
    go_on(at)
    assert open_cases() == {}


def test_what_left_and_is_on_no_bill_for_three_days_is_a_case_until_it_is_declared(port, account, stood):
    order, at = stood
    at = go_on(at + timedelta(days=3, hours=1))
    assert open_cases() == {"customs.late": {"order": order.number, "awaits": "consignment"}}
    put(mail.opened(account), WAYBILL, now=at)
    enters(port, at)
    answers(port, at, "120")
    go_on(at, 2)
    assert (declaration(order).state, open_cases()) == ("listed", {})


def test_a_site_is_asked_again_for_what_it_has_not_entered_alone(port, account, asked, stood, wechat, world):
    _, at = stood
    second = mail.sent(wechat, world, "SF1000000000002")
    consignment = put(mail.opened(account), WAYBILL, now=at)
    at = go_on(at)
    enters(port, at)
    at = go_on(at)
    consigning.reopen(consignment=consignment, by="mei", now=at)
    put(consignment, second.waybill, now=at + timedelta(seconds=1))
    at = go_on(at + timedelta(seconds=2))
    assert [list(one.waybills) for one in asked.entries] == [[WAYBILL], [second.waybill]]
    enters(port, at, [second.waybill], copNo="RK0002")
    at = go_on(at)
    consigning.ask_again(consignment=consignment, by="mei", now=at)
    go_on(at)
    assert len(asked.entries) == 2


def test_a_bill_corrected_while_its_site_is_asked_is_asked_for_anew(port, account, asked, stood):
    _, at = stood
    consignment = put(mail.opened(account, bill_no="160-1"), WAYBILL, now=at)
    ask = asked.entry

    def corrected_meanwhile(**told) -> None:
        ask(**told)
        asked.entry = ask
        consigning.correct(consignment=consignment, voyage=mail.voyage(), by="mei", now=at)

    asked.entry = corrected_meanwhile
    go_on(at, 2)
    assert [one.bill_no for one in asked.entries] == ["160-1", "160-12345675"]
    assert Consignment.objects.get().asked_at is not None
