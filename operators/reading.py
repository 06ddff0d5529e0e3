"""Who reads what: the pages that are not for every role of a storefront, each for those whose work it is.

A page that is not named here, and whose class says nothing else, is read by every role.
"""

from __future__ import annotations

from collections.abc import Mapping

from operators.scope import CARERS, DECIDERS, INSPECTORS, READERS, Role

AUDITORS = frozenset({Role.AUDITOR.value})
BOOKS = DECIDERS | AUDITORS
PERSONS = CARERS | DECIDERS | AUDITORS
_PAGES: Mapping[frozenset[str], tuple[str, ...]] = {
    # The ledger, what goes abroad, and the keys by which money is taken.
    BOOKS: (
        "settlement.Entry",
        "settlement.Posting",
        "settlement.SettlementBatch",
        "settlement.SettlementItem",
        "settlement.OpenOrder",
        "settlement.Evidence",
        "settlement.ForexReceipt",
        "storefronts.MerchantAccount",
        "storefronts.PlatformKey",
        "storefronts.PastMerchantKey",
        "storefronts.KeyFetch",
        "storefronts.FourEyes",
    ),
    # Who somebody is, what they agreed to, and for whom they pay.
    PERSONS: (
        "customers.Identity",
        "customers.IdentityAttempt",
        "customers.IdentityShare",
        "customers.NamedPayer",
        "customers.Export",
        "orders.FormerOrderer",
        "compliance.Consent",
        "compliance.PayerCheck",
    ),
    # Whose systems come in, with which credentials.
    INSPECTORS: (
        "partners.Partner",
        "partners.Connection",
        "partners.Application",
        "partners.Endpoint",
        "oauth2_provider.AccessToken",
    ),
}
_READERS = {label: roles for roles, labels in _PAGES.items() for label in labels}


def readers_of(label: str) -> frozenset[str]:
    """The roles that read a model's pages."""
    return _READERS.get(label, READERS)
