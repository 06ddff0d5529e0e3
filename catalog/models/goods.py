"""The catalogue's nouns; what must hold of them holds in the database, row by row."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q

from catalog.states import PRODUCT

SKU = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,29}$"  # itemNo 企业商品货号 of CEB311 holds 30 characters


class Category(models.Model):
    """A shelf of the storefront; shelves stand in a tree."""

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    code = models.SlugField(max_length=60)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(fields=["storefront", "code"], name="category_code"),
            models.UniqueConstraint(fields=["storefront", "id"], name="category_tenant"),
            models.CheckConstraint(name="category_not_in_itself", condition=~Q(parent=F("id"))),
        ]

    def __str__(self) -> str:
        return self.code


class Brand(models.Model):
    """A label under which the storefront sells."""

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=60)
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    origin_country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "code"], name="brand_code"),
            models.UniqueConstraint(fields=["storefront", "id"], name="brand_tenant"),
            models.CheckConstraint(name="brand_country", condition=Q(origin_country__regex="^[A-Z]{2}$")),
        ]

    def __str__(self) -> str:
        return self.code


class Product(models.Model):
    """What a page shows; it is bought as one of its variants."""

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=80)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="products")
    name_zh = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    subtitle_zh = models.CharField(max_length=120, blank=True, default="")
    subtitle_en = models.CharField(max_length=160, blank=True, default="")
    description_zh = models.TextField(blank=True, default="")
    description_en = models.TextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=PRODUCT.choices, default=PRODUCT.start)
    published_at = models.DateTimeField(null=True, blank=True, help_text="first publication")
    search = SearchVectorField(default="", editable=False)
    from_price_fen = models.BigIntegerField(
        null=True, blank=True, editable=False, help_text="lowest present price of its active variants"
    )
    price_due_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when a price cut next begins or ends"
    )
    sold_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "code"], name="product_code"),
            models.UniqueConstraint(fields=["storefront", "id"], name="product_tenant"),
            models.CheckConstraint(name="product_state", condition=Q(state__in=PRODUCT.states)),
            models.CheckConstraint(
                name="product_published_has_day",
                condition=Q(state="draft") | Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="product_from_price_positive",
                condition=Q(from_price_fen=None) | Q(from_price_fen__gt=0),
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], name="product_search"),
            models.Index(fields=["storefront", "published_at", "code"], name="product_by_newest"),
            models.Index(fields=["storefront", "from_price_fen", "code"], name="product_by_price"),
            models.Index(fields=["storefront", "sold_count", "code"], name="product_by_sold"),
            models.Index(
                fields=["price_due_at"], name="product_price_due", condition=Q(price_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def event_key(self) -> str:
        """The key of this product's history."""
        return f"product:{self.pk}"


