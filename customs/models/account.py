"""How a storefront declares at one customs district (关区): its number, its key, its guarantee."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from customs.signing.certificates import verifier_of
from kernel.clock import now
from kernel.ids import uuid7
from partners.models import Partner
from storefronts.models import LegalParty, Storefront


def holds(certificate: str) -> None:
    """Raises ValidationError for what is no certificate of an RSA or SM2 key that holds today."""
    try:
        verifier_of(certificate, at=now())
    except ValueError as fault:
        raise ValidationError(f"监管场所证书无法使用 · of the supervised site: {fault}") from fault


class PortAccount(models.Model):
    """A storefront's way to one district; every list of goods that leave a warehouse there goes by it.

    `dxp_id` is the number at China E-Port's exchange platform (数据交换平台) of the declaring enterprise,
    whose client transmits. The key that signs is here, sealed under the storefront's key, or in the card of
    a signing machine (加签机), whose password is.
    """

    class Transport(models.TextChoices):
        HTTP = "http", "HTTP"
        FOLDER = "folder", "文件交换 · folders of the port's client"
        BROKER = "broker", "报关行代传 · the system of a broker, by the partners' door"

    class Signer(models.TextChoices):
        RSA = "rsa-sha1", "RSA-SHA1 · a key here"
        SM2 = "sm2-sm3", "SM2-SM3 国密 · a key here"
        MACHINE = "machine", "加签机 · a signing machine"

    class Guarantor(models.TextChoices):
        DECLARANT = LegalParty.Role.DECLARANT.value, "申报企业 · declarant"
        EBC = LegalParty.Role.EBC.value, "电商企业 · seller"
        LOGISTICS = LegalParty.Role.LOGISTICS.value, "物流企业 · carrier"

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="port_accounts")
    customs_code = models.CharField(
        max_length=4, validators=[RegexValidator("^[0-9]{4}$")], help_text="申报地海关, the district"
    )
    port_code = models.CharField(
        max_length=4, validators=[RegexValidator("^[0-9]{4}$")], help_text="进境口岸, where goods come in"
    )
    traffic = models.CharField(
        max_length=1,
        validators=[RegexValidator("^[0-9A-Z]$")],
        help_text="运输方式: across the border (9610), out of the zone (1210)",
    )
    dispatch_country = models.CharField(
        max_length=3, default="142", help_text="起运国 by customs' codes (9610); 142 for bonded goods"
    )
    site_code = models.CharField(
        max_length=10, default="", blank=True, help_text="loctNo, 监管场所, where a district has several"
    )
    site_certificate = models.TextField(
        default="",
        blank=True,
        validators=[holds],
        help_text="of the supervised site: what it enters (9610) is believed by this alone",
    )
    dxp_id = models.CharField(max_length=30, help_text="传输编号 at the exchange platform")
    transport = models.CharField(max_length=6, choices=Transport.choices, default=Transport.HTTP)
    folder = models.CharField(
        max_length=200, default="", blank=True, help_text="of the port's client: it holds send and receive"
    )
    broker = models.ForeignKey(
        Partner,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="whose system has the box: it fetches messages and brings receipts, which are believed",
    )
    signer = models.CharField(max_length=8, choices=Signer.choices, default=Signer.RSA)
    key_sealed = models.BinaryField(default=b"", blank=True)
    password_sealed = models.BinaryField(default=b"", blank=True, help_text="of the signing machine's card")
    machine_refused = models.CharField(
        max_length=120, default="", blank=True, help_text="why the card does not sign: it is asked no more"
    )
    certificate_number = models.CharField(max_length=64, default="", blank=True, help_text="证书号")
    certificate = models.TextField(default="", blank=True, help_text="base64 of its DER")
    guarantor = models.CharField(
        max_length=12, choices=Guarantor.choices, default=Guarantor.DECLARANT, help_text="who answers for tax"
    )
    guarantee_fen = models.BigIntegerField(default=0, help_text="保证金或保函额度, the guarantee for tax")
    batch = models.PositiveSmallIntegerField(default=100, help_text="most documents in one message")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "customs_code"], name="port_account_of_district"),
            models.CheckConstraint(
                name="port_account_batch", condition=Q(batch__range=(1, 100), guarantee_fen__gte=0)
            ),
            models.CheckConstraint(
                name="port_account_folder", condition=~Q(transport="folder") | ~Q(folder="")
            ),
            models.CheckConstraint(
                name="port_account_broker",
                condition=Q(transport="broker", broker__isnull=False)
                | ~Q(transport="broker") & Q(broker=None),
            ),
            models.CheckConstraint(
                name="port_account_signs",
                condition=Q(signer="machine")
                | ~Q(key_sealed=b"") & ~Q(certificate_number="") & ~Q(certificate=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customs_code} {self.dxp_id}"
