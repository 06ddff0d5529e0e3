"""A storefront's account at a carrier or a tracker; its secrets are sealed and never shown again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kernel.clock import now as present
from kernel.ids import uuid7
from storefronts.models import Storefront


class CarrierAccount(models.Model):
    """Who issues waybills or tells of parcels for a storefront, and from where its parcels leave.

    The secret is SF's check word (校验码) or kuaidi100's key (授权码); the salt, which we chose, signs what
    kuaidi100 pushes.
    """

    class Provider(models.TextChoices):
        SF = "sf", "顺丰开放平台 · SF Express"
        KUAIDI100 = "kuaidi100", "快递100 · kuaidi100"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="carrier_accounts")
    provider = models.CharField(max_length=12, choices=Provider.choices)
    customer_code = models.CharField(max_length=64, help_text="顾客编码 partnerID, or customer at kuaidi100")
    secret_sealed = models.BinaryField()
    salt_sealed = models.BinaryField(default=b"", blank=True)
    monthly_card = models.CharField(max_length=20, default="", blank=True, help_text="月结卡号, who pays SF")
    sender = models.CharField(max_length=100, default="", blank=True, help_text="company on the label")
    hotline = models.CharField(max_length=20, default="", blank=True, help_text="the sender's telephone")
    origin = models.CharField(max_length=6, default="", blank=True, help_text="division parcels leave from")
    origin_place = models.CharField(max_length=120, default="", blank=True, help_text="of the warehouse")
    active = models.BooleanField(default=True)
    set_at = models.DateTimeField(default=present)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "provider"], name="carrier_account_one_active", condition=Q(active=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.customer_code}"
