"""A ZIP whose every file is encrypted with AES-256 (WinZip AE-2): 7-Zip, WinRAR and their like open it.

Each file has a salt of its own, its key is derived from the password, and an HMAC over what is encrypted
tells of any change before a byte is believed.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from kernel.clock import SHANGHAI

# APPNOTE 6.3.10 and WinZip's “AES Encryption Information”, AE-2 with 256 bits; a method of 99 says so.
_AES, _DEFLATED, _NEEDS = 99, 8, 51
_EXTRA = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, _DEFLATED)
_FLAGS = 0x0001 | 0x0800  # encrypted; names are UTF-8
_SALT, _CHECK, _MAC, _KEY, _TURNS = 16, 2, 10, 32, 1000
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


class Unopened(Exception):
    """It is no such ZIP, the password is another, or a file was changed; `str()` says which."""


def seal(files: Mapping[str, bytes], password: str, now: datetime) -> bytes:
    """The files, in their order, as one ZIP."""
    out, central = io.BytesIO(), io.BytesIO()
    local = now.astimezone(SHANGHAI)
    clock = local.hour << 11 | local.minute << 5 | local.second // 2
    day = (local.year - 1980) << 9 | local.month << 5 | local.day
    for name, content in files.items():
        path, body = name.encode(), _encrypted(content, password)
        head = struct.pack(
            "<HHHHHIIIHH",
            _NEEDS,
            _FLAGS,
            _AES,
            clock,
            day,
            0,
            len(body),
            len(content),
            len(path),
            len(_EXTRA),
        )
        start = out.tell()
        out.write(_LOCAL + head + path + _EXTRA + body)
        tail = struct.pack("<HHHII", 0, 0, 0, 0, start)
        central.write(_CENTRAL + struct.pack("<H", _NEEDS) + head + tail + path + _EXTRA)
    index, at = central.getvalue(), out.tell()
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(index), at, 0)
    return out.getvalue() + index + _END + end


def opened(raw: bytes, password: str) -> dict[str, bytes]:
    """The files of such a ZIP, in their order. Raises Unopened."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, ValueError) as fault:
        raise Unopened("this is no ZIP") from fault
    return {one.filename: _decrypted(_body(raw, one), password, one.filename) for one in listed}


def _body(raw: bytes, one: zipfile.ZipInfo) -> bytes:
    head = raw[one.header_offset : one.header_offset + 30]
    if one.extra != _EXTRA or len(head) < 30:
        raise Unopened(f"{one.filename} is not encrypted with AES-256")
    path, extra = struct.unpack("<HH", head[26:30])
    start = one.header_offset + 30 + path + extra
    return raw[start : start + one.compress_size]


def _encrypted(content: bytes, password: str) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    salt = os.urandom(_SALT)
    cipher, mac, check = _keys(password, salt)
    body = _counted(cipher, packer.compress(content) + packer.flush())
    return salt + check + body + _seen(mac, body)


def _decrypted(body: bytes, password: str, name: str) -> bytes:
    salt, check = body[:_SALT], body[_SALT : _SALT + _CHECK]
    cipher, mac, wanted = _keys(password, salt)
    if check != wanted:
        raise Unopened("the password is another")
    text, told = body[_SALT + _CHECK : -_MAC], body[-_MAC:]
    if not hmac.compare_digest(told, _seen(mac, text)):
        raise Unopened(f"{name} was changed, or the password is another")
    try:
        return zlib.decompress(_counted(cipher, text), -15)
    except zlib.error as fault:
        raise Unopened(f"{name} was changed") from fault


def _keys(password: str, salt: bytes) -> tuple[bytes, bytes, bytes]:
    derived = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, _TURNS, 2 * _KEY + _CHECK)
    return derived[:_KEY], derived[_KEY : 2 * _KEY], derived[2 * _KEY :]


def _seen(mac: bytes, text: bytes) -> bytes:
    return hmac.digest(mac, text, "sha1")[:_MAC]


def _counted(key: bytes, text: bytes) -> bytes:
    """AES in counter mode as WinZip counts: from one, its first byte the least."""
    blocks = -(-len(text) // 16)
    counters = b"".join(n.to_bytes(16, "little") for n in range(1, blocks + 1))
    stream = Cipher(AES(key), ECB()).encryptor().update(counters)[: len(text)]  # noqa: S305 - of counters
    mixed = int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")
    return mixed.to_bytes(len(text), "big")
