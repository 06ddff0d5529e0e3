"""Signatures at the port: keys and certificates of enterprises, how a card signs, and what holds.

RSA with SHA-1, or SM2 with SM3 (国密); a signature of SM2 is r and s, 64 bytes.
"""

import base64
import binascii
import secrets
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from gmssl.sm2 import CryptSM2
from lxml import etree

from sandbox.port.form import DS

RSA, SM2 = "rsa-sha1", "sm2-sm3"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = DS + "enveloped-signature"
CHINAPORT = "http://www.chinaport.gov.cn/2022/04/xmldsig#"
NAMES = {RSA: (DS + "rsa-sha1", DS + "sha1"), SM2: (CHINAPORT + "sm2-sm3", CHINAPORT + "sm3")}
_TABLE = CryptSM2(private_key="", public_key="").ecc_table
ORDER = int(_TABLE["n"], 16)
SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")  # 1.2.156.10197.1.301
YEARS = timedelta(days=5 * 365)


@dataclass(frozen=True)
class Card:
    """A certificate (base64 of DER) under its number, and, of a card that is in the machine, the key."""

    method: str
    number: str
    certificate: str = field(repr=False)
    private_key: str = field(default="", repr=False)

    def sign(self, data: bytes) -> bytes:
        if self.method == RSA:
            return _rsa(self.private_key).sign(data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        return sm2_sign(self.private_key, data)

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature was made over `data` with this card's key, by its certificate alone."""
        if self.method == SM2:
            return sm2_holds(_sm2_certified(self.certificate), signature, data)
        key = x509.load_der_x509_certificate(base64.b64decode(self.certificate)).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        try:
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        except InvalidSignature:
            return False
        return True


def digest(method: str, data: bytes) -> bytes:
    running = hashes.Hash(hashes.SHA1() if method == RSA else hashes.SM3())  # noqa: S303
    running.update(data)
    return running.finalize()


def _rsa(pem: str) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _curve(public: bytes, private: str = "") -> CryptSM2:
    curve = CryptSM2(private_key=private, public_key="")
    curve.public_key = public.hex()  # the constructor would cut a leading 04 off the point itself
    return curve


def sm2_public(private: str) -> bytes:
    """The point, x and y, of a private key of 64 hexadecimal digits."""
    return bytes.fromhex(_curve(b"")._kg(int(private, 16), _TABLE["g"]))


@lru_cache
def _sm2_certified(certificate: str) -> bytes:
    """The point in a certificate: it follows the name of the curve."""
    der = base64.b64decode(certificate)
    _, _, rest = der.partition(SM2_CURVE)
    if rest[:4] != b"\x03\x42\x00\x04":
        raise ValueError("no certificate of an SM2 key")
    return rest[4:68]


def _sm2_digest(public: bytes, data: bytes) -> bytes:
    identity = b"1234567812345678"
    curve = bytes.fromhex(_TABLE["a"] + _TABLE["b"] + _TABLE["g"])
    z = digest(SM2, (8 * len(identity)).to_bytes(2, "big") + identity + curve + public)
    return digest(SM2, z + data)


def sm2_sign(private: str, data: bytes) -> bytes:
    public = sm2_public(private)
    curve, hashed = _curve(public, private), _sm2_digest(public, data)
    while True:
        made = curve.sign(hashed, f"{1 + secrets.randbelow(ORDER - 1):064x}")
        if made and len(made) == 128:
            return bytes.fromhex(made)


def sm2_holds(public: bytes, signature: bytes, data: bytes) -> bool:
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < ORDER and 0 < s < ORDER):
        return False
    return bool(_curve(public).verify(signature.hex(), _sm2_digest(public, data)))


def new_rsa_card(number: str, name: str) -> Card:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), int(number, 16))
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + YEARS)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Card(RSA, number, base64.b64encode(made.public_bytes(Encoding.DER)).decode(), pem)


def new_sm2_card(number: str, name: str) -> Card:
    private = f"{1 + secrets.randbelow(ORDER - 2):064x}"
    return Card(SM2, number, base64.b64encode(_sm2_certificate(private, number, name)).decode(), private)


