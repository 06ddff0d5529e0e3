"""Cart, quote, order: what a consumer wants, what it would cost, and what was agreed."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from catalog.models import Variant
from compliance.models import DataKey, Person, ReferenceRate, Subject
from customers.models import Address, Customer
from inventory.models import Warehouse
from kernel.ids import uuid7
from orders.states import ORDER
from storefronts.models import Storefront

_TOTAL = Q(total_fen=F("goods_fen") + F("freight_fen") + F("tax_fen") - F("discount_fen"))
_TAX = Q(tax_fen=F("duty_fen") + F("vat_fen") + F("excise_fen"))


class Amounts(models.Model):
    """The sums of a quote or an order, in fen.

    `goods_fen` is after public price cuts and before coupons; `discount_fen` is what coupons pay: a
    non-cash deduction (非现金抵扣), which does not lower the dutiable value.
    """

    goods_fen = models.BigIntegerField()
    freight_fen = models.BigIntegerField()
    discount_fen = models.BigIntegerField()
    duty_fen = models.BigIntegerField()
    vat_fen = models.BigIntegerField()
    excise_fen = models.BigIntegerField()
    tax_fen = models.BigIntegerField()
    total_fen = models.BigIntegerField()

    class Meta:
        abstract = True


class LockedExchange(models.Model):
    """The exchange rates of the quote's day, in yuan for 100 units: our promise to the brand.

    The institution's own rate settles; the difference is a forex result. The numbers stand here as they were,
    whatever becomes of the table of rates; a brand that settles in yuan has none of its own.
    """

    usd_rate = models.ForeignKey(ReferenceRate, on_delete=models.PROTECT, null=True, related_name="+")
    usd_cny_per_100 = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    brand_currency = models.CharField(max_length=3, default="CNY")
    brand_rate = models.ForeignKey(ReferenceRate, on_delete=models.PROTECT, null=True, related_name="+")
    brand_cny_per_100 = models.DecimalField(max_digits=14, decimal_places=4, null=True)

    class Meta:
        abstract = True


class CartLine(models.Model):
    """One variant in a customer's cart."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="cart_lines")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "variant"], name="cart_line_once"),
            models.CheckConstraint(name="cart_line_quantity", condition=Q(quantity__range=(1, 99))),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant}"


class Coupon(models.Model):
    """A non-cash deduction (优惠券): it pays a part of the order and never lowers the dutiable value."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    name_zh = models.CharField(max_length=80)
    reduces_fen = models.BigIntegerField()
    from_goods_fen = models.BigIntegerField(default=0)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "code"], name="coupon_code"),
            models.CheckConstraint(
                name="coupon_sound",
                condition=Q(reduces_fen__gt=0, from_goods_fen__gte=0, ends_at__gt=F("starts_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CouponClaim(models.Model):
    """A coupon in a customer's hands; held by at most one order at a time."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="claims")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="coupon_claims")
    order_number = models.CharField(max_length=32, default="", blank=True)
    claimed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["coupon", "customer"], name="coupon_claim_once")]

    def __str__(self) -> str:
        return str(self.public_id)


class Quote(Amounts, LockedExchange):
    """What a basket costs today, under exactly one trade mode from exactly one warehouse."""

    token = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True, related_name="+")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    address = models.ForeignKey(Address, on_delete=models.PROTECT, null=True, related_name="+")
    claim = models.ForeignKey(CouponClaim, on_delete=models.PROTECT, null=True, related_name="+")
    province = models.CharField(max_length=2, blank=True, default="")  # whose freight was quoted
    ship_by = models.DateField(null=True)
    trade_mode = models.CharField(max_length=4)
    over_limit = models.BooleanField(default=False)
    lines = models.JSONField()
    refusals = models.JSONField(default=list)
    edition = models.CharField(max_length=64)
    day = models.DateField()
    catalogue_version = models.BigIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="quote_total", condition=_TOTAL),
            models.CheckConstraint(name="quote_tax", condition=_TAX),
        ]
        indexes = [models.Index(fields=["storefront", "made_at"], name="quote_day")]

    def __str__(self) -> str:
        return str(self.token)


