"""Customs asks for payment data: answered at once, kept once a session; what is unreadable writes nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from customs import doors
from customs.models import DataRequest
from customs.services import data_asked
from kernel.callers import Buckets
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/customs/platDataOpen"
SESSION = "FE2374-8FNEJFN7-55616242"
ASKED = {"orderNo": "2611270001", "sessionID": SESSION, "serviceTime": 1544519952469}


def ask(client: Client, told: object = None, **more):
    text = told if isinstance(told, str) else json.dumps(ASKED if told is None else told)
    return client.post(URL, {"openReq": text}, **more)


def form(client: Client, body: bytes, kind: str = "application/x-www-form-urlencoded"):
    return client.generic("POST", URL, body, content_type=kind)


def statements(made: CaptureQueriesContext) -> list[str]:
    """What was said to the database, by its first word, transactions aside."""
    words = [one["sql"].split(" ")[0] for one in made]
    return [one for one in words if one not in ("BEGIN", "COMMIT")]


def test_a_request_is_answered_by_one_statement_and_keeps_its_words(client):
    with CaptureQueriesContext(connection) as asked:
        answer = ask(client)
    assert statements(asked) == ["INSERT"]
    told = answer.json()
    assert (answer.status_code, set(told)) == (200, {"code", "message", "serviceTime"})
    assert (told["code"], told["message"], type(told["serviceTime"])) == ("10000", "", int)
    row = DataRequest.objects.get()
    assert (row.session, row.number, row.service_ms) == (SESSION, "2611270001", 1544519952469)
    assert (row.state, row.order, row.storefront, row.tries) == ("asked", None, None, 0)
    assert int(row.asked_at.timestamp() * 1000) == told["serviceTime"]


def test_the_same_session_is_one_request_and_its_first_words_stand(client):
    assert ask(client).json()["code"] == "10000"
    assert ask(client, {**ASKED, "orderNo": "another"}).json()["code"] == "10000"
    assert DataRequest.objects.values_list("number", flat=True).get() == "2611270001"


def test_many_ask_at_once_in_one_session_and_one_row_is_kept():
    def one(_: int) -> str:
        try:
            return ask(Client()).json()["code"]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(24))) == ["10000"] * 24
    assert DataRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("told", "code", "message"),
    [
        ("", "20001", "openReq"),
        ("{", "20001", "openReq"),
        ("[" * 30_000, "20001", "openReq"),
        ('{"a":' * 2_000 + "1" + "}" * 2_000, "20001", "openReq"),
        ("[]", "20001", "openReq"),
        ('"text"', "20001", "openReq"),
        ('{"orderNo":"\\ud800"}', "20001", "openReq"),
        ({}, "20002", "sessionID"),
        ({**ASKED, "sessionID": ""}, "20002", "sessionID"),
        ({**ASKED, "sessionID": "A" * 37}, "20002", "sessionID"),
        ({**ASKED, "sessionID": {"a": 1}}, "20002", "sessionID"),
        ({**ASKED, "sessionID": "a\n"}, "20002", "sessionID"),
        ({**ASKED, "orderNo": 2611270001}, "20002", "orderNo"),
        ({**ASKED, "orderNo": "26\x00"}, "20002", "orderNo"),
        ({**ASKED, "orderNo": "订单"}, "20002", "orderNo"),
        ({**ASKED, "orderNo": "2" * 61}, "20002", "orderNo"),
        ({**ASKED, "orderNo": ["1"]}, "20002", "orderNo"),
        ({**ASKED, "serviceTime": None}, "20002", "serviceTime"),
        ({**ASKED, "serviceTime": True}, "20002", "serviceTime"),
        ({**ASKED, "serviceTime": -1}, "20002", "serviceTime"),
        ({**ASKED, "serviceTime": 1.5}, "20002", "serviceTime"),
        ({**ASKED, "serviceTime": 10**18}, "20002", "serviceTime"),
        ({**ASKED, "serviceTime": "9" * 400}, "20002", "serviceTime"),
    ],
)
def test_what_cannot_be_read_has_its_code_and_nothing_is_written(client, told, code, message):
    with CaptureQueriesContext(connection) as asked:
        answer = ask(client, told)
    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (200, code, message)
    assert statements(asked) == []


def test_a_time_in_digits_is_a_time(client):
    assert ask(client, {**ASKED, "serviceTime": "1544519952469"}).json()["code"] == "10000"
    assert DataRequest.objects.get().service_ms == 1544519952469


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"openReq", "application/x-www-form-urlencoded"),
        (b"openReq=%00%ff", "application/x-www-form-urlencoded"),
        (b"a=1&" * 5_000, "application/x-www-form-urlencoded"),
        (json.dumps(ASKED).encode(), "application/json"),
        (b"<openReq/>", "text/xml"),
        (b"openReq=1", "multipart/form-data"),
        (b"openReq=1", "multipart/form-data; boundary=x"),
        (b"\xff\xfe", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"openReq=%7B%7D", "application/x-www-form-urlencoded; charset=nonsense"),
    ],
)
def test_a_body_of_another_kind_is_answered_in_the_same_form(client, body, kind):
    answer = form(client, body, kind)
    told = answer.json()
    assert (answer.status_code, set(told)) == (200, {"code", "message", "serviceTime"})
    assert told["code"] in ("20001", "20002")
    assert not DataRequest.objects.exists()


@pytest.mark.parametrize("length", ["65537", "9" * 400, "-1", "x"])
def test_a_body_of_no_length_that_is_read_is_answered_in_the_same_form(client, length):
    answer = client.generic(
        "POST", URL, b"openReq=1", content_type="application/x-www-form-urlencoded", CONTENT_LENGTH=length
    )
    told = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/json")
    assert (told["code"], told["message"], type(told["serviceTime"])) == ("20001", "openReq", int)
    assert not DataRequest.objects.exists()


def test_nobody_asks_by_looking(client):
    answer = client.get(URL)
    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (200, "20001", "POST")


@pytest.mark.parametrize("failure", [OperationalError, InterfaceError])
def test_a_database_that_fails_is_told_as_a_failure_without_its_words(client, monkeypatch, failure):
    def down(**_: object) -> None:
        raise failure("connection to 10.0.0.5 refused")

    monkeypatch.setattr(data_asked, "keep", down)
    answer = ask(client)
    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (200, "20000", "later")
    assert b"10.0.0.5" not in answer.content


@pytest.mark.parametrize(
    ("caller", "code", "status"),
    [
        ("203.0.113.9", "10000", 200),
        ("2001:db8::7", "10000", 200),
        ("198.51.100.1", "20000", 403),
        ("nonsense", "20000", 403),
    ],
)
def test_only_the_networks_that_are_named_may_ask(client, settings, caller, code, status):
    settings.PORT_DATA_FROM = "203.0.113.0/24, 2001:db8::/32"
    answer = ask(client, headers={"X-Forwarded-For": f"203.0.113.1, {caller}"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert DataRequest.objects.exists() is (code == "10000")


def test_a_caller_above_the_limit_waits_and_others_do_not(client, monkeypatch):
    monkeypatch.setattr(doors, "asking", Buckets(per_second=0, burst=2))
    near = {"X-Forwarded-For": "203.0.113.9"}
    said = [ask(client, {**ASKED, "sessionID": str(n)}, headers=near) for n in range(3)]
    assert [one.status_code for one in said] == [200, 200, 429]
    assert said[2].json()["code"] == "20000"
    assert ask(client, headers={"X-Forwarded-For": "203.0.113.10"}).json()["code"] == "10000"
    assert DataRequest.objects.count() == 3


def test_in_a_crowd_from_everywhere_what_asks_for_a_payment_of_ours_is_kept_alone(client, monkeypatch):
    ours = make.payment(make.order(make.world().alice, ("HD-1", 1))).out_trade_no
    monkeypatch.setattr(doors, "everyone", Buckets(per_second=0, burst=2))
    monkeypatch.setattr(data_asked, "MOST_OF_ONE", 3)
    said = []
    for place, number in enumerate(["A", "B", "C", ours, ours, "D", ours, ours]):
        told = {**ASKED, "orderNo": number, "sessionID": str(place)}
        answer = ask(client, told, headers={"X-Forwarded-For": f"203.0.113.{place}"})
        said.append((answer.status_code, answer.json()["code"], answer.json()["message"]))
    assert set(said) == {(200, "10000", "")}
    kept = DataRequest.objects.order_by("id").values_list("number", flat=True)
    assert list(kept) == ["A", "B", ours, ours, ours]


def test_an_order_that_is_there_is_answered_as_one_that_is_not(client):
    payment = make.payment(make.order(make.world().alice, ("HD-1", 1)))
    said = []
    for number in (payment.out_trade_no, "0" * len(payment.out_trade_no)):
        with CaptureQueriesContext(connection) as asked:
            told = ask(client, {**ASKED, "orderNo": number, "sessionID": number}).json()
        said.append((told["code"], told["message"], statements(asked)))
    assert said[0] == said[1] == ("10000", "", ["INSERT"])


def test_a_good_that_was_for_sale_has_a_page_and_a_draft_has_none(client):
    world = make.world()
    product = world.dryer.product
    where = f"/customs/goods/{world.shop.code}/{product.code}"
    page = client.get(where)
    assert page.status_code == 200
    assert product.name_zh in page.content.decode()
    type(product).objects.filter(pk=product.pk).update(state="draft", published_at=None)
    assert client.get(where).status_code == 404
    assert client.get("/customs/goods/nobody/nothing").status_code == 404
