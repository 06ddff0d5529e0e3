"""The port asks for an order's payment data (179) and checks what is uploaded: signature, fields, session."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.sandbox.conftest import wait_until
from tests.sandbox.declarant import EBP, guid
from tests.sandbox.test_sandbox_customs import paid
from tests.sandbox.test_sandbox_port import declarant

__all__ = ["declarant", "paid"]
UPLOAD = "/ceb2grab/grab/realTimeDataUpload"


class Platform:
    """Answers platDataOpen at once, and keeps what it was asked."""

    def __init__(self):
        self.asked, platform = [], self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                platform.asked.append(json.loads(form["openReq"][0]))
                said = {"code": "10000", "message": "", "serviceTime": int(time.time() * 1000)}
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/platDataOpen"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def platform_open():
    one = Platform()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def session(platform_open, play, paid):
    """The session in which the port has asked for the order."""
    told = play("data_request", url=platform_open.url, order=paid["out_trade_no"])
    return told["requests"][0]["sessionID"]


def data(session, paid, **changed):
    head = {
        "guid": guid(),
        "initalRequest": '{"appid":"wx1","amount":{"total":12345}}',
        "initalResponse": '{"prepay_id":"wx2"}',
        "ebpCode": EBP["ebpCode"],
        "payCode": "4403169D3W",
        "payTransactionId": paid["transaction_id"],
        "totalAmount": 123.45,
        "currency": "142",
        "verDept": "3",
        "payType": "4",
        "tradingTime": "20261127100000",
        "note": "",
    }
    line = {
        "orderNo": paid["out_trade_no"],
        "goodsInfo": [{"gname": "面霜", "itemLink": "https://shop.example/1"}],
        "recpAccount": "1900000101",
        "recpCode": "",
        "recpName": "电商平台",
    }
    head |= {name: value for name, value in changed.items() if name in head}
    line |= {name: value for name, value in changed.items() if name in line}
    return {
        "sessionID": changed.get("sessionID", session),
        "payExchangeInfoHead": head,
        "payExchangeInfoLists": [line],
        "serviceTime": "1795752000000",
    }


def written(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def upload(declarant, told, *, certificate=None, spoil=""):
    text = "||".join(f'"{name}":"{written(value)}"' for name, value in told.items())
    key = load_pem_private_key(declarant.rsa["private_key"].encode(), None)
    signature = key.sign((text + spoil).encode(), padding.PKCS1v15(), hashes.SHA1())
    told = told | {
        "certNo": certificate or declarant.rsa["number"],
        "signValue": base64.b64encode(signature).decode(),
    }
    return requests.post(declarant.base + UPLOAD, data={"payExInfoStr": written(told)}, timeout=9)


def test_the_port_asks_in_a_session_of_its_own_and_keeps_the_answer(platform_open, play, paid, session):
    asked = platform_open.asked[0]
    assert (set(asked), asked["orderNo"], asked["sessionID"]) == (
        {"orderNo", "sessionID", "serviceTime"},
        paid["out_trade_no"],
        session,
    )
    told = requests.get(f"{play.base}/sandbox/books", timeout=9).json()["port"]["requests"][0]
    assert (told["status"], told["code"], told["fits"]) == (200, "10000", True)


def test_it_asks_many_times_at_once(platform_open, play):
    play("data_request", url=platform_open.url, order="T1", times=200)
    wait_until(lambda: len(platform_open.asked) == 200)
    assert len({one["sessionID"] for one in platform_open.asked}) == 200
    assert play.refused("data_request", url="file:///etc", order="T1").status_code == 400
    assert play.refused("data_request", url=platform_open.url, order="T1", times=0).status_code == 400


def test_nobody_who_answers_is_written_down(play):
    told = play("data_request", url="http://127.0.0.1:9/platDataOpen", order="T1")["requests"][0]
    assert (told["status"], told["code"]) == (None, None)


def test_what_was_asked_for_is_taken(declarant, paid, play, session):
    told = upload(declarant, data(session, paid)).json()
    assert told == {"code": "10000", "message": "上传成功", "total": 0, "serviceTime": told["serviceTime"]}
    assert requests.get(f"{play.base}/sandbox/books", timeout=9).json()["port"]["uploads"] == [
        {
            "sessionID": session,
            "code": "10000",
            "message": "上传成功",
            "orders": [paid["out_trade_no"]],
            "verDept": "3",
        }
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sessionID": "unknown"}, ("20003", "sessionID不存在")),
        ({"initalRequest": "x" * 8001}, ("20002", "payExchangeInfoHead.initalRequest为空、过长或不是文本")),
        ({"initalResponse": ""}, ("20002", "payExchangeInfoHead.initalResponse为空、过长或不是文本")),
        ({"verDept": "4"}, ("20002", "payExchangeInfoHead.verDept不正确")),
        ({"guid": "a" * 36}, ("20002", "payExchangeInfoHead.guid不正确")),
        ({"totalAmount": 123.44}, ("20002", "payExchangeInfoHead.totalAmount不正确")),
        ({"payCode": "4403169D3X"}, ("20002", "payExchangeInfoHead.payCode不正确")),
        ({"payTransactionId": "4200"}, ("20002", "payExchangeInfoHead.payTransactionId不正确")),
        ({"tradingTime": "2026-11-27"}, ("20002", "payExchangeInfoHead.tradingTime不正确")),
        ({"orderNo": "another"}, ("20002", "orderNo与请求不一致")),
        ({"goodsInfo": []}, ("20002", "goodsInfo不能为空")),
        ({"recpName": "x" * 101}, ("20002", "payExchangeInfoLists.recpName为空、过长或不是文本")),
    ],
)
def test_what_does_not_fit_is_refused(declarant, paid, session, changed, said):
    told = upload(declarant, data(session, paid, **changed)).json()
    assert (told["code"], told["message"]) == said


def test_a_signature_over_anything_else_is_refused(declarant, paid, session, world):
    assert upload(declarant, data(session, paid), spoil=" ").json()["code"] == "20004"
    other = world["storefronts"][1]["port"]["certificates"][0]["number"]
    assert upload(declarant, data(session, paid), certificate=other).json()["code"] == "20004"
    assert upload(declarant, data(session, paid), certificate="none").json()["code"] == "20004"


def test_no_form_and_no_json_are_told_apart_from_a_missing_field(declarant):
    def said(**form):
        return requests.post(declarant.base + UPLOAD, data=form, timeout=9).json()["code"]

    assert [said(), said(payExInfoStr="{"), said(payExInfoStr="[]"), said(payExInfoStr="{}")] == [
        *["20001"] * 3,
        "20002",
    ]


def test_the_port_can_refuse_by_any_code_or_fail(declarant, paid, play, session):
    play("switches", call="port_upload", mode="error", code="20000")
    told = upload(declarant, data(session, paid))
    assert (told.status_code, told.json()["code"], told.json()["message"]) == (200, "20000", "上传失败")
    play("switches", call="port_upload", mode="500")
    assert upload(declarant, data(session, paid)).status_code == 500
    assert upload(declarant, data(session, paid)).json()["code"] == "10000"
