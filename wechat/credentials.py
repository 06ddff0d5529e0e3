"""Credentials are plain arguments: whoever calls WeChat says as whom, and no secret shows in a repr."""

from dataclasses import dataclass, field

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
    """One key WeChat Pay signs with: `serial` is a certificate's serial in HEX, or a `PUB_KEY_ID_…`."""

    serial: str
    public_key: RSAPublicKey = field(repr=False)

    @property
    def is_public_key(self) -> bool:
        """True for a platform public key (微信支付公钥), False for a platform certificate (平台证书)."""
        return self.serial.startswith(PUBLIC_KEY_PREFIX)


@dataclass(frozen=True, slots=True)
class Merchant:
    """One merchant account (商户号): our signing key, the APIv3 key, every platform key that signs to us.

    Certificates and the platform public key stand side by side, because WeChat moves notifications from one
    to the other over days and signs with either meanwhile.
    """

    mchid: str
    serial_no: str
    private_key: RSAPrivateKey = field(repr=False)
    apiv3_key: bytes = field(repr=False)
    platform_keys: tuple[PlatformKey, ...]

    def __post_init__(self) -> None:
        if len(self.apiv3_key) != APIV3_KEY_BYTES:
            raise ValueError("the APIv3 key must be 32 bytes")

    def platform_key(self, serial: str) -> PlatformKey | None:
        """The key of this serial, or None. Certificate serials are HEX, so their case does not matter."""
        wanted = _comparable(serial)
        return next((key for key in self.platform_keys if _comparable(key.serial) == wanted), None)

    @property
    def answering_serial(self) -> str | None:
        """The platform public key's id, which we ask WeChat to sign answers with; None while we have none."""
        return next((key.serial for key in self.platform_keys if key.is_public_key), None)


def _comparable(serial: str) -> str:
    return serial if serial.startswith(PUBLIC_KEY_PREFIX) else serial.upper()
