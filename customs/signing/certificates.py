"""A certificate as customs has it: base64 of its DER in one line, of an RSA key or of an SM2 key (国密).

What another party must sign is checked by the certificate that it gave beforehand.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from customs.signing.keys import SM2_BYTES, RsaVerifier, Sm2Verifier, Verifier
from customs.signing.methods import RSA_SHA1, SM2_SM3

# A certificate of an SM2 key names its curve (1.2.156.10197.1.301, in DER); customs knows no third kind.
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
# What stands before the public point of an SM2 key: SubjectPublicKeyInfo of an EC key on that curve.
_SM2_KEY = bytes.fromhex("3059301306072a8648ce3d0201") + _SM2_CURVE + bytes.fromhex("03420004")
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


def verifier_of(certificate: str, at: datetime) -> Verifier:
    """Who tells whether the key of a certificate, base64 or PEM, signed something.

    Raises ValueError, which says why: it cannot be read, does not hold `at` that time, or is of another kind.
    """
    try:
        made = x509.load_der_x509_certificate(der(bare(certificate)))
        begins, ends = made.not_valid_before_utc, made.not_valid_after_utc
    except (ValueError, x509.InvalidVersion) as fault:
        raise ValueError("no certificate that can be read") from fault
    if not begins <= at <= ends:
        raise ValueError(f"a certificate from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}")
    told = made.tbs_certificate_bytes.split(_SM2_KEY)
    if len(told) == 2:
        return Sm2Verifier(told[1][: 2 * SM2_BYTES])
    try:
        key = made.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("a certificate of neither an RSA nor an SM2 key")
    return RsaVerifier(key)
