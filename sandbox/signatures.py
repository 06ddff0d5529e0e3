"""The cryptography of Pay v3: RSA-SHA256 signatures over lines, and AES-256-GCM with the APIv3 key."""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PROBE = "WECHATPAY/SIGNTEST/"


def lines(*parts: str | bytes) -> bytes:
    """Each part followed by a line feed, the last one too: what both sides sign."""
    return b"".join((part.encode() if isinstance(part, str) else part) + b"\n" for part in parts)


def sign(key: RSAPrivateKey, message: bytes) -> str:
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def matches(key: RSAPublicKey, signature: str, message: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def probe_signature() -> str:
    """A signature probe (签名探测流量): of the right length, recognisable, and never valid."""
    return PROBE + base64.b64encode(secrets.token_bytes(256)).decode()[len(PROBE) :]


def encrypt(apiv3_key: bytes, plain: bytes, associated_data: str) -> dict[str, str]:
    """AEAD_AES_256_GCM with a 12 character nonce; the tag stands at the end of the ciphertext."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(apiv3_key).encrypt(nonce.encode(), plain, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": associated_data,
        "nonce": nonce,
    }
