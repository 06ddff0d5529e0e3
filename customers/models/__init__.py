"""Consumers, what verifies them, and the news that they asked to be told."""

from customers.models.news import News, NewsConsent, NewsTemplate
from customers.models.people import (
    Address,
    Customer,
    Export,
    Identity,
    IdentityAttempt,
    IdentityFinding,
    IdentityShare,
    NamedPayer,
    Session,
)

__all__ = [
    "Address",
    "Customer",
    "Export",
    "Identity",
    "IdentityAttempt",
    "IdentityFinding",
    "IdentityShare",
    "NamedPayer",
    "News",
    "NewsConsent",
    "NewsTemplate",
    "Session",
]
