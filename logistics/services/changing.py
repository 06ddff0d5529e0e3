"""An operator's word on what WeChat was told: told again, or changed by the one change that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel import events
from kernel.errors import Conflict, Invalid
from kernel.states import WrongState
from kernel.tenancy import tenant
from logistics.models import ShippingInfo
from logistics.services.shipping_info import CHANGED, amend, locked, numbers
from logistics.states import SHIPPING_INFO
from logistics.vocabulary import carriers
from wechat.shipping import MOST_PARCELS


class SameWaybill(Invalid):
    """WeChat has this very waybill."""

    code = "waybill_unchanged"
    title = "WeChat has this very waybill already."
    title_zh = "微信侧已是该运单号。"


class ChangeUsed(Conflict):
    """WeChat takes one change of an order's shipping, and it was made."""

    code = "shipping_change_used"
    title = "WeChat takes one change of an order's shipping, and it was made."
    title_zh = "该订单的重新发货机会已使用，不能再次更改。"


class MoreToCome(Conflict):
    """Until WeChat was told that all has left, whatever it is told is added to what it has."""

    code = "shipping_more_to_come"
    title = "More parcels of this order are to leave; WeChat takes its one change when all have."
    title_zh = "该订单尚有包裹未发出；全部发出后方可更改运单号。"


@dataclass(eq=False)
class ChangeTooLong(Conflict):
    """A change names every parcel in one call, which takes so many."""

    code = "shipping_change_too_long"
    title = "WeChat takes a change of at most {most} waybills; change this order in WeChat's console."
    title_zh = "微信单次更改最多 {most} 个运单号，请在微信后台更改该订单。"
    most: int = MOST_PARCELS


@dataclass(eq=False)
class NotTold(Invalid):
    """Of several waybills it must be said which one is replaced."""

    code = "waybill_not_told"
    title = "Say which of these waybills is replaced: {waybills}."
    title_zh = "请指明要替换的运单号：{waybills}。"
    waybills: str


@dataclass(eq=False)
class CarrierUnknown(Invalid):
    """No carrier has this code."""

    code = "carrier_unknown"
    title = "There is no carrier “{carrier}”."
    title_zh = "没有承运商 {carrier}。"
    carrier: str


def change_waybill(
    *, info: ShippingInfo, carrier: str, waybill: str, by: str, now: datetime, replaces: str = ""
) -> None:
    """The carrier goes on under another number than `replaces`, or than the only one: WeChat is told, by the
    one change that it takes, and keeps all others.

    Raises CarrierUnknown, SameWaybill, ChangeUsed, MoreToCome, ChangeTooLong, NotTold, WrongState.
    """
    if carrier not in carriers():
        raise CarrierUnknown(carrier=carrier)
    with tenant(info.storefront_id):
        row = locked(info)
        fresh, told = [carrier, waybill.strip()], row.wanted or row.known
        if fresh[1] in numbers(told):
            raise SameWaybill()
        if row.retold_at is not None or row.state == "outdated":
            raise ChangeUsed()
        if row.state not in ("told", "refused"):
            SHIPPING_INFO.move(row, "amend", now=now)  # says what the state is, and does not lead there
        if row.partial or row.known_partial:
            raise MoreToCome()
        old = replaces or (told[0][1] if len(told) == 1 else "")
        if old not in numbers(told):
            raise NotTold(waybills=", ".join(numbers(told)))
        _may_change(told)
        facts = {"by": by, "waybill": fresh[1], "carrier": carrier, "replaces": old}
        events.record(storefront_id=row.storefront_id, name=CHANGED, key=row.event_key, facts=facts, now=now)
        wanted = [fresh if one[1] == old else one for one in told]
        ShippingInfo.objects.filter(pk=row.pk).update(wanted=wanted)
        amend(row, now, by=by)


def tell_again(*, info: ShippingInfo, by: str, now: datetime) -> None:
    """Try again after a mend, or where WeChat lost it: it is asked first, and told what it does not have.

    Raises WrongState.
    """
    with tenant(info.storefront_id):
        row = locked(info)
        SHIPPING_INFO.move(
            row,
            "again",
            now=now,
            facts={"by": by},
            trouble="",
            tries=0,
            next_try_at=now,
            attempted_at=now,
            known_partial=False,
        )


def use_the_change(*, info: ShippingInfo, by: str, now: datetime) -> None:
    """WeChat was told of another shipping, by hand or by whomever: put ours in its place, by the one change.

    Raises ChangeUsed, ChangeTooLong, WrongState.
    """
    with tenant(info.storefront_id):
        row = locked(info)
        if row.retold_at is not None:
            raise ChangeUsed()
        if row.state != "refused":
            raise WrongState(machine=SHIPPING_INFO.name, verb="amend", state=row.state)
        _may_change(row.wanted)
        amend(row, now, by=by)


def _may_change(wanted: list[list[str]]) -> None:
    if len(wanted) > MOST_PARCELS:
        raise ChangeTooLong()
