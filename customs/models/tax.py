"""The tax of a list as customs assessed it (电子税单), and whether it still stands to be paid."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from customs.models.declaration import Declaration
from kernel.ids import uuid7
from storefronts.models import Storefront


class TaxSheet(models.Model):
    """One tax sheet of a released list; what was told of its state first has no amounts yet.

    It counts against the guarantee until it is paid, which is summarised under the number of a payment order
    (缴款书), or void.
    """

    class Status(models.TextChoices):
        MADE = "1", "已生成 · made"
        SUMMARISED = "2", "已汇总 · summarised"
        VOID = "3", "已作废 · void"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    declaration = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="tax_sheets")
    tax_no = models.CharField(max_length=50, help_text="电子税单编号")
    list_no = models.CharField(max_length=18)
    duty_fen = models.BigIntegerField(null=True, blank=True)
    vat_fen = models.BigIntegerField(null=True, blank=True)
    excise_fen = models.BigIntegerField(null=True, blank=True)
    status = models.CharField(max_length=1, choices=Status.choices)
    duty_no = models.CharField(
        max_length=50, default="", blank=True, help_text="缴款书编号, of the payment order"
    )
    told_at = models.DateTimeField(help_text="when customs told of this state")
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["declaration", "tax_no"], name="tax_sheet_once"),
            models.CheckConstraint(
                name="tax_sheet_whole",
                condition=Q(duty_fen=None, vat_fen=None, excise_fen=None)
                | Q(duty_fen__isnull=False, vat_fen__isnull=False, excise_fen__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["storefront", "status", "-id"], name="tax_sheet_board"),
            models.Index(fields=["duty_no"], name="tax_sheet_duty_no", condition=~Q(duty_no="")),
        ]

    def __str__(self) -> str:
        return self.tax_no

    @property
    def total_fen(self) -> int | None:
        """Everything that it levies; None while nothing is known of amounts."""
        if self.duty_fen is None or self.vat_fen is None or self.excise_fen is None:
            return None
        return self.duty_fen + self.vat_fen + self.excise_fen

    @property
    def stands_open(self) -> bool:
        """Whether it is still to be paid."""
        paid = self.status == self.Status.SUMMARISED and self.duty_no != ""
        return not paid and self.status != self.Status.VOID
