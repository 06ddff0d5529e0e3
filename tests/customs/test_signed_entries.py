"""What the site enters (711) is believed by its signature alone: who forges one lets no list go."""

from __future__ import annotations

import base64
from copy import deepcopy
from datetime import timedelta

import pytest
from lxml import etree

from customs.ceb.read import parse
from customs.ceb.tables import NAMESPACE
from customs.ceb.write import to_bytes
from customs.models import PortAccount, PortReceipt, WarehouseEntry
from customs.models.account import holds
from customs.services.receiving import take_in
from customs.signing.certificates import verifier_of
from customs.signing.envelope import DS, sign
from customs.signing.keys import RsaSigner, Sm2Signer
from kernel.models import Case
from sandbox.port.seals import new_sm2_card
from tests import make
from tests.customs import mail
from tests.customs import port as ports
from tests.customs.test_shared_boxes import another

pytestmark = pytest.mark.django_db
NOW = make.present()
OTHER = RsaSigner(make.rsa_key("other"), "0900", mail.SITE_CERTIFICATE)


@pytest.fixture
def account(world):
    return mail.district(world)


def disbelieved(account: PortAccount, root: etree._Element | bytes, why: str) -> None:
    """It is kept, is a case that says why, and nothing else happens."""
    raw = root if isinstance(root, bytes) else to_bytes(root)
    for _ in range(2):
        take_in(account=account, raw=raw, now=NOW)
    row = PortReceipt.objects.get()
    assert (row.outcome, row.filing, row.account) == ("unreadable", None, account)
    case = Case.objects.get()
    assert (case.kind, case.state) == ("customs.receipt_unreadable", "open")
    assert case.facts["why"].startswith(why)
    assert not WarehouseEntry.objects.exists()


def believed(account: PortAccount, root: etree._Element) -> None:
    (row,) = take_in(account=account, raw=to_bytes(root), now=NOW)
    assert row.outcome == "taken"
    assert WarehouseEntry.objects.get().waybills == [mail.WAYBILL]
    assert not Case.objects.filter(kind="customs.receipt_unreadable").exists()


def changed(root: etree._Element, element: str, text: str) -> etree._Element:
    found = root.find(f".//{{{NAMESPACE}}}{element}")
    assert found is not None
    found.text = text
    return root


def test_what_the_site_signed_is_believed(account):
    believed(account, mail.entry(NOW))


def test_an_sm2_certificate_serves_as_well(account):
    card = new_sm2_card("0901", "监管场所")
    account.site_certificate = f"-----BEGIN CERTIFICATE-----\n{card.certificate}\n-----END CERTIFICATE-----\n"
    account.full_clean(exclude=["key_sealed"])
    account.save()
    signer = Sm2Signer(bytes.fromhex(card.private_key), card.number, card.certificate)
    disbelieved(
        account, changed(mail.entry(NOW, signer=signer), "billNo", "160-9"), "changed after it was signed"
    )
    PortReceipt.objects.all().delete()
    Case.objects.all().delete()
    believed(account, mail.entry(NOW, signer=signer))


def test_another_sm2_key_signs_nothing_here(account):
    card, own = new_sm2_card("0901", "监管场所"), new_sm2_card("0901", "监管场所")
    PortAccount.objects.update(site_certificate=own.certificate)
    account.refresh_from_db()
    signer = Sm2Signer(bytes.fromhex(card.private_key), own.number, own.certificate)
    disbelieved(account, mail.entry(NOW, signer=signer), "the signature is not of this key")


def test_an_entry_that_nobody_signed_is_not_believed(account):
    disbelieved(account, mail.entry(NOW, signer=None), "0 signatures, not one at the document's end")


def test_a_certificate_that_comes_with_the_entry_proves_nothing(account):
    disbelieved(account, mail.entry(NOW, signer=OTHER), "the signature is not of this key")


def test_without_a_certificate_on_file_nothing_is_believed(account):
    account.site_certificate = ""
    disbelieved(account, mail.entry(NOW), "no certificate of its site is on file")


def test_a_certificate_that_ran_out_serves_no_more(account):
    account.site_certificate = ports.certificate(mail.SITE_KEY, days=-1)
    disbelieved(account, mail.entry(NOW), "a certificate from ")


@pytest.mark.parametrize(
    ("element", "text"),
    [("billNo", "160-12345676"), ("logisticsNo", "SF9"), ("operatorCode", "1"), ("dxpId", "DXP")],
)
def test_a_byte_changed_after_signing_breaks_it(account, element, text):
    disbelieved(account, changed(mail.entry(NOW), element, text), "changed after it was signed")


