"""Refunds at WeChat Pay: one number each, read strictly, and a card that WeChat alone can read."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1

from tests.wechat.conftest import CERT_SERIAL, PUBLIC_KEY_ID
from tests.wechat.test_pay_notifications import NOW, outer
from wechat.credentials import Merchant, PlatformKey
from wechat.errors import Malformed, NotEnough, OutcomeUnknown, RateLimited, Rejected, ResourceNotExist
from wechat.pay.client import PayClient
from wechat.pay.notifications import parse
from wechat.pay.refunds import BankCard, RefundReport, apply_abnormal, create, query, reason_text
from wechat.pay.sealing import seal, sealing_key

ANSWER = {
    "refund_id": "50000000382019052709732678859",
    "out_refund_no": "R26030100001",
    "transaction_id": "4200000985202103031441826014",
    "out_trade_no": "P26030100001",
    "channel": "ORIGINAL",
    "user_received_account": "招商银行信用卡0403",
    "create_time": "2026-03-01T12:05:06+08:00",
    "status": "PROCESSING",
    "amount": {"total": 12345, "refund": 2345, "currency": "CNY"},
    "a_member_of_next_year": {},
}
NOTICE = {
    "mchid": "1900000109",
    **{n: ANSWER[n] for n in ("refund_id", "out_refund_no", "transaction_id", "out_trade_no")},
    "refund_status": "SUCCESS",
    "success_time": "2026-03-01T12:06:06+08:00",
    "user_received_account": "招商银行信用卡0403",
    "amount": {"total": 12345, "refund": 2345, "payer_total": 12345, "payer_refund": 2345},
}
ASKED = {
    "out_trade_no": "P26030100001",
    "out_refund_no": "R26030100001",
    "refund_fen": 2345,
    "total_fen": 12345,
    "reason": "少发一件 🙂",
    "notify_url": "https://shop.example.com/pay",
}
CARD = BankCard("ICBC_DEBIT", "6222020200112233", "王爱丽")


@pytest.fixture
def client(server, merchant):
    return PayClient(merchant, server.url)


@pytest.fixture
def answers(server, platform):
    def give(status, content, **sign):
        body = json.dumps(content).encode()
        server.answer = lambda seen: (status, platform.sign(body, **sign), body)

    return give


def test_a_refund_is_asked_for_and_read(client, server, answers):
    answers(200, ANSWER)
    report = create(client, **ASKED)
    assert (report.status, report.refund_fen, report.total_fen) == ("PROCESSING", 2345, 12345)
    assert (report.refund_id, report.success_time, report.mchid) == (ANSWER["refund_id"], None, None)
    assert "招商" not in repr(report)
    seen = server.seen[0]
    assert (seen.method, seen.path) == ("POST", "/v3/refund/domestic/refunds")
    assert json.loads(seen.body) == {
        "out_trade_no": "P26030100001",
        "out_refund_no": "R26030100001",
        "reason": "少发一件",  # v3 takes no emoji
        "notify_url": "https://shop.example.com/pay",
        "amount": {"refund": 2345, "total": 12345, "currency": "CNY"},
    }


def test_a_refund_is_queried_by_its_number(client, server, answers):
    answers(200, ANSWER | {"status": "SUCCESS", "success_time": "2026-03-01T12:06:06+08:00"})
    report = query(client, "R26030100001")
    assert report.success_time.isoformat() == "2026-03-01T12:06:06+08:00"
    assert server.seen[0].path == "/v3/refund/domestic/refunds/R26030100001"


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "NOT_ENOUGH", NotEnough),
        (429, "FREQUENCY_LIMITED", RateLimited),
        (429, "RATELIMIT_EXCEEDED", RateLimited),
        (404, "RESOURCE_NOT_EXISTS", ResourceNotExist),
        (400, "INVALID_REQUEST", Rejected),
        (403, "USER_ACCOUNT_ABNORMAL", Rejected),
        (500, "SYSTEM_ERROR", OutcomeUnknown),
        (400, "SOMETHING_NEW", OutcomeUnknown),
    ],
)
def test_each_refusal_says_whether_to_stop_or_to_try_again(client, answers, status, code, error):
    answers(status, {"code": code, "message": "余额不足"})
    with pytest.raises(error) as caught:
        create(client, **ASKED)
    assert type(caught.value) is error
    assert (caught.value.call, caught.value.wechat_code) == ("refund", code)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"refund_id": None},
        {"status": ""},
        {"amount": {"total": 12345}},
        {"amount": {"total": 12345, "refund": "2345"}},
        {"amount": {"total": 12345, "refund": 23.45}},
        {"success_time": "yesterday"},
        {"out_refund_no": "R-of-another"},
    ],
)
def test_an_answer_that_cannot_be_read_is_an_unknown_outcome(client, answers, spoilt):
    answers(200, ANSWER | spoilt)
    with pytest.raises(OutcomeUnknown):
        query(client, "R26030100001")


@pytest.mark.parametrize("wrong", [{"refund_fen": 12346}, {"refund_fen": 0}, {"reason": "🙂"}])
def test_what_wechat_could_never_accept_does_not_leave(client, server, wrong):
    with pytest.raises(ValueError, match="refund"):
        create(client, **ASKED | wrong)
    assert server.seen == []


def test_a_reason_is_cut_to_what_wechat_shows():
    assert len(reason_text("退" * 90)) == 80


@pytest.mark.parametrize("event", ["REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"])
def test_a_notification_of_a_refund_is_read_with_its_merchant(platform, merchant, event):
    status = event.removeprefix("REFUND.")
    body = outer(event_type=event, resource=platform.seal(NOTICE | {"refund_status": status}))
    report = parse(platform.sign(body, at=NOW), body, merchant, NOW).resource
    assert isinstance(report, RefundReport)
    assert (report.status, report.mchid, report.refund_fen) == (status, "1900000109", 2345)
    assert report.currency is None


@pytest.mark.parametrize("missing", ["mchid", "refund_status", "refund_id", "amount"])
def test_a_notification_with_a_hole_is_malformed(platform, merchant, missing):
    plain = {name: value for name, value in NOTICE.items() if name != missing}
    body = outer(event_type="REFUND.SUCCESS", resource=platform.seal(plain | {"status": "SUCCESS"}))
    with pytest.raises(Malformed):
        parse(platform.sign(body, at=NOW), body, merchant, NOW)


@pytest.mark.parametrize("name", ["refund_id", "out_refund_no"])
def test_a_number_longer_than_any_refund_has_is_malformed(name):
    assert getattr(RefundReport.from_answer(ANSWER | {name: "9" * 64}), name) == "9" * 64
    with pytest.raises(Malformed) as caught:
        RefundReport.from_answer(ANSWER | {name: "9" * 65})
    assert caught.value.where == name


@pytest.mark.parametrize(
    ("told", "channel"),
    [
        ("OTHER_BANKCARD_INTERNATIONAL", "OTHER_BANKCARD_INTERNATIONAL"),
        ("Z" * 200, "Z" * 64),
        ("A\x00\ud800B", "AB"),
        (None, ""),
        (7, ""),
    ],
)
def test_no_word_for_the_channel_stands_in_the_way_of_a_refund(told, channel):
    assert RefundReport.from_answer(ANSWER | {"channel": told}).channel == channel


def test_a_consumers_card_leaves_encrypted_to_wechats_public_key(client, server, answers, platform):
    answers(200, ANSWER)
    apply_abnormal(client, out_refund_no="R26030100001", refund_id=ANSWER["refund_id"], card=CARD)
    seen = server.seen[0]
    assert seen.path == f"/v3/refund/domestic/refunds/{ANSWER['refund_id']}/apply-abnormal-refund"
    assert seen.headers["Wechatpay-Serial"] == PUBLIC_KEY_ID
    told = json.loads(seen.body)
    padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
    for member, plain in (("bank_account", CARD.account), ("real_name", CARD.name)):
        assert platform.public_key.decrypt(base64.b64decode(told[member]), padding).decode() == plain
    assert (told["type"], told["bank_type"]) == ("USER_BANK_CARD", "ICBC_DEBIT")
    assert CARD.account not in repr(CARD)
    assert CARD.name not in repr(CARD)


def test_the_merchants_own_card_needs_no_data(client, server, answers):
    answers(200, ANSWER)
    apply_abnormal(client, out_refund_no="R26030100001", refund_id=ANSWER["refund_id"], card=None)
    assert json.loads(server.seen[0].body) == {"out_refund_no": "R26030100001", "type": "MERCHANT_BANK_CARD"}


def test_without_a_public_key_the_certificate_is_encrypted_to_and_named(server, answers, merchant):
    certificates = tuple(key for key in merchant.platform_keys if not key.is_public_key)
    fields = {name: getattr(merchant, name) for name in ("mchid", "serial_no", "private_key", "apiv3_key")}
    old = Merchant(**fields, platform_keys=certificates)
    assert sealing_key(old, datetime.now(UTC)).serial == CERT_SERIAL
    answers(200, ANSWER, serial=CERT_SERIAL)
    apply_abnormal(
        PayClient(old, server.url), out_refund_no="R26030100001", refund_id=ANSWER["refund_id"], card=CARD
    )
    assert server.seen[0].headers["Wechatpay-Serial"] == CERT_SERIAL


def test_a_text_too_long_for_the_key_is_not_sealed(merchant):
    with pytest.raises(ValueError, match="214"):
        seal(sealing_key(merchant, datetime.now(UTC)), "名" * 72)


def test_of_several_certificates_the_one_that_lasts_longest_is_encrypted_to_and_no_expired_one(merchant):
    at, day = datetime.now(UTC), timedelta(days=1)
    public = merchant.platform_keys[0].public_key
    ends = {"A1": at + day, "B2": at + 9 * day, "C3": at + 3 * day, "D4": at}
    keys = tuple(PlatformKey(serial, public, None, end) for serial, end in ends.items())
    assert sealing_key(replace(merchant, platform_keys=keys), at).serial == "B2"
    with pytest.raises(ValueError, match="no key"):
        sealing_key(replace(merchant, platform_keys=keys[3:]), at)