class Order(Amounts, LockedExchange):
    """An agreed purchase; its state never sums up those of payment, shipment or declaration.

    One that was never paid is untied when its person closes their account: it leads to nobody any more.
    """

    class Gate(models.TextChoices):
        """Whether money may go back: see services/gate.py."""

        BEFORE_LIST = "before_list"
        WITH_CUSTOMS = "with_customs"
        AFTER_RELEASE = "after_release"

    number = models.CharField(max_length=32, unique=True)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        related_name="orders",
        help_text="none once it is untied",
    )
    subject = models.ForeignKey(
        Subject, on_delete=models.PROTECT, null=True, related_name="+", help_text="none once it is untied"
    )
    person = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="none once it is unreadable",
    )
    quote = models.OneToOneField(Quote, on_delete=models.PROTECT, related_name="order")
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="+")
    claim = models.ForeignKey(CouponClaim, on_delete=models.PROTECT, null=True, related_name="+")
    key = models.OneToOneField(DataKey, on_delete=models.PROTECT, related_name="+")
    gate = models.CharField(max_length=16, choices=Gate.choices, db_default=Gate.BEFORE_LIST)
    trade_mode = models.CharField(max_length=4)
    over_limit = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=ORDER.choices, default=ORDER.start)
    closing_reason = models.CharField(max_length=12, default="", blank=True)
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    mchid = models.CharField(max_length=32, default="", blank=True)
    out_trade_no = models.CharField(max_length=32, default="", blank=True)
    transaction_id = models.CharField(max_length=32, default="", blank=True)
    notice_hash = models.CharField(max_length=64, help_text="风险告知书 that was confirmed for this order")
    notice_confirmed_at = models.DateTimeField()
    buyer_name_sealed = models.BinaryField()
    buyer_number_sealed = models.BinaryField()
    consignee_name_sealed = models.BinaryField()
    consignee_phone_sealed = models.BinaryField()
    consignee_street_sealed = models.BinaryField()
    division_code = models.CharField(max_length=6)
    buyer_index = models.BinaryField(max_length=33)
    phone_index = models.BinaryField(max_length=33)
    address_index = models.BinaryField(max_length=33)
    payer_index = models.BinaryField(max_length=33, null=True, help_text="who paid, handed down by payments")

    class Meta:
        constraints = [
            models.CheckConstraint(name="order_total", condition=_TOTAL),
            models.CheckConstraint(name="order_tax", condition=_TAX),
            models.CheckConstraint(
                name="order_has_its_person",
                condition=Q(person__isnull=False) & ~Q(buyer_index=b"") | Q(person=None, buyer_index=b""),
            ),
            models.CheckConstraint(
                name="order_untied_whole",
                condition=Q(customer__isnull=False, subject__isnull=False)
                | Q(customer=None, subject=None, person=None, paid_at=None),
            ),
            models.CheckConstraint(
                name="order_paid_whole",
                condition=~Q(state="paid") | (Q(paid_at__isnull=False) & ~Q(transaction_id="")),
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="order_of_customer"),
            models.Index(fields=["expires_at"], name="order_due", condition=Q(state="placed")),
            models.Index(fields=["storefront", "state", "-id"], name="order_queue"),
            models.Index(fields=["storefront", "placed_at"], name="order_day"),
            models.Index(
                fields=["storefront", "paid_at"], name="order_paid_day", condition=Q(paid_at__isnull=False)
            ),
            models.Index(
                fields=["storefront", "closed_at"], name="order_end_day", condition=Q(closed_at__isnull=False)
            ),
            models.Index(fields=["buyer_index"], name="order_buyer"),
            models.Index(fields=["phone_index"], name="order_phone"),
            models.Index(fields=["address_index"], name="order_address"),
            models.Index(fields=["payer_index"], name="order_payer"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"order:{self.number}"


class OrderLine(models.Model):
    """One SKU of an order with every share it carries, so that a refund or a declaration is a sum."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+")
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200)
    hs_code = models.CharField(max_length=10)
    origin_country = models.CharField(max_length=3)
    customs = models.JSONField(
        help_text="units, legal quantities, content, specification as declared (申报要素)"
    )
    rates = models.JSONField(help_text="the rates that the taxes of this line rest on")
    quantity = models.PositiveIntegerField()
    list_price_fen = models.BigIntegerField()
    price_fen = models.BigIntegerField()
    goods_fen = models.BigIntegerField()
    discount_fen = models.BigIntegerField()
    freight_fen = models.BigIntegerField()
    duty_fen = models.BigIntegerField()
    vat_fen = models.BigIntegerField()
    excise_fen = models.BigIntegerField()
    return_exclusion = models.CharField(
        max_length=12, default="", blank=True, help_text="ground on which the 7-day return can be given up"
    )
    exclusion_version = models.CharField(max_length=20, default="", blank=True)
    exclusion_hash = models.CharField(
        max_length=64,
        default="",
        blank=True,
        help_text="wording that the consumer confirmed; empty: not given up",
    )

    class Meta:
        ordering = ["order_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position"),
            models.CheckConstraint(
                name="order_line_goods",
                condition=Q(goods_fen=F("price_fen") * F("quantity"), price_fen__lte=F("list_price_fen")),
            ),
            models.CheckConstraint(
                name="order_line_exclusion_has_ground",
                condition=Q(exclusion_hash="") | ~Q(return_exclusion="") & ~Q(exclusion_version=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class FormerOrderer(models.Model):
    """Whom an order was placed for, before the one who had paid it was named as orderer in their place.

    Sealed under the order's key, so that it is readable as long as the order is. Written by
    `orders_name_orderer` alone, with the change itself; `replaced_hash` is of the blobs that stood there.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="former_orderers")
    name_sealed = models.BinaryField()
    number_sealed = models.BinaryField()
    replaced_hash = models.CharField(max_length=64)
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.order_id} until {self.replaced_at}"
