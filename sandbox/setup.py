"""Writes the world once: fresh keys, three storefronts, an account at Tencent Cloud; what exists is kept."""

import hashlib
import json
import secrets
import string
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sandbox.keyring import PLATFORM, PLATFORM_YEARS, certify
from sandbox.port.seals import new_rsa_card, new_sm2_card
from sandbox.world import CERTIFICATE_KEY_FILE, PUBLIC_KEY_FILE, WORLD_FILE, load

DECLARANT = "示例报关（宁波）有限公司"  # one enterprise for all storefronts
STOREFRONTS = {"maison": "1900000101", "swift": "1900000202", "wren": "1900000303"}


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _write(path: Path, text: str) -> None:
    """Readable by the owner alone from its first byte, and there either whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(text)
    part.rename(path)


def _letters(length: int) -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))


def _storefront(code: str, mchid: str) -> dict[str, Any]:
    return {
        "code": code,
        "appid": "wx" + hashlib.sha256(f"sandbox|{code}".encode()).hexdigest()[:16],
        "secret": secrets.token_hex(16),
        "mchid": mchid,
        "merchant_serial": secrets.token_hex(20).upper(),
        "merchant_private_key_pem": _private_pem(_new_key()),
        "apiv3_key": _letters(32),
        "v2_key": _letters(32),
        "message_token": _letters(32),
        "message_key": _letters(43),
        **_carriers(code),
        "port": _enterprise(mchid),
    }


def _enterprise(mchid: str) -> dict[str, Any]:
    """Who declares for the storefront: a box of its own at the port, and two cards in a signing machine."""
    cards = [new_rsa_card(f"01{mchid}01", DECLARANT), new_sm2_card(f"01{mchid}02", DECLARANT)]
    return {
        "dxp_id": f"DXPENT{mchid}0001",
        "cop_code": "3302W0F06T",
        "cop_name": DECLARANT,
        "customs_code": "3105",
        "certificates": [asdict(one) for one in cards],
        "machine": {"password": "88888888"},
    }


def _carriers(code: str) -> dict[str, str]:
    """Accounts at SF and at kuaidi100."""
    return {
        "sf_partner": code.upper() + _letters(6),
        "sf_check_word": _letters(32),
        "kuaidi100_customer": _letters(32).upper(),
        "kuaidi100_key": _letters(12),
    }


def _tencent() -> dict[str, str]:
    return {"secret_id": "AKID" + _letters(32), "secret_key": _letters(32)}


def _site() -> dict[str, str]:
    """The card with which the supervised site signs what it enters."""
    return asdict(new_sm2_card("0133029601", "宁波跨境电商监管作业场所"))


def _complete(path: Path) -> None:
    """Add what a world written by an earlier version lacks."""
    world = json.loads(path.read_text())
    whole = {"tencent": _tencent(), "site": _site(), **world}
    whole["storefronts"] = [
        {
            "v2_key": _letters(32),
            "message_token": _letters(32),
            "message_key": _letters(43),
            **_carriers(one["code"]),
            **one,
            "port": one.get("port") or _enterprise(one["mchid"]),
        }
        for one in world["storefronts"]
    ]
    known = {one["code"] for one in world["storefronts"]}
    whole["storefronts"] += [
        _storefront(code, mchid) for code, mchid in STOREFRONTS.items() if code not in known
    ]
    if whole != world:
        _write(path, json.dumps(whole, indent=2) + "\n")


def write_world(folder: Path) -> bool:
    """Write the world into `folder`; True if it was new, False if one was there and kept.

    `world.json` is written last, so a set-up that was cut short is simply done again.
    """
    if (folder / WORLD_FILE).exists():
        _complete(folder / WORLD_FILE)
        load(folder)
        return False
    folder.mkdir(parents=True, exist_ok=True)
    certificate_key, public_key = _new_key(), _new_key()
    certificate = certify(certificate_key, PLATFORM, PLATFORM_YEARS)
    _write(folder / CERTIFICATE_KEY_FILE, _private_pem(certificate_key))
    _write(folder / PUBLIC_KEY_FILE, _private_pem(public_key))
    world = {
        "platform": {
            "cert_serial": format(certificate.serial_number, "040X"),
            "cert_pem": certificate.public_bytes(Encoding.PEM).decode(),
            "public_key_id": "PUB_KEY_ID_01" + "".join(secrets.choice(string.digits) for _ in range(26)),
            "public_key_pem": _public_pem(public_key),
        },
        "storefronts": [_storefront(code, mchid) for code, mchid in STOREFRONTS.items()],
        "tencent": _tencent(),
        "site": _site(),
    }
    _write(folder / WORLD_FILE, json.dumps(world, indent=2) + "\n")
    return True
