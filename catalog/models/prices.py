"""Prices as everyone was told them: list prices that are to come, public cuts, and the history of both."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from catalog.models.goods import Variant


class PriceCut(models.Model):
    """A public price cut, open to every consumer for a time.

    It lowers the price and so the dutiable value; a coupon or a targeted reduction is neither here nor does.
    """

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="cuts")
    price_fen = models.BigIntegerField(help_text="price of one piece while the cut lasts, tax excluded")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="first instant at which the cut no longer holds")
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    promotion = models.SlugField(
        max_length=40,
        blank=True,
        default="",
        db_index=False,
        help_text="the cuts of one promotion share this code; by it a page shows their goods",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="cut_price_positive", condition=Q(price_fen__gt=0)),
            models.CheckConstraint(name="cut_lasts", condition=Q(ends_at__gt=F("starts_at"))),
            # A bigint has no GiST operator class without btree_gist; as a range of one number it has.
            ExclusionConstraint(
                name="cut_one_at_a_time",
                expressions=[
                    (
                        Func(F("variant_id"), F("variant_id"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(
                            F("starts_at"),
                            F("ends_at"),
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["variant", "starts_at"], name="cut_of_variant"),
            models.Index(
                fields=["storefront", "promotion", "ends_at"],
                name="cut_of_promotion",
                condition=~Q(promotion=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_en} {self.starts_at:%Y-%m-%d}"


class PublicPrice(models.Model):
    """What was told to everyone of one variant's price, and when: append-only, so an order can be proved.

    A list price holds from `starts_at` until the next one; a cut from `starts_at` until just before
    `ends_at`, or until a row that `ends` it; nobody could know of either before `told_at`.
    """

    class Kind(models.TextChoices):
        LIST = "list", "原价 · list price"
        CUT = "cut", "公开降价 · public price cut"
        CUT_ENDED = "cut_ended", "降价提前结束 · price cut ended"

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="public_prices")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    price_fen = models.BigIntegerField(help_text="of one piece, tax excluded")
    told_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    ends = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="end")

    class Meta:
        constraints = [
            models.CheckConstraint(name="public_price_positive", condition=Q(price_fen__gt=0)),
            models.CheckConstraint(
                name="public_price_whole",
                condition=Q(kind="list", ends_at=None, ends=None)
                | Q(kind="cut", ends_at__gt=F("starts_at"), ends=None)
                | Q(kind="cut_ended", ends_at=None, ends__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["variant", "kind", "starts_at"], name="public_price_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.price_fen} from {self.starts_at:%Y-%m-%d}"


class PriceChange(models.Model):
    """A list price that is to hold from an instant on; until then nobody is told, and it can be called off.

    `batch` holds together what was asked for at once.
    """

    class State(models.TextChoices):
        PLANNED = "planned", "待生效 · planned"
        DONE = "done", "已生效 · in force"
        CANCELLED = "cancelled", "已取消 · called off"
        REFUSED = "refused", "未生效 · refused"

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="price_changes")
    batch = models.UUIDField()
    from_fen = models.BigIntegerField(help_text="list price when it was asked for")
    price_fen = models.BigIntegerField(help_text="of one piece, tax excluded")
    starts_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="price_change_positive", condition=Q(price_fen__gt=0)),
            models.CheckConstraint(
                name="price_change_ended", condition=Q(state="planned") ^ Q(ended_at__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["variant", "starts_at"], name="price_change_once", condition=Q(state="planned")
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="price_change_due", condition=Q(state="planned"))]

    def __str__(self) -> str:
        return f"{self.price_fen} from {self.starts_at:%Y-%m-%d %H:%M}"
