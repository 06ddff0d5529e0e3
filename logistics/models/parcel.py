"""A parcel, its waybill number (运单号) and what was told of it, each told thing once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models import Lot
from kernel.ids import uuid7
from kernel.models import File
from logistics.models.account import CarrierAccount
from logistics.models.shipment import Shipment
from logistics.states import WAYBILL
from logistics.vocabulary import Code, carrier_choices
from orders.models import OrderLine
from storefronts.models import Storefront

TELLERS = [*CarrierAccount.Provider.choices, ("partner", "合作伙伴 · a partner")]


class Parcel(models.Model):
    """One parcel of a shipment and the number a carrier carries it under.

    `own_number` is ours for it at the carrier: the carrier issues one waybill to it, however often it is
    asked. `single` parcels go under one import list, which holds one parcel.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="parcels")
    carrier_account = models.ForeignKey(CarrierAccount, on_delete=models.PROTECT, null=True, related_name="+")
    own_number = models.CharField(max_length=40, unique=True, help_text="our number at the carrier")
    single = models.BooleanField(default=True, help_text="the one parcel of an import list")
    carrier = models.CharField(max_length=10, choices=carrier_choices())
    waybill = models.CharField(max_length=40, default="", blank=True)
    routing = models.CharField(max_length=40, default="", blank=True, help_text="目的地代码 on the label")
    weight_g = models.PositiveIntegerField(help_text="as the carrier is told: weighed, or what it should be")
    expected_g = models.PositiveIntegerField(default=0, help_text="what its goods and its packing weigh")
    weighed_g = models.PositiveIntegerField(null=True, blank=True, help_text="none: not weighed yet")
    state = models.CharField(max_length=12, choices=WAYBILL.choices, default=WAYBILL.start)
    trouble = models.CharField(max_length=160, default="", blank=True, help_text="why the carrier refused")
    asked_at = models.DateTimeField()
    sent_at = models.DateTimeField(
        null=True, blank=True, help_text="since when the carrier may have it; none: it has not"
    )
    hotline = models.CharField(
        max_length=20, default="", blank=True, help_text="the sender's telephone that the carrier was told"
    )
    issued_at = models.DateTimeField(null=True, blank=True)
    label = models.ForeignKey(File, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    subscribed_at = models.DateTimeField(null=True, blank=True, help_text="the tracker watches it")
    left_at = models.DateTimeField(null=True, blank=True, help_text="its pieces left house and ledger")
    found = models.CharField(
        max_length=20, choices=Code.choices, default="", blank=True, help_text="found out by an operator"
    )
    found_at = models.DateTimeField(null=True, blank=True)
    latest = models.CharField(max_length=20, choices=Code.choices, default="", blank=True)
    latest_at = models.DateTimeField(null=True, blank=True, help_text="when that happened")
    scanned_at = models.DateTimeField(null=True, blank=True, help_text="first scanned by the carrier")
    expected_on = models.DateField(null=True, blank=True, help_text="named by the carrier")
    next_try_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["carrier", "waybill"],
                name="parcel_waybill_once",
                condition=~Q(waybill="") & ~Q(state="cancelled"),
            ),
            models.UniqueConstraint(
                fields=["shipment"],
                name="parcel_one_an_import_list",
                condition=Q(single=True) & ~Q(state="cancelled"),
            ),
            models.CheckConstraint(
                name="parcel_issued_whole",
                condition=~Q(state="issued") | Q(issued_at__isnull=False) & ~Q(waybill=""),
            ),
            models.CheckConstraint(name="parcel_weighs", condition=Q(weight_g__gt=0)),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="parcel_to_try", condition=Q(next_try_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.waybill or self.own_number

    @property
    def event_key(self) -> str:
        """The key of its history, and of the box in which inventory keeps its pieces."""
        return f"parcel:{self.own_number}"

    def contents(self) -> list[tuple[OrderLine, int]]:
        """The lines of the order that are in it with their pieces, whatever lots they are of."""
        found: dict[OrderLine, int] = {}
        for row in self.lines.select_related("line").order_by("line__position", "id"):
            found[row.line] = found.get(row.line, 0) + row.quantity
        return list(found.items())


class ParcelLine(models.Model):
    """So many pieces of an order's line in a parcel, all of one lot: what was picked and nothing else."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parcel", "line", "lot"], name="parcel_line_once"),
            models.CheckConstraint(name="parcel_line_positive", condition=Q(quantity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line}"


class TrackingEvent(models.Model):
    """One thing told of a parcel, append-only; told again, by whomever and however often, it is the same.

    `raw_code` is the provider's own; whom the text names is masked before it is kept.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="events")
    provider = models.CharField(max_length=12, choices=TELLERS)
    at = models.DateTimeField()
    code = models.CharField(max_length=20, choices=Code.choices)
    raw_code = models.CharField(max_length=12, default="", blank=True)
    text = models.CharField(max_length=400, default="", blank=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was told")
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["parcel", "digest"], name="tracking_event_once")]
        indexes = [
            models.Index(fields=["parcel", "at"], name="tracking_of_parcel"),
            models.Index(fields=["at"], name="tracking_age"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.at:%F %T}"
