"""停售: a SKU, or one batch of it wherever it lies, is not sold until the stop is lifted."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from catalog.models import Variant
from inventory.models import Lot, Movement, SaleStop, Stock
from inventory.services.holding import look_again
from inventory.services.moving import move, stop_key, stop_of, tell_short
from inventory.services.shelf import quarantine_ended
from kernel import events
from kernel.errors import Conflict, Invalid

_PARTNER = "partner:"  # by whom, where it was the system of a partner


class AlreadyStopped(Conflict):
    """The sale is stopped already."""

    code = "already_stopped"
    title = "The sale is already stopped."
    title_zh = "该商品或批次已处于停售状态。"


class OtherGoods(Invalid):
    """The lot is of another SKU."""

    code = "lot_of_other_goods"
    title = "The lot is not of this SKU."
    title_zh = "该批次不属于此 SKU。"


class NotStopped(Conflict):
    """Someone lifted the stop first."""

    code = "not_stopped"
    title = "The stop was already lifted."
    title_zh = "该停售已解除。"


@transaction.atomic
def stop_sale(*, variant: Variant, reason: str, by: str, now: datetime, lot: Lot | None = None) -> SaleStop:
    """Stop the sale of a SKU everywhere, or of one lot of it; raises AlreadyStopped, OtherGoods.

    A lot with a number is stopped in every warehouse, also where it arrives later. What is reserved stays
    reserved and is not picked; what is picked does not leave. What a partner stopped becomes the brand's own
    where the brand stops it, too.
    """
    if lot is not None and lot.stock.variant_id != variant.pk:
        raise OtherGoods()
    Variant.objects.select_for_update(no_key=True).get(pk=variant.pk)
    ids = _locked(variant)
    whole = SaleStop.objects.filter(variant=variant, lot=None, lifted_at=None)
    standing = stop_of(lot) if lot else whole.first()
    if standing is not None:
        return _take_over(standing, reason=reason, by=by, now=now)
    stop = SaleStop.objects.create(
        storefront_id=variant.storefront_id, variant=variant, lot=lot, reason=reason, by=by, at=now
    )
    if lot is None:
        Stock.objects.filter(pk__in=ids).update(stopped=True)
    else:
        for one in _batch(lot, ids):
            one.stopped = True
            one.save(update_fields=["stopped"])
            if one.free:
                move(
                    one,
                    Movement.Kind.QUARANTINE,
                    quarantined=one.free,
                    holder=stop_key(stop.pk),
                    reason=reason,
                    by=by,
                    now=now,
                )
        lot.refresh_from_db()
        tell_short(stock_ids=ids, now=now)
    _tell(stop, "sale.stopped", by, now)
    return stop


@transaction.atomic
def lift_stop(*, stop: SaleStop, reason: str, by: str, now: datetime) -> SaleStop:
    """Sell again; raises NotStopped. Pieces of the lot that were quarantined for its sake come back."""
    variant = Variant.objects.select_for_update(no_key=True).get(pk=stop.variant_id)
    lifted = SaleStop.objects.filter(pk=stop.pk, lifted_at=None).update(
        lifted_at=now, lifted_by=by, lifted_reason=reason
    )
    if lifted != 1:
        raise NotStopped()
    stop.refresh_from_db()
    ids = _locked(variant)
    if stop.lot is None:
        Stock.objects.filter(pk__in=ids).update(stopped=False)
    else:
        for one in _batch(stop.lot, ids):
            one.stopped = False
            one.save(update_fields=["stopped"])
            look_again(one, over=[stop_key(stop.pk)], by=by, now=now)
        stop.lot.refresh_from_db()
        quarantine_ended(stock_ids=ids, now=now)
    _tell(stop, "sale.resumed", by, now)
    return stop


def _take_over(stop: SaleStop, *, reason: str, by: str, now: datetime) -> SaleStop:
    """What a partner stopped the brand may stop by its own word: from then on that partner lifts it no more.
    Raises AlreadyStopped where it changes nothing."""
    if not stop.by.startswith(_PARTNER) or by.startswith(_PARTNER):
        raise AlreadyStopped()
    stop.by, stop.reason = by, reason
    stop.save(update_fields=["by", "reason"])
    _tell(stop, "sale.stopped", by, now)
    return stop


def _batch(lot: Lot, stock_ids: list[int]) -> list[Lot]:
    """The lots that share the number of this one, whose stocks are locked; itself alone without one."""
    if not lot.code:
        return [Lot.objects.get(pk=lot.pk)]
    return list(Lot.objects.filter(stock__in=stock_ids, code=lot.code).order_by("stock_id", "pk"))


def _locked(variant: Variant) -> list[int]:
    rows = Stock.objects.select_for_update(no_key=True).filter(variant=variant).order_by("pk")
    return [stock.pk for stock in rows]


def _tell(stop: SaleStop, name: str, by: str, now: datetime) -> None:
    events.record(
        storefront_id=stop.storefront_id,
        name=name,
        key=stop_key(stop.pk),
        facts={"sku": stop.variant.sku, "lot": stop.lot.code if stop.lot else "", "by": by},
        now=now,
    )
