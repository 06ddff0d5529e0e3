"""Operators see what customs asked for and send it again; an authority's dossier holds what was given."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from customs.dossier.sealed import opened as unsealed
from customs.gateways.data_upload import HttpUpload
from customs.models import DataRequest
from customs.services import data_given
from customs.services.dossier import Recipient, make_dossier
from kernel.models import Event
from storefronts.models import LegalParty
from tests import make
from tests.customs.asking import again, enterprise, key, known, opened, payment
from tests.customs.port import CODES
from tests.operators import rows
from tests.operators.test_verbs import enter, run

__all__ = ["enterprise", "key", "payment"]
pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"


def test_an_officer_sends_again_what_was_mended_and_others_cannot(client, world, payment, monkeypatch):
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "10000")
    LegalParty.objects.filter(storefront=world.shop, role="ebp").update(customs_code="")
    row = known(payment.out_trade_no)
    data_given.sweep(now=make.present())
    assert (again(row).state, row.trouble) == ("refused", "no_party")
    LegalParty.objects.filter(storefront=world.shop, role="ebp").update(customs_code=CODES["ebp"])

    run(
        enter(client, rows.operator("lin", world.shop, "merchandiser")),
        "customs_datarequest",
        "again",
        row.pk,
    )
    assert again(row).state == "refused"
    shown = run(
        enter(client, rows.operator("guan", world.shop, "compliance")), "customs_datarequest", "again", row.pk
    )
    assert payment.out_trade_no in shown.content.decode()
    assert again(row).state == "asked"
    told = Event.objects.get(key=row.event_key, name="data_request.asked")
    assert told.facts == {"from": "refused", "verb": "again", "by": "guan"}
    assert data_given.sweep(now=make.present()) == 1


def test_a_number_that_nobody_knows_is_the_platform_s_to_see(client, world, key):
    row = known("X1")
    where = reverse("admin:customs_datarequest_changelist")
    enter(client, rows.operator("guan", world.shop, "compliance"))
    assert row.session not in client.get(where).content.decode()
    enter(client, rows.operator("root", is_superuser=True))
    assert row.session in client.get(where).content.decode()


def test_the_dossier_of_the_order_holds_what_customs_was_given(world, payment, monkeypatch):
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "10000")
    row = known(payment.out_trade_no)
    data_given.sweep(now=make.present())
    made = make_dossier(
        number=payment.order.number,
        by=rows.operator("guan", world.shop, "compliance"),
        now=make.present(),
        purpose="宁波海关核查函",
        recipient=Recipient("customs", "宁波海关"),
        password=PASSWORD,
    )
    files = unsealed(made.content, PASSWORD)
    assert files[f"customs/payment-data/01-{row.session}.json"].decode() == opened(again(row))
    (told,) = json.loads(files["payment-data.json"])
    assert (told["session"], told["state"], told["code"]) == (row.session, "given", "10000")
    assert "data_request.given" in {one["name"] for one in json.loads(files["events.json"])}
    assert DataRequest.objects.count() == 1


def test_the_dossier_tells_what_was_signed_and_customs_has_not_taken_as_such(world, payment, monkeypatch):
    monkeypatch.setattr(HttpUpload, "give", lambda self, text: "20004")
    row = known(payment.out_trade_no)
    data_given.sweep(now=make.present())
    made = make_dossier(
        number=payment.order.number,
        by=rows.operator("guan", world.shop, "compliance"),
        now=make.present(),
        purpose="宁波海关核查函",
        recipient=Recipient("customs", "宁波海关"),
        password=PASSWORD,
    )
    files = unsealed(made.content, PASSWORD)
    name = f"customs/payment-data/01-{row.session}.not-taken.json"
    assert [one for one in files if one.startswith("customs/payment-data/")] == [name]
    assert files[name].decode() == opened(again(row))
    (listed,) = [one for one in json.loads(files["manifest.json"])["files"] if one["path"] == name]
    assert listed["zh"] == "已加签、海关未接收的支付数据"
