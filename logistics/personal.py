"""What this app holds about people: parcels by number, and what carriers told of them, without persons."""

from __future__ import annotations

from datetime import datetime

from compliance.copy_words import word
from compliance.holdings import Category, Holding, Keeping, Kept, Staying, history, numbers, stays
from compliance.models import Subject
from compliance.personal_fields import PersonalField
from logistics.models import Parcel, ParcelLine, Shipment, ShippingInfo, TrackingEvent
from logistics.vocabulary import carriers

FIELDS = (
    PersonalField(
        model="logistics.TrackingEvent",
        field="text",
        klass="ordinary",
        purpose="to show a consumer where the parcel is; telephones, names and identity numbers in it"
        " are masked when it comes, also those of couriers",
        basis="contract",
        retention="five years",
        export="in the copy of their data, with the parcel",
        erase="kept until its day: evidence of delivery",
        shown="tracking",
    ),
)
_PARCELS = {
    "zh": "发货、包裹与微信发货信息记录（运单号与件数，不含姓名；贸易凭证，不设到期日）",
    "en": "shipments, parcels, what WeChat was told: numbers, no names; evidence of the trade, no day is set",
}
_TOLD = {"zh": "物流轨迹", "en": "what carriers told of parcels"}
_HISTORY = {"zh": "包裹与发货信息的状态记录（仅编号）", "en": "what happened to parcels, by number alone"}
_WHY = {
    "zh": "运单号是贸易凭证（账簿与结汇均以其为据）；仅有编号与件数，不含姓名与地址。"
    "运单号与承运商提供给快递100（查询轨迹）；运单号随订单提供给微信（发货信息）",
    "en": "A waybill is evidence of the trade on which the books rest. These carry numbers and pieces, no"
    " name and no address. kuaidi100 is told waybill and carrier, to ask where a parcel is; WeChat the"
    " waybill with its order.",
}


def see(subject: Subject, now: datetime) -> list[Category]:
    """Every parcel, and what was told of it."""
    parcels = (
        Parcel.objects.filter(shipment__order__subject=subject).select_related("shipment").order_by("id")
    )
    told = TrackingEvent.objects.filter(parcel__in=parcels).select_related("parcel").order_by("parcel", "at")
    names = {one.code: f"{one.name_zh} {one.name}" for one in carriers().values()}
    return [
        Category(
            "parcels",
            {"zh": "包裹", "en": "Parcels"},
            {
                "order": {"zh": "订单号", "en": "order"},
                "carrier": {"zh": "承运方", "en": "carrier"},
                "waybill": {"zh": "运单号", "en": "waybill"},
                "state": {"zh": "状态", "en": "state"},
                "issued_at": {"zh": "取号时间", "en": "waybill issued"},
                "scanned_at": {"zh": "揽收时间", "en": "handed over"},
            },
            [
                {
                    "order": row.shipment.number,
                    "carrier": names.get(row.carrier, row.carrier),
                    "waybill": row.waybill,
                    "state": word("shipments", row.shipment.state),
                    "issued_at": row.issued_at,
                    "scanned_at": row.scanned_at,
                }
                for row in parcels
            ],
        ),
        Category(
            "tracking",
            {"zh": "物流轨迹", "en": "Tracking"},
            {
                "waybill": {"zh": "运单号", "en": "waybill"},
                "at": {"zh": "时间", "en": "at"},
                "told": {"zh": "状态", "en": "what happened"},
                "text": {"zh": "说明", "en": "in the carrier's words"},
            },
            [
                {
                    "waybill": row.parcel.waybill,
                    "at": row.at,
                    "told": row.get_code_display(),
                    "text": row.text,
                }
                for row in told
            ],
        ),
    ]


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Parcels name no one and stay; what was told of them goes on its day."""
    shipments = Shipment.objects.filter(order__subject=subject)
    parcels = Parcel.objects.filter(shipment__in=shipments)
    lines = ParcelLine.objects.filter(parcel__in=parcels).count()
    told = list(TrackingEvent.objects.filter(parcel__in=parcels).values_list("at", flat=True))
    keys = [row.event_key for row in parcels]
    infos = ShippingInfo.objects.filter(order__subject=subject)
    count = shipments.count() + len(keys) + lines + infos.count()
    keys += [row.event_key for row in infos]
    return [
        *numbers("parcels", _PARCELS, "order_years", count, now, *_MODELS),
        *stays("tracking", _TOLD, "order_years", told, now, "logistics.TrackingEvent"),
        *history("parcel_history", _HISTORY, "order_years", keys, now),
    ]


_MODELS = ("logistics.Parcel", "logistics.ParcelLine", "logistics.Shipment", "logistics.ShippingInfo")
HOLDING = Holding(
    app="logistics",
    gives=("parcels", "tracking"),
    fields=FIELDS,
    see=see,
    erase=erase,
    keeping=(
        Keeping(
            "logistics.tracking",
            _TOLD,
            lambda before: TrackingEvent.objects.filter(at__lt=before),
            "order_years",
            append_only=True,
        ),
    ),
    staying=(Staying("logistics.Parcel", _PARCELS, _WHY, ("carrier", "partner")),),
)
