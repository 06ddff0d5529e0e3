"""The sandbox declares payments to customs in both families: states, refusals, payers, switches."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1
from lxml import etree

from tests.sandbox.conftest import wait_until

ROOT = "/v3/global/customs"
NUMBER, NAME = "11010519491231002X", "王爱丽"
FEES = {"fee_type": "CNY", "order_fee": 12345, "transport_fee": 1000, "product_fee": 11345, "duty": 99}


@pytest.fixture
def paid(maison, play):
    """An order of 123.45 yuan that was paid, as both families name it."""
    order = maison.order()
    maison.prepay(order)
    told = play("pay", out_trade_no=order["out_trade_no"])
    return {"out_trade_no": told["out_trade_no"], "transaction_id": told["transaction_id"]}


def content(merchant, paid, **changed):
    told = {
        "appid": merchant.appid,
        "mchid": merchant.mchid,
        **paid,
        "customs": "NINGBO",
        "merchant_customs_no": "3105961A12",
        **FEES,
    } | changed
    return json.dumps({k: v for k, v in told.items() if v is not ...}, ensure_ascii=False)


def declare(merchant, paid, **changed):
    return merchant.call("POST", f"{ROOT}/orders", content(merchant, paid, **changed))


def amend(merchant, paid, **changed):
    return merchant.call("PATCH", f"{ROOT}/orders", content(merchant, paid, **changed))


def again(merchant, paid):
    fees = dict.fromkeys(("fee_type", "order_fee", "transport_fee", "product_fee", "duty"), ...)
    return merchant.call("POST", f"{ROOT}/redeclare", content(merchant, paid, **fees))


def found(merchant, paid, customs="NINGBO"):
    asked = f"appid={merchant.appid}&mchid={merchant.mchid}&order_type=out_trade_no"
    target = f"{ROOT}/orders?{asked}&order_no={paid['out_trade_no']}&customs={customs}&offset=0&limit=20"
    return merchant.call("GET", target).json()


def becomes(merchant, paid, state):
    wait_until(lambda: found(merchant, paid)["data"][0]["state"] == state)
    return found(merchant, paid)["data"][0]


def test_a_payment_is_submitted_then_declared(maison, paid):
    told = declare(maison, paid).json()
    assert told["state"] == "SUBMITTED"
    assert told["verify_department"] in ("UNIONPAY", "NETSUNION", "OTHERS")
    row = becomes(maison, paid, "SUCCESS")
    assert (row["order_fee"], row["transport_fee"], row["product_fee"]) == (12345, 1000, 11345)
    assert (row["mch_customs_no"], row["customs"], row["duty"]) == ("3105961A12", "NINGBO", 99)
    whole = found(maison, paid)
    assert whole["total_count"] == 1
    assert whole["verify_department_trade_id"] == told["verify_department_trade_id"]


def test_the_older_path_serves_as_well(maison, paid):
    body = content(maison, paid)
    assert maison.call("POST", "/global/v3/customs/orders", body).json()["state"] == "SUBMITTED"


def test_nothing_declared_is_an_empty_list(maison, paid):
    assert (found(maison, paid)["data"], found(maison, paid)["total_count"]) == ([], 0)


def test_the_same_again_is_one_declaration_and_another_amount_is_refused(maison, paid):
    assert declare(maison, paid).status_code == 200
    assert declare(maison, paid).status_code == 200
    other = declare(maison, paid, order_fee=12344, product_fee=11344)
    assert (other.status_code, other.json()["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"order_fee": 12346, "product_fee": 11346}, "PARAM_ERROR"),
        ({"product_fee": 11344}, "PARAM_ERROR"),
        ({"customs": "ATLANTIS"}, "PARAM_ERROR"),
        ({"transaction_id": "4200000000202601010000000000"}, "RESOURCE_NOT_EXISTS"),
        ({"merchant_customs_no": ...}, "PARAM_ERROR"),
        ({"mchid": "1900000202"}, "NO_AUTH"),
    ],
)
def test_what_customs_could_never_take_is_refused(maison, paid, changed, code):
    assert declare(maison, paid, **changed).json()["code"] == code


def test_a_number_that_is_not_registered_at_the_port_is_refused_in_words_alone(maison, play, paid):
    play("customs", mchid=maison.mchid, customs="NINGBO", merchant_customs_no="3105961A13")
    told = declare(maison, paid).json()
    assert (told["code"], told["message"]) == ("INVALID_REQUEST", "查询指定记录不存在")
    assert declare(maison, paid, merchant_customs_no="3105961A13").status_code == 200


def test_after_a_partial_refund_less_is_declared(maison, play, paid):
    declare(maison, paid)
    becomes(maison, paid, "SUCCESS")
    body = {
        "out_trade_no": paid["out_trade_no"],
        "out_refund_no": "R-customs",
        "amount": {"refund": 2345, "total": 12345, "currency": "CNY"},
    }
    maison.call("POST", "/v3/refund/domestic/refunds", json.dumps(body))
    assert amend(maison, paid).json()["code"] == "PARAM_ERROR"
    assert amend(maison, paid, order_fee=10000, product_fee=9000).json()["state"] == "SUBMITTED"
    assert becomes(maison, paid, "SUCCESS")["order_fee"] == 10000


@pytest.mark.parametrize(("mode", "state"), [("fail", "FAIL"), ("except", "EXCEPT")])
def test_customs_may_refuse_or_fail_and_says_why(maison, play, paid, mode, state):
    play("switches", call="customs_outcome", mode=mode)
    declare(maison, paid)
    assert becomes(maison, paid, state)["explanation"] != ""


def test_only_success_and_except_are_sent_again(maison, play, paid):
    play("switches", call="customs_outcome", mode="except")
    declare(maison, paid)
    becomes(maison, paid, "EXCEPT")
    assert again(maison, paid).json()["state"] == "SUBMITTED"
    becomes(maison, paid, "SUCCESS")
    play("switches", call="customs_outcome", mode="fail")
    assert again(maison, paid).status_code == 200
    becomes(maison, paid, "FAIL")
    assert again(maison, paid).json()["code"] == "INVALID_REQUEST"
    assert declare(maison, paid).json()["state"] == "SUBMITTED"


def test_a_change_may_stay_submitted_until_it_is_changed_again(maison, play, paid):
    declare(maison, paid)
    becomes(maison, paid, "SUCCESS")
    play("switches", call="customs_outcome", mode="stuck")
    amend(maison, paid)
    play("advance", seconds=86_400)
    assert found(maison, paid)["data"][0]["state"] == "SUBMITTED"
    assert again(maison, paid).json()["code"] == "INVALID_REQUEST"
    amend(maison, paid)
    becomes(maison, paid, "SUCCESS")


def test_two_ports_are_two_declarations(maison, paid):
    for port in ("GUANGZHOU_ZS", "GUANGZHOU_NS_GJ"):
        assert declare(maison, paid, customs=port).status_code == 200
    assert [len(found(maison, paid, port)["data"]) for port in ("GUANGZHOU_ZS", "GUANGZHOU_HP_GJ")] == [1, 0]


def certificate(merchant, padding=None, serial=None):
    key = merchant.platform.keys[merchant.platform.public_key_id]
    padding = padding or PKCS1v15()
    sealed = [base64.b64encode(key.encrypt(text.encode(), padding)).decode() for text in (NUMBER, NAME)]
    fields = {"certificate_type": "IDCARD", "certificate_id": sealed[0], "certificate_name": sealed[1]}
    return fields, {"Wechatpay-Serial": serial or merchant.platform.public_key_id}


def verify(merchant, paid, **how):
    fields, headers = certificate(merchant, **how)
    return merchant.call(
        "POST", f"{ROOT}/verify-certificate", content(merchant, paid, **fields), headers=headers
    )


def test_the_payer_is_whoever_is_named_until_someone_told_who_pays(maison, play, paid):
    assert verify(maison, paid).json()["code"] == "INVALID_REQUEST"  # not declared yet
    declare(maison, paid)
    assert verify(maison, paid).json()["certificate_check_result"] == "SAME"
    play("payer", openid="oSomeoneOrOther", number=NUMBER, name="李宝宝")
    assert verify(maison, paid).json()["certificate_check_result"] == "DIFFERENT"
    play("payer", openid="oSomeoneOrOther", number=NUMBER, name=NAME)
    assert verify(maison, paid).json()["certificate_check_result"] == "SAME"


def test_what_is_padded_otherwise_cannot_be_read(maison, play, paid):
    declare(maison, paid)
    oaep = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)
    assert verify(maison, paid, padding=oaep).json()["code"] == "PARAM_ERROR"
    play("permission", padding="OAEP")
    assert verify(maison, paid, padding=oaep).json()["certificate_check_result"] == "SAME"


def test_who_alone_may_pay_is_said_on_the_prepay_where_the_merchant_may(maison, play):
    key, oaep = (
        maison.platform.keys[maison.platform.public_key_id],
        OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None),
    )

    def order():
        sealed = [base64.b64encode(key.encrypt(text.encode(), oaep)).decode() for text in (NUMBER, NAME)]
        identity = {"type": "IDCARD", "number": sealed[0], "name": sealed[1]}
        return maison.order(
            out_trade_no="T-identity", payer={"openid": "oSomeoneOrOther", "identity": identity}
        )

    headers = {"Wechatpay-Serial": maison.platform.public_key_id}
    refused = maison.prepay(order(), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "NO_AUTH")
    play("permission", mchid=maison.mchid, payer_identity=True)
    assert [maison.prepay(order(), headers=headers).status_code for _ in range(2)] == [200, 200]
    play("payer", openid="oSomeoneOrOther", number=NUMBER, name="李宝宝")
    assert play.refused("pay", out_trade_no="T-identity").status_code == 409
    play("payer", openid="oSomeoneOrOther", number=NUMBER, name=NAME)
    play("pay", out_trade_no="T-identity")


def md5(fields, key):
    told = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if fields[name] and name != "sign")
    return hashlib.md5(f"{told}&key={key}".encode()).hexdigest().upper()


def xml(merchant, path, key=None, **fields):
    """One call of v2; the answer's fields, and whether WeChat signed them."""
    key = key or merchant.told["v2_key"]
    fields = {"appid": merchant.appid, "mch_id": merchant.mchid} | fields
    root = etree.Element("xml")
    for name, value in (fields | {"sign": md5(fields, key)}).items():
        etree.SubElement(root, name).text = str(value)
    answer = merchant.http.post(f"{merchant.base}/cgi-bin/mch/{path}", data=etree.tostring(root), timeout=9)
    if answer.status_code != 200:
        return {}, answer.status_code
    told = {child.tag: child.text or "" for child in etree.fromstring(answer.content)}
    return told, told.get("sign") == md5(told, merchant.told["v2_key"])


