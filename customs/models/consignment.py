"""What brings direct mail (9610) in: its bill of lading, the parcels on it, the site's entry."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from customs.models.account import PortAccount
from customs.states import CONSIGNMENT
from kernel.ids import uuid7
from logistics.models import Parcel
from storefronts.models import Storefront


class Consignment(models.Model):
    """One bill (总运单, 提运单) of one voyage, under which parcels come in together.

    Customs compares `traffic_no`, `voyage_no` and `bill_no` of each list with those of the site's entry.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(PortAccount, on_delete=models.PROTECT, related_name="consignments")
    state = models.CharField(max_length=8, choices=CONSIGNMENT.choices, default=CONSIGNMENT.start)
    bill_no = models.CharField(max_length=37, help_text="提运单号 billNo, of the whole consignment")
    voyage_no = models.CharField(max_length=32, help_text="航班航次号 voyageNo")
    traffic_no = models.CharField(max_length=100, help_text="运输工具编号 trafNo, as on its manifest")
    port_code = models.CharField(
        max_length=4, validators=[RegexValidator("^[0-9]{4}$")], help_text="进境口岸 portCode, of this voyage"
    )
    arrives_on = models.DateField(help_text="when it comes in; the site is asked from that day on")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True, help_text="nothing is put on it since")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="the site was asked for its entry")
    next_try_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["storefront", "bill_no", "voyage_no"],
                name="consignment_bill_once",
                condition=~Q(state="dropped"),
            ),
            models.CheckConstraint(
                name="consignment_whole",
                condition=~Q(bill_no="") & ~Q(voyage_no="") & ~Q(traffic_no="") & ~Q(port_code=""),
            ),
            models.CheckConstraint(
                name="consignment_closed_when", condition=~Q(state="closed") | Q(closed_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="consignment_to_try", condition=Q(next_try_at__isnull=False)
            ),
            models.Index(fields=["storefront", "state", "-id"], name="consignment_board"),
        ]

    def __str__(self) -> str:
        return f"{self.bill_no} {self.voyage_no}"

    @property
    def event_key(self) -> str:
        return f"consignment:{self.public_id}"


class ConsignedParcel(models.Model):
    """A parcel on a bill, under the waybill that the bill's manifest names; on one consignment at most."""

    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    consignment = models.ForeignKey(Consignment, on_delete=models.PROTECT, related_name="parcels")
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="+")
    waybill = models.CharField(max_length=60)
    put_on_at = models.DateTimeField()
    taken_off_at = models.DateTimeField(null=True, blank=True)
    told_bill = models.CharField(
        max_length=37, default="", blank=True, help_text="the bill that the carrier was told for its waybill"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["parcel"], name="consigned_once", condition=Q(taken_off_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.waybill


class WarehouseEntry(models.Model):
    """入库明细单 (711) of a supervised site and what became of it (712), whichever was told first.

    What customs answered before the entry itself came stands here without a bill.
    """

    public_id = models.UUIDField(default=uuid7, unique=True, editable=False)
    storefront = models.ForeignKey(Storefront, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(PortAccount, on_delete=models.PROTECT, related_name="+")
    cop_no = models.CharField(max_length=20, help_text="the site's number of the entry")
    operator_code = models.CharField(
        max_length=18, default="", blank=True, help_text="监管场所经营人, the site"
    )
    rkd_no = models.CharField(max_length=18, default="", blank=True, help_text="入库单编号, customs' number")
    bill_no = models.CharField(max_length=37, default="", blank=True)
    voyage_no = models.CharField(max_length=32, default="", blank=True)
    traffic_no = models.CharField(max_length=100, default="", blank=True)
    waybills = models.JSONField(default=list, blank=True, help_text="the parcels that came in by it")
    written_at = models.DateTimeField(null=True, blank=True, help_text="when the site wrote this version")
    status = models.CharField(max_length=10, default="", blank=True, help_text="the latest returnStatus")
    told_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["storefront", "cop_no", "operator_code"], name="entry_once")
        ]
        indexes = [models.Index(fields=["storefront", "bill_no"], name="entry_of_bill")]

    def __str__(self) -> str:
        return self.rkd_no or self.cop_no

    @property
    def event_key(self) -> str:
        return f"entry:{self.public_id}"
