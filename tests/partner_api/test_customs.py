"""Declarations as a partner sees them; what messages say is given apart, for a purpose and on record."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from compliance.models import Access, Disclosure
from customs.models import Filing, PortMessage, PortReceipt
from kernel.models import Receipt
from partners.models import Partner
from partners.scopes import PERSONAL, USUAL
from partners.services import accounts
from tests import make
from tests.customs import port as ports
from tests.customs.test_declaring import LIST_NO, answer, listed, port, ready  # noqa: F401 -- fixtures too
from tests.partners.calling import system
from tests.payments.conftest import wechat, world  # noqa: F401 -- fixtures

pytestmark = pytest.mark.django_db(transaction=True)
SECRETS = (make.NAMES[make.ALICE], make.PHONES[make.ALICE], make.NUMBERS[make.ALICE])


@pytest.fixture
def broker(client, world):  # noqa: F811
    return system(client, world.shop, "broker", name="Ningbo Customs Agents")


@pytest.fixture
def released(port, ready):  # noqa: F811
    """A released list, its order, and the time it is then."""
    order, at = ready
    at = listed(port, at)
    answer(port, order, at, "120", **LIST_NO)
    answer(port, order, at + timedelta(seconds=1), "800", **LIST_NO)
    return order, ports.go_on(at + timedelta(seconds=5), 2)


def grant(caller, shop, *scopes):
    row = caller.issued.credential.partner
    accounts.connect(partner=row, storefront=shop, scopes=scopes, by="o", now=make.present())
    caller.token = ""


def code(reply):
    return reply.status_code, reply.json()["code"]


def test_a_declaration_is_told_with_its_documents_history_and_messages_and_nothing_personal(
    broker,
    world,  # noqa: F811
    released,
    client,
):
    order, _ = released
    where = f"declarations/{order.number}"
    reply = broker.get(where)
    row = reply.json()
    assert reply["ETag"]
    assert (row["number"], row["state"], row["list_no"]) == (order.number, "released", LIST_NO["invtNo"])
    assert row["status"] == {"code": "800", "zh": "放行", "en": "released"}
    assert row["declared"]["total_fen"] == order.tax_fen > 0
    assert row["port_account"]["name"] == "3105 DXPENT0000012345"
    stands = {one["kind"]: one["status"] and one["status"]["code"] for one in row["documents"]}
    assert stands == {"payment": None, "order": "120", "waybill": "120", "list": "800"}
    assert [one["event"] for one in row["history"]] == ["documents", "listed", "accepted", "released"]
    found = broker.get(f"{where}/messages")
    sent = [one for one in found.json()["items"] if one["direction"] == "out"]
    came = [one for one in found.json()["items"] if one["direction"] == "in"]
    assert [one["type"] for one in sent] == ["CEB311Message", "CEB621Message"]
    assert [(one["type"], one["status"]["code"]) for one in came] == [
        ("CEB312Message", "120"),
        ("CEB512Message", "120"),
        ("CEB622Message", "120"),
        ("CEB622Message", "800"),
    ]
    message = PortMessage.objects.get(name="CEB621Message")
    assert (sent[1]["message_id"], sent[1]["sha256"]) == (message.guid, message.digest)
    assert {one["sha256"] for one in came} == set(PortReceipt.objects.values_list("digest", flat=True))
    paged, cursor = [], ""
    for _ in range(3):
        part = broker.get(f"{where}/messages?limit=2{cursor}").json()
        paged += part["items"]
        cursor = f"&cursor={part['next']}"
    assert (paged, part["next"]) == (found.json()["items"], None)
    every = broker.get("declarations")
    for secret in SECRETS:
        for told in (reply, found, every):
            assert secret not in told.content.decode()
    assert Access.objects.filter(who__startswith="partner").count() == 0
    for bad in ("state=nonsense", "changed_since=x", "cursor=x", "fields=secret", "limit=0"):
        assert broker.get(f"declarations?{bad}").status_code == 422, bad
    for bad in (f"messages:{order.number}", "x", base64.b64encode(b'["declarations",1]').decode()):
        assert broker.get(f"{where}/messages?cursor={bad}").status_code == 422
    other = system(client, make.storefront("swift"), "broker")
    assert other.get("declarations").json()["items"] == []
    for path in (where, f"{where}/messages", "declarations/%00", "declarations/none"):
        assert other.get(path).status_code == 404
    with CaptureQueriesContext(connection) as one:
        broker.get("declarations?state=released")
    with CaptureQueriesContext(connection) as none:
        broker.get("declarations?state=listed")
    assert len(none) <= len(one) <= 12
    grant(broker, world.shop, "orders:read")
    assert code(broker.get(where)) == (403, "scope_missing")


def test_declarations_come_in_the_order_of_their_changes_for_ever(broker, port, ready):  # noqa: F811
    order, at = ready
    at = listed(port, at)
    (row,) = broker.get("declarations?fields=number,state").json()["items"]
    assert row == {"number": order.number, "state": "listed"}
    end = broker.get("declarations").json()["next"]
    assert broker.get(f"declarations?cursor={end}").json()["items"] == []
    answer(port, order, at, "120", **LIST_NO)
    ports.go_on(at + timedelta(seconds=1))
    (row,) = broker.get(f"declarations?cursor={end}").json()["items"]
    assert (row["state"], row["status"]["code"]) == ("accepted", "120")
    assert broker.get("declarations?state=listed").json()["items"] == []


def test_what_a_message_says_is_given_by_scope_for_a_purpose_and_recorded_first(broker, world, released):  # noqa: F811
    order, _ = released
    row = Filing.objects.get(kind="list")
    where = f"declarations/{order.number}/messages/{row.public_id}/content"
    assert code(broker.send("GET", f"{where}?purpose=declare")) == (403, "scope_missing")
    grant(broker, world.shop, "customs:read", "personal:declaration")
    assert code(broker.get(f"{where}?purpose=declare")) == (401, "signature_needed")
    for bad in ("", "?purpose=curiosity"):
        assert broker.send("GET", where + bad).status_code == 422
    Partner.objects.update(country="FR")
    assert code(broker.send("GET", f"{where}?purpose=declare")) == (403, "receiver_stays_in_china")
    assert Disclosure.objects.filter(recipient_kind="partner").count() == 0
    Partner.objects.update(country="CN")
    reply = broker.send("GET", f"{where}?purpose=declare")
    told = reply.json()
    raw = base64.b64decode(told["content"])
    assert (reply["Cache-Control"], told["whole"], told["type"]) == ("no-store", True, "CEB621Message")
    assert (
        hashlib.sha256(raw).hexdigest() == told["sha256"] == PortMessage.objects.get(pk=row.message_id).digest
    )
    assert make.NUMBERS[make.ALICE].encode() in raw
    said = Disclosure.objects.get(recipient_kind="partner")
    assert (said.recipient, said.purpose, said.order_number) == (
        "Ningbo Customs Agents",
        "declare",
        order.number,
    )
    assert set(said.fields) >= {
        "order_number",
        "buyer_name",
        "buyer_number",
        "buyer_phone",
        "consignee_address",
    }
    assert Access.objects.get(who="partner:Ningbo Customs Agents").what == "customs.filing.body"
    assert make.NUMBERS[make.ALICE].encode() not in b"".join(bytes(one.body) for one in Receipt.objects.all())
    receipt = PortReceipt.objects.get(status="800")
    answer_ = broker.send(
        "GET", f"declarations/{order.number}/messages/{receipt.public_id}/content?purpose=dossier"
    )
    raw = base64.b64decode(answer_.json()["content"])
    assert (hashlib.sha256(raw).hexdigest(), b"<ceb:InventoryReturn" in raw) == (receipt.digest, True)
    # a message that holds another order's document too gives this order's alone
    spare = Filing.objects.get(kind="order")
    Filing.objects.filter(pk=spare.pk).update(message=row.message, position=1)
    alone = broker.send("GET", f"{where}?purpose=declare").json()
    assert (alone["whole"], b"CEB621Message" in base64.b64decode(alone["content"])) == (False, False)
    told_by_the_bank = Filing.objects.get(kind="payment").public_id
    asked = f"declarations/{order.number}/messages/{told_by_the_bank}/content?purpose=declare"
    assert code(broker.send("GET", asked)) == (409, "message_sealed")
    strange = f"declarations/{order.number}/messages/{PortMessage.objects.first().public_id}/content"
    assert code(broker.send("GET", f"{strange}?purpose=declare")) == (404, "not_found")


def test_no_kind_of_partner_begins_with_the_contents_of_declarations():
    assert "personal:declaration" in PERSONAL
    assert not any("personal:declaration" in scopes for scopes in USUAL.values())
