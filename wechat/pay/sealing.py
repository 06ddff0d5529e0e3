"""What only WeChat may read is encrypted to one of its keys, and the call names that key."""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1

from wechat.credentials import Merchant, PlatformKey

LONGEST_BYTES = 214  # of a 2048-bit key under OAEP with SHA-1; PKCS #1 v1.5 would take more


@dataclass(frozen=True, slots=True)
class Named:
    """The person whom we name as payer: an 18-digit identity number of the mainland, and a name."""

    number: str = field(repr=False)
    name: str = field(repr=False)


class Padding(StrEnum):
    """How a field is padded before it is encrypted: OAEP everywhere but where a page says otherwise."""

    OAEP = "OAEP"
    PKCS1 = "PKCS1"


def sealing_key(merchant: Merchant, now: datetime) -> PlatformKey:
    """WeChat's key to encrypt to: its public key (微信支付公钥), else the certificate that lasts longest."""
    holding = [key for key in merchant.platform_keys if key.holds_at(now)]
    if not holding:
        raise ValueError("there is no key of WeChat Pay to encrypt to")
    for key in holding:
        if key.is_public_key:
            return key
    return max(holding, key=lambda key: (key.expires_at is None, key.expires_at or now))


def seal(key: PlatformKey, text: str, padding: Padding = Padding.OAEP) -> str:
    """`text` under RSAES-OAEP with SHA-1, or RSAES-PKCS1-v1_5: https://pay.weixin.qq.com/doc/v3/merchant/4013053257."""
    plain = text.encode()
    if not plain or len(plain) > LONGEST_BYTES:
        raise ValueError("a sealed text has 1 to 214 bytes")
    oaep = OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303
    sealed = key.public_key.encrypt(plain, oaep if padding is Padding.OAEP else PKCS1v15())
    return base64.b64encode(sealed).decode()
