"""WeChat Pay v3 cryptography: we sign what we send, and believe only raw bytes a known, fresh key has signed.

Protocol: https://pay.weixin.qq.com/doc/v3/merchant/4012365342 (requests, client parameters),
https://pay.weixin.qq.com/doc/v3/merchant/4013053249 (answers and notifications),
https://pay.weixin.qq.com/doc/v3/merchant/4012071382 (decryption).
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from wechat.credentials import Merchant
from wechat.errors import Undecryptable, Unverified

SCHEME = "WECHATPAY2-SHA256-RSA2048"
ALGORITHM = "AEAD_AES_256_GCM"
CLOCK_WINDOW_SECONDS = 300
# Longer than any timestamp in this millennium; keeps int() away from absurd input.
MAX_TIMESTAMP_DIGITS = 12
MIN_NONCE_BYTES = 8
MAX_SERIAL = 64


def request_authorization(
    *, merchant: Merchant, method: str, path: str, body: bytes, now: datetime, nonce: str | None = None
) -> str:
    """The `Authorization` header for one request.

    `path` is path and query exactly as sent, `body` the exact bytes (empty for GET). `now` is an aware
    instant; WeChat wants whole seconds. `nonce` is random unless given.
    """
    nonce = nonce or secrets.token_hex(16)
    timestamp = str(int(now.timestamp()))
    message = b"\n".join(
        [method.upper().encode(), path.encode(), timestamp.encode(), nonce.encode(), body, b""]
    )
    return (
        f'{SCHEME} mchid="{merchant.mchid}",nonce_str="{nonce}",timestamp="{timestamp}",'
        f'serial_no="{merchant.serial_no}",signature="{_sign(merchant, message)}"'
    )


def verify(headers: Mapping[str, str], raw_body: bytes, merchant: Merchant, now: datetime) -> str:
    """Check WeChat's signature over the raw bytes of an answer or notification; the serial that signed.

    Raises `Unverified` when a header is missing, the clock differs by 300 s or more, the serial is not among
    `merchant.platform_keys` (it is never fetched: a stranger could make us), the key of that serial is not
    valid yet or any more at `now`, or the signature does not hold.
    WeChat's own probes (`WECHATPAY/SIGNTEST/…`) are ordinary wrong signatures and fail like any other.
    """
    serial, timestamp, nonce, signature = _told(headers)
    if not (serial and timestamp and nonce and signature):
        raise Unverified(reason="a signature header is missing")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= MAX_TIMESTAMP_DIGITS):
        raise Unverified(reason="the timestamp is not a number")
    if abs(now.timestamp() - int(timestamp)) >= CLOCK_WINDOW_SECONDS:
        raise Unverified(reason="the timestamp is outside the 300 s window")
    key = merchant.platform_key(serial)
    if key is None:
        raise Unverified(reason="the serial is not one of ours", unknown_serial=serial[:MAX_SERIAL])
    if not key.holds_at(now):
        raise Unverified(reason="the key of this serial is not valid now")
    message = _message(timestamp, nonce, raw_body)
    try:
        key.public_key.verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        raise Unverified(reason="the signature does not hold") from None
    return key.serial


def signed_digest(headers: Mapping[str, str], raw_body: bytes) -> bytes:
    """SHA-256 of what the signature in `headers` is over: with it the signature can be checked when the body
    is gone (RSA over a `Prehashed` digest)."""
    _, timestamp, nonce, _ = _told(headers)
    return sha256(_message(timestamp, nonce, raw_body)).digest()


def _told(headers: Mapping[str, str]) -> tuple[str, str, str, str]:
    """Serial, timestamp, nonce and signature; empty where a header is missing."""
    values = {name.lower(): value for name, value in headers.items()}
    names = ("serial", "timestamp", "nonce", "signature")
    serial, timestamp, nonce, signature = (values.get(f"wechatpay-{name}", "") for name in names)
    return serial, timestamp, nonce, signature


def _message(timestamp: str, nonce: str, raw_body: bytes) -> bytes:
    return b"\n".join([timestamp.encode(), nonce.encode(), raw_body, b""])


def decrypt(resource: Mapping[str, object], apiv3_key: bytes) -> bytes:
    """The plaintext of an encrypted `resource` (AES-256-GCM, 16-byte tag at the end, 12-byte nonce).

    Raises `Undecryptable` when the shape, the algorithm, the key or the associated data is not right.
    """
    ciphertext, nonce = resource.get("ciphertext"), resource.get("nonce")
    associated_data = resource.get("associated_data", "")
    if resource.get("algorithm") != ALGORITHM:
        raise Undecryptable(reason="the algorithm is not AEAD_AES_256_GCM")
    if not (isinstance(ciphertext, str) and isinstance(nonce, str)):
        raise Undecryptable(reason="ciphertext or nonce is missing")
    if not isinstance(associated_data, str | None):
        raise Undecryptable(reason="the associated data is not text")
    if len(nonce.encode()) < MIN_NONCE_BYTES:
        raise Undecryptable(reason="the nonce is too short")
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
        return AESGCM(apiv3_key).decrypt(nonce.encode(), sealed, (associated_data or "").encode())
    except (InvalidTag, binascii.Error, ValueError):
        raise Undecryptable(reason="the ciphertext does not open under our key") from None


def client_params(merchant: Merchant, appid: str, prepay_id: str, now: datetime) -> dict[str, str]:
    """What the mini-program hands to `wx.requestPayment`: texts all, `timeStamp` in whole seconds."""
    timestamp, nonce, package = str(int(now.timestamp())), secrets.token_hex(16), f"prepay_id={prepay_id}"
    message = f"{appid}\n{timestamp}\n{nonce}\n{package}\n".encode()
    return {
        "timeStamp": timestamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": _sign(merchant, message),
    }


def _sign(merchant: Merchant, message: bytes) -> str:
    return base64.b64encode(merchant.private_key.sign(message, PKCS1v15(), SHA256())).decode()
