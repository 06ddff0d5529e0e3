"""What lies where and for whom it is held; balances follow from movements and are written by nothing else."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from catalog.models import Variant
from inventory.models.places import Warehouse
from storefronts.models import Storefront


class Stock(models.Model):
    """Pieces of one SKU in one warehouse; available = on_hand − reserved − quarantined.

    Available is below zero only when pieces that were held already turn out not to be fit; no reservation
    takes it there, and the movements' trigger lets no promised piece go but what lacks already. `floor_on` is
    the first day on which a lot here may be too near its end to be sold: from that day on nothing is reserved
    before the lots have been looked at.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="stock")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="stock")
    on_hand = models.PositiveIntegerField(default=0)
    reserved = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    stopped = models.BooleanField(default=False)
    floor_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "stock"
        constraints = [
            models.UniqueConstraint(fields=["warehouse", "variant"], name="stock_once"),
            models.CheckConstraint(name="stock_quarantined", condition=Q(quarantined__lte=F("on_hand"))),
        ]
        indexes = [models.Index(fields=["floor_on"], name="stock_floor", condition=Q(floor_on__isnull=False))]

    def __str__(self) -> str:
        return f"{self.variant} @ {self.warehouse}"

    @property
    def available(self) -> int:
        """What may be promised, before the day of the lots and a stop of sale are looked at."""
        return self.on_hand - self.reserved - self.quarantined


class Lot(models.Model):
    """批次: pieces of one stock that came together; `picked` are set aside for someone and still here.

    Customs counts what is bonded by inbound list: one number under two lists is two rows.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="lots")
    code = models.CharField(max_length=60, blank=True, help_text="empty for goods without lot numbers")
    produced_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    inbound_list = models.CharField(
        max_length=30, blank=True, default="", help_text="核注清单编号, number of the inbound list, if bonded"
    )
    received_at = models.DateTimeField()
    on_hand = models.PositiveIntegerField(default=0)
    picked = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    stopped = models.BooleanField(default=False)
    unsellable_from = models.DateField(
        null=True, blank=True, help_text="the first day on which too little of its life is left"
    )
    near_from = models.DateField(
        null=True, blank=True, help_text="the first day on which it is near its end (临期)"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stock", "code", "inbound_list"], name="lot_once"),
            models.CheckConstraint(
                name="lot_balance", condition=Q(on_hand__gte=F("picked") + F("quarantined"))
            ),
            models.CheckConstraint(
                name="lot_dates",
                condition=Q(produced_on=None) | Q(expires_on=None) | Q(produced_on__lte=F("expires_on")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["unsellable_from"], name="lot_ending", condition=Q(unsellable_from__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.code or '—'} · {self.stock}"

    @property
    def free(self) -> int:
        """Pieces that lie on the shelf, neither set aside nor quarantined."""
        return self.on_hand - self.picked - self.quarantined


class Reservation(models.Model):
    """Pieces held for someone whom inventory does not know: `holder` is opaque ("order:1042").

    What was picked may leave in parts: `shipped` of its pieces are gone, the others are still held.
    `expires_at` is for holders that nothing else ends; an order has none, its closing gives back.
    """

    class State(models.TextChoices):
        HELD = "held"
        PICKED = "picked"
        SHIPPED = "shipped"
        RELEASED = "released"

    # The movement that goes with each proves both (ledger.py): they are not looked up twice.
    storefront = models.ForeignKey(
        Storefront, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    stock = models.ForeignKey(
        Stock, on_delete=models.PROTECT, related_name="reservations", db_constraint=False
    )
    holder = models.CharField(max_length=80)
    quantity = models.PositiveIntegerField()
    shipped = models.PositiveIntegerField(default=0, help_text="pieces of it that have left")
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holder", "stock"], name="reservation_once"),
            models.CheckConstraint(name="reservation_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="reservation_in_parts",
                condition=Q(state__in=["held", "released"], shipped=0)
                | Q(state="picked", shipped__lt=F("quantity"))
                | Q(state="shipped", shipped=F("quantity")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="reservation_ending",
                condition=Q(state="held", expires_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.stock} for {self.holder}"


class Pick(models.Model):
    """Pieces of one lot set aside for a reservation, until they are shipped or put back.

    A piece lies in one `box` at most, which is as opaque as the holder ("parcel:1042-1").
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="picks")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="picks")
    quantity = models.PositiveIntegerField()
    box = models.CharField(max_length=80, blank=True, default="", help_text="empty: packed in none yet")
    at = models.DateTimeField()
    shipped_at = models.DateTimeField(null=True, blank=True)
    put_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="pick_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="pick_ends_once", condition=Q(shipped_at=None) | Q(put_back_at=None)),
        ]
        indexes = [
            models.Index(fields=["box"], name="pick_box", condition=~Q(box="")),
            models.Index(
                fields=["storefront", "shipped_at"],
                include=["lot", "quantity"],
                name="pick_left",
                condition=Q(shipped_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.lot}"
