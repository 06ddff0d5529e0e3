"""What everybody reads of a product's reviews, and what a customer sees of their own; by time alone."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from catalog.cursors import BadCursor
from catalog.models import Product
from catalog.services.publication import NoSuchProduct
from kernel.errors import Missing
from logistics.models import Shipment
from orders.models import Order, OrderLine
from reviews.models import Review, ReviewPicture, ReviewWords

MAX_LIMIT = 50
_WORDS = ("words__pictures",)
_ARRIVED = Q(receipt_at__isnull=False) | Q(state="delivered")


@dataclass(frozen=True, slots=True)
class Summary:
    """How many listed reviews gave how many stars."""

    by_rating: dict[int, int]

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.by_rating.values())

    @property
    def average(self) -> str | None:
        """The mean to one place, half up; None without any."""
        if not self.count:
            return None
        stars = sum(rating * many for rating, many in self.by_rating.items())
        tenths = (stars * 20 + self.count) // (2 * self.count)
        return f"{tenths // 10}.{tenths % 10}"


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Reviews, the youngest first, and the cursor of the next page."""

    items: list[Review]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LinePage:
    """Lines that can be reviewed, of the youngest order first, and the cursor of the next page."""

    items: list[OrderLine]
    next_cursor: str | None


def arrived(order: Order) -> bool:
    """Whether the goods of an order are with its consumer, so that they can be reviewed."""
    return order.state == "paid" and Shipment.objects.filter(_ARRIVED, order=order).exists()


def summary(storefront_id: int, code: str) -> Summary:
    """The stars of a product, in one statement."""
    listed = Review.objects.filter(
        storefront_id=storefront_id, product__code=code, product__storefront_id=storefront_id
    ).exclude(public_at=None)
    found = dict(listed.order_by().values_list("rating").annotate(Count("pk")))
    return Summary({rating: found.get(rating, 0) for rating in range(5, 0, -1)})


def listed(
    storefront_id: int,
    code: str,
    *,
    rating: int | None = None,
    with_pictures: bool = False,
    cursor: str = "",
    limit: int = 20,
) -> ReviewPage:
    """One page of a published product's reviews, the youngest first, in four statements. Raises
    NoSuchProduct, BadCursor."""
    product = Product.objects.filter(storefront_id=storefront_id, code=code, state="published")
    found = product.values_list("pk", flat=True).first()
    if found is None:
        raise NoSuchProduct(product=code)
    rows = Review.objects.filter(product_id=found, public_at__isnull=False)
    if rating is not None:
        rows = rows.filter(rating=rating)
    if with_pictures:
        pictures = ReviewPicture.objects.filter(words__review=OuterRef("pk"), words__state="shown")
        rows = rows.filter(Exists(pictures))
    return _page(rows, cursor, limit)


def written(*, customer_id: int, cursor: str = "", limit: int = 20) -> ReviewPage:
    """One page of a customer's own reviews, the youngest first, in three statements. Raises BadCursor."""
    rows = Review.objects.filter(customer_id=customer_id).select_related("line__order", "product")
    return _page(rows, cursor, limit)


def own(*, customer_id: int, public_id: UUID) -> Review:
    """A review of the customer; raises Missing."""
    found = Review.objects.filter(customer_id=customer_id, public_id=public_id).prefetch_related(*_WORDS)
    review = found.select_related("line__order", "product").first()
    if review is None:
        raise Missing()
    return review


def of_line(line: OrderLine) -> Review | None:
    """The review of a line of an order."""
    return Review.objects.filter(line=line).first()


def open_lines(customer_id: int) -> QuerySet[OrderLine]:
    """The lines of a customer that have arrived and are not reviewed."""
    here = Shipment.objects.filter(_ARRIVED, order=OuterRef("order_id"))
    return OrderLine.objects.filter(
        Exists(here), order__customer_id=customer_id, order__state="paid", review=None
    )


def to_write(*, customer_id: int, cursor: str = "", limit: int = 20) -> LinePage:
    """One page of what a customer can review, in at most two statements. The cursor is order and position of
    the last line of the page before; raises BadCursor."""
    limit = max(1, min(limit, MAX_LIMIT))
    rows = open_lines(customer_id)
    if cursor:
        number, _, position = cursor.partition(".")
        last = (
            Order.objects.filter(customer_id=customer_id, number=number).values_list("pk", flat=True).first()
        )
        if last is None or not position.isdecimal() or len(position) > 3:
            raise BadCursor()
        rows = rows.filter(Q(order_id__lt=last) | Q(order_id=last, position__gt=int(position)))
    found = list(rows.select_related("order").order_by("-order_id", "position")[: limit + 1])
    items = found[:limit]
    more = len(found) > limit
    return LinePage(items, f"{items[-1].order.number}.{items[-1].position}" if more else None)


def picture(*, storefront_id: int, public_id: UUID, customer_id: int | None) -> ReviewPicture:
    """A picture that is shown, or that the customer gave; raises Missing."""
    seen = Q(words__state="shown", words__review__public_at__isnull=False)
    if customer_id is not None:
        seen |= Q(order__customer_id=customer_id)
    rows = ReviewPicture.objects.filter(seen, storefront_id=storefront_id, public_id=public_id)
    found = rows.select_related("file").first()
    if found is None:
        raise Missing()
    return found


def words_of(review: Review) -> dict[str, ReviewWords]:
    """Its words by kind, as they were read with it."""
    return {one.kind: one for one in review.words.all()}


def _page(rows: QuerySet[Review], cursor: str, limit: int) -> ReviewPage:
    limit = max(1, min(limit, MAX_LIMIT))
    if cursor:
        try:
            rows = rows.filter(public_id__lt=UUID(cursor))
        except ValueError as failure:
            raise BadCursor() from failure
    found = list(rows.prefetch_related(*_WORDS).order_by("-public_id")[: limit + 1])
    return ReviewPage(found[:limit], str(found[limit - 1].public_id) if len(found) > limit else None)