def _sm2_certificate(private: str, number: str, name: str) -> bytes:
    """A certificate signed by its own SM2 key, in DER: `cryptography` makes none for this curve."""
    method = _der(0x30, _oid("2a811ccf55018375"))  # 1.2.156.10197.1.501, SM2 with SM3
    who = _der(0x30, _der(0x31, _der(0x30, _oid("550403") + _der(0x0C, name.encode()))))
    now = datetime.now(UTC)
    valid = _der(0x30, _moment(now - timedelta(days=1)) + _moment(now + YEARS))
    curve = _oid("2a8648ce3d0201") + SM2_CURVE  # an EC key on that curve
    key = _der(0x30, _der(0x30, curve) + _der(0x03, b"\x00\x04" + sm2_public(private)))
    body = _der(
        0x30, _der(0xA0, _der(0x02, b"\x02")) + _whole(int(number, 16)) + method + who + valid + who + key
    )
    made = sm2_sign(private, body)
    pair = _der(0x30, _whole(int.from_bytes(made[:32], "big")) + _whole(int.from_bytes(made[32:], "big")))
    return _der(0x30, body + method + _der(0x03, b"\x00" + pair))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _oid(content: str) -> bytes:
    return _der(0x06, bytes.fromhex(content))


def _whole(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _moment(at: datetime) -> bytes:
    return _der(0x17, at.strftime("%y%m%d%H%M%SZ").encode())


def sign(root: etree._Element, card: Card) -> None:
    """Sign the whole document with a card, its signature the last of its elements."""
    signing, hashing = NAMES[card.method]
    hashed = digest(card.method, _canonical(root))
    under = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS})
    info = _put(under, "SignedInfo")
    _put(info, "CanonicalizationMethod", Algorithm=C14N)
    _put(info, "SignatureMethod", Algorithm=signing)
    reference = _put(info, "Reference", URI="")
    _put(_put(reference, "Transforms"), "Transform", Algorithm=ENVELOPED)
    _put(reference, "DigestMethod", Algorithm=hashing)
    _put(reference, "DigestValue").text = base64.b64encode(hashed).decode()
    _put(under, "SignatureValue").text = base64.b64encode(card.sign(_canonical(info))).decode()
    keys = _put(under, "KeyInfo")
    _put(keys, "KeyName").text = card.number
    _put(_put(keys, "X509Data"), "X509Certificate").text = card.certificate


def _put(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)


def signed_by(root: etree._Element, cards: dict[str, Card]) -> str:
    """The number of the certificate that signed the whole document; empty where no signature holds."""
    found = root.findall(f".//{{{DS}}}Signature")
    if len(found) != 1 or found[0].getparent() is not root:
        return ""
    signature = found[0]
    told = {
        name: _text(signature, path)
        for name, path in {
            "number": "KeyInfo/KeyName",
            "digest": "SignedInfo/Reference/DigestValue",
            "value": "SignatureValue",
        }.items()
    }
    card = cards.get(told["number"])
    info = signature.find(f"{{{DS}}}SignedInfo")
    if card is None or info is None or not _named_right(info, card.method):
        return ""
    try:
        value, hashed = (
            base64.b64decode("".join(told[one].split()), validate=True) for one in ("value", "digest")
        )
    except binascii.Error:
        return ""
    if digest(card.method, _without_signature(root)) != hashed:
        return ""
    return card.number if card.holds(value, _canonical(info)) else ""


def _named_right(info: etree._Element, method: str) -> bool:
    signature, hashing = NAMES[method]
    named = {
        _path("CanonicalizationMethod"): [C14N],
        _path("SignatureMethod"): [signature],
        _path("Reference/DigestMethod"): [hashing],
    }
    transforms = [one.get("Algorithm") for one in info.findall(_path("Reference/Transforms/Transform"))]
    references = info.findall(_path("Reference"))
    return (
        all([one.get("Algorithm") for one in info.findall(path)] == only for path, only in named.items())
        and transforms in ([ENVELOPED], [ENVELOPED, C14N])
        and [one.get("URI") for one in references] == [""]
    )


def _without_signature(root: etree._Element) -> bytes:
    copy = deepcopy(root)
    signature = copy.find(f"{{{DS}}}Signature")
    assert signature is not None
    before, tail = signature.getprevious(), signature.tail or ""
    if before is None:
        copy.text = (copy.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    copy.remove(signature)
    return _canonical(copy)


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", with_comments=False)


def _path(path: str) -> str:
    return "/".join(f"{{{DS}}}{name}" for name in path.split("/"))


def _text(element: etree._Element, path: str) -> str:
    found = element.findall(_path(path))
    return (found[0].text or "").strip() if len(found) == 1 else ""
