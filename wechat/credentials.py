"""Credentials are plain arguments: whoever calls WeChat says as whom, and no secret shows in a repr."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

PUBLIC_KEY_PREFIX = "PUB_KEY_ID_"
APIV3_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class MiniProgram:
    """One mini-program (小程序): its public appid and its secret."""

    appid: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """One key WeChat Pay signs with: `serial` is a certificate's serial in HEX, or a `PUB_KEY_ID_…`.

    A certificate signs from `valid_from` until before `expires_at`; a public key has neither.
    """

    serial: str
    public_key: RSAPublicKey = field(repr=False)
    valid_from: datetime | None = None
    expires_at: datetime | None = None

    @property
    def is_public_key(self) -> bool:
        """True for a platform public key (微信支付公钥), False for a platform certificate (平台证书)."""
        return self.serial.startswith(PUBLIC_KEY_PREFIX)

    def holds_at(self, now: datetime) -> bool:
        """Whether what this key signs counts at `now`."""
        begun = self.valid_from is None or self.valid_from <= now
        return begun and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant account (商户号): our signing key, the APIv3 key, every platform key that signs to us.

    Certificates and the platform public key stand side by side, because WeChat moves notifications from one
    to the other over days and signs with either meanwhile. Of several public keys the first is asked for.
    """

    mchid: str
    serial_no: str
    private_key: RSAPrivateKey = field(repr=False)
    apiv3_key: bytes = field(repr=False)
    platform_keys: tuple[PlatformKey, ...]
    past_keys: tuple[RSAPrivateKey, ...] = field(default=(), repr=False)

    @property
    def opening_keys(self) -> tuple[RSAPrivateKey, ...]:
        """The private keys that may open what WeChat encrypted for us: the present one, then earlier ones."""
        return (self.private_key, *self.past_keys)

    def __post_init__(self) -> None:
        if len(self.apiv3_key) != APIV3_KEY_BYTES:
            raise ValueError("the APIv3 key must be 32 bytes")

    def platform_key(self, serial: str) -> PlatformKey | None:
        """The key of this serial, or None. Certificate serials are HEX: case and leading 0s are nothing."""
        wanted = _comparable(serial)
        return next((key for key in self.platform_keys if _comparable(key.serial) == wanted), None)

    @property
    def answering_serial(self) -> str | None:
        """The platform public key's id, which we ask WeChat to sign answers with; None while we have none."""
        return next((key.serial for key in self.platform_keys if key.is_public_key), None)


def _comparable(serial: str) -> str:
    return serial if serial.startswith(PUBLIC_KEY_PREFIX) else serial.upper().lstrip("0")
