"""How a merchant declares payments to customs, and whether it names the payer beforehand."""

from __future__ import annotations

from django.db import transaction

from compliance import vault
from storefronts.models import MerchantAccount
from storefronts.services.opening import BadKey

V2_KEY = "storefronts.merchantaccount.v2_key"
KEY_BYTES = 32


@transaction.atomic
def set_customs(
    *, merchant: MerchantAccount, family: str, payer_identity: bool, v2_key: str = ""
) -> MerchantAccount:
    """Set the family, whether the payer is named on the prepay, and the key of API v2 (API 密钥).

    `v2_key` is kept as it was where none is given. Raises BadKey for one that is not 32 bytes.
    """
    if v2_key:
        if len(v2_key.encode()) != KEY_BYTES:
            raise BadKey(what="API v2 key", why="it must be 32 bytes long")
        key = vault.unwrap(merchant.storefront.key)
        merchant.v2_key_sealed = key.seal(V2_KEY, merchant.mchid, v2_key)
    named = MerchantAccount.PayerIdentity
    merchant.customs_family = MerchantAccount.CustomsFamily(family)
    merchant.payer_identity = named.ON if payer_identity else named.OFF
    merchant.save(update_fields=["v2_key_sealed", "customs_family", "payer_identity"])
    return merchant


def remember_refusal(*, mchid: str) -> None:
    """WeChat does not let this merchant name the payer: it is not asked again until someone says so."""
    named = MerchantAccount.PayerIdentity
    MerchantAccount.objects.filter(mchid=mchid, payer_identity=named.ON).update(payer_identity=named.REFUSED)
