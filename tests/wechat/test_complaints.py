"""A complaint is read strictly, and what is said in answer leaves only in a form WeChat can take."""

import base64
import json
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.hashes import SHA1

from tests.wechat.test_pay_notifications import NOW, outer
from wechat.errors import Malformed, OutcomeUnknown, RateLimited, Rejected, ResourceNotExist, Undecryptable
from wechat.pay import complaints
from wechat.pay.client import PayClient
from wechat.pay.complaints import ComplaintReport, Decision, Told
from wechat.pay.notifications import parse

ID = "200201820200101080076610000"
ANSWER = {
    "complaint_id": ID,
    "complaint_time": "2026-03-01T12:05:06+08:00",
    "complaint_detail": "反馈一个重复扣费的问题" * 20,
    "complaint_state": "PENDING",
    "complainted_mchid": "1900000109",
    "payer_phone": "A" * 344,
    "payer_openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "complaint_order_info": [
        {"transaction_id": "4200000404201909069117582536", "out_trade_no": "P26030100001", "amount": 12345}
    ],
    "complaint_full_refunded": False,
    "incoming_user_response": True,
    "user_complaint_times": 2,
    "problem_description": "不满意商家服务",
    "problem_type": "REFUND",
    "apply_refund_amount": 2345,
    "a_member_of_next_year": [],
}


@pytest.fixture
def client(server, merchant):
    return PayClient(merchant, server.url)


@pytest.fixture
def answers(server, platform):
    def give(status, content=None, **sign):
        body = b"" if content is None else json.dumps(content).encode()
        server.answer = lambda seen: (status, platform.sign(body, **sign), body)

    return give


def test_a_complaint_is_read_and_shows_nothing_of_the_consumer(client, server, answers):
    answers(200, ANSWER)
    found = complaints.detail(client, ID)
    assert (found.state, found.out_trade_no, found.amount_fen, found.wished_fen) == (
        "PENDING",
        "P26030100001",
        12345,
        2345,
    )
    assert (found.times, found.waits_for_answer, found.full_refunded) == (2, True, False)
    assert found.complained_at.isoformat() == "2026-03-01T12:05:06+08:00"
    assert "反馈" not in repr(found)
    assert "AAAA" not in repr(found)
    assert server.seen[0].path == f"/v3/merchant-service/complaints-v2/{ID}"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"complaint_id": "another"},
        {"complaint_id": None},
        {"complaint_time": None},
        {"complaint_time": "yesterday"},
        {"complaint_state": 1},
        {"complaint_order_info": {"amount": 1}},
        {"complaint_order_info": ["x"]},
        {"apply_refund_amount": "2345"},
        {"complaint_detail": "x" * 5000},
        {"complaint_detail": "\ud800"},
        {"incoming_user_response": "yes"},
    ],
)
def test_an_answer_that_cannot_be_read_is_an_unknown_outcome(client, answers, spoilt):
    answers(200, ANSWER | spoilt)
    with pytest.raises(OutcomeUnknown):
        complaints.detail(client, ID)


def test_a_complaint_may_name_no_payment_and_a_state_of_next_year(answers, client):
    answers(200, ANSWER | {"complaint_order_info": None, "complaint_state": "FROZEN"})
    found = complaints.detail(client, ID)
    assert (found.state, found.out_trade_no, found.amount_fen) == ("FROZEN", "", None)


def test_a_complaint_taken_up_again_beyond_all_sense_is_counted_to_a_thousand():
    assert ComplaintReport.from_dict(ANSWER | {"user_complaint_times": 10**12}).times == 1000


def test_a_number_longer_than_any_complaint_has_is_malformed():
    for read in (ComplaintReport.from_dict, Told.from_notification):
        assert read(ANSWER | {"complaint_id": "9" * 64}).complaint_id == "9" * 64
        with pytest.raises(Malformed):
            read(ANSWER | {"complaint_id": "9" * 65})


def test_one_that_cannot_be_read_hides_none_of_the_others(client, server, answers):
    bad = [
        ANSWER | {"complaint_id": "B", "complaint_time": 1},
        {"complaint_state": "PENDING"},
        {"complaint_id": "\ud800"},
    ]
    answers(200, {"data": [bad[0], ANSWER, *bad[1:]], "limit": 50, "offset": 0, "total_count": 4})
    page = complaints.listed(client, first=date(2026, 2, 1), last=date(2026, 3, 2))
    assert [one.complaint_id for one in page.reports] == [ID]
    assert (page.unreadable, page.total) == (("B", "", ""), 4)
    assert server.seen[0].path == (
        "/v3/merchant-service/complaints-v2?limit=50&offset=0&begin_date=2026-02-01&end_date=2026-03-02"
        "&complainted_mchid=1900000109"
    )


@pytest.mark.parametrize("last", [date(2026, 3, 3), date(2026, 1, 31)])
def test_no_list_is_asked_over_more_than_thirty_days_or_backwards(client, server, last):
    with pytest.raises(ValueError, match="1 to 30 days"):
        complaints.listed(client, first=date(2026, 2, 1), last=last)
    assert server.seen == []


def test_a_list_without_its_total_is_an_unknown_outcome(client, answers):
    answers(200, {"data": []})
    with pytest.raises(OutcomeUnknown):
        complaints.listed(client, first=date(2026, 2, 1), last=date(2026, 2, 1))


