"""Which authorised provider this house asks; a second one is a second folder and a second line here."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from customers.gateways.faceid.client import FaceId
from customers.gateways.verifying import Verifier
from kernel.tc3 import Credential


def verifier() -> Verifier:
    """The provider that IDENTITY_PROVIDER names, with this house's credentials."""
    return PROVIDERS[settings.IDENTITY_PROVIDER]()


def _faceid() -> FaceId:
    credential = Credential(settings.FACEID_SECRET_ID, settings.FACEID_SECRET_KEY)
    return FaceId(credential, settings.FACEID_BASE)


PROVIDERS: dict[str, Callable[[], Verifier]] = {"faceid": _faceid}