def declare_xml(merchant, paid, action="ADD", **changed):
    fields = {"customs": "NINGBO", "mch_customs_no": "3105961A12", "action_type": action, **paid, **FEES}
    return xml(merchant, "customs/customdeclareorder", **(fields | changed))


def query_xml(merchant, paid):
    return xml(merchant, "customs/customdeclarequery", out_trade_no=paid["out_trade_no"], customs="NINGBO")[0]


def test_the_xml_family_declares_names_the_payer_and_answers_signed(maison, play, paid):
    named = {"cert_type": "IDCARD", "cert_id": NUMBER, "name": NAME}
    told, genuine = declare_xml(maison, paid, **named)
    assert (told["result_code"], told["state"], told["cert_check_result"]) == ("SUCCESS", "SUBMITTED", "SAME")
    assert genuine is True
    wait_until(lambda: query_xml(maison, paid)["state_0"] == "SUCCESS")
    row = query_xml(maison, paid)
    assert (row["count"], row["order_fee_0"], row["cert_check_result_0"]) == ("1", "12345", "SAME")
    play("payer", openid="oSomeoneOrOther", number=NUMBER, name="李宝宝")
    assert declare_xml(maison, paid, "MODIFY", **named)[0]["cert_check_result"] == "DIFFERENT"
    assert found(maison, paid)["data"][0]["order_fee"] == 12345  # one truth behind both families


