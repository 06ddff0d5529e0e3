"""Whose systems call: a partner, what it may do in each storefront, and with which credentials it comes."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from oauth2_provider.models import AbstractApplication

from kernel.clock import now as present
from kernel.ids import uuid7
from storefronts.models import Storefront

PER_MINUTE = 600


class Partner(models.Model):
    """A company whose systems call: warehouse, carrier, broker or ERP. The storefront is its home: its owner
    hands out the credentials. Other storefronts connect it by a word of their own."""

    class Kind(models.TextChoices):
        WAREHOUSE = "warehouse"
        CARRIER = "carrier"
        BROKER = "broker"
        ERP = "erp"

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    country = models.CharField(
        max_length=2, default="CN", help_text="ISO 3166-1; personal data goes to partners in China alone"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        help_text="addresses or networks it calls from; none: from anywhere",
    )
    per_minute = models.PositiveIntegerField(
        default=PER_MINUTE, help_text="calls a minute, of all credentials"
    )
    opened_at = models.DateTimeField()
    sandbox_until = models.DateTimeField(
        null=True, blank=True, help_text="opened by a developer for themselves: it ends then"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "name"], name="partner_name"),
            models.CheckConstraint(name="partner_may_call", condition=Q(per_minute__gt=0)),
        ]
        indexes = [
            models.Index(
                fields=["sandbox_until"], name="partner_ending", condition=Q(sandbox_until__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> str:
        """Who it is, as the house writes down who did something."""
        return f"partner:{self.name}"[:80]


class Connection(models.Model):
    """What a partner may do in one storefront, since when and until when; the owner there decides.

    Name and kind are the partner's, which is the row of its home and not seen from another storefront.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="connections")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Partner.Kind.choices)
    scopes = ArrayField(models.CharField(max_length=30), help_text="what it may do here")
    warehouses = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="codes of the warehouses it serves here; none: all",
    )
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    acknowledged_to = models.BigIntegerField(
        default=0, editable=False, help_text="place up to which it has acknowledged every order"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "storefront"], name="connection_one", condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="connection_ends_later", condition=Q(ended_at=None) | Q(ended_at__gte=F("since"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Application(AbstractApplication):
    """One credential of a partner: client id and secret for tokens, and a key that signs what changes.

    Several stand side by side, so that one takes over from another without a pause. The storefront is the
    partner's home. `scopes` are the most it may be given; in each storefront the connection decides.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="credentials")
    scopes = ArrayField(models.CharField(max_length=30))
    signing_sealed = models.BinaryField(help_text="sealed under the storefront's key")
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="no call after it; none: it does not end"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        verbose_name = "credential"

    def is_usable(self, request: object) -> bool:
        """Whether a token is given for it; asked by django-oauth-toolkit before each."""
        return self.stands(present())

    def stands(self, now: datetime) -> bool:
        """Whether it was neither revoked nor has had its day, and its partner may call."""
        over = self.expires_at is not None and self.expires_at <= now
        return self.revoked_at is None and not over and self.partner.state == Partner.State.ACTIVE


class Nonce(models.Model):
    """A number that signed a call: within the window in which signatures are believed it signs no other."""

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    nonce = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "nonce"], name="nonce_once")]
        indexes = [models.Index(fields=["at"], name="nonce_day")]

    def __str__(self) -> str:
        return self.nonce
