"""What is pushed to a mini-program's server (消息推送) counts in safe mode (安全模式) alone: signed, sealed.

https://developers.weixin.qq.com/miniprogram/dev/framework/server-ability/message-push.html
In plain mode the signature is over the query alone and says nothing of the body: that is never believed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from lxml import etree

from wechat.errors import Malformed, Undecryptable, Unverified

MAX_BODY = 64 * 1024
LONGEST_ECHO, LONGEST_PARAMETER = 512, 128
AES_KEY_LENGTH, TOKEN_LENGTH = 43, 32
_RANDOM, _LENGTH, _BLOCK = 16, 4, 32
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class MessageKeys:
    """Token (令牌) and key (消息加解密密钥, EncodingAESKey) of one mini-program's message push."""

    appid: str
    token: str = field(repr=False)
    aes_key: bytes = field(repr=False)


def aes_key_of(encoded: str) -> bytes:
    """The 32 bytes behind an EncodingAESKey of 43 characters; ValueError for anything else."""
    if len(encoded) != AES_KEY_LENGTH or not (encoded.isascii() and encoded.isalnum()):
        raise ValueError("an EncodingAESKey has 43 letters and digits")
    return base64.b64decode(f"{encoded}=")


def echo(keys: MessageKeys, query: Mapping[str, str]) -> str:
    """What the check of the address wants to read back; raises Unverified."""
    _signed(keys, query, "signature", ())
    text = query.get("echostr", "")
    if not (text and len(text) <= LONGEST_ECHO and text.isascii() and text.isprintable()):
        raise Unverified(reason="there is nothing to echo")
    return text


def sealed_part(keys: MessageKeys, query: Mapping[str, str], body: bytes) -> str:
    """The sealed part of a push whose signature holds; raises Unverified. Nothing else of it is believed."""
    try:
        sealed = _outer(body).get("Encrypt")
    except Malformed:
        sealed = None
    if not isinstance(sealed, str) or not sealed:
        raise Unverified(reason="nothing in it is sealed")
    _signed(keys, query, "msg_signature", (sealed,))
    return sealed


def opened(keys: MessageKeys, sealed: str) -> dict[str, Any]:
    """The message within; raises Undecryptable when our key or app is not the one, Malformed."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        reader = Cipher(AES(keys.aes_key), CBC(keys.aes_key[:16])).decryptor()
        plain = reader.update(raw) + reader.finalize()
    except (binascii.Error, ValueError):
        raise Undecryptable(reason="the message does not open under our key") from None
    padding = plain[-1] if plain else 0
    start = _RANDOM + _LENGTH
    length = int.from_bytes(plain[_RANDOM:start], "big")
    whole = 0 < padding <= _BLOCK and plain.endswith(bytes([padding]) * padding)
    if not whole or start + length > len(plain) - padding:
        raise Undecryptable(reason="the message does not open under our key")
    if plain[start + length : -padding] != keys.appid.encode():
        raise Undecryptable(reason="the message is another mini-program's")
    return _outer(plain[start : start + length])


def _signed(keys: MessageKeys, query: Mapping[str, str], name: str, more: tuple[str, ...]) -> None:
    """SHA-1 over what is sorted and put together, as WeChat documents it."""
    told, timestamp, nonce = (query.get(one, "") for one in (name, "timestamp", "nonce"))
    if not (told and timestamp and nonce) or max(map(len, (told, timestamp, nonce))) > LONGEST_PARAMETER:
        raise Unverified(reason="a part of the signature is missing")
    text = "".join(sorted((keys.token, timestamp, nonce, *more)))
    if not text.isascii() or not told.isascii():
        raise Unverified(reason="the signature does not hold")
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    if not hmac.compare_digest(digest.encode(), told.encode()):
        raise Unverified(reason="the signature does not hold")


def _outer(text: bytes) -> dict[str, Any]:
    """The members of a JSON object or of an XML document, whichever the console is set to."""
    if text.lstrip()[:1] == b"{":
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise Malformed(where="message") from None
    else:
        found = _tree(_root(text), 0)
    if not isinstance(found, dict):
        raise Malformed(where="message")
    return found


def _root(text: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Malformed(where="message") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Malformed(where="message")
    return root


def _tree(element: Any, depth: int) -> Any:
    """An element's text, or its children by name; what comes several times is a list."""
    if depth > _DEEPEST:
        raise Malformed(where="message")
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        value = _tree(child, depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
