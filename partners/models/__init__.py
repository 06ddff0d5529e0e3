"""Whose systems call, what was told to them, and how it reaches them."""

from partners.models.accounts import PER_MINUTE, Application, Connection, Nonce, Partner
from partners.models.feed import Acknowledgement, Feed, Latest, Notice
from partners.models.webhooks import Attempt, Endpoint, Message

__all__ = [
    "PER_MINUTE",
    "Acknowledgement",
    "Application",
    "Attempt",
    "Connection",
    "Endpoint",
    "Feed",
    "Latest",
    "Message",
    "Nonce",
    "Notice",
    "Partner",
]
