"""What goes back abroad out of a bonded warehouse (退运出境), with the papers that let it leave."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from customs.states import OUTBOUND
from inventory.models import Lot, Warehouse
from storefronts.models import Storefront


class Outbound(models.Model):
    """One shipment abroad of set-aside goods of one account book.

    The agent (报关行) files the outbound list (出口核注清单) and the declaration in the special area's own
    system; here stand their numbers, and the stock leaves with them alone.
    """

    number = models.CharField(max_length=32, unique=True)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    ems_no = models.CharField(max_length=20, help_text="账册编号")
    state = models.CharField(max_length=10, choices=OUTBOUND.choices, default=OUTBOUND.start)
    destination = models.CharField(max_length=100, help_text="to whom and where abroad, a company")
    list_no = models.CharField(
        max_length=18, default="", blank=True, help_text="核注清单编号, of the way out"
    )
    declaration_no = models.CharField(max_length=18, default="", blank=True, help_text="报关单号或备案清单号")
    declared_on = models.DateField(null=True, blank=True)
    left_on = models.DateField(null=True, blank=True)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["list_no"], name="outbound_list_once", condition=~Q(list_no="")),
            models.CheckConstraint(
                name="outbound_has_papers",
                condition=Q(state__in=["prepared", "dropped"])
                | ~Q(list_no="") & ~Q(declaration_no="") & Q(declared_on__isnull=False),
            ),
            models.CheckConstraint(
                name="outbound_left_has_day", condition=~Q(state="left") | Q(left_on__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"outbound:{self.number}"


class OutboundPieces(models.Model):
    """So many pieces of a lot, and so of an inbound list, that go with it."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    outbound = models.ForeignKey(Outbound, on_delete=models.PROTECT, related_name="goods")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "outbound pieces"
        constraints = [
            models.UniqueConstraint(fields=["outbound", "lot"], name="outbound_lot_once"),
            models.CheckConstraint(name="outbound_pieces_quantity", condition=Q(quantity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.lot}"
