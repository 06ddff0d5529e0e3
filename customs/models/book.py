"""What an account book (账册) holds of each SKU: what lists took, what customs entered, how it compares."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from catalog.models import Variant
from customs.models.declaration import Declaration
from inventory.models import Warehouse
from storefronts.models import Storefront


class ListedPieces(models.Model):
    """What the list of a declaration takes out of the account book of its warehouse, as it says itself.

    It counts while the declaration stands at customs; a list that is told anew replaces its rows.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    declaration = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()
    returned = models.PositiveIntegerField(default=0, help_text="退货: of these, granted to come back")

    class Meta:
        verbose_name_plural = "listed pieces"
        constraints = [
            models.UniqueConstraint(fields=["declaration", "variant"], name="listed_pieces_once"),
            models.CheckConstraint(
                name="listed_pieces_returned", condition=Q(quantity__gt=0, returned__lte=F("quantity"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["variant"],
                include=["declaration", "warehouse", "quantity", "returned"],
                name="listed_pieces_taken",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.declaration} {self.variant}"


class BookEntry(models.Model):
    """Append-only: what customs has entered in the book or written off, besides goods received and sold."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    warehouse = models.ForeignKey(
        Warehouse, on_delete=models.PROTECT, related_name="+", help_text="of that account book"
    )
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    pieces = models.IntegerField(help_text="entered (above 0) or written off")
    paper = models.CharField(max_length=30, help_text="核注清单编号, by which customs did it")
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "book entries"
        constraints = [models.CheckConstraint(name="book_entry_moves", condition=~Q(pieces=0))]

    def __str__(self) -> str:
        return f"{self.paper} {self.pieces:+}"


class BookStock(models.Model):
    """账册库存: one SKU in one account book beside what lies there, as last compared.

    Nothing differs where on_hand + on_way = held + beside: `beside` pieces lie there and are no longer in the
    book, because their list was released and they have not left.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    ems_no = models.CharField(max_length=20, help_text="账册编号")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    held = models.IntegerField(help_text="in the book: released lists are taken off")
    listed = models.IntegerField(help_text="of these, on lists that customs has not released")
    on_hand = models.IntegerField(help_text="on the shelves, under an inbound list")
    on_way = models.IntegerField(help_text="between two warehouses of the book")
    beside = models.IntegerField(help_text="released and not yet shipped")
    difference = models.IntegerField(help_text="above 0: more lies there than the book says")
    compared_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "book stock"
        constraints = [
            models.UniqueConstraint(fields=["ems_no", "variant"], name="book_stock_once"),
            models.CheckConstraint(
                name="book_stock_adds_up",
                condition=Q(difference=F("on_hand") + F("on_way") - F("beside") - F("held")),
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="book_stock_differs", condition=~Q(difference=0)),
        ]

    def __str__(self) -> str:
        return f"{self.ems_no} {self.variant}"
