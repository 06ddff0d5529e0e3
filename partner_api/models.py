"""Who may call the partner API: one OAuth application per partner and storefront."""

from __future__ import annotations

from django.db import models
from oauth2_provider.models import AbstractApplication

from storefronts.models import Storefront


class Application(AbstractApplication):
    """A partner's system: warehouse, carrier, broker or ERP, tied to the storefront it works for."""

    class Kind(models.TextChoices):
        WAREHOUSE = "warehouse"
        CARRIER = "carrier"
        BROKER = "broker"
        ERP = "erp"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+", null=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.ERP)

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
