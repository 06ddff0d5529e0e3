"""Logs that are written once: who opened personal data, to whom it was given, and how rows hang together."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kernel.ids import uuid7


class Access(models.Model):
    """Someone other than the person opened a personal datum: who, what, and what for. Append-only."""

    storefront_id = models.BigIntegerField(null=True)
    who = models.CharField(max_length=80)
    what = models.CharField(max_length=80)
    ref = models.CharField(max_length=80)
    purpose = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "accesses"
        constraints = [
            models.CheckConstraint(name="access_has_a_reason", condition=~Q(who="") & ~Q(purpose="")),
        ]
        indexes = [
            models.Index(fields=["storefront_id", "id"], name="access_storefront"),
            models.Index(fields=["ref"], name="access_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.what}"


class ChainLink(models.Model):
    """One row of a log, in its place in the chain of its storefront: what came before is hashed into it.

    `log` names the log (compliance/chain.py), `row_id` its row; storefront 0 is the platform's own. The row's
    `digest` and its instant stay when the law no longer keeps the row.
    """

    log = models.CharField(max_length=20)
    storefront_id = models.BigIntegerField()
    position = models.BigIntegerField()
    row_id = models.BigIntegerField()
    row_at = models.DateTimeField()
    prev = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    chained_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "storefront_id", "position"], name="chain_one_place"),
            models.UniqueConstraint(fields=["log", "row_id"], name="chain_row_once"),
        ]
        indexes = [models.Index(fields=["log", "chained_at", "row_id"], name="chain_settled")]

    def __str__(self) -> str:
        return f"{self.log} {self.storefront_id}#{self.position}"


class Disclosure(models.Model):
    """Personal data left the house: to whom, where, what for, on which basis, which fields. Append-only."""

    class Recipient(models.TextChoices):
        CUSTOMS = "customs"
        PAYMENT = "payment"
        CARRIER = "carrier"
        BRAND_ABROAD = "brand_abroad"
        PARTNER = "partner"
        IDENTITY_PROVIDER = "identity_provider"
        STOREFRONT = "storefront"
        AUTHORITY = "authority"

    class Basis(models.TextChoices):
        CONTRACT = "contract"
        LAW = "law"
        CONSENT = "consent"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront_id = models.BigIntegerField()
    subject = models.ForeignKey("compliance.Subject", on_delete=models.PROTECT, related_name="disclosures")
    order_number = models.CharField(max_length=60, default="", blank=True)
    recipient_kind = models.CharField(max_length=20, choices=Recipient.choices)
    recipient = models.CharField(max_length=120)
    country = models.CharField(max_length=2)
    purpose = models.CharField(max_length=40)
    basis = models.CharField(max_length=10, choices=Basis.choices)
    fields = models.JSONField(help_text="which data, by name, never what it says")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["subject", "-id"], name="disclosure_subject"),
            models.Index(fields=["storefront_id", "id"], name="disclosure_storefront"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient_kind} {self.purpose}"


class NoticeSeen(models.Model):
    """A person was told, in which version of which notice, what is done by contract and law. Append-only."""

    subject = models.ForeignKey("compliance.Subject", on_delete=models.PROTECT, related_name="notices_seen")
    storefront_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    text_hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "notices seen"
        constraints = [
            models.UniqueConstraint(fields=["subject", "kind", "text_hash"], name="notice_seen_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"
