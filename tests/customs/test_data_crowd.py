"""Forged sessions crowd out no real one, cost little, and are nowhere told as what customs took."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from compliance.models import Access, Disclosure
from customs.gateways import data_upload
from customs.gateways.data_upload import HttpUpload, UnknownSession
from customs.models import DataRequest
from customs.services import data_asked, data_given
from customs.services.data_asked import Asked, give_again
from customs.services.filing import new_guid
from kernel.clock import shanghai_day
from kernel.gateways import Reply
from kernel.models import Case
from kernel.models import Event as Told
from tests import make
from tests.customs.asking import again, asked, books, enterprise, key, payment, taken
from tests.customs.test_data_not_given import unpaid
from tests.payments.declaring import go_on as pay_on
from tests.payments.declaring import paid

__all__ = ["enterprise", "key", "payment"]
pytestmark = pytest.mark.django_db(transaction=True)
LATER = timedelta(minutes=10)


def forged(number: str, times: int, at) -> list[DataRequest]:
    """Sessions that the port never opened, the oldest first."""
    sessions = [new_guid() for _ in range(times)]
    for session in sessions:
        data_asked.keep(asked=Asked(session, number, 1), now=at)
    return list(DataRequest.objects.filter(session__in=sessions).order_by("id"))


def states(rows: list[DataRequest]) -> Counter:
    return Counter((again(row).state, row.trouble) for row in rows)


def test_of_sixty_forged_sessions_five_are_tried_and_the_real_one_goes_first(wechat, payment, live_server):
    now = make.present()
    crowd = forged(payment.out_trade_no, 60, now - timedelta(seconds=30))
    (real,) = asked(wechat, payment.out_trade_no, live_server)
    now = make.present()
    assert [data_given.sweep(now=now) for _ in range(2)] == [1, 0]
    assert again(real).state == "given"
    assert [one["code"] for one in books(wechat)["uploads"]] == ["10000"] + ["20003"] * 5
    assert states(crowd[:55]) == {("asked", ""): 55}
    assert states(crowd[55:]) == {("refused", "session_unknown"): 5}
    assert {(row.code, row.next_try_at, row.tries) for row in crowd[55:]} == {("20003", None, 1)}
    assert Counter(Disclosure.objects.values_list("purpose", flat=True))["customs_inquiry"] == 1
    assert Counter(Disclosure.objects.values_list("purpose", flat=True))["customs_inquiry_sent"] == 6
    purpose = "give customs the payment data that it asked for"
    assert Access.objects.filter(purpose=purpose).count() == 12
    cases = {one.kind: (one.key, one.seen, one.facts) for one in Case.objects.filter(state="open")}
    number, day = payment.out_trade_no, shanghai_day(now)
    assert cases == {
        "data_request.disowned": (
            f"data_request:{payment.storefront_id}:{day}",
            5,
            {"order": number, "session": crowd[59].session, "customs_code": "20003"},
        ),
        "data_request.crowded": (f"data_request:{number}:{day}", 1, {"order": number, "waiting": 55}),
    }


def test_then_one_goes_every_ten_minutes_and_it_is_the_newest(wechat, payment, live_server):
    crowd = forged(payment.out_trade_no, 7, make.present())
    now = make.present()
    data_given.sweep(now=now)
    assert states(crowd) == {("asked", ""): 2, ("refused", "session_unknown"): 5}
    (real,) = asked(wechat, payment.out_trade_no, live_server)
    assert data_given.sweep(now=now + LATER - timedelta(seconds=1)) == 0
    assert (again(real).state, real.storefront_id) == ("asked", payment.storefront_id)
    assert data_given.sweep(now=now + LATER) == 1
    assert again(real).state == "given"
    assert states(crowd)["refused", "session_unknown"] == 6
    assert data_given.sweep(now=now + LATER) == 0
    assert states(crowd[:1]) == {("asked", ""): 1}


def test_another_order_goes_before_more_of_the_same(wechat, world, payment, live_server):
    other = paid(wechat, world, ("IR-1", 1))
    pay_on(2)
    forged(payment.out_trade_no, 4, make.present() - timedelta(minutes=1))
    (real,) = asked(wechat, other.out_trade_no, live_server)
    assert data_given.sweep(now=make.present()) == 1
    assert [one["sessionID"] for one in books(wechat)["uploads"]].index(real.session) == 1


def test_what_waits_goes_at_once_where_a_person_sends_it(wechat, payment, live_server):
    (real,) = asked(wechat, payment.out_trade_no, live_server)
    forged(payment.out_trade_no, 5, make.present())
    now = make.present()
    assert data_given.sweep(now=now) == 0
    give_again(request=again(real), by="owner", now=now + timedelta(seconds=1))
    assert data_given.sweep(now=now + timedelta(seconds=1)) == 1
    assert taken(wechat) == [real.session]
    assert Told.objects.get(key=real.event_key, name="data_request.asked").facts["by"] == "owner"


def test_what_waited_a_week_behind_others_ends_unsigned(wechat, payment):
    crowd = forged(payment.out_trade_no, 6, make.present())
    now = make.present() + timedelta(days=7, seconds=1)
    data_given.sweep(now=now)
    assert states(crowd) == {("refused", "crowd"): 1, ("refused", "session_unknown"): 5}
    assert (crowd[0].made_at, crowd[0].tries, crowd[0].storefront_id) == (None, 0, payment.storefront_id)
    assert len(books(wechat)["uploads"]) == 5


def test_what_a_port_does_not_take_makes_room_for_the_rest_once_it_does(wechat, payment, live_server):
    rows = asked(wechat, payment.out_trade_no, live_server, times=8)
    now = make.present()
    wechat.control("switches", call="port_upload", mode="error", code="20000", times=5)
    assert data_given.sweep(now=now) == 0
    assert states(rows) == {("failing", "not_taken"): 5, ("asked", ""): 3}
    assert data_given.sweep(now=now + timedelta(seconds=15)) == 8
    assert sorted(taken(wechat)) == sorted(row.session for row in rows)


def test_an_order_that_cannot_be_given_is_one_case_in_however_many_sessions(wechat, payment, world):
    rows = forged(unpaid(payment, world), 4, make.present())
    data_given.sweep(now=make.present())
    assert states(rows) == {("refused", "unpaid"): 4}
    case = Case.objects.get(state="open")
    assert (case.kind, case.key, case.seen) == ("data_request.refused", rows[3].event_key, 4)


@pytest.mark.parametrize(
    ("code", "message", "known"),
    [
        ("20003", "sessionID不存在", False),
        ("20999", "上传失败，会话已失效", False),
        ("21000", "Unknown SESSION", False),
        ("20004", "验签失败，证书无效", True),
        ("20002", "sessionID不能为空", True),
        ("20000", "sessionID不存在", True),
        ("21001", "sessionID不存在", True),
        ("10000", "上传成功", True),
    ],
)
def test_customs_says_in_words_that_it_did_not_ask(monkeypatch, code, message, known):
    body = f'{{"code":"{code}","message":"{message}"}}'.encode()
    monkeypatch.setattr(data_upload.Gateway, "call", lambda *_, **__: Reply(200, {}, body))
    upload = HttpUpload("https://customs.chinaport.gov.cn")
    if known:
        assert upload.give("{}") == code
    else:
        with pytest.raises(UnknownSession) as told:
            upload.give("{}")
        assert told.value.code == code
