"""WeChat's stand-in as a process of its own, for tests that need the other side's real cryptography."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from storefronts.models import Storefront
from storefronts.services import set_customs, set_merchant, set_messages
from tests import make

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class StandIn:
    """A running sandbox: its address, its world, and its control calls."""

    url: str
    world: dict[str, Any]

    def control(self, path: str, **facts: Any) -> dict[str, Any]:
        answer = _line().post(f"{self.url}/sandbox/{path}", json=facts, timeout=15)
        assert answer.status_code == 200, answer.text
        return answer.json()


@cache
def _line() -> requests.Session:
    return requests.Session()


@contextmanager
def running(folder: Path) -> Iterator[StandIn]:
    """Start the sandbox in `folder`, on a free port, with retries a thousand times as fast."""
    command = [sys.executable, "-m", "sandbox"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    subprocess.run([*command, "setup", folder], cwd=ROOT, check=True, capture_output=True, timeout=60)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "serve", folder, "--port", "0", "--time-scale", "0.001"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        found = re.fullmatch(r"sandbox listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        assert found is not None
        yield StandIn(found.group(1), json.loads((folder / "world.json").read_text()))
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def storefront_in(stand_in: StandIn, position: int = 0, **changes: Any) -> Storefront:
    """The storefront at `position` of the stand-in's world, with its credentials and both platform keys."""
    facts, platform = stand_in.world["storefronts"][position], stand_in.world["platform"]
    shop = make.storefront(facts["code"], appid=facts["appid"], appsecret=facts["secret"], **changes)
    certificate = load_pem_x509_certificate(platform["cert_pem"].encode())
    public = certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    merchant = set_merchant(
        storefront=shop,
        mchid=facts["mchid"],
        serial_no=facts["merchant_serial"],
        private_key_pem=facts["merchant_private_key_pem"],
        apiv3_key=facts["apiv3_key"],
        platform_keys={
            platform["cert_serial"]: public,
            platform["public_key_id"]: platform["public_key_pem"],
        },
    )
    set_customs(merchant=merchant, family="v2", payer_identity=False, v2_key=facts["v2_key"])
    set_messages(storefront=shop, token=facts["message_token"], aes_key=facts["message_key"])
    return shop
