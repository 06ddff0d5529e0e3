"""Both families of the customs declaration behind one interface: the same tests, against the sandbox."""

import hashlib
import secrets
import time
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from tests.stand_in import running
from wechat.credentials import Merchant, PlatformKey
from wechat.errors import CustomsNumberUnknown, NoPermission, OutcomeUnknown, RateLimited, Rejected
from wechat.pay.client import PayClient
from wechat.pay.customs import Match, Piece, State
from wechat.pay.customs_v2 import CustomsV2, read, sign, write
from wechat.pay.customs_v3 import CustomsV3
from wechat.pay.refunds import create
from wechat.pay.sealing import Named, Padding

ALICE = Named("11010519491231002x", "王爱丽")
BOB = Named("310115199001010010", "李宝宝")
OPENID = "oSomeoneOrOther"
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    with running(tmp_path_factory.mktemp("customs")) as stand_in:
        yield stand_in


@pytest.fixture
def sandbox(process):
    process.control("reset")
    return process


@pytest.fixture
def shop(sandbox):
    return sandbox.world["storefronts"][0]


@pytest.fixture
def pay(sandbox, shop):
    platform = sandbox.world["platform"]
    certificate = load_pem_x509_certificate(platform["cert_pem"].encode()).public_key()
    public = load_pem_public_key(platform["public_key_pem"].encode())
    return PayClient(
        Merchant(
            mchid=shop["mchid"],
            serial_no=shop["merchant_serial"],
            private_key=load_pem_private_key(shop["merchant_private_key_pem"].encode(), None),
            apiv3_key=shop["apiv3_key"].encode(),
            platform_keys=(
                PlatformKey(platform["cert_serial"], certificate),
                PlatformKey(platform["public_key_id"], public),
            ),
        ),
        sandbox.url,
    )


@pytest.fixture
def v2(sandbox, shop):
    return CustomsV2(mchid=shop["mchid"], key=shop["v2_key"], base_url=sandbox.url)


@pytest.fixture
def v3(pay):
    return CustomsV3(pay, root="/v3/global/customs")


