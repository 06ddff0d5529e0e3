"""The client is what the document says, and does by itself what the door asks of every call."""

from __future__ import annotations

import io
import time

import pytest
import requests

from inventory.models import Movement
from partner_api.client_source import FOLDER, sources
from partner_client import PartnerError, verify_webhook
from partners.gateways.webhook.post import signature
from tests import make
from tests.partners.calling import system
from tests.partners.wire import over

pytestmark = pytest.mark.django_db


def test_the_client_is_the_document_s():
    for name, text in sources().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run manage.py partner_client"


def test_rows_come_page_after_page_and_one_token_serves_many_calls(client):
    world = make.world()
    wms, wire = over(system(client, world.shop))
    assert {row["sku"] for row in wms.each(wms.get_stock, limit=1)} == {"HD-1", "IR-1"}
    assert wms.get_warehouses()["items"][0]["code"] == world.warehouse.code
    assert [one.path_url for one in wire.sent].count("/partner/v1/token") == 1


def test_a_lost_answer_is_asked_for_again_under_the_same_key(client, monkeypatch):
    world = make.world()
    wms, wire = over(system(client, world.shop))
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    wms.token()
    lost = iter([True, False])

    def drop(answer: requests.Response) -> requests.Response:
        if next(lost, False):
            raise requests.ConnectionError("the line went dead")
        return answer

    wire.after = drop
    line = {"sku": "HD-1", "lot": "", "pieces": 3, "reason": "found behind the shelf"}
    before = Movement.objects.count()
    lots = wms.post_stock_adjustments({"warehouse": world.warehouse.code, "lines": [line]})["lots"]
    assert (lots[0]["sku"], Movement.objects.count() - before, waited) == ("HD-1", 1, [1])
    first, second = (one.headers for one in wire.sent[-2:])
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    assert first["X-Nonce"] != second["X-Nonce"]


def test_while_its_first_try_is_at_work_a_call_is_asked_for_again(client, monkeypatch):
    world = make.world()
    wms, wire = over(system(client, world.shop))
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    first = iter([409, 502])

    def busy(answer: requests.Response) -> requests.Response:
        if status := next(first, None):
            answer.status_code, answer.raw = status, io.BytesIO(b'{"code": "idempotency_in_flight"}')
        return answer

    wms.token()
    wire.after = busy
    body = {"warehouse": world.warehouse.code, "lines": [{"sku": "HD-1", "pieces": 1, "reason": "found"}]}
    assert wms.post_stock_adjustments(body)["lots"]
    assert len({one.headers["Idempotency-Key"] for one in wire.sent[-3:]}) == 1
    assert waited == [1, 2]


def test_what_was_read_is_what_is_changed(client, monkeypatch):
    monkeypatch.setattr("partner_api.webhooks.checked", lambda url: url)
    world = make.world()
    wms, _ = over(system(client, world.shop))
    made = wms.post_webhooks({"url": "https://one.example/", "types": ["order.paid"]})
    with pytest.raises(PartnerError) as unseen:
        wms.put_webhook(made["id"], {"url": "https://two.example/", "types": ["order.paid"]})
    assert (unseen.value.status, unseen.value.code) == (428, "if_match_needed")
    wms.get_webhook(made["id"])
    changed = wms.put_webhook(made["id"], {"url": "https://two.example/", "types": ["order.paid"]})
    assert changed["url"] == "https://two.example/"
    assert wms.put_webhook(made["id"], {"url": "https://three.example/", "types": ["order.paid"]})
    with pytest.raises(PartnerError, match="changed_since"):
        wms.put_webhook(
            made["id"], {"url": "https://four.example/", "types": ["order.paid"]}, if_match='"old"'
        )
    assert wms.delete_webhook(made["id"]) is None


def test_a_message_is_known_by_its_signature_and_its_hour():
    secret, body, now = "whsec_" + "QUJD" * 8, b'{"type":"order.paid"}', int(time.time())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now)}
    headers["webhook-signature"] = signature([secret], "msg_1", str(now), body)
    assert verify_webhook(secret, headers, body)
    assert not verify_webhook(secret, headers, body + b" ")
    assert not verify_webhook("whsec_" + "QUJE" * 8, headers, body)
    assert not verify_webhook(secret, headers | {"webhook-timestamp": str(now - 301)}, body)
    assert not verify_webhook(secret, {}, body)
    for wrong in ({"webhook-signature": "v1,é"}, {"webhook-timestamp": "²"}):
        assert not verify_webhook(secret, headers | wrong, body)
