"""A consumer reviews each line of an order once it has arrived, adds to it once, and may take it back.

Each act holds the customer's row first: two at once follow one another, and an account that is being closed
meets them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.models import Variant
from compliance import masking
from compliance import services as compliance
from customers import queries as customers
from customers.models import Customer
from kernel import events, files, ids
from kernel.cases import settle_open
from kernel.errors import Conflict, Invalid, Missing
from kernel.tenancy import tenant
from orders.models import Order, OrderLine
from reviews.models import LONGEST, Review, ReviewPicture, ReviewWords
from reviews.queries import arrived
from reviews.services.check import WRITTEN
from reviews.services.decide import HELD, hold, show
from reviews.states import WORDS

MOST_PICTURES = 6


class NotArrived(Conflict):
    """Only goods that have arrived are reviewed."""

    code = "review_not_arrived"
    title = "Goods can be reviewed once they have arrived."
    title_zh = "收到商品后方可评价。"


class ReviewedBefore(Conflict):
    """Each line once, also where the review was taken back; and one addition."""

    code = "review_written_before"
    title = "This has been reviewed before."
    title_zh = "该商品已评价过。"


class NotToAdd(Conflict):
    """To add to a review, its first words must be shown."""

    code = "review_not_shown"
    title = "One can add to a review once it is shown."
    title_zh = "评价展示后方可追加。"


@dataclass(eq=False)
class BadReview(Invalid):
    """Stars, not too many words, and pictures that were given for this order and are not used."""

    code = "invalid_review"
    title = "A review has one to five stars, at most {longest} characters and {pictures} pictures of yours."
    title_zh = "评价应为 1 至 5 星，文字不超过 {longest} 字，图片不超过 {pictures} 张且为本订单上传。"
    longest: int = LONGEST
    pictures: int = MOST_PICTURES


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a consumer says of one line (by its position)."""

    position: int
    rating: int
    text: str = ""
    pictures: Sequence[UUID] = ()
    anonymous: bool = True


def write_review(*, order: Order, opinion: Opinion, now: datetime) -> Review:
    """Keep a review of one line of an order of a consumer; without words it is shown at once.

    Raises Missing (no such line), NotArrived, ReviewedBefore, BadReview, ProcessingLimited.
    """
    text = _text(opinion.text)
    if not 1 <= opinion.rating <= 5 or len(set(opinion.pictures)) > MOST_PICTURES:
        raise BadReview()
    with tenant(order.storefront_id):
        customer = held(order.customer_id)
        if not arrived(order):
            raise NotArrived()
        line = OrderLine.objects.filter(order=order, position=opinion.position).first()
        if line is None:
            raise Missing()
        if Review.objects.filter(line=line).exists():
            raise ReviewedBefore()
        nickname = "" if opinion.anonymous else customers.profile(customer).nickname
        review = Review.objects.create(
            public_id=ids.uuid7(),
            storefront_id=order.storefront_id,
            product_id=Variant.objects.values_list("product_id", flat=True).get(pk=line.variant_id),
            sku=line.sku,
            customer=customer,
            line=line,
            rating=opinion.rating,
            shown_name=masking.name(nickname),
            written_at=now,
        )
        words = _words(review, ReviewWords.Kind.FIRST, text, now)
        _take_pictures(words, order, list(dict.fromkeys(opinion.pictures)))
        _look_at(words, bool(text or opinion.pictures), now)
    return review


def add_words(*, review: Review, text: str, now: datetime) -> ReviewWords:
    """Add to one's review, once (追评). Raises NotToAdd, ReviewedBefore, BadReview, ProcessingLimited."""
    text = _text(text)
    if not text:
        raise BadReview()
    with tenant(review.storefront_id):
        held(review.customer_id)
        hold(review.pk)
        state = {one.kind: one.state for one in review.words.all()}
        if ReviewWords.Kind.MORE in state:
            raise ReviewedBefore()
        if state.get(ReviewWords.Kind.FIRST) != "shown":
            raise NotToAdd()
        words = _words(review, ReviewWords.Kind.MORE, text, now)
        _look_at(words, True, now)
    return words


def withdraw(*, review: Review, now: datetime) -> Review:
    """Take one's review back: words and pictures are gone, its stars count no more. A second time it is the
    same."""
    with tenant(review.storefront_id):
        held(review.customer_id)
        row = hold(review.pk)
        if row.withdrawn_at is None:
            for words in row.words.exclude(state="withdrawn").select_related("review"):
                WORDS.move(words, "withdraw", now=now, text="", note="")
                settle_open(kinds=[HELD], key=words.case_key, by="system", note="withdrawn", now=now)
            remove_pictures(row)
            row.withdrawn_at, row.public_at, row.shown_name = now, None, ""
            row.reply, row.replied_at, row.replied_by = "", None, ""
            row.save()
    return row


def remove_pictures(review: Review) -> None:
    """Nothing of its pictures is left."""
    pictures = list(ReviewPicture.objects.filter(words__review=review).select_related("file"))
    ReviewPicture.objects.filter(pk__in=[one.pk for one in pictures]).delete()
    files.remove([one.file for one in pictures])


def held(customer_id: int | None) -> Customer:
    """The customer, held until the transaction ends. Raises Missing once the account is closed,
    ProcessingLimited."""
    rows = Customer.objects.select_for_update(of=("self",), no_key=True).select_related("subject__key")
    customer = rows.filter(pk=customer_id, closed_at=None).first() if customer_id else None
    if customer is None:
        raise Missing()
    compliance.refuse_limited(customer.subject)
    return customer


def _text(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST or "\0" in text:
        raise BadReview()
    return text


def _words(review: Review, kind: str, text: str, now: datetime) -> ReviewWords:
    return ReviewWords.objects.create(
        public_id=ids.uuid7(),
        storefront_id=review.storefront_id,
        review=review,
        kind=kind,
        text=text,
        written_at=now,
    )


def _take_pictures(words: ReviewWords, order: Order, wanted: list[UUID]) -> None:
    for position, public_id in enumerate(wanted):
        free = ReviewPicture.objects.filter(order=order, words=None, public_id=public_id)
        if free.update(words=words, position=position) != 1:
            raise BadReview()


def _look_at(words: ReviewWords, anything: bool, now: datetime) -> None:
    """What says something is looked at before it is shown; stars alone say nothing that could be unlawful."""
    if not anything:
        show(words=words, by="system", now=now)
        return
    events.record(
        storefront_id=words.storefront_id,
        name=WRITTEN,
        key=words.event_key,
        facts={"kind": words.kind},
        now=now,
    )