def test_the_xml_family_refuses_with_a_signed_code(maison, paid):
    told, genuine = declare_xml(maison, paid, product_fee=1)
    assert (told["return_code"], told["result_code"], told["err_code"]) == ("SUCCESS", "FAIL", "PARAM_ERROR")
    assert genuine is True
    assert declare_xml(maison, paid, "MODIFY")[0]["err_code_des"] == "查询指定记录不存在"


def test_the_xml_family_answers_a_wrong_signature_without_one(maison, paid):
    told, genuine = declare_xml(maison, paid, key="0" * 32)
    assert (told, genuine) == ({"return_code": "FAIL", "return_msg": "签名错误"}, False)


def test_the_xml_family_sends_again_after_an_exception(maison, play, paid):
    play("switches", call="customs_outcome", mode="except")
    declare_xml(maison, paid)
    wait_until(lambda: query_xml(maison, paid)["state_0"] == "EXCEPT")
    fields = {"customs": "NINGBO", "mch_customs_no": "3105961A12", "out_trade_no": paid["out_trade_no"]}
    assert xml(maison, "newcustoms/customdeclareredeclare", **fields)[0]["state"] == "SUBMITTED"
    wait_until(lambda: query_xml(maison, paid)["state_0"] == "SUCCESS")


def test_switches_spoil_the_xml_family_too(maison, play, paid):
    play("switches", call="customs_declare", mode="wrong_signature")
    assert declare_xml(maison, paid)[1] is False
    play("switches", call="customs_declare", mode="500_after")
    assert declare_xml(maison, paid) == ({}, 500)
    play("switches", call="customs_query", mode="error", code="SYSTEMERROR")
    assert query_xml(maison, paid)["err_code"] == "SYSTEMERROR"
    assert query_xml(maison, paid)["count"] == "1"
