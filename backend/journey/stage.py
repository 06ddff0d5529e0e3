"""Who plays, with what papers, and what the steps hand on to each other."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from stdnum.iso7064 import mod_11_2

from backend.journey.client import Consumer, Sandbox
from backend.journey.report import Unexpected
from kernel.money import priced
from partner_client import Client

MAISON, SWIFT = "maison", "swift"
NAME, OTHER_NAME, PHONE = "王小礼", "李大壮", "13800138000"
ADDRESS = {"name": NAME, "phone": PHONE, "division_code": "310115", "street": "示例路 1 号 2 室"}
MENDED = {"name": OTHER_NAME, "phone": "13900139000", "division_code": "310101", "street": "示例路 3 号 4 室"}


@dataclass
class Stage:
    """The consumer in two mini-programs, a stranger, one who leaves, WeChat, and what has happened so far."""

    alice: Consumer
    alice_at_swift: Consumer
    stranger: Consumer
    leaver: Consumer
    sandbox: Sandbox
    world: dict[str, Any]
    number: str
    notice: str = ""
    coupon: str = ""
    basket: list[dict[str, Any]] = field(default_factory=list)
    big_basket: list[dict[str, Any]] = field(default_factory=list)
    quote: dict[str, Any] = field(default_factory=dict)
    order: dict[str, Any] = field(default_factory=dict)
    payment: dict[str, str] = field(default_factory=dict)
    out_trade_no: str = ""
    credit: dict[str, str] = field(default_factory=dict)
    friend: str = ""
    shared: str = ""
    mailed: str = ""
    returned: str = ""
    swift_sku: str = ""
    swift_left: int = 0
    erp: Client = field(init=False)
    wms: Client = field(init=False)

    def merchant_key(self, code: str) -> RSAPublicKey:
        """The public half of a merchant's key, with which anyone can check what it signed."""
        pem = credentials(self.world, code)["merchant_private_key_pem"]
        key = load_pem_private_key(pem.encode(), None).public_key()
        if not isinstance(key, RSAPublicKey):
            raise Unexpected("an RSA key", type(key).__name__)
        return key


def set_stage(*, base: str, sandbox: str, world: dict[str, Any]) -> Stage:
    """New users with a new identity, so that the journey may be played any number of times."""
    mark = secrets.token_hex(4)
    appid = {code: credentials(world, code)["appid"] for code in (MAISON, SWIFT)}
    return Stage(
        alice=Consumer(base, appid[MAISON], f"alice-{mark}"),
        alice_at_swift=Consumer(base, appid[SWIFT], f"alice-{mark}"),
        stranger=Consumer(base, appid[MAISON], f"stranger-{mark}"),
        leaver=Consumer(base, appid[MAISON], f"leaver-{mark}"),
        sandbox=Sandbox(sandbox),
        world=world,
        number=identity_number(),
    )


def credentials(world: dict[str, Any], code: str) -> dict[str, str]:
    """What the world says of one storefront."""
    return next(one for one in world["storefronts"] if one["code"] == code)


def identity_number() -> str:
    """An invented, well-formed number (GB 11643-1999) of one born before 1905: nobody's, by now."""
    born = date(1900, 1, 1) + timedelta(days=secrets.randbelow(5 * 365))
    body = f"110101{born:%Y%m%d}{secrets.randbelow(1000):03d}"
    return body + mod_11_2.calc_check_digit(body)


def wrong_number(number: str) -> str:
    """The same number with a slip of the pen in the last place."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")


yuan = priced  # fen for the eye: ¥1,234.56
