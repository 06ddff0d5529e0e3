"""Which keys WeChat signs with for whom, and which a merchant may sign with; changed while it plays.

A platform certificate (平台证书) is followed by the next while both hold; a merchant moves to the public key
(微信支付公钥) by shares of its notifications, or has it alone and no certificates at all.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sandbox.wire import PayFault
from sandbox.world import SigningKey, Storefront, World

TURNS, CERTIFICATE, SWITCHING, PUBLIC_KEY = MODES = ("turns", "certificate", "switching", "public_key")
NO_CERTIFICATES = ("404", "500", "empty")
PLATFORM, PLATFORM_YEARS = "Sandbox Tenpay Platform", timedelta(days=5 * 365)  # as long as the real one


@dataclass(frozen=True)
class Certificate:
    """A platform certificate with the key that it certifies."""

    signing: SigningKey
    pem: str
    valid_from: datetime
    expires_at: datetime


@dataclass
class Stand:
    """How one merchant stands: `share` of its notifications is signed by the public key while switching."""

    mode: str = TURNS
    share: float = 0.0
    without: str = "404"  # how a merchant that has no certificates is told so
    sent: int = 0
    certificates: dict[str, RSAPublicKey] = field(
        default_factory=dict
    )  # the merchant's own, beside the first
    revoked: set[str] = field(default_factory=set)


class Keyring:
    """The keys of WeChat and of its merchants, as they are now. What `setup` wrote is where it begins."""

    def __init__(self, world: World) -> None:
        self._world, self._lock, self._turn = world, Lock(), itertools.count()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._certificates = [_first(self._world)]
            self._stands: dict[str, Stand] = {}

    def rotate(self, *, keep_old: bool, valid_days: float) -> Certificate:
        """A new platform certificate signs from now on; the old ones stay in the list, or leave it."""
        made = _new_platform_certificate(timedelta(days=valid_days))
        with self._lock:
            self._certificates = [*(self._certificates if keep_old else []), made]
        return made

    def stand(self, mchid: str) -> Stand:
        with self._lock:
            return self._stands.setdefault(mchid, Stand())

    def certificates(self, mchid: str) -> list[Certificate]:
        """What GET /v3/certificates tells; PayFault for a merchant that has none."""
        stand = self.stand(mchid)
        if stand.mode != PUBLIC_KEY:
            return list(self._certificates)
        if stand.without == "404":
            raise PayFault(
                404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥"
            )
        if stand.without == "500":
            raise PayFault(500, "SYSTEM_ERROR", "系统异常，请稍后重试")
        return []

    def named(self) -> list[SigningKey]:
        """Every key of WeChat's that a caller may encrypt to."""
        return [self._world.public_key, *(one.signing for one in self._certificates)]

    @property
    def newest(self) -> SigningKey:
        return self._certificates[-1].signing

    def answering(self, mchid: str | None, asked: str) -> SigningKey:
        """The key that signs an answer: the one asked for, else the certificate or, without one, the public
        key; PayFault 400 for a name that is not WeChat's, or not this merchant's yet."""
        mode = self.stand(mchid).mode if mchid else TURNS
        public = self._world.public_key
        if asked == public.serial and mode != CERTIFICATE:
            return public
        named = [one.signing for one in self._certificates if one.signing.serial == asked.upper()]
        if asked and not named:
            raise PayFault(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误")
        return named[0] if named else (public if mode == PUBLIC_KEY else self.newest)

    def notifying(self, mchid: str) -> SigningKey:
        """The key of the next notification to this merchant."""
        stand, public = self.stand(mchid), self._world.public_key
        if stand.mode == TURNS:
            return (self.newest, public)[next(self._turn) % 2]
        if stand.mode != SWITCHING:
            return public if stand.mode == PUBLIC_KEY else self.newest
        with self._lock:
            stand.sent += 1
            by_public_key = int(stand.sent * stand.share) > int((stand.sent - 1) * stand.share)
        return public if by_public_key else self.newest

    def issue(self, merchant: Storefront) -> tuple[str, str, str]:
        """A further merchant certificate (商户API证书): serial, certificate PEM, private key PEM."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        certificate = certify(key, merchant.mchid, PLATFORM_YEARS)
        serial = format(certificate.serial_number, "040X")
        self.stand(merchant.mchid).certificates[serial] = key.public_key()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return serial, certificate.public_bytes(Encoding.PEM).decode(), private

    def merchant_key(self, merchant: Storefront, serial: str) -> RSAPublicKey | None:
        """The key of the merchant certificate `serial`, unless it is unknown or revoked."""
        return self._own(merchant).get(serial.upper())

    def merchant_keys(self, merchant: Storefront) -> list[RSAPublicKey]:
        """Every key that the merchant may sign with."""
        return list(self._own(merchant).values())

    def _own(self, merchant: Storefront) -> dict[str, RSAPublicKey]:
        stand = self.stand(merchant.mchid)
        with self._lock:
            held = {merchant.merchant_serial.upper(): merchant.merchant_key, **stand.certificates}
            return {serial: key for serial, key in held.items() if serial not in stand.revoked}


def certify(
    key: rsa.RSAPrivateKey, name: str, valid: timedelta, *, now: datetime | None = None
) -> x509.Certificate:
    """A certificate of `key` in `name`, valid since yesterday."""
    now = now or datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + valid)
        .sign(key, hashes.SHA256())
    )


def _first(world: World) -> Certificate:
    found = x509.load_pem_x509_certificate(world.certificate_pem.encode())
    return Certificate(
        world.certificate, world.certificate_pem, found.not_valid_before_utc, found.not_valid_after_utc
    )


def _new_platform_certificate(valid: timedelta) -> Certificate:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    found = certify(key, PLATFORM, valid)
    return Certificate(
        SigningKey(format(found.serial_number, "040X"), key),
        found.public_bytes(Encoding.PEM).decode(),
        found.not_valid_before_utc,
        found.not_valid_after_utc,
    )
