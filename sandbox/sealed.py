"""What a merchant encrypted for WeChat alone, under the key that its call names."""

import base64
import binascii
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding
from cryptography.hazmat.primitives.hashes import SHA1

from sandbox.fields import refuse
from sandbox.scene import Scene
from sandbox.wire import Request
from sandbox.world import SigningKey


def named_key(scene: Scene, request: Request) -> SigningKey:
    """The key under which the caller says that it encrypted; without its name nothing can be opened."""
    named = request.headers.get("wechatpay-serial", "").upper()
    for key in scene.keyring.named():
        if key.serial.upper() == named:
            return key
    raise refuse("Wechatpay-Serial", "is required where fields are encrypted", location="header")


def oaep() -> AsymmetricPadding:
    return OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303


def opened(key: SigningKey, sealed: str, path: str, padding: Any) -> str:
    """What was encrypted for WeChat."""
    try:
        return key.key.decrypt(base64.b64decode(sealed, validate=True), padding).decode()
    except (binascii.Error, ValueError):
        raise refuse(path, "cannot be decrypted") from None
