"""List prices of many variants change at once, now or from an instant on; until then it can be called off.

Nothing is told to anyone before it holds: the public history has a price from the instant in which it does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from django.db.models import Max, QuerySet

from catalog.importing.columns import MAX_YUAN
from catalog.models import PriceChange, PriceCut, Variant
from catalog.services.editing import ImportRuns, editing
from catalog.services.import_products import ChangedSince
from catalog.services.present_prices import refresh_products
from catalog.services.prices import BadPrice, NoSuchVariant, refuse_first
from catalog.services.public_prices import publish_list_prices
from kernel import cases, events, ids
from kernel.errors import Conflict

State = PriceChange.State
NOT_CHANGED = "price.not_changed"
_BATCH = 500


class NothingPlanned(Conflict):
    """It is in force, was called off before, or another one does at this moment."""

    code = "price_change_over"
    title = "Only a price that is not in force yet can be called off."
    title_zh = "仅可取消尚未生效的价格。"


class PlannedTwice(Conflict):
    """Two prices for one instant."""

    code = "price_change_twice"
    title = "For this instant another price is planned already; call it off first."
    title_zh = "该时间已有待生效的价格，请先取消。"


def raised(price_fen: int, *, percent: Decimal, step_fen: int = 1) -> int:
    """The price with so many percent more, rounded once, half-up, to whole steps of fen.

    >>> raised(9_999, percent=Decimal("-12.5"), step_fen=10)
    8750
    """
    exact = Fraction(price_fen) * (1 + Fraction(percent) / 100) / step_fen
    return int((exact * 2 + 1) // 2) * step_fen


def plan_prices(
    *,
    storefront_id: int,
    prices: Mapping[str, int],
    starts_at: datetime | None,
    by: str,
    now: datetime,
    seen: Mapping[str, int] | None = None,
) -> UUID:
    """The variants (SKU) are to have these list prices (fen) from `starts_at` on, or from now; all or none.

    Raises NoSuchVariant, BadPrice, CutInTheWay when a cut of then or later is not below the price,
    PlannedTwice, and ChangedSince where a price is not the one that was `seen`.
    """
    starts = max(starts_at or now, now)
    batch = ids.uuid7()
    with editing(storefront_id):
        kept = {v.sku: v for v in _locked(storefront_id, prices)}
        for sku, price_fen in prices.items():
            if sku not in kept:
                raise NoSuchVariant(sku=sku)
            if price_fen <= 0:
                raise BadPrice(sku=sku, why="it must be above zero", why_zh="价格必须大于零")
            if price_fen > MAX_YUAN * 100:
                why = f"it must be at most {MAX_YUAN:,} yuan", f"价格不得超过 {MAX_YUAN:,} 元"
                raise BadPrice(sku=sku, why=why[0], why_zh=why[1])
            if seen is not None and kept[sku].price_fen != seen.get(sku):
                raise ChangedSince()
        _refuse_cuts({kept[sku].pk: price for sku, price in prices.items()}, starts)
        planned = PriceChange.objects.filter(variant__in=kept.values(), starts_at=starts, state=State.PLANNED)
        if planned.exists():
            raise PlannedTwice()
        rows = PriceChange.objects.bulk_create(
            (
                PriceChange(
                    storefront_id=storefront_id,
                    variant=kept[sku],
                    batch=batch,
                    from_fen=kept[sku].price_fen,
                    price_fen=price_fen,
                    starts_at=starts,
                    asked_by=by,
                    asked_at=now,
                )
                for sku, price_fen in prices.items()
            ),
            batch_size=_BATCH,
        )
        told = {sku: [kept[sku].price_fen, price_fen] for sku, price_fen in prices.items()}
        _tell(storefront_id, "planned", {"by": by, "starts_at": starts.isoformat(), "prices": told}, now)
        if starts == now:
            _apply(storefront_id, rows, now)
    return batch


def apply_due(*, now: datetime) -> int:
    """Put in force what was planned up to `now`, in every storefront; returns how many. Safe to repeat.

    One that a cut stands against is not put in force, and a case tells of it. A catalogue into which a file
    is being imported is left for the next time.
    """
    done = 0
    due = PriceChange.objects.filter(state=State.PLANNED, starts_at__lte=now)
    for storefront_id in [*due.order_by("storefront_id").values_list("storefront_id", flat=True).distinct()]:
        with suppress(ImportRuns), editing(storefront_id):  # the next beat comes after it
            mine = due.filter(storefront_id=storefront_id).order_by("starts_at", "id")
            rows = list(mine.select_for_update(of=("self",)).select_related("variant"))
            done += _apply(storefront_id, rows, now)
    return done


def cancel(*, storefront_id: int, changes: Collection[int], by: str, now: datetime) -> int:
    """Call off what is not in force yet; returns how many. Raises NothingPlanned when none of them is."""
    with editing(storefront_id):
        open_ = PriceChange.objects.filter(storefront_id=storefront_id, pk__in=changes, state=State.PLANNED)
        skus = sorted(open_.values_list("variant__sku", flat=True))
        if not skus:
            raise NothingPlanned()
        open_.update(state=State.CANCELLED, ended_at=now, ended_by=by)
        _tell(storefront_id, "called_off", {"by": by, "skus": skus}, now)
    return len(skus)


def _apply(storefront_id: int, rows: list[PriceChange], now: datetime) -> int:
    """In the order of their instants: of two that are due at once the later one stands."""
    cuts = dict(
        PriceCut.objects.filter(variant__in=[row.variant_id for row in rows], ends_at__gt=now)
        .values_list("variant")
        .annotate(dearest=Max("price_fen"))
    )
    done, prices = [], {}
    for row in rows:
        if row.price_fen <= cuts.get(row.variant_id, 0):
            PriceChange.objects.filter(pk=row.pk).update(state=State.REFUSED, ended_at=now)
            cases.open_case(
                storefront_id=storefront_id,
                kind=NOT_CHANGED,
                key=f"variant:{row.variant_id}",
                title=f"The planned price of {row.variant.sku} is not above a price cut",
                facts={"sku": row.variant.sku, "price_fen": row.price_fen},
                now=now,
            )
        else:
            done.append(row.pk)
            prices[row.variant] = row.price_fen
    PriceChange.objects.filter(pk__in=done).update(state=State.DONE, ended_at=now)
    changed = {v: fen for v, fen in prices.items() if v.price_fen != fen}
    told = {v.sku: [v.price_fen, fen] for v, fen in changed.items()}
    for variant, price_fen in changed.items():
        variant.price_fen = price_fen
    Variant.objects.bulk_update([*changed], ["price_fen"], batch_size=_BATCH)
    publish_list_prices(storefront_id=storefront_id, prices={v.pk: f for v, f in changed.items()}, now=now)
    products = sorted({variant.product_id for variant in changed})
    for start in range(0, len(products), _BATCH):
        refresh_products(products[start : start + _BATCH], now=now)
    if changed:
        _tell(storefront_id, "changed", {"prices": told}, now)
    return len(done)


def _refuse_cuts(prices: Mapping[int, int], starts: datetime) -> None:
    cuts = PriceCut.objects.filter(variant__in=prices, ends_at__gt=starts).select_related("variant")
    for cut in cuts.order_by("starts_at"):
        if cut.price_fen >= prices[cut.variant_id]:
            refuse_first(cut.variant.sku, cut)


def _locked(storefront_id: int, skus: Iterable[str]) -> QuerySet[Variant]:
    rows = Variant.objects.filter(storefront_id=storefront_id, sku__in=list(skus))
    return rows.select_for_update(of=("self",)).order_by("pk")


def _tell(storefront_id: int, what: str, facts: dict[str, object], now: datetime) -> None:
    key = f"catalogue:{storefront_id}"
    events.record(storefront_id=storefront_id, name=f"prices.{what}", key=key, facts=facts, now=now)
