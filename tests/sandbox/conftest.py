"""Starts the sandbox as its own process and talks to it with a client that shares no code with it."""

import base64
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

ROOT = Path(__file__).resolve().parents[2]


class Platform:
    """Verifies what WeChat signs, with both its keys loaded."""

    def __init__(self, told: dict[str, str]) -> None:
        self.cert_serial, self.cert_pem = told["cert_serial"], told["cert_pem"]
        self.public_key_id = told["public_key_id"]
        self.keys: dict[str, Any] = {
            self.cert_serial: x509.load_pem_x509_certificate(self.cert_pem.encode()).public_key(),
            self.public_key_id: load_pem_public_key(told["public_key_pem"].encode()),
        }

    def verifies(self, headers: Any, body: bytes) -> bool:
        timestamp, nonce = headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"]
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        try:
            signature = base64.b64decode(headers["Wechatpay-Signature"], validate=True)
            key = self.keys[headers["Wechatpay-Serial"]]
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return abs(time.time() - int(timestamp)) < 300


class Merchant:
    """One storefront's own side: signs, calls, decrypts."""

    def __init__(self, told: dict[str, str], base: str, platform: Platform) -> None:
        self.told, self.base, self.platform = told, base, platform
        self.appid, self.secret, self.mchid = told["appid"], told["secret"], told["mchid"]
        self.key: Any = load_pem_private_key(told["merchant_private_key_pem"].encode(), None)
        self.http = requests.Session()

    def sign(self, *parts: str) -> str:
        message = "".join(part + "\n" for part in parts).encode()
        return base64.b64encode(self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()

    def authorization(self, method: str, target: str, body: str, **changed: str) -> str:
        fields = {
            "mchid": self.mchid,
            "nonce_str": secrets.token_hex(16),
            "timestamp": str(int(time.time())),
            "serial_no": self.told["merchant_serial"],
        } | changed
        signature = self.sign(method, target, fields["timestamp"], fields["nonce_str"], body)
        fields = {"signature": signature} | fields
        return "WECHATPAY2-SHA256-RSA2048 " + ",".join(f'{name}="{value}"' for name, value in fields.items())

    def call(
        self, method: str, target: str, body: str = "", *, headers: Any = None, **changed: str
    ) -> requests.Response:
        """`headers` with None removes one; `changed` falsifies fields of the Authorization."""
        sent = {
            "Authorization": self.authorization(method, target, body, **changed),
            "Accept": "application/json",
            "User-Agent": "independent-client/1",
            "Content-Type": "application/json",
        } | (headers or {})
        answer = self.http.request(method, self.base + target, data=body.encode(), headers=sent, timeout=9)
        assert answer.status_code in (404, 405) or "Wechatpay-Signature" in answer.headers
        return answer

    def order(self, **changed: Any) -> dict[str, Any]:
        fields = {
            "appid": self.appid,
            "mchid": self.mchid,
            "description": "咖啡豆 Coffee beans",
            "out_trade_no": "T" + secrets.token_hex(10),
            "notify_url": "http://127.0.0.1:9/nobody",
            "amount": {"total": 12345, "currency": "CNY"},
            "payer": {"openid": "oSomeoneOrOther"},
        } | changed
        return {name: value for name, value in fields.items() if value is not ...}

    def prepay(self, order: dict[str, Any], **how: Any) -> requests.Response:
        return self.call("POST", "/v3/pay/transactions/jsapi", json.dumps(order, ensure_ascii=False), **how)

    def query(self, number: str, **how: Any) -> requests.Response:
        return self.call("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.mchid}", **how)

    def close(self, number: str, **how: Any) -> requests.Response:
        target = f"/v3/pay/transactions/out-trade-no/{number}/close"
        return self.call("POST", target, json.dumps({"mchid": self.mchid}), **how)

    def decrypt(self, resource: dict[str, str]) -> bytes:
        assert resource["algorithm"] == "AEAD_AES_256_GCM"
        return AESGCM(self.told["apiv3_key"].encode()).decrypt(
            resource["nonce"].encode(),
            base64.b64decode(resource["ciphertext"]),
            resource["associated_data"].encode(),
        )

    def client(self, prepay_id: str) -> dict[str, str]:
        package, nonce, stamp = f"prepay_id={prepay_id}", secrets.token_hex(16), str(int(time.time()))
        signature = self.sign(self.appid, stamp, nonce, package)
        return {
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": signature,
        }


class Shop:
    """Receives notifications. `answers` are the next statuses, or deciders of them; then 204 for ever."""

    def __init__(self) -> None:
        self.received: list[tuple[float, Any, bytes]] = []
        self.answers: list[Any] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.received.append((time.monotonic(), self.headers, body))
                answer = shop.answers.pop(0) if shop.answers else 204
                status = answer(self.headers, body) if callable(answer) else answer
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", shop.url + "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/notify"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


class Play:
    """The control endpoints, as the demo uses them."""

    def __init__(self, base: str) -> None:
        self.base, self.http = base, requests.Session()

    def __call__(self, name: str, /, **body: Any) -> dict[str, Any]:
        answer = self.refused(name, **body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def refused(self, name: str, /, **body: Any) -> requests.Response:
        return self.http.post(f"{self.base}/sandbox/{name}", json=body, timeout=9)

    def log(self) -> dict[str, Any]:
        told: dict[str, Any] = self.http.get(f"{self.base}/sandbox/log", timeout=9).json()
        return told

    def until_quiet(self) -> list[dict[str, Any]]:
        """The deliveries, once no letter is on its way any more."""
        wait_until(lambda: self.log()["pending"] == 0)
        rows: list[dict[str, Any]] = self.log()["notifications"]
        return rows


def wait_until(true: Callable[[], bool], seconds: float = 5) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "this never came true"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sandbox") / "world"
    subprocess.run([sys.executable, "-m", "sandbox", "setup", str(path)], cwd=ROOT, check=True)
    return path


@pytest.fixture(scope="session")
def base(folder: Path) -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "serve",
        str(folder),
        "--port",
        "0",
        "--time-scale",
        "0.00001",
    ]
    with (folder.parent / "stderr").open("w") as stderr:
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True)
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("sandbox listening on http://127.0.0.1:")
        yield line.split()[-1]
        server.terminate()
        assert server.wait(5) == 0


@pytest.fixture(scope="session")
def world(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "world.json").read_text())
    return told


@pytest.fixture(scope="session")
def platform(world: dict[str, Any]) -> Platform:
    return Platform(world["platform"])


@pytest.fixture(scope="session")
def maison(world: dict[str, Any], base: str, platform: Platform) -> Merchant:
    return Merchant(world["storefronts"][0], base, platform)


@pytest.fixture(scope="session")
def swift(world: dict[str, Any], base: str, platform: Platform) -> Merchant:
    return Merchant(world["storefronts"][1], base, platform)


@pytest.fixture(scope="session")
def only_play(base: str) -> Play:
    return Play(base)


@pytest.fixture
def play(only_play: Play) -> Play:
    only_play("reset")
    return only_play


@pytest.fixture
def shop() -> Iterator[Shop]:
    one = Shop()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def in_minutes() -> Callable[[float], str]:
    """An instant as time_expire wants it."""
    return lambda minutes: (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")
