"""A declaration of an order and the documents that it takes, each in every version that was told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from customs.models.account import PortAccount
from customs.models.messages import PortMessage
from customs.states import AT_CUSTOMS, DECLARATION
from kernel.ids import uuid7
from orders.models import Order
from storefronts.models import Storefront


class Declaration(models.Model):
    """What becomes of one order at customs. `round` counts the lists; each has its `cop_no` (企业内部编号).

    `pre_no` is the E-Port's number for the list (预录入编号), `list_no` customs' (清单编号, invtNo).
    """

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="customs_declaration")
    account = models.ForeignKey(PortAccount, on_delete=models.PROTECT, null=True, related_name="+")
    number = models.CharField(max_length=32, help_text="of the order, which is the key of its history")
    state = models.CharField(max_length=12, choices=DECLARATION.choices, default=DECLARATION.start)
    round = models.PositiveSmallIntegerField(default=1)
    cop_no = models.CharField(max_length=20, unique=True, help_text="our number of the list")
    pre_no = models.CharField(max_length=18, default="", blank=True)
    list_no = models.CharField(max_length=18, default="", blank=True)
    awaits = models.CharField(max_length=24, default="", blank=True, help_text="what it waits for")
    trouble = models.CharField(max_length=40, default="", blank=True, help_text="why it does not go on")
    status = models.CharField(max_length=10, default="", blank=True, help_text="returnStatus of the list")
    told_at = models.DateTimeField(null=True, blank=True, help_text="when customs made that receipt")
    tax_fen = models.BigIntegerField(default=0, help_text="which the guarantee answers for")
    duty_fen = models.BigIntegerField(default=0, help_text="as the list declared it")
    vat_fen = models.BigIntegerField(default=0, help_text="as the list declared it")
    excise_fen = models.BigIntegerField(default=0, help_text="as the list declared it")
    opened_at = models.DateTimeField()
    state_since = models.DateTimeField(null=True, blank=True, help_text="empty until it first moves")
    listed_at = models.DateTimeField(null=True, blank=True, help_text="the list was sent, or tried to")
    accepted_at = models.DateTimeField(null=True, blank=True, help_text="120, 入库")
    released_at = models.DateTimeField(null=True, blank=True, help_text="800, 放行")
    next_try_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    resends = models.PositiveSmallIntegerField(default=0, help_text="of this round's documents")
    refusals = models.PositiveSmallIntegerField(
        default=0, help_text="after which it was told anew by itself, since customs or a person last agreed"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="customs_blocked_why", condition=~Q(state__in=["blocked", "rejected"]) | ~Q(trouble="")
            ),
            models.CheckConstraint(
                name="customs_listed_whole",
                condition=Q(state__in=["waiting", "blocked", "documents", "rejected", "ended"])
                | Q(listed_at__isnull=False, account__isnull=False),
            ),
            models.CheckConstraint(
                name="customs_released_whole",
                condition=~Q(state__in=["released", "closed"])
                | Q(released_at__isnull=False) & ~Q(list_no=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="customs_to_try", condition=Q(next_try_at__isnull=False)
            ),
            models.Index(fields=["storefront", "state", "-id"], name="customs_board"),
            models.Index(
                fields=["storefront", "released_at"],
                name="customs_release_day",
                condition=Q(released_at__isnull=False),
            ),
            models.Index(fields=["id"], name="customs_takes_nothing", condition=~Q(state__in=AT_CUSTOMS)),
            models.Index(
                fields=["account", "released_at"],
                name="customs_owing",
                condition=Q(tax_fen__gt=0, listed_at__isnull=False),
            ),
            models.Index(fields=["list_no"], name="customs_list_no", condition=~Q(list_no="")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def event_key(self) -> str:
        return f"order:{self.number}"

    @property
    def declared_tax_fen(self) -> int:
        """What the list declared, all kinds of tax together."""
        return self.duty_fen + self.vat_fen + self.excise_fen


class Filing(models.Model):
    """One version of one document (单证): sealed as it was sent, under the order's key; and its fate.

    A waybill (运单) is the carrier's to tell and a payment WeChat Pay's: of these only the answers are here.
    """

    class Kind(models.TextChoices):
        ORDER = "order", "订单 · CEB311"
        WAYBILL = "waybill", "运单 · CEB511"
        PAYMENT = "payment", "支付单 · CEB411"
        LIST = "list", "清单 · CEB621"
        CANCEL = "cancel", "撤单 · CEB623"
        RETURN = "return", "退货 · CEB625"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    declaration = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="filings")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    guid = models.CharField(max_length=36, unique=True)
    key = models.CharField(max_length=80, help_text="by which its receipts name it")
    app_type = models.CharField(max_length=1, help_text="报送类型: 1 new, 2 changed, 3 deleted")
    body_sealed = models.BinaryField(help_text="the document as XML; empty where another party signs it")
    digest = models.CharField(max_length=64, help_text="SHA-256 of what it says, without number and time")
    message = models.ForeignKey(PortMessage, on_delete=models.PROTECT, null=True, related_name="filings")
    position = models.PositiveSmallIntegerField(default=0, help_text="its place in the message")
    status = models.CharField(max_length=10, default="", blank=True, help_text="the latest returnStatus")
    told_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    superseded = models.BooleanField(default=False, help_text="a later version stands in its place")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["declaration", "kind"],
                name="filing_one_stands",
                condition=Q(superseded=False) & ~Q(kind="return"),
            ),
            models.UniqueConstraint(
                fields=["message", "position"],
                name="filing_place_in_message",
                condition=Q(message__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["key"], name="filing_key"),
            models.Index(
                fields=["id"],
                name="filing_to_send",
                condition=Q(message=None, superseded=False) & ~Q(body_sealed=b""),
            ),
        ]

    def __str__(self) -> str:
        return self.guid
