"""One wish to give back, to get back or to exchange, its lines, and what was found when the goods came."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from catalog.models import Variant
from inventory.models import Lot
from kernel.clock import shanghai_day
from kernel.ids import uuid7
from kernel.models import File
from logistics.vocabulary import Code
from orders.models import Order, OrderLine, Quote
from payments.models import Refund
from returns.models.policy import ReturnPolicy
from returns.reasons import REASONS, Kind
from returns.states import OVER, RETURN, RETURN_LINE
from storefronts.models import Storefront


class ReturnRequest(models.Model):
    """An RMA (退换货申请) of one order. What was quoted stands here as the consumer saw it.

    `words_sealed` are the consumer's, under the order's key; `answer` is what they were told, without
    personal data. `return_no` is the number of the return at customs (退货申请, copNo of CEB625).
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    number = models.CharField(max_length=32, unique=True)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns")
    kind = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Kind])
    reason = models.CharField(max_length=20, choices=[(name, name) for name in REASONS])
    state = models.CharField(max_length=12, choices=RETURN.choices, default=RETURN.start)
    key = models.CharField(max_length=80, help_text="whose wish it is: asked twice, it is one request")
    words_sealed = models.BinaryField(default=b"", blank=True)
    answer = models.CharField(max_length=300, default="", blank=True, help_text="shown to the consumer")
    policy = models.ForeignKey(ReturnPolicy, on_delete=models.PROTECT, null=True, related_name="+")
    goods_back = models.BooleanField(help_text="whether goods come back before the money goes")
    seller_pays = models.BooleanField(help_text="whether the seller pays the way back")
    freight = models.BooleanField(help_text="whether the freight of the way there goes back too")
    quoted_fen = models.BigIntegerField(help_text="refund as it was quoted")
    quoted_late_fen = models.BigIntegerField(help_text="the same, should customs not give up the tax")
    quote = models.JSONField(help_text="what the consumer was shown: parts, clocks, citations")
    declare_by = models.DateField(null=True, blank=True, help_text="last day to declare it to customs")
    arrive_by = models.DateField(null=True, blank=True, help_text="last day to be back at customs' place")
    decide_by = models.DateTimeField()
    appeal_by = models.DateTimeField(null=True, blank=True)
    send_by = models.DateTimeField(null=True, blank=True)
    refund_by = models.DateTimeField(null=True, blank=True, help_text="seven days after the goods came")
    next_at = models.DateTimeField(null=True, blank=True, help_text="when it is looked at by itself")
    carrier = models.CharField(max_length=20, default="", blank=True)
    waybill = models.CharField(max_length=40, default="", blank=True)
    way_code = models.CharField(
        max_length=20, choices=Code.choices, default="", blank=True, help_text="what was told of it last"
    )
    way_text = models.CharField(max_length=200, default="", blank=True)
    way_at = models.DateTimeField(null=True, blank=True)
    track_at = models.DateTimeField(null=True, blank=True, help_text="when the tracker is asked next")
    way_fen = models.BigIntegerField(default=0, help_text="paid to the consumer for the way back")
    way_paid_on = models.DateField(null=True, blank=True, help_text="day of that transfer")
    way_reference = models.CharField(
        max_length=64, default="", blank=True, help_text="number of that transfer at the bank or WeChat"
    )
    return_no = models.CharField(max_length=20, default="", blank=True)
    restorable = models.BooleanField(null=True, blank=True, help_text="whether customs gives up the tax")
    tax_spared_fen = models.BigIntegerField(default=0, help_text="tax of its pieces that customs gives up")
    tax_owed_fen = models.BigIntegerField(default=0, help_text="tax of its pieces that stays owed to customs")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, related_name="+")
    replacement = models.ForeignKey(
        Quote, on_delete=models.SET_NULL, null=True, related_name="+", help_text="of the order in exchange"
    )
    deducted_fen = models.BigIntegerField(default=0, help_text="kept back for goods that were used")
    deducted_why = models.CharField(max_length=200, default="", blank=True, help_text="shown to the consumer")
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=80, default="", blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "key"], name="return_wish_once"),
            models.UniqueConstraint(
                fields=["storefront", "way_reference"],
                condition=~Q(way_reference=""),
                name="return_way_reference_once",
            ),
            models.CheckConstraint(
                name="return_way_paid_whole",
                condition=Q(way_fen=0, way_paid_on=None, way_reference="")
                | Q(way_fen__gt=0, way_paid_on__isnull=False, seller_pays=True) & ~Q(way_reference=""),
            ),
            models.CheckConstraint(
                name="return_amounts",
                condition=Q(quoted_late_fen__gte=0, deducted_fen__gte=0)
                & Q(quoted_fen__gte=F("quoted_late_fen")),
            ),
            models.CheckConstraint(
                name="return_received_has_day",
                condition=~Q(state__in=["received", "inspected", "disputed"])
                | Q(received_at__isnull=False, refund_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["order"], name="return_of_order"),
            models.Index(fields=["storefront", "state", "-id"], name="return_queue"),
            models.Index(fields=["storefront", "requested_at"], name="return_day"),
            models.Index(
                fields=["storefront", "settled_at"],
                name="return_end_day",
                condition=Q(settled_at__isnull=False),
            ),
            models.Index(
                fields=["next_at"],
                name="return_due",
                condition=Q(next_at__isnull=False) & ~Q(state__in=OVER),
            ),
            models.Index(fields=["track_at"], name="return_followed", condition=Q(state="on_the_way")),
            models.Index(fields=["waybill"], name="return_waybill", condition=~Q(waybill="")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"return:{self.number}"

    @property
    def terms(self) -> ReturnPolicy:
        """The terms that it is under; the defaults, where the storefront had none when it was asked."""
        day = shanghai_day(self.requested_at)
        return self.policy or ReturnPolicy(storefront_id=self.storefront_id, starts_on=day)


class ReturnLine(models.Model):
    """So many pieces of one line of the order; `wanted` is what the consumer wants in exchange."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    request = models.ForeignKey(ReturnRequest, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    refunded = models.PositiveIntegerField(
        default=0, help_text="pieces of it that were refunded before they came: put away, not refunded again"
    )
    state = models.CharField(max_length=12, choices=RETURN_LINE.choices, default=RETURN_LINE.start)
    wanted = models.ForeignKey(Variant, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "line"], name="return_line_once"),
            models.CheckConstraint(name="return_line_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="return_line_refunded", condition=Q(refunded__lte=F("quantity"))),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line}"

    @property
    def event_key(self) -> str:
        return f"return:{self.request.number}"


class ReturnGrade(models.Model):
    """How so many pieces were found (分级), and where they went; never changed."""

    class Grade(models.TextChoices):
        AS_NEW = "as_new", "完好 · as new"
        OPENED = "opened", "已拆封或使用 · opened or used"
        DAMAGED = "damaged", "破损 · damaged"
        WRONG = "wrong", "非本单商品 · not what was sold"
        SHORT = "short", "缺少 · not there"

    class Place(models.TextChoices):
        SHELF = "shelf", "重新上架 · for sale again"
        QUARANTINE = "quarantine", "隔离 · set aside"
        DESTROY = "destroy", "销毁 · destroyed"
        ABROAD = "abroad", "退运出境 · sent back abroad"
        NOWHERE = "nowhere", "不入库 · not taken in"

    # Where pieces go where nobody says otherwise.
    USUALLY: ClassVar[dict[str, str]] = {
        Grade.AS_NEW: Place.SHELF,
        Grade.OPENED: Place.QUARANTINE,
        Grade.DAMAGED: Place.QUARANTINE,
        Grade.WRONG: Place.NOWHERE,
        Grade.SHORT: Place.NOWHERE,
    }

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey(ReturnLine, on_delete=models.PROTECT, related_name="grades")
    grade = models.CharField(max_length=8, choices=Grade.choices)
    place = models.CharField(max_length=10, choices=Place.choices)
    quantity = models.PositiveIntegerField()
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="return_grade_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="return_grade_has_lot",
                condition=Q(place="nowhere", lot=None, grade__in=["wrong", "short"])
                | ~Q(place="nowhere") & Q(lot__isnull=False) & ~Q(grade__in=["wrong", "short"]),
            ),
            models.CheckConstraint(
                name="return_grade_for_sale", condition=~Q(place="shelf") | Q(grade="as_new")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.grade}"


class ReturnPicture(models.Model):
    """A picture that the consumer gave as evidence, its file sealed under the order's key."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    request = models.ForeignKey(ReturnRequest, on_delete=models.PROTECT, null=True, related_name="pictures")
    file = models.OneToOneField(File, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.public_id)