@pytest.fixture(params=["v2", "v3"])
def customs(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def piece(sandbox, shop, pay):
    """A payment of 123.45 yuan."""
    number = "T" + secrets.token_hex(10)
    pay.prepay_jsapi(
        appid=shop["appid"],
        openid=OPENID,
        out_trade_no=number,
        description="咖啡豆",
        total_fen=12345,
        notify_url="http://127.0.0.1:9/nobody",
    )
    paid = sandbox.control("pay", out_trade_no=number)
    return of(shop, number, paid["transaction_id"])


def of(shop, number, transaction, **changed):
    facts = {
        "appid": shop["appid"],
        "out_trade_no": number,
        "transaction_id": transaction,
        "port": "NINGBO",
        "customs_number": "3105961A12",
        "order_fen": 12345,
        "transport_fen": 1000,
        "product_fen": 11345,
        "duty_fen": 99,
    }
    return Piece(**facts | changed)


def like(piece, **changed):
    return of({"appid": piece.appid}, piece.out_trade_no, piece.transaction_id, **changed)


def becomes(customs, piece, state):
    limit = time.monotonic() + 5
    while (found := customs.query(piece)).state != state:
        assert time.monotonic() < limit, f"it never became {state}"
        time.sleep(0.01)
    return found


def test_a_payment_is_declared_and_what_customs_will_ask_for_comes_with_it(customs, piece):
    assert customs.query(piece) is None
    told = customs.declare(piece, None)
    assert told.state == State.SUBMITTED
    found = becomes(customs, piece, State.SUCCESS)
    assert (found.order_fen, found.explanation) == (12345, "")
    assert found.department in ("UNIONPAY", "NETSUNION", "OTHERS")
    assert (found.department, found.department_number) == (told.department, told.department_number)
    assert abs((datetime.now(UTC) - found.modified_at).total_seconds()) < 60


def test_what_was_refunded_is_taken_out_by_an_amendment(customs, pay, piece):
    customs.declare(piece, None)
    becomes(customs, piece, State.SUCCESS)
    create(
        pay,
        out_trade_no=piece.out_trade_no,
        out_refund_no="R" + secrets.token_hex(8),
        refund_fen=2345,
        total_fen=12345,
        reason="少发一件",
        notify_url="http://127.0.0.1:9/nobody",
    )
    with pytest.raises(Rejected) as too_much:
        customs.amend(piece, None)
    assert too_much.value.wechat_code == "PARAM_ERROR"
    less = like(piece, order_fen=10000, product_fen=9000)
    assert customs.amend(less, None).state == State.SUBMITTED
    assert becomes(customs, less, State.SUCCESS).order_fen == 10000


@pytest.mark.parametrize(("mode", "state"), [("fail", State.FAIL), ("except", State.EXCEPT)])
def test_customs_no_and_a_broken_interface_are_told_apart(customs, sandbox, piece, mode, state):
    sandbox.control("switches", call="customs_outcome", mode=mode)
    customs.declare(piece, None)
    assert becomes(customs, piece, state).explanation.startswith("海关")
    if state == State.EXCEPT:
        assert customs.redeclare(piece).state == State.SUBMITTED
        becomes(customs, piece, State.SUCCESS)
    else:
        with pytest.raises(Rejected):
            customs.redeclare(piece)


def test_a_number_unknown_at_the_port_has_its_own_error(customs, sandbox, shop, piece):
    sandbox.control("customs", mchid=shop["mchid"], customs="NINGBO", merchant_customs_no="OTHER")
    with pytest.raises(CustomsNumberUnknown) as caught:
        customs.declare(piece, None)
    assert caught.value.wechat_code == "INVALID_REQUEST"


@pytest.mark.parametrize("mode", ["500_before", "500_after", "wrong_signature", "unsigned", "signtest"])
def test_doubt_is_an_unknown_outcome_and_a_query_tells(customs, sandbox, piece, mode):
    sandbox.control("switches", call="customs_declare", mode=mode)
    with pytest.raises(OutcomeUnknown):
        customs.declare(piece, None)
    executed = mode != "500_before"
    assert (customs.query(piece) is not None) is executed
    assert customs.declare(piece, None).state in (State.SUBMITTED, State.PROCESSING, State.SUCCESS)


@pytest.mark.parametrize(
    ("code", "error"),
    [("FREQUENCY_LIMITED", RateLimited), ("PARAM_ERROR", Rejected), ("NEXT_YEARS_CODE", OutcomeUnknown)],
)
def test_a_refusal_becomes_its_one_class(customs, sandbox, piece, code, error):
    sandbox.control("switches", call="customs_query", mode="error", code=code)
    with pytest.raises(error):
        customs.query(piece)


def test_the_xml_family_names_the_person_with_the_declaration(v2, sandbox, piece):
    sandbox.control("payer", openid=OPENID, number=ALICE.number.upper(), name=ALICE.name)
    assert v2.declare(piece, None).match is None
    assert v2.amend(piece, BOB).match == Match.DIFFERENT
    assert v2.amend(piece, ALICE).match == Match.SAME
    assert becomes(v2, piece, State.SUCCESS).match == Match.SAME


@pytest.mark.parametrize("padding", list(Padding))
def test_the_v3_family_asks_about_the_person_by_a_call_of_its_own(pay, sandbox, piece, padding):
    v3 = CustomsV3(pay, root="/v3/global/customs", padding=padding)
    sandbox.control("permission", padding=padding.value)
    sandbox.control("payer", openid=OPENID, number=ALICE.number.upper(), name=ALICE.name)
    v3.declare(piece, None)
    assert [v3.match(piece, who) for who in (ALICE, BOB)] == [Match.SAME, Match.DIFFERENT]


def test_the_other_padding_is_refused_not_taken_for_another_person(v3, sandbox, piece):
    v3.declare(piece, None)
    sandbox.control("permission", padding="OAEP")
    with pytest.raises(Rejected):
        v3.match(piece, ALICE)


def test_the_only_payer_is_named_on_the_prepay_where_the_merchant_may(pay, sandbox, shop):
    terms = {
        "appid": shop["appid"],
        "openid": OPENID,
        "out_trade_no": "T" + secrets.token_hex(10),
        "description": "咖啡豆",
        "total_fen": 12345,
        "notify_url": "http://127.0.0.1:9/nobody",
        "payer": ALICE,
    }
    with pytest.raises(NoPermission):
        pay.prepay_jsapi(**terms)
    sandbox.control("permission", mchid=shop["mchid"], payer_identity=True)
    first, again = pay.prepay_jsapi(**terms), pay.prepay_jsapi(**terms)
    assert first.startswith("wx") and again.startswith("wx")
    with pytest.raises(Rejected):  # another person is another order
        pay.prepay_jsapi(**terms | {"payer": BOB})


@pytest.mark.parametrize(
    "changed",
    [
        {"order_fen": 12346},
        {"order_fen": 0, "transport_fen": 0, "product_fen": 0},
        {"duty_fen": -1},
        {"port": "宁波"},
        {"customs_number": ""},
    ],
)
def test_what_no_one_could_declare_is_never_sent(changed):
    with pytest.raises(ValueError, match=r"declaration|order_fee"):
        of({"appid": "wx1"}, "T1", "4200", **changed)


def test_no_person_shows_in_a_repr():
    assert repr(ALICE) == "Named()"


# Bytes that only look like an answer.

GOOD = {"return_code": "SUCCESS", "result_code": "SUCCESS", "mch_id": "1", "state": "SUCCESS"}


def answered(server, body):
    server.answer = lambda seen: (200, {}, body)
    return CustomsV2(mchid="1", key=KEY, base_url=server.url)


def test_the_xml_is_signed_over_what_is_not_empty_in_the_order_of_names(server):
    body = write(GOOD | {"sign": sign(GOOD, KEY)})
    assert answered(server, body).redeclare(of({"appid": "wx1"}, "T1", "4200")).state == State.SUCCESS
    sent = read(server.seen[-1].body)
    fields = {name: value for name, value in sent.items() if name != "sign"}
    told = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    assert sent["sign"] == hashlib.md5(f"{told}&key={KEY}".encode()).hexdigest().upper()
    assert (sent["mch_id"], sent["mch_customs_no"], sent["customs"]) == ("1", "3105961A12", "NINGBO")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b'{"state": "SUCCESS"}',
        write(GOOD),
        write(GOOD | {"sign": sign(GOOD, "another key")}),
        write(GOOD | {"sign": "签名"}),
        write({**GOOD, "mch_id": "2"} | {"sign": sign({**GOOD, "mch_id": "2"}, KEY)}),
        write({**GOOD, "state": "NEW"} | {"sign": sign({**GOOD, "state": "NEW"}, KEY)}),
        write(GOOD | {"sign": sign(GOOD, KEY)}).replace(b"<xml>", b"<xml><state>FAIL</state>"),
    ],
)
def test_what_wechat_did_not_sign_is_an_unknown_outcome(server, body):
    with pytest.raises(OutcomeUnknown):
        answered(server, body).redeclare(of({"appid": "wx1"}, "T1", "4200"))


def test_entities_and_external_documents_are_never_opened(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the machine")
    inside = f'<!DOCTYPE xml [<!ENTITY e SYSTEM "file://{secret}">]><xml><state>&e;</state></xml>'
    lol = '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><state>&b;</state></xml>'
    assert [read(text.encode()) for text in (inside, lol)] == [None, None]
    assert read(b"<xml><a><b>1</b></a></xml>") is None
    assert read(b"<xml><a>1</a><a>2</a></xml>") is None
    assert read("<xml><name><![CDATA[王 & 李]]></name></xml>".encode()) == {"name": "王 & 李"}