def test_a_signed_entry_inside_another_lends_it_no_signature(account):
    """Signature wrapping: what is signed is not what is read."""
    outer = mail.entry(NOW, ["SF9"], signer=None)
    outer.append(parse(to_bytes(mail.entry(NOW))))
    disbelieved(account, outer, "1 signatures, not one at the document's end")


def test_a_signature_moved_to_another_entry_holds_there_no_more(account):
    forged, signed = mail.entry(NOW, ["SF9"], signer=None), mail.entry(NOW)
    signature = signed[-1]
    keep = etree.SubElement(signature, f"{{{DS}}}Object")  # the signed document rides along
    keep.append(deepcopy(signed[0]))
    forged.append(signature)
    disbelieved(account, forged, "changed after it was signed")


def test_a_reference_to_a_part_is_no_reference_to_the_whole(account):
    signed, forged = mail.entry(NOW), mail.entry(NOW, ["SF9"], signer=None)
    signed[0].set("Id", "signed")
    signature = signed[-1]
    reference = signature.find(f".//{{{DS}}}Reference")
    reference.set("URI", "#signed")
    extra = etree.SubElement(forged, "{urn:other}Extra")
    extra.append(signed[0])
    forged.append(signature)
    disbelieved(account, forged, "signed in another way than the specification names")


def test_an_entry_of_two_signatures_is_not_believed(account):
    root = mail.entry(NOW, signer=OTHER)
    sign(root, mail.SIGNS)
    disbelieved(account, root, "2 signatures, not one at the document's end")


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("SignatureValue", "中", "SignatureValue is no base64"),
        ("SignatureValue", "AAAA", "the signature is not of this key"),
        ("DigestValue", "", "changed after it was signed"),
        ("DigestValue", "é", "DigestValue is no base64"),
    ],
)
def test_a_broken_signature_is_said_and_waits_at_no_port(account, path, text, why):
    root = mail.entry(NOW)
    found = root.find(f".//{{{DS}}}{path}")
    assert found is not None
    found.text = text
    disbelieved(account, root, why)


def test_what_cannot_be_brought_into_its_signed_form_is_not_believed(account):
    raw = to_bytes(mail.entry(NOW)).replace(b"<ceb:Delivery>", b'<ceb:Delivery xmlns:x="relative">')
    disbelieved(account, raw, "no document that can be signed")


def test_a_certificate_of_another_storefront_in_the_box_speaks_for_its_own_site_alone(world, account):
    other = another(account, make.storefront("zweite", appid="wx00000000000000a2"))
    other.site_certificate = ports.certificate(OTHER.key)
    other.save()
    mail.opened(account)
    forged = to_bytes(mail.entry(NOW, signer=OTHER))
    (row,) = take_in(account=other, raw=forged, now=NOW, beside=[account])
    assert (row.outcome, row.storefront_id) == ("unreadable", world.shop.pk)
    (row,) = take_in(account=other, raw=to_bytes(mail.entry(NOW)), now=NOW, beside=[account])
    assert (row.outcome, row.storefront_id) == ("taken", world.shop.pk)


def test_the_certificate_of_any_district_of_the_storefront_serves(world, account):
    other = another(account, world.shop)
    other.site_certificate = ports.certificate(OTHER.key)
    other.save()
    (row,) = take_in(account=other, raw=to_bytes(mail.entry(NOW)), now=NOW, beside=[account])
    assert row.outcome == "taken"


def test_what_is_no_certificate_of_either_kind_is_told_when_it_is_entered():
    from django.core.exceptions import ValidationError

    holds(mail.SITE_CERTIFICATE)
    cut = base64.b64encode(base64.b64decode(mail.SITE_CERTIFICATE)[:-20]).decode()
    for text in ("%%%", "TUlJ", "证书", cut, ports.certificate(mail.SITE_KEY, days=-1)):
        with pytest.raises(ValidationError, match="监管场所证书无法使用"):
            holds(text)
    with pytest.raises(ValueError, match="a certificate from"):
        verifier_of(mail.SITE_CERTIFICATE, at=NOW + timedelta(days=91))


def test_a_certificate_of_a_third_kind_of_key_is_refused():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "P-256")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=1))
    raw = made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    with pytest.raises(ValueError, match="neither an RSA nor an SM2 key"):
        verifier_of(base64.b64encode(raw).decode(), at=NOW + timedelta(hours=1))
