"""A document is signed whole, in both ways that customs accepts, and nothing changed in it goes unseen."""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from customs.ceb.read import parse
from customs.ceb.write import to_bytes, write
from customs.signing.envelope import DS, SignatureWrong, is_signed, sign, verify
from customs.signing.keys import RsaSigner, RsaVerifier, Signer, Sm2Signer, Sm2Verifier, Verifier, sm2_point
from tests.customs.ceb import plain

RSA = rsa.generate_private_key(65537, 2048)
SM2 = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
PAIRS: dict[str, tuple[Signer, Verifier]] = {
    "rsa-sha1": (RsaSigner(RSA, "0001", "TUlJ"), RsaVerifier(RSA.public_key())),
    "sm2-sm3": (Sm2Signer(SM2, "0002", "TUlJ"), Sm2Verifier(sm2_point(SM2))),
}
both = pytest.mark.parametrize("method", sorted(PAIRS))


def signed(method: str) -> bytes:
    root = write(plain("CEB621Message"))
    sign(root, PAIRS[method][0])
    return to_bytes(root)


def known(method: str) -> Callable[[str], Verifier | None]:
    signer, verifier = PAIRS[method]
    return {signer.number: verifier}.get


@both
def test_what_was_signed_holds_after_its_way(method: str) -> None:
    root = parse(signed(method))
    assert is_signed(root)
    assert verify(root, known(method)) == PAIRS[method][0].number


def test_the_methods_are_named_as_the_specification_does() -> None:
    names = {
        "rsa-sha1": ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
        "sm2-sm3": (
            "http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3",
            "http://www.chinaport.gov.cn/2022/04/xmldsig#sm3",
        ),
    }
    for method, (signature, digest) in names.items():
        root = parse(signed(method))
        for element, name in (("SignatureMethod", signature), ("DigestMethod", digest)):
            found = root.find(f".//{{{DS}}}{element}")
            assert found is not None
            assert found.get("Algorithm") == name


def test_an_sm2_signature_is_that_of_the_standard() -> None:
    """The public key of GB/T 32918.5 annex A belongs to its private key, and its signature holds."""
    point = bytes.fromhex(
        "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    )
    signature = bytes.fromhex(
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    )
    assert sm2_point(SM2) == point
    assert Sm2Verifier(point).holds(signature, b"message digest")
    assert not Sm2Verifier(point).holds(signature, b"message digesT")


@pytest.mark.parametrize("half", [bytes(32), b"\xff" * 32])
def test_a_number_that_no_sm2_signature_has_is_refused_before_it_is_computed_with(half, monkeypatch) -> None:
    verifier = Sm2Verifier(sm2_point(SM2))
    monkeypatch.setattr(verifier._curve, "verify", lambda *_: True)
    one = (1).to_bytes(32)
    assert verifier.holds(one + one, b"data")
    assert not verifier.holds(half + one, b"data")
    assert not verifier.holds(one + half, b"data")


def test_an_sm2_key_that_begins_with_04_signs_as_any_other() -> None:
    number = next(n for n in range(1, 5000) if sm2_point(n.to_bytes(32))[0] == 0x04)
    key = number.to_bytes(32)
    signature = Sm2Signer(key, "3", "").sign(b"data")
    assert Sm2Verifier(sm2_point(key)).holds(signature, b"data")
    assert not Sm2Verifier(sm2_point(SM2)).holds(signature, b"data")


@pytest.mark.parametrize("key", [b"", bytes(32), b"\xff" * 32, b"\x01" * 31])
def test_what_is_no_sm2_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="SM2 private key"):
        sm2_point(key)


@both
def test_a_changed_value_breaks_the_signature(method: str) -> None:
    root = parse(signed(method))
    for element in list(root.iter("{http://www.chinaport.gov.cn/ceb}*")):
        if len(element) or not element.text:
            continue
        changed = parse(signed(method))
        spot = changed.find(f".//{element.tag}")
        assert spot is not None
        spot.text = f"{element.text}0"
        with pytest.raises(SignatureWrong, match="changed after it was signed"):
            verify(changed, known(method))


@both
def test_a_digest_made_anew_for_a_changed_document_does_not_help(method: str) -> None:
    root, other = parse(signed(method)), write(plain("CEB623Message"))
    signature = root.find(f"{{{DS}}}Signature")
    assert signature is not None
    foreign = deepcopy(other)
    sign(foreign, PAIRS[method][0])
    digest, made = (one.find(f".//{{{DS}}}DigestValue") for one in (signature, foreign))
    assert digest is not None
    assert made is not None
    digest.text = made.text
    other.append(signature)
    with pytest.raises(SignatureWrong, match="not of this key"):
        verify(parse(to_bytes(other)), known(method))


def test_who_is_not_known_signs_nothing() -> None:
    with pytest.raises(SignatureWrong, match="not known"):
        verify(parse(signed("rsa-sha1")), lambda number: None)
    with pytest.raises(SignatureWrong, match="0 signatures"):
        verify(write(plain("CEB621Message")), known("rsa-sha1"))
    other = RsaVerifier(rsa.generate_private_key(65537, 2048).public_key())
    with pytest.raises(SignatureWrong, match="not of this key"):
        verify(parse(signed("rsa-sha1")), lambda number: other)


def test_the_method_follows_from_the_key_and_not_from_the_document() -> None:
    with pytest.raises(SignatureWrong, match="in another way"):
        verify(parse(signed("rsa-sha1")), lambda number: PAIRS["sm2-sm3"][1])


@pytest.mark.parametrize(
    ("path", "attribute", "value"),
    [
        ("CanonicalizationMethod", "Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#"),
        ("SignatureMethod", "Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        ("DigestMethod", "Algorithm", "http://www.w3.org/2001/04/xmlenc#sha256"),
        ("Transform", "Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("Reference", "URI", "#part"),
    ],
)
def test_only_the_whole_document_can_be_what_was_signed(path: str, attribute: str, value: str) -> None:
    root = parse(signed("rsa-sha1"))
    found = root.find(f".//{{{DS}}}{path}")
    assert found is not None
    found.set(attribute, value)
    with pytest.raises(SignatureWrong, match="in another way"):
        verify(root, known("rsa-sha1"))


def test_a_signed_document_wrapped_in_another_is_not_taken_for_it() -> None:
    inner, outer = parse(signed("rsa-sha1")), write(plain("CEB621Message"))
    outer.append(inner)
    with pytest.raises(SignatureWrong, match="1 signatures, not one at the document's end"):
        verify(outer, known("rsa-sha1"))


def test_a_second_signature_is_refused() -> None:
    root = parse(signed("rsa-sha1"))
    sign(root, PAIRS["rsa-sha1"][0])
    with pytest.raises(SignatureWrong, match="2 signatures"):
        verify(root, known("rsa-sha1"))


@pytest.mark.parametrize("value", ["", "!!!", base64.b64encode(b"short").decode()])
def test_a_signature_that_is_none_is_said(value: str) -> None:
    for method in PAIRS:
        root = parse(signed(method))
        found = root.find(f".//{{{DS}}}SignatureValue")
        assert found is not None
        found.text = value
        with pytest.raises(SignatureWrong, match=r"not of this key|no base64"):
            verify(root, known(method))


def test_white_space_around_a_signature_is_part_of_what_was_signed() -> None:
    root = write(plain("CEB621Message"))
    root[-1].tail = "\n  "
    sign(root, PAIRS["rsa-sha1"][0])
    raw = to_bytes(root)
    assert verify(parse(raw), known("rsa-sha1")) == "0001"
    assert etree.fromstring(raw)[-2].tail == "\n  "
