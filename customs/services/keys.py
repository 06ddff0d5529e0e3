"""The key that signs for a storefront at a district: sealed here, or asked of a signing machine."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.db import transaction

from compliance import vault
from customs import labels
from customs.gateways.signing_machine import SigningMachine
from customs.models import PortAccount
from customs.signing.certificates import bare, der
from customs.signing.keys import RsaSigner, Signer, Sm2Signer, sm2_point
from storefronts.services.opening import BadKey


@transaction.atomic
def set_key(*, account: PortAccount, method: str, secret: str, number: str, certificate: str) -> PortAccount:
    """Seal a key that signs here: PEM for RSA-SHA1, 64 hexadecimal digits for SM2-SM3.

    `certificate` is base64 of its DER, or PEM. Raises BadKey, also for a certificate of another key.
    """
    signer = _software(method, secret, number, _bare(certificate))
    if signer.public not in der(signer.certificate):
        raise BadKey(what="certificate", why="it is not of this key")
    key = vault.unwrap(account.storefront.key)
    account.key_sealed = key.seal(labels.ACCOUNT_KEY, account.public_id, secret)
    account.signer, account.certificate_number, account.certificate = (
        signer.method,
        signer.number,
        signer.certificate,
    )
    account.password_sealed = b""
    account.save(
        update_fields=["password_sealed", "signer", "key_sealed", "certificate_number", "certificate"]
    )
    return account


@transaction.atomic
def set_machine(*, account: PortAccount, password: str) -> PortAccount:
    """Let a signing machine sign: `password` opens its card. No key stays here."""
    key = vault.unwrap(account.storefront.key)
    account.password_sealed = key.seal(labels.ACCOUNT_PASSWORD, account.public_id, password)
    account.signer, account.key_sealed = PortAccount.Signer.MACHINE, b""
    account.certificate_number = account.certificate = ""
    account.save(
        update_fields=["password_sealed", "signer", "key_sealed", "certificate_number", "certificate"]
    )
    return account


def signer_of(account: PortAccount) -> Signer:
    """Who signs for this account; a machine is asked when it signs."""
    key = vault.unwrap(account.storefront.key)
    if account.signer == PortAccount.Signer.MACHINE:
        password = key.open(labels.ACCOUNT_PASSWORD, account.public_id, bytes(account.password_sealed))
        return SigningMachine(settings.SIGN_BASE, password)
    secret = key.open(labels.ACCOUNT_KEY, account.public_id, bytes(account.key_sealed))
    return _software(account.signer, secret, account.certificate_number, account.certificate, checked=True)


def _bare(certificate: str) -> str:
    try:
        return bare(certificate)
    except ValueError as fault:
        raise BadKey(what="certificate", why="no base64 of a certificate") from fault


def _software(
    method: str, secret: str, number: str, certificate: str, *, checked: bool = False
) -> RsaSigner | Sm2Signer:
    """The signer with this key. To check an RSA key takes twenty times as long as to sign with it: `checked`
    is one that was checked when it was sealed."""
    if not number or not certificate:
        raise BadKey(what="certificate", why="number and certificate go with a key")
    try:
        if method == PortAccount.Signer.SM2:
            raw = bytes.fromhex(secret)
            sm2_point(raw)
            return Sm2Signer(raw, number, certificate)
        private = load_pem_private_key(secret.encode(), None, unsafe_skip_rsa_key_validation=checked)
    except (ValueError, TypeError) as fault:
        raise BadKey(what="customs key", why="no key of this kind") from fault
    if not isinstance(private, rsa.RSAPrivateKey):
        raise BadKey(what="customs key", why="no RSA key")
    return RsaSigner(private, number, certificate)
