"""What went to the port and what came back, kept byte for byte for the years that the law asks for."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from customs.models.account import PortAccount
from kernel.ids import uuid7
from storefronts.models import Storefront


class PortMessage(models.Model):
    """One signed message. Its bytes are `before`, the bodies of its filings in their order, and `after`.

    The bodies rest sealed under their orders' keys; what stands around them tells of nobody.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(PortAccount, on_delete=models.PROTECT, related_name="messages")
    name = models.CharField(max_length=15, help_text="CEB311Message …")
    guid = models.CharField(max_length=36, unique=True)
    before = models.BinaryField(default=b"", help_text="empty until it is signed")
    after = models.BinaryField(default=b"")
    digest = models.CharField(max_length=64, default="", help_text="SHA-256 of the whole message")
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True, help_text="the port has taken it")
    next_try_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=120, default="", blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"], name="port_message_to_send", condition=Q(next_try_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.guid}"

    @property
    def event_key(self) -> str:
        return f"port_message:{self.guid}"


class PortReceipt(models.Model):
    """One answer (回执), once however often it came; what it says is sealed, its status is not.

    Sealed under the key of the order that it is about, or of the storefront where it is about none that is
    known.
    """

    class Outcome(models.TextChoices):
        TAKEN = "taken"
        OLD = "old", "told of an earlier version, or before what is known"
        UNKNOWN = "unknown", "of no document of ours"
        UNREADABLE = "unreadable"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(PortAccount, on_delete=models.PROTECT, related_name="receipts")
    filing = models.ForeignKey("customs.Filing", on_delete=models.PROTECT, null=True, related_name="receipts")
    name = models.CharField(max_length=15, default="", blank=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was told")
    status = models.CharField(max_length=10, default="", blank=True, help_text="returnStatus")
    code = models.CharField(max_length=10, default="", blank=True, help_text="the error that it names")
    told_at = models.DateTimeField(null=True, blank=True, help_text="when it was made")
    raw_sealed = models.BinaryField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    received_at = models.DateTimeField()
    looked_at = models.DateTimeField(
        null=True, blank=True, help_text="when its document was last looked for; empty: it is not any more"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="port_receipt_once")]
        indexes = [
            models.Index(
                fields=["looked_at"], name="port_receipt_looked", condition=models.Q(looked_at__isnull=False)
            ),
            models.Index(fields=["filing", "-id"], name="port_receipt_of_filing"),
            models.Index(fields=["received_at"], name="port_receipt_day"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"
