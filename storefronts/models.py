"""The tenant and everyone who answers for it: brand, mini-program, legal parties, credentials, operators."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kernel.ids import uuid7


class BrandCompany(models.Model):
    """The foreign company that owns the brand and sells."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True, default="")
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    currency = models.CharField(max_length=3, default="EUR", help_text="ISO 4217, of settlement")

    class Meta:
        verbose_name_plural = "brand companies"

    def __str__(self) -> str:
        return self.name


class Storefront(models.Model):
    """One brand's mini-program: the tenant."""

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    brand = models.ForeignKey(BrandCompany, on_delete=models.PROTECT, related_name="storefronts")
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120)
    appid = models.CharField(max_length=32, unique=True)
    appsecret_sealed = models.BinaryField(help_text="sealed under the storefront's key")
    key = models.OneToOneField("compliance.DataKey", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    trade_modes = ArrayField(models.CharField(max_length=4), help_text="customs trade modes, e.g. 1210, 9610")
    payment_window_seconds = models.PositiveIntegerField(default=1800)
    quote_window_seconds = models.PositiveIntegerField(default=900)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="storefront_windows_positive",
                condition=Q(payment_window_seconds__gt=0) & Q(quote_window_seconds__gt=0),
            )
        ]

    def __str__(self) -> str:
        return self.name


class LegalParty(models.Model):
    """Who answers for what before customs and the market regulator (486号, law.md R0.1)."""

    class Role(models.TextChoices):
        EBC = "ebc", "跨境电商企业 · overseas seller"
        EBP = "ebp", "跨境电商平台 · platform"
        AGENT = "agent", "境内服务商/代理 · domestic service provider"
        PAY = "pay", "支付企业 · payment institution"
        LOGISTICS = "logistics", "物流企业 · carrier"
        DECLARANT = "declarant", "申报企业 · declaring enterprise"
        AREA = "area", "区内企业 · bonded warehouse operator"
        FOOD_RECALL = "food_recall", "食品召回责任企业 · food recall firm"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="parties")
    role = models.CharField(max_length=12, choices=Role.choices)
    name = models.CharField(max_length=100)
    country = models.CharField(max_length=2)
    customs_code = models.CharField(max_length=18, blank=True, default="", help_text="海关注册登记编号")
    credit_code = models.CharField(max_length=18, blank=True, default="", help_text="统一社会信用代码 (USCC)")
    contact = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name_plural = "legal parties"
        constraints = [models.UniqueConstraint(fields=["storefront", "role"], name="party_one_per_role")]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.name}"


class MerchantAccount(models.Model):
    """The storefront's WeChat Pay merchant number and its keys, sealed under the storefront's key."""

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="merchants")
    mchid = models.CharField(max_length=32, unique=True)
    serial_no = models.CharField(max_length=64, help_text="serial of the merchant certificate, hexadecimal")
    private_key_sealed = models.BinaryField()
    apiv3_key_sealed = models.BinaryField()
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["storefront"], name="merchant_one_active", condition=Q(active=True)
            )
        ]

    def __str__(self) -> str:
        return self.mchid


class PlatformKey(models.Model):
    """A public key of WeChat Pay that signs for this merchant: certificate or PUB_KEY_ID, side by side."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.CASCADE, related_name="platform_keys")
    serial = models.CharField(max_length=64)
    public_key_pem = models.TextField()
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "serial"], name="platform_key_serial")]

    def __str__(self) -> str:
        return self.serial


class Operator(AbstractUser):
    """A person who works in the admin; consumers are not Django users."""

    class Meta:
        verbose_name = "operator"


class Membership(models.Model):
    """What an operator may do in one storefront."""

    class Role(models.TextChoices):
        OWNER = "owner"
        MERCHANDISER = "merchandiser"
        FULFILMENT = "fulfilment"
        CUSTOMER_SERVICE = "customer_service"
        FINANCE = "finance"
        COMPLIANCE = "compliance"
        AUDITOR = "auditor"

    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="memberships")
    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "storefront", "role"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.operator} · {self.storefront} · {self.role}"
