"""A certificate as customs has it: base64 of its DER in one line, of an RSA key or of an SM2 key (国密)."""

from __future__ import annotations

import base64
import re

from customs.signing.methods import RSA_SHA1, SM2_SM3

# A certificate of an SM2 key names its curve (1.2.156.10197.1.301, in DER); customs knows no third kind.
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
_ARMOUR = re.compile(r"-----[A-Z ]+-----|\s")


def bare(text: str) -> str:
    """The certificate without PEM's lines around it. Raises ValueError for what is no base64."""
    made = _ARMOUR.sub("", text)
    if not der(made):
        raise ValueError("an empty certificate")
    return made


def der(certificate: str) -> bytes:
    """Its bytes. Raises ValueError for what is no base64."""
    return base64.b64decode(certificate, validate=True)


def method_of(certificate: str) -> str:
    """How the key of this certificate signs."""
    return SM2_SM3 if _SM2_CURVE in der(certificate) else RSA_SHA1
