"""KMS's Encrypt and Decrypt (2019-01-18): one customer master key, made of the account's own secret."""

import base64
import binascii
import hashlib
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.scene import Scene
from sandbox.switches import Switch
from sandbox.wire import Json, TencentFault

KEY_ID = "23e80852-1e38-11e9-b129-5cb9019b4b01"  # the only one there is
LONGEST_PLAINTEXT, LONGEST_CONTEXT = 4096, 1024


def encrypt(scene: Scene, told: Json, _: Switch | None) -> Json:
    """Encrypt {KeyId, Plaintext, EncryptionContext}; https://www.tencentcloud.com/document/api/1030/32189"""
    if _text(told, "KeyId") != KEY_ID:
        raise TencentFault("ResourceUnavailable.CmkNotFound", "The CMK does not exist.")
    try:
        plain = base64.b64decode(_text(told, "Plaintext"), validate=True)
    except binascii.Error:
        plain = b""
    if not 0 < len(plain) <= LONGEST_PLAINTEXT:
        raise TencentFault("InvalidParameterValue.InvalidPlaintext", "Plaintext is not valid.")
    nonce = os.urandom(12)
    sealed = nonce + _cipher(scene).encrypt(nonce, plain, _context(told))
    return {"KeyId": KEY_ID, "CiphertextBlob": base64.b64encode(sealed).decode()}


def decrypt(scene: Scene, told: Json, _: Switch | None) -> Json:
    """Decrypt {CiphertextBlob, EncryptionContext}: the same context as was given to Encrypt."""
    try:
        sealed = base64.b64decode(_text(told, "CiphertextBlob"), validate=True)
        plain = _cipher(scene).decrypt(sealed[:12], sealed[12:], _context(told))
    except (binascii.Error, ValueError):
        raise TencentFault(
            "InvalidParameterValue.InvalidCiphertext", "The ciphertext is not valid."
        ) from None
    except InvalidTag:
        raise TencentFault("FailedOperation.DecryptError", "Decryption failed.") from None
    return {"KeyId": KEY_ID, "Plaintext": base64.b64encode(plain).decode()}


def _cipher(scene: Scene) -> AESGCM:
    return AESGCM(hashlib.sha256(f"kms|{scene.world.tencent.secret_key}".encode()).digest())


def _text(told: Json, name: str) -> str:
    value = told.get(name)
    if value is None:
        raise TencentFault("MissingParameter", f"The request is missing the parameter `{name}`.")
    if not isinstance(value, str):
        raise TencentFault("InvalidParameter", f"`{name}` is to be a string.")
    return value


def _context(told: Json) -> bytes:
    """The key-value pairs in one spelling: their order does not count."""
    text = told.get("EncryptionContext", "{}")
    try:
        pairs = json.loads(text) if isinstance(text, str) and len(text) <= LONGEST_CONTEXT else None
    except ValueError:
        pairs = None
    if not isinstance(pairs, dict):
        raise TencentFault("InvalidParameterValue", "EncryptionContext is not valid.")
    return json.dumps(pairs, sort_keys=True).encode()
