"""WeChat Pay's platform certificates are fetched, opened with the APIv3 key, each checked before it counts.

GET /v3/certificates: https://pay.weixin.qq.com/wiki/doc/apiv3/wechatpay/wechatpay5_1.shtml

Why an answer may be believed that no key on file has signed: at the first fetch there is none, and a
house that slept through a change of certificates, which WeChat announces a day ahead, has only old ones.
Each certificate comes sealed by AES-256-GCM under the APIv3 key, which WeChat and the merchant alone
know, with the associated data "certificate", on which we insist, so that no sealed notification can stand
in for one. Who can make such a ciphertext is WeChat. A certificate that opens is therefore genuine, and
may verify the answer that it came in; the signature then adds what the seal lacks: that the list is
whole, and not older than five minutes. A serial that is on file is verified by the key on file and by no
other.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from wechat.credentials import Merchant, PlatformKey
from wechat.errors import Malformed, OutcomeUnknown, ResourceNotExist, Undecryptable
from wechat.pay.client import PayClient
from wechat.pay.signing import decrypt

CALL, PATH = "certificates", "/v3/certificates"
ASSOCIATED_DATA = "certificate"
LEAST_BITS = 2048


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says: its serial in capital HEX of 40 digits, its key, and when it is valid."""

    serial: str
    public_key: RSAPublicKey = field(repr=False)
    valid_from: datetime
    expires_at: datetime

    @property
    def public_key_pem(self) -> str:
        """The public key alone, as PEM."""
        return public_pem(self.public_key)

    def signing(self) -> PlatformKey:
        """As a key that answers are verified with."""
        return PlatformKey(self.serial, self.public_key, self.valid_from, self.expires_at)


def public_pem(key: RSAPublicKey) -> str:
    """One spelling for each key, so that two can be compared."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_certificate(pem: str, serial: str = "") -> Certificate:
    """The certificate in `pem`, whose serial must be `serial` where one is given; ValueError says why not."""
    try:
        found = load_pem_x509_certificate(pem.encode())
        key = found.public_key()
    except ValueError:
        raise ValueError("the certificate does not parse") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise ValueError(f"the certificate's key is not RSA of {LEAST_BITS} bits or more")
    number = serial_text(found.serial_number)
    if serial and serial.upper().zfill(40) != number:
        raise ValueError(f"the certificate's serial is {number}, not {serial}")
    return Certificate(number, key, found.not_valid_before_utc, found.not_valid_after_utc)


def serial_text(number: int) -> str:
    """A certificate's serial number as WeChat writes it."""
    return format(number, "040X")


def read_public_key(pem: str) -> RSAPublicKey:
    """A platform public key (微信支付公钥); ValueError when it is not RSA of 2048 bits or more."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError:
        raise ValueError("the public key does not parse") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise ValueError(f"the key is not RSA of {LEAST_BITS} bits or more")
    return key


def fetch(client: PayClient, *, now: datetime) -> list[Certificate]:
    """The certificates that hold at `now`, or will; [] where WeChat has none for this merchant.

    The answer must be signed by a key of ours or, under a serial that is not on file, by a certificate that
    it carries (see above). One entry that does not open, parse or agree with its serial spoils the whole.
    Raises as any call: Rejected, RateLimited, OutcomeUnknown.
    """
    reply = client.exchange(CALL, "GET", PATH, None)
    believer = client.merchant
    if 200 <= reply.status < 300:
        carried = tuple(one.signing() for one in _read(client, reply.body))
        believer = replace(believer, platform_keys=believer.platform_keys + carried)  # those on file first
    try:
        body = client.believed(CALL, reply, believer)
    except ResourceNotExist:
        return []
    return [one for one in _read(client, body) if now < one.expires_at]


def _read(client: PayClient, body: bytes) -> list[Certificate]:
    reason = ""
    try:
        return [_opened(client.merchant, row) for row in _rows(body)]
    except (Malformed, Undecryptable, ValueError) as error:
        reason = error.where if isinstance(error, Malformed) else str(error)
    raise OutcomeUnknown(call=CALL, reason=f"not to be used: {reason}"[:200])


def _rows(body: bytes) -> list[Any]:
    try:
        content = json.loads(body)
    except ValueError:
        raise Malformed(where="body") from None
    data = content.get("data", []) if isinstance(content, dict) else None
    if data is None and isinstance(content, dict):  # a merchant without certificates has been told null
        return []
    if not isinstance(data, list):
        raise Malformed(where="data")
    return data


def _opened(merchant: Merchant, row: Any) -> Certificate:
    sealed = row.get("encrypt_certificate") if isinstance(row, dict) else None
    serial = row.get("serial_no") if isinstance(row, dict) else None
    if not isinstance(sealed, dict) or not isinstance(serial, str) or not serial:
        raise Malformed(where="data.serial_no or data.encrypt_certificate")
    if sealed.get("associated_data") != ASSOCIATED_DATA:
        raise Malformed(where="data.encrypt_certificate.associated_data")
    pem = decrypt(sealed, merchant.apiv3_key)
    found = read_certificate(pem.decode("ascii", "replace"), serial)
    ends = _ends(row.get("expire_time"))
    return found if ends is None else replace(found, expires_at=min(ends, found.expires_at))


def _ends(told: Any) -> datetime | None:
    """When the list says that a certificate ends: before a change WeChat brings the old one's end forward."""
    if told is None:
        return None
    try:
        instant = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        raise Malformed(where="data.expire_time") from None
    if instant.tzinfo is None:
        raise Malformed(where="data.expire_time")
    return instant