def test_the_history_tells_who_said_what_and_when(client, server, answers):
    row = {
        "log_id": "300285320210322170000071077",
        "operator": "商家",
        "operate_time": "2026-03-01T12:05:06+08:00",
        "operate_type": "MERCHANT_RESPONSE",
        "operate_details": "已与用户电话沟通解决",
    }
    answers(200, {"data": [row], "total_count": 1})
    (step,) = complaints.history(client, ID)
    assert (step.kind, step.detail) == ("MERCHANT_RESPONSE", "已与用户电话沟通解决")
    assert "沟通" not in repr(step)
    assert server.seen[0].path.endswith(f"/{ID}/negotiation-historys?limit=300&offset=0")
    answers(200, {"data": [row | {"operate_time": "soon"}]})
    with pytest.raises(OutcomeUnknown):
        complaints.history(client, ID)


@pytest.mark.parametrize(
    ("act", "path", "body"),
    [
        (
            lambda client: complaints.respond(client, ID, "已退款 🙂", ("m1",)),
            "response",
            {"complainted_mchid": "1900000109", "response_content": "已退款", "response_images": ["m1"]},
        ),
        (
            lambda client: complaints.decide_refund(client, ID, Decision.APPROVE, days=3),
            "update-refund-progress",
            {"action": "APPROVE", "launch_refund_day": 3},
        ),
        (
            lambda client: complaints.decide_refund(client, ID, Decision.REJECT, reason="商品无误"),
            "update-refund-progress",
            {"action": "REJECT", "reject_reason": "商品无误"},
        ),
        (lambda client: complaints.complete(client, ID), "complete", {"complainted_mchid": "1900000109"}),
    ],
)
def test_what_is_said_leaves_as_wechat_wants_it(client, server, answers, act, path, body):
    answers(204)
    act(client)
    seen = server.seen[0]
    assert (seen.method, seen.path) == ("POST", f"/v3/merchant-service/complaints-v2/{ID}/{path}")
    assert json.loads(seen.body) == body


@pytest.mark.parametrize(
    "act",
    [
        lambda client: complaints.respond(client, ID, "长" * 201),
        lambda client: complaints.respond(client, ID, "🙂"),
        lambda client: complaints.respond(client, ID, "好", ("a",) * 5),
        lambda client: complaints.decide_refund(client, ID, Decision.APPROVE, days=-1),
        lambda client: complaints.decide_refund(client, ID, Decision.REJECT),
        lambda client: complaints.detail(client, "x" * 65),
    ],
)
def test_what_wechat_could_never_take_does_not_leave(client, server, act):
    with pytest.raises(ValueError, match=r"characters|images|today"):
        act(client)
    assert server.seen == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "RESOURCE_NOT_EXISTS", ResourceNotExist),
        (400, "INVALID_REQUEST", Rejected),
        (429, "FREQUENCY_LIMITED", RateLimited),
        (500, "SYSTEM_ERROR", OutcomeUnknown),
        (400, "SOMETHING_NEW", OutcomeUnknown),
    ],
)
def test_each_refusal_says_whether_to_stop_or_to_ask_again(client, answers, status, code, error):
    answers(status, {"code": code, "message": "投诉单"})
    with pytest.raises(error) as caught:
        complaints.respond(client, ID, "好的")
    assert type(caught.value) is error


def test_the_address_of_notifications_is_set_changed_and_read(client, server, answers):
    url = "https://shop.example.com/pay/wechat/1900000109"
    answers(200, {"mchid": "1900000109", "url": url})
    assert complaints.tell_there(client, url) == url
    assert complaints.tell_there(client, url, again=True) == url
    assert complaints.told_where(client) == url
    assert [seen.method for seen in server.seen] == ["POST", "PUT", "GET"]
    answers(200, {"mchid": "1900000109"})
    with pytest.raises(OutcomeUnknown):
        complaints.told_where(client)


def test_the_telephone_opens_under_the_merchants_key_alone(merchant, platform):
    padding = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
    sealed = base64.b64encode(merchant.private_key.public_key().encrypt(b"13800138000", padding)).decode()
    assert complaints.open_phone(merchant, sealed) == "13800138000"
    for spoilt in ("", "no base64!", base64.b64encode(b"x" * 256).decode()):
        with pytest.raises(Undecryptable):
            complaints.open_phone(merchant, spoilt)


@pytest.mark.parametrize("event", ["COMPLAINT.CREATE", "COMPLAINT.STATE_CHANGE"])
def test_a_notification_only_tells_that_something_happened(platform, merchant, event):
    for action in ({"action_type": "CREATE_COMPLAINT"}, {"action_type": "OF_NEXT_YEAR"}, {}):
        body = outer(event_type=event, resource=platform.seal({"complaint_id": ID} | action))
        told = parse(platform.sign(body, at=NOW), body, merchant, NOW).resource
        assert told == Told(ID, action.get("action_type", ""))


def test_a_notification_without_its_complaint_is_malformed(platform, merchant):
    body = outer(event_type="COMPLAINT.CREATE", resource=platform.seal({"action_type": "X"}))
    with pytest.raises(Malformed):
        parse(platform.sign(body, at=NOW), body, merchant, NOW)


def test_a_report_is_read_from_the_list_as_from_the_detail():
    assert ComplaintReport.from_dict(ANSWER).transaction_id == "4200000404201909069117582536"
