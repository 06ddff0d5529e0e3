"""A signature inside the document that it signs (enveloped XML signature, XMLDSig), as customs has it.

Canonical XML 1.0 without comments; one reference, to the whole document without its signature.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from customs.signing.keys import Signer, Verifier
from customs.signing.methods import METHODS

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = f"{DS}enveloped-signature"
_DS = "{" + DS + "}"


class SignatureWrong(Exception):
    """The document is not signed, or not by a key that is known, or was changed since; `str()` says which."""


def sign(root: etree._Element, signer: Signer) -> None:
    """Append the signature to the document. Whatever is changed afterwards breaks it."""
    method = METHODS[signer.method]
    digest = base64.b64encode(method.digested(_canonical(root))).decode()
    signature = etree.SubElement(root, f"{_DS}Signature", nsmap={"ds": DS})
    info = etree.SubElement(signature, f"{_DS}SignedInfo")
    etree.SubElement(info, f"{_DS}CanonicalizationMethod", Algorithm=C14N)
    etree.SubElement(info, f"{_DS}SignatureMethod", Algorithm=method.signature)
    reference = etree.SubElement(info, f"{_DS}Reference", URI="")
    transforms = etree.SubElement(reference, f"{_DS}Transforms")
    etree.SubElement(transforms, f"{_DS}Transform", Algorithm=ENVELOPED)
    etree.SubElement(reference, f"{_DS}DigestMethod", Algorithm=method.digest)
    etree.SubElement(reference, f"{_DS}DigestValue").text = digest
    value = base64.b64encode(signer.sign(_canonical(info))).decode()
    etree.SubElement(signature, f"{_DS}SignatureValue").text = value
    keys = etree.SubElement(signature, f"{_DS}KeyInfo")
    etree.SubElement(keys, f"{_DS}KeyName").text = signer.number
    data = etree.SubElement(keys, f"{_DS}X509Data")
    etree.SubElement(data, f"{_DS}X509Certificate").text = signer.certificate


def is_signed(root: etree._Element) -> bool:
    """Whether the document carries a signature at all."""
    return root.find(f"{_DS}Signature") is not None


def verify(root: etree._Element, known: Callable[[str], Verifier | None]) -> str:
    """The number of the certificate that signed the document. Raises SignatureWrong.

    `known` gives the key of a certificate's number, from what was agreed beforehand: a certificate that comes
    with a document proves nothing. Method, transforms and reference must be those that the specification
    names, so that nothing but the whole document can be what was signed.
    """
    found = root.findall(f".//{_DS}Signature")
    if len(found) != 1 or found[0].getparent() is not root:
        raise SignatureWrong(f"{len(found)} signatures, not one at the document's end")
    signature = found[0]
    number = _text(signature, "KeyInfo", "KeyName")
    verifier = known(number)
    if verifier is None:
        raise SignatureWrong("signed by a certificate that is not known")
    method = METHODS[verifier.method]
    info = _only(signature, "SignedInfo")
    reference = _only(info, "Reference")
    transforms = [one.get("Algorithm") for one in _only(reference, "Transforms")]
    named = (
        _only(info, "CanonicalizationMethod").get("Algorithm") == C14N,
        _only(info, "SignatureMethod").get("Algorithm") == method.signature,
        _only(reference, "DigestMethod").get("Algorithm") == method.digest,
        reference.get("URI") == "",
        transforms in ([ENVELOPED], [ENVELOPED, C14N]),
    )
    if not all(named):
        raise SignatureWrong("signed in another way than the specification names")
    if not hmac.compare_digest(method.digested(_unsigned(root)), _decoded(reference, "DigestValue")):
        raise SignatureWrong("changed after it was signed")
    if not verifier.holds(_decoded(signature, "SignatureValue"), _canonical(info)):
        raise SignatureWrong("the signature is not of this key")
    return number


def _unsigned(root: etree._Element) -> bytes:
    copy = deepcopy(root)
    signature = _only(copy, "Signature")
    before, after = signature.getprevious(), signature.tail or ""
    if before is None:
        copy.text = (copy.text or "") + after
    else:
        before.tail = (before.tail or "") + after
    copy.remove(signature)
    return _canonical(copy)


def _canonical(element: etree._Element) -> bytes:
    try:
        return etree.tostring(element, method="c14n", with_comments=False)
    except etree.C14NError as fault:
        raise SignatureWrong("no document that can be signed") from fault


def _only(parent: etree._Element, name: str) -> etree._Element:
    found = parent.findall(_DS + name)
    if len(found) != 1:
        raise SignatureWrong(f"{len(found)} {name}, not one")
    return found[0]


def _text(element: etree._Element, *path: str) -> str:
    for name in path:
        element = _only(element, name)
    return (element.text or "").strip()


def _decoded(element: etree._Element, name: str) -> bytes:
    try:
        return base64.b64decode("".join(_text(element, name).split()), validate=True)
    except ValueError as fault:
        raise SignatureWrong(f"{name} is no base64") from fault
