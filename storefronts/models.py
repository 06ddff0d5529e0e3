"""The tenant and everyone who answers for it: brand, mini-program, legal parties, credentials, operators."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q

from kernel.clock import now as present
from kernel.ids import uuid7
from storefronts import telephones  # noqa: F401 -- a model too
from storefronts.sessions import SessionStore


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
    message_token_sealed = models.BinaryField(
        default=b"", blank=True, help_text="with which pushes of the mini-program are signed (令牌)"
    )
    message_key_sealed = models.BinaryField(
        default=b"", blank=True, help_text="with which they are encrypted (消息加解密密钥)"
    )
    key = models.OneToOneField("compliance.DataKey", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    trade_modes = ArrayField(models.CharField(max_length=4), help_text="customs trade modes, e.g. 1210, 9610")
    payment_window_seconds = models.PositiveIntegerField(default=1800)
    quote_window_seconds = models.PositiveIntegerField(default=900)
    minimum_version = models.CharField(
        max_length=20, blank=True, default="", help_text="of the mini-program; older ones are asked to update"
    )
    # In maintenance while there is a sentence; `maintenance_until` is what consumers are told, no switch.
    maintenance_zh = models.CharField(max_length=120, blank=True, default="")
    maintenance_en = models.CharField(max_length=160, blank=True, default="")
    maintenance_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="storefront_windows_positive",
                condition=Q(payment_window_seconds__gt=0) & Q(quote_window_seconds__gt=0),
            ),
            models.CheckConstraint(
                name="storefront_maintenance_whole",
                condition=Q(maintenance_zh="", maintenance_en="", maintenance_until=None)
                | (~Q(maintenance_zh="") & ~Q(maintenance_en="")),
            ),
            models.CheckConstraint(
                name="storefront_minimum_version",
                condition=Q(minimum_version="") | Q(minimum_version__regex=r"^\d{1,4}(\.\d{1,4}){2}$"),
            ),
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
    """The storefront's WeChat Pay merchant number and its keys, sealed under the storefront's key.

    `payer_identity` says whether the payer is named on the prepay; WeChat's refusal is remembered.
    """

    class CustomsFamily(models.TextChoices):
        V2 = "v2", "国内接口 v2 · domestic, XML"
        V3 = "v3", "全球接口 v3 · global, API v3"

    class PayerIdentity(models.TextChoices):
        OFF = "off"
        ON = "on"
        REFUSED = "refused"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="merchants")
    mchid = models.CharField(max_length=32, unique=True)
    serial_no = models.CharField(max_length=64, help_text="serial of the merchant certificate, hexadecimal")
    private_key_sealed = models.BinaryField()
    apiv3_key_sealed = models.BinaryField()
    v2_key_sealed = models.BinaryField(
        default=b"", blank=True, help_text="key of API v2 (API 密钥), with which v2 declarations are signed"
    )
    customs_family = models.CharField(
        max_length=2,
        choices=CustomsFamily.choices,
        default=CustomsFamily.V2,
        help_text="how payments are declared",
    )
    payer_identity = models.CharField(max_length=8, choices=PayerIdentity.choices, default=PayerIdentity.OFF)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="of the merchant certificate; unknown when only its serial was given"
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["storefront"], name="merchant_one_active", condition=Q(active=True)
            )
        ]

    def __str__(self) -> str:
        return self.mchid


class PastMerchantKey(models.Model):
    """A private key that signed before the present one: kept for what is still under way, until retired.

    What WeChat encrypted to the old certificate opens with it alone, and it may be taken back into use.
    A retired one is a row without a key.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.CASCADE, related_name="past_keys")
    serial_no = models.CharField(max_length=64)
    private_key_sealed = models.BinaryField()
    expires_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "serial_no"], name="past_key_serial"),
            models.CheckConstraint(
                name="past_key_retired_is_gone",
                condition=Q(retired_at__isnull=True) | Q(private_key_sealed=b""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merchant} · {self.serial_no}"


class PlatformKey(models.Model):
    """A public key of WeChat Pay that signs for this merchant: certificate or PUB_KEY_ID, side by side.

    A retired one stays on file and believes nothing; that the answer of a fetch lists it does not bring it
    back.
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    merchant = models.ForeignKey(MerchantAccount, on_delete=models.CASCADE, related_name="platform_keys")
    serial = models.CharField(max_length=64)
    public_key_pem = models.TextField()
    valid_from = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    added_at = models.DateTimeField(default=present)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "serial"], name="platform_key_serial")]

    def __str__(self) -> str:
        return self.serial


class KeyFetch(models.Model):
    """How the fetching of a merchant's platform certificates stands; one row a merchant number.

    `tried_at` is written before WeChat is called, by the one who calls. `asked_at` is when something named
    a key that is not ours. `outcome` is what the last try brought.
    """

    class Outcome(models.TextChoices):
        WAITING = "waiting"
        FETCHED = "fetched"
        EMPTY = "empty"
        FAILED = "failed"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    merchant = models.OneToOneField(MerchantAccount, on_delete=models.CASCADE, related_name="key_fetch")
    asked_at = models.DateTimeField(null=True, blank=True)
    asked_serial = models.CharField(max_length=64, blank=True, default="")
    tried_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    error = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.merchant}: {self.outcome}"


class PushedMessage(models.Model):
    """What WeChat pushed to the mini-program's server, once however often it came.

    `content` is as it came, encrypted with the push key; it is emptied when the message is taken in.
    """

    class Outcome(models.TextChoices):
        RECEIVED = "received"
        TAKEN = "taken"
        IGNORED = "ignored"
        FAILED = "failed"

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    digest = models.BinaryField(help_text="SHA-256 of what tells one message from another")
    event = models.CharField(max_length=60, default="", blank=True)
    content = models.BinaryField(help_text="as it came; empty once it is taken in")
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.RECEIVED)
    error = models.CharField(max_length=120, default="", blank=True)
    received_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["storefront", "digest"], name="pushed_message_once")]
        indexes = [models.Index(fields=["received_at"], name="pushed_message_day")]

    def __str__(self) -> str:
        return f"{self.event or '-'} {self.received_at:%F %T}"

    @property
    def event_key(self) -> str:
        return f"message:{self.pk}"


class Operator(AbstractUser):
    """A person who works in the admin; consumers are not Django users.

    Who was given a password by a colleague may be that colleague: `let_in_by` names everybody who gave one,
    until the platform vouches. While `first_password_until` is set somebody else was shown the password.
    """

    let_in_by = ArrayField(
        models.CharField(max_length=150),
        default=list,
        blank=True,
        editable=False,
        help_text="who gave this operator a password to begin with; nobody: the platform",
    )
    first_password_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="until then a password of their own is to be chosen"
    )

    factor_key = models.OneToOneField(
        "compliance.DataKey",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        verbose_name = "operator"


class OperatorSession(AbstractBaseSession):
    """A log-in for as long as it lasts; of the key in its cookie a hash is kept, nothing that opens it.

    `factor` is how the second step was taken, "" until then.
    """

    class Factor(models.TextChoices):
        CODE = "code"
        RECOVERY = "recovery"
        NONE = "none"

    id = models.BigAutoField(primary_key=True)
    session_key = models.CharField(max_length=64, unique=True)
    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    operator = models.ForeignKey(
        Operator, null=True, blank=True, on_delete=models.CASCADE, related_name="sessions"
    )
    factor = models.CharField(max_length=8, choices=Factor.choices, default="", blank=True)
    idle_seconds = models.PositiveIntegerField()
    address = models.GenericIPAddressField(null=True, blank=True)
    browser = models.CharField(max_length=200, default="", blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "session"

    def __str__(self) -> str:
        return f"{self.operator or '-'} {self.started_at:%F %T}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


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


class FourEyes(models.Model):
    """From which size on a verb needs a colleague in this storefront; without a row, what the house says."""

    class Verb(models.TextChoices):
        REFUND = "refund"
        EXPORT = "bulk_export"
        PAY_KEYS = "pay_keys"

    storefront = models.ForeignKey(Storefront, on_delete=models.CASCADE, related_name="four_eyes")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    above = models.PositiveBigIntegerField(
        help_text="fen of refunds of one order, rows of an export; of keys 0 is always, 1 never"
    )

    class Meta:
        verbose_name_plural = "four eyes"
        constraints = [models.UniqueConstraint(fields=["storefront", "verb"], name="four_eyes_once")]

    def __str__(self) -> str:
        return f"{self.storefront} · {self.verb}"
