"""Who exists: WeChat's keys and storefronts, Tencent's account; read from the folder that `setup` wrote."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sandbox.port.office import Enterprise
from sandbox.port.seals import Card

WORLD_FILE = "world.json"
CERTIFICATE_KEY_FILE = "platform-certificate.key.pem"
PUBLIC_KEY_FILE = "platform-public.key.pem"


@dataclass(frozen=True)
class Storefront:
    """One mini-program with its merchant account, as WeChat knows it."""

    code: str
    appid: str
    secret: str = field(repr=False)
    mchid: str
    merchant_serial: str
    merchant_key: RSAPublicKey = field(repr=False)
    apiv3_key: bytes = field(repr=False)
    v2_key: str = field(repr=False)
    message_token: str = field(repr=False)
    message_key: str = field(repr=False)
    port: Enterprise
    sf_partner: str = ""
    sf_check_word: str = field(default="", repr=False)
    kuaidi100_customer: str = ""
    kuaidi100_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class SigningKey:
    """A key WeChat signs with, under the name it is known by in `Wechatpay-Serial`."""

    serial: str
    key: RSAPrivateKey = field(repr=False)


@dataclass(frozen=True)
class TencentAccount:
    """The pair of keys with which the product signs calls of Tencent Cloud."""

    secret_id: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class World:
    certificate: SigningKey
    certificate_pem: str
    public_key: SigningKey
    storefronts: tuple[Storefront, ...]
    tencent: TencentAccount
    site: Card

    def by_appid(self, appid: str) -> Storefront | None:
        return next((one for one in self.storefronts if one.appid == appid), None)

    def by_mchid(self, mchid: str) -> Storefront | None:
        return next((one for one in self.storefronts if one.mchid == mchid), None)


def _private_key(pem: bytes) -> RSAPrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def _enterprise(told: dict[str, Any]) -> Enterprise:
    return Enterprise(
        told["dxp_id"],
        told["cop_code"],
        told["cop_name"],
        told["customs_code"],
        tuple(Card(**one) for one in told["certificates"]),
        told["machine"]["password"],
    )


def load(folder: Path) -> World:
    """The world in `folder`; FileNotFoundError where `setup` has not run."""
    told = json.loads((folder / WORLD_FILE).read_text())
    platform = told["platform"]
    return World(
        certificate=SigningKey(
            platform["cert_serial"], _private_key((folder / CERTIFICATE_KEY_FILE).read_bytes())
        ),
        certificate_pem=platform["cert_pem"],
        public_key=SigningKey(
            platform["public_key_id"], _private_key((folder / PUBLIC_KEY_FILE).read_bytes())
        ),
        storefronts=tuple(
            Storefront(
                code=one["code"],
                appid=one["appid"],
                secret=one["secret"],
                mchid=one["mchid"],
                merchant_serial=one["merchant_serial"],
                merchant_key=_private_key(one["merchant_private_key_pem"].encode()).public_key(),
                apiv3_key=one["apiv3_key"].encode(),
                v2_key=one["v2_key"],
                message_token=one["message_token"],
                message_key=one["message_key"],
                sf_partner=one["sf_partner"],
                sf_check_word=one["sf_check_word"],
                kuaidi100_customer=one["kuaidi100_customer"],
                kuaidi100_key=one["kuaidi100_key"],
                port=_enterprise(one["port"]),
            )
            for one in told["storefronts"]
        ),
        tencent=TencentAccount(**told["tencent"]),
        site=Card(**told["site"]),
    )


def _digest(text: str, length: int) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:length]


def openid_prefix(appid: str) -> str:
    """As at WeChat, all openids of one mini-program begin alike."""
    return "o" + _digest(f"app|{appid}", 5)


def openid(appid: str, user: str) -> str:
    """The same user of the same mini-program always has the same openid of 28 characters."""
    return openid_prefix(appid) + _digest(f"user|{appid}|{user}", 22)


def unionid(user: str) -> str:
    return "o6_" + _digest(f"union|{user}", 25)
