"""What a packer does with a shipment: pick, swap what cannot leave, fill its parcels, let them go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanWidget,
)

from inventory import services as inventory
from inventory.models import Lot
from logistics.models import Parcel, Shipment
from logistics.services import leaving, packing
from logistics.services.shipments import SEVERAL
from operators.bilingual import say
from operators.scope import PACKERS
from operators.steps import Step
from operators.stock_forms import ConfirmForm, ReasonForm, WeightForm

Values = Mapping[str, Any]
_LOT = "lot_"


class PartForm(WeightForm):
    """So many pieces of each picked lot go into a parcel of their own."""

    nth = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not _lots(values):
            raise forms.ValidationError(say("请填写装箱件数。", "Say what goes into the parcel."))
        return values


class SwapForm(ReasonForm):
    """Which picked pieces are put back for others."""

    pieces = forms.IntegerField(
        label=say("件数", "pieces"), min_value=1, max_value=1_000_000, widget=UnfoldAdminIntegerFieldWidget
    )
    damaged = forms.BooleanField(
        label=say("货损，转隔离", "damaged: into quarantine"), required=False, widget=UnfoldBooleanWidget
    )
    field_order = ("lot", "pieces", "damaged", "reason")


def _in_hand(row: Shipment) -> dict[int, tuple[str, int]]:
    """What is picked and lies in no parcel: lot → its name with its goods, and pieces."""
    found: dict[int, tuple[str, int]] = {}
    for one in inventory.in_hand(holder=row.event_key):
        number = one.lot.code or say("无批次号", "no number")
        name = " · ".join(
            str(part) for part in (one.reservation.stock.variant.sku, number, one.lot.inbound_list) if part
        )
        found[one.lot_id] = (name, one.quantity + found.get(one.lot_id, ("", 0))[1])
    return found


def _lots(values: Values) -> dict[int, int]:
    return {
        int(name.removeprefix(_LOT)): pieces
        for name, pieces in values.items()
        if name.startswith(_LOT) and pieces
    }


def part_form(row: Shipment) -> type[forms.Form]:
    """All that is picked and not packed, lot by lot; what is typed less stays for the next parcel."""
    fields: dict[str, Any] = {
        f"{_LOT}{lot_id}": forms.IntegerField(
            label=name,
            min_value=0,
            max_value=pieces,
            required=False,
            initial=pieces,
            help_text=say("已拣未装箱 {pieces} 件", "{pieces} picked and not packed").format(pieces=pieces),
            widget=UnfoldAdminIntegerFieldWidget,
        )
        for lot_id, (name, pieces) in _in_hand(row).items()
    }
    order = (*fields, "weight_g", "second_look", "nth")
    return type("PartForm", (PartForm,), {**fields, "field_order": order})


def swap_form(row: Shipment) -> type[forms.Form]:
    """Whichever lot is picked and not packed."""
    lots = [(lot_id, f"{name} × {pieces}") for lot_id, (name, pieces) in _in_hand(row).items()]
    choice = forms.TypedChoiceField(
        label=say("批次", "lot"), choices=lots, coerce=int, widget=UnfoldAdminSelectWidget
    )
    return type("SwapForm", (SwapForm,), {"lot": choice})


def _pick(row: Shipment, values: Values, who: str, at: datetime) -> None:
    packing.start_packing(shipment=row, by=who, now=at)


def _swap(row: Shipment, values: Values, who: str, at: datetime) -> None:
    packing.swap_picked(
        shipment=row,
        lot=Lot.objects.get(pk=values["lot"], stock__warehouse=row.warehouse_id),
        pieces=values["pieces"],
        damaged=values["damaged"],
        reason=values["reason"],
        by=who,
        now=at,
    )


def _pack(row: Shipment, values: Values, who: str, at: datetime) -> None:
    packing.pack(
        shipment=row,
        carrier="SF",
        weight_g=values["weight_g"],
        second_look=values["second_look"],
        by=who,
        now=at,
    )


def _pack_part(row: Shipment, values: Values, who: str, at: datetime) -> None:
    packing.pack(
        shipment=row,
        carrier="SF",
        weight_g=values["weight_g"],
        second_look=values["second_look"],
        lots=_lots(values),
        nth=values["nth"],
        by=who,
        now=at,
    )


def _dispatch(row: Shipment, values: Values, who: str, at: datetime) -> None:
    leaving.dispatch(shipment=row, by=who, now=at)


def _dispatch_one(row: Parcel, values: Values, who: str, at: datetime) -> None:
    leaving.dispatch(shipment=row.shipment, parcel=row, by=who, now=at)


def _may_pack(row: Shipment) -> bool:
    return row.state in packing.TO_PACK and bool(_in_hand(row))


def _lacks(row: Shipment) -> bool:
    return row.state in packing.TO_PACK and bool(inventory.lacking(holder=row.event_key))


SHIPMENT_STEPS = (
    Step(
        name="pick",
        title=say("拣货（先到期先出）", "Pick, first expired first"),
        icon="shopping_basket",
        form=ConfirmForm,
        do=_pick,
        roles=PACKERS,
        legal=lambda row: row.state == "to_pick" or _lacks(row),
        outside=True,
    ),
    Step(
        name="pack",
        title=say("称重打包并申请顺丰运单号", "Weigh, pack and ask SF for a waybill"),
        icon="package_2",
        form=WeightForm,
        do=_pack,
        roles=PACKERS,
        legal=lambda row: row.state in ("to_pick", "packing") or _may_pack(row),
        hint=say(
            "全部未装箱商品装入一个包裹。实重与应重之差超过仓库允差的不予打包；开箱核对后由另一名同事复核。",
            "All that is not packed goes into one parcel. What differs by more than the warehouse tolerates"
            " is not packed, but for a second look.",
        ),
        outside=True,
    ),
    Step(
        name="pack-part",
        title=say("分箱打包", "Pack a part"),
        icon="deployed_code",
        form=PartForm,
        form_of=part_form,
        do=_pack_part,
        roles=PACKERS,
        legal=lambda row: row.order.trade_mode in SEVERAL and _may_pack(row),
        start=lambda row: {"nth": row.parcels.count() + 1},
        hint=say(
            "按批次填写装入本包裹的件数，其余留待下一包裹。",
            "Say lot by lot what goes into this parcel; the rest is for the next one.",
        ),
        outside=True,
    ),
    Step(
        name="swap",
        title=say("更换已拣商品", "Swap picked pieces"),
        icon="swap_horiz",
        form=SwapForm,
        form_of=swap_form,
        do=_swap,
        roles=PACKERS,
        legal=_may_pack,
        hint=say(
            "临近到期、停售或破损的，退回并按先到期先出改拣其他件；货损而无货可换的照样转隔离，补货后再次拣货。"
            "已装箱的须先取消运单。",
            "What is near its end, stopped or damaged is put back and others are picked, first expired first."
            " What is damaged is set aside also where no others are; pick again once more has come in."
            " What is packed already must be taken out: its waybill is taken back first.",
        ),
        outside=True,
    ),
    Step(
        name="dispatch",
        title=say("出库", "Let it leave"),
        icon="output",
        form=ConfirmForm,
        do=_dispatch,
        roles=PACKERS,
        legal=lambda row: row.state in ("labelled", "leaving"),
        hint=say(
            "保税货物须已放行；直购货物须通过申报前审核。库存按拣货批次扣减。",
            "Bonded goods must be released, direct mail is judged; the picked lots leave the ledger.",
        ),
        outside=True,
    ),
)

LET_ONE_LEAVE = Step(
    name="dispatch",
    title=say("本包裹出库", "Let this parcel leave"),
    icon="output",
    form=ConfirmForm,
    do=_dispatch_one,
    roles=PACKERS,
    legal=lambda row: (
        not row.single
        and row.state == "issued"
        and row.left_at is None
        and row.shipment.state in ("labelled", "leaving")
    ),
    hint=say("仅扣减本包裹内的批次。", "The lots that lie in it leave the ledger, and no others."),
    outside=True,
)
