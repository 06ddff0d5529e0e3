"""The two ways to sign that customs accepts: RSA with SHA-1, and SM2 with SM3 (国密), which it prefers.

The names are those of the specification (电子口岸 XML 签名, 2022-04). SHA-1 is theirs, not our choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

RSA_SHA1, SM2_SM3 = "rsa-sha1", "sm2-sm3"


class Method(NamedTuple):
    """How a document is signed: the two algorithm names in it, and the hash behind both."""

    signature: str
    digest: str
    hash: hashes.HashAlgorithm

    def digested(self, data: bytes) -> bytes:
        """The hash of `data`."""
        running = hashes.Hash(self.hash)
        running.update(data)
        return running.finalize()


METHODS: Mapping[str, Method] = {
    RSA_SHA1: Method(
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#sha1",
        hashes.SHA1(),  # noqa: S303 - the specification's
    ),
    SM2_SM3: Method(
        "http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3",
        "http://www.chinaport.gov.cn/2022/04/xmldsig#sm3",
        hashes.SM3(),
    ),
}
