"""An operator's authenticator: what its library keeps in plain rests sealed here, under their key."""

from __future__ import annotations

from base64 import b32decode, b32encode, b85decode, b85encode

from django_otp.plugins.otp_totp.models import TOTPDevice

from compliance import vault
from compliance.crypto import Key

FACTOR_LABEL = "otp_totp_totpdevice.key"


class Telephone(TOTPDevice):
    """An operator's authenticator; its secret rests sealed under the operator's key, in the library's column.

    A check of the table refuses one that is not sealed.
    """

    class Meta:
        proxy = True
        verbose_name = "authenticator"

    def seal(self, key: Key, secret: bytes) -> None:
        """Put the secret in, not yet saved."""
        sealed = key.seal(FACTOR_LABEL, str(self.user_id), b32encode(secret).decode())
        self.key = b85encode(sealed).decode()

    @property
    def bin_key(self) -> bytes:
        """The plain secret: what the library's own checks ask for."""
        if self.user.factor_key is None:
            raise vault.VaultClosed(f"operator {self.user_id} has no key")
        key = vault.unwrap(self.user.factor_key)
        return b32decode(key.open(FACTOR_LABEL, str(self.user_id), b85decode(self.key)))
