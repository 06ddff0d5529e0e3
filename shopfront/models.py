"""One draft of a storefront's look, and every look that was published, which nobody changes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Draft(models.Model):
    """The look in the making. `revision` grows with every change, and tells who saw an older one."""

    storefront = models.OneToOneField("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    content = models.JSONField(help_text="as shopfront/form.py describes it")
    revision = models.PositiveIntegerField(default=1)
    edited_by = models.CharField(max_length=150)
    edited_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="draft_revision_positive", condition=Q(revision__gt=0))]

    def __str__(self) -> str:
        return f"{self.storefront_id}: {self.revision}"


class Version(models.Model):
    """A published look; the highest number is what consumers see. Append-only, by privilege."""

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    content = models.JSONField(help_text="as shopfront/form.py describes it")
    brings_back = models.PositiveIntegerField(
        null=True, blank=True, help_text="the number of the earlier version that this one is again"
    )
    published_by = models.CharField(max_length=150)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "number"], name="shop_version_number"),
            models.CheckConstraint(
                name="shop_version_order",
                condition=Q(number__gt=0) & (Q(brings_back=None) | Q(brings_back__lt=models.F("number"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.storefront_id}: {self.number}"

    @property
    def event_key(self) -> str:
        """The key of the history of a storefront's look."""
        return f"shop:{self.storefront_id}"