class Variant(models.Model):
    """One piece that can be bought, with its public price (tax excluded) and what customs must know of it."""

    class ReturnExclusion(models.TextChoices):
        OPENED = "opened", "拆封影响安全健康或品质 · unsafe or changed once opened"
        ACTIVATED = "activated", "激活试用后贬值较大 · loses its value once activated"
        NEAR_EXPIRY = "near_expiry", "临期或有瑕疵 · near expiry or defective"
        CUSTOM_MADE = "custom_made", "定作商品 · made to order"

    class ContentUnit(models.TextChoices):
        ML = "ml", "毫升 · ml"
        G = "g", "克 · g"
        PIECE = "piece", "片/件 · piece"

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    sku = models.CharField(max_length=30)
    options = models.JSONField(
        default=dict, blank=True, help_text='{"zh": {"色号": "玫瑰"}, "en": {"Shade": "Rose"}}'
    )
    price_fen = models.BigIntegerField(help_text="public price of one piece, tax excluded")
    weight_g = models.PositiveIntegerField(help_text="gross weight of one piece")
    bar_code = models.CharField(max_length=14, blank=True, default="", help_text="GTIN 商品条形码")
    position = models.PositiveIntegerField(default=0)
    active = models.BooleanField(default=True)

    hs_code = models.CharField(max_length=10, help_text="8-digit tariff line 税则号列 and 2 extra digits")
    origin_country = models.CharField(max_length=3, help_text="原产国 as customs numeric code")
    origin_iso = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2 of the same country")
    unit = models.CharField(max_length=3, help_text="申报计量单位, customs unit code")
    legal_unit_1 = models.CharField(max_length=3, help_text="法定第一计量单位")
    legal_quantity_1 = models.DecimalField(
        max_digits=19, decimal_places=5, help_text="法定第一数量 in one piece"
    )
    legal_unit_2 = models.CharField(max_length=3, null=True, blank=True, help_text="法定第二计量单位")
    legal_quantity_2 = models.DecimalField(max_digits=19, decimal_places=5, null=True, blank=True)
    net_content = models.DecimalField(
        max_digits=12, decimal_places=3, null=True, blank=True, help_text="净含量 of one piece"
    )
    net_content_unit = models.CharField(max_length=5, choices=ContentUnit.choices, null=True, blank=True)
    spec_zh = models.CharField(max_length=250, help_text="规格型号 (gmodel of the declaration)")
    e_label_zh = models.TextField(blank=True, default="", help_text="中文电子标签")
    is_food = models.BooleanField(default=False)
    adult_only = models.BooleanField(default=False)
    return_exclusion = models.CharField(
        max_length=12,
        choices=ReturnExclusion.choices,
        default="",
        blank=True,
        help_text="ground on which the consumer may give up the 7-day return, line by line",
    )
    classes = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="classes of goods for which there are rules, e.g. egg, infant_formula",
    )
    exclusion_ruled_out = models.BooleanField(
        default=False, help_text="confirmed: not among what the positive list's remark excludes 除外"
    )
    # Somebody has confirmed commodity code and legal units: else it is neither published nor sold.
    customs_confirmed = models.BooleanField(default=False)
    customs_note = models.CharField(
        max_length=250, blank=True, default="", help_text="what is still to be confirmed, and why"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "sku"], name="variant_sku"),
            models.UniqueConstraint(fields=["storefront", "id"], name="variant_tenant"),
            models.CheckConstraint(name="variant_sku_form", condition=Q(sku__regex=SKU)),
            models.CheckConstraint(name="variant_price_positive", condition=Q(price_fen__gt=0)),
            models.CheckConstraint(name="variant_weight_positive", condition=Q(weight_g__gt=0)),
            models.CheckConstraint(
                name="variant_bar_code", condition=Q(bar_code="") | Q(bar_code__regex=r"^[0-9]{8,14}$")
            ),
            models.CheckConstraint(name="variant_hs_code", condition=Q(hs_code__regex=r"^[0-9]{10}$")),
            models.CheckConstraint(
                name="variant_origin",
                condition=Q(origin_country__regex=r"^[0-9]{3}$") & Q(origin_iso__regex=r"^[A-Z]{2}$"),
            ),
            models.CheckConstraint(
                name="variant_units",
                condition=Q(unit__regex=r"^[0-9]{3}$")
                & Q(legal_unit_1__regex=r"^[0-9]{3}$")
                & Q(legal_quantity_1__gt=0),
            ),
            models.CheckConstraint(
                name="variant_second_unit_whole",
                condition=Q(legal_unit_2__isnull=True, legal_quantity_2__isnull=True)
                | Q(
                    legal_unit_2__isnull=False,
                    legal_unit_2__regex=r"^[0-9]{3}$",
                    legal_quantity_2__isnull=False,
                    legal_quantity_2__gt=0,
                ),
            ),
            models.CheckConstraint(
                name="variant_content_whole",
                condition=Q(net_content__isnull=True, net_content_unit__isnull=True)
                | Q(
                    net_content__isnull=False,
                    net_content__gt=0,
                    net_content_unit__isnull=False,
                    net_content_unit__in=["ml", "g", "piece"],
                ),
            ),
            models.CheckConstraint(
                name="variant_return_exclusion",
                condition=Q(return_exclusion__in=["", "opened", "activated", "near_expiry", "custom_made"]),
            ),
            models.CheckConstraint(
                name="variant_doubt_is_named", condition=Q(customs_confirmed=True) | ~Q(customs_note="")
            ),
        ]
        indexes = [models.Index(fields=["product", "position", "id"], name="variant_of_product")]

    def __str__(self) -> str:
        return self.sku


class Media(models.Model):
    """A picture of a product; the paths are below MEDIA_ROOT."""

    class Kind(models.TextChoices):
        IMAGE = "image", "图片 · image"

    storefront = models.ForeignKey("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="media")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.IMAGE)
    path = models.CharField(max_length=200)
    thumbnail_path = models.CharField(max_length=200)
    alt_zh = models.CharField(max_length=160)
    alt_en = models.CharField(max_length=160)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "media"
        constraints = [
            models.UniqueConstraint(fields=["product", "position"], name="media_position"),
            models.CheckConstraint(name="media_size", condition=Q(width__gt=0) & Q(height__gt=0)),
            models.CheckConstraint(name="media_kind", condition=Q(kind="image")),
        ]

    def __str__(self) -> str:
        return self.path


class CatalogVersion(models.Model):
    """A number that grows with every change of the storefront's catalogue; its row is the writers' lock."""

    storefront = models.OneToOneField("storefronts.Storefront", on_delete=models.PROTECT, related_name="+")
    version = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="catalog_version_positive", condition=Q(version__gt=0))]

    def __str__(self) -> str:
        return f"{self.storefront_id}@{self.version}"
