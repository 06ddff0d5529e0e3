"""What another party must sign counts for its signature alone: an entry (711), by its site's certificate.

Receipts of the port itself carry no signature: they are believed because they came by the account's own box.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lxml import etree

from customs.ceb.tables import Shape
from customs.models import PortAccount
from customs.signing.certificates import verifier_of
from customs.signing.envelope import SignatureWrong, verify


def disbelieved(root: etree._Element, shape: Shape, accounts: Sequence[PortAccount], now: datetime) -> str:
    """Why a message is not believed; "" where it is, or where nobody but the port vouches for its kind.

    `accounts` are those of the storefront that it is for: no certificate of another speaks for its site.
    """
    if (shape.sender, shape.signature) != ("site", "must"):
        return ""
    whys = []
    for certificate in dict.fromkeys(one.site_certificate for one in accounts if one.site_certificate):
        whys.append(_wrong(root, certificate, now))
        if not whys[-1]:
            return ""
    return "; ".join(whys) or "no certificate of its site is on file"


def _wrong(root: etree._Element, certificate: str, now: datetime) -> str:
    """Why a message is not signed by the key of this certificate; "" where it is."""
    try:
        key = verifier_of(certificate, at=now)
        verify(root, lambda _: key)
    except (ValueError, SignatureWrong) as fault:
        return str(fault)
    return ""
