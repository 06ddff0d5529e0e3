"""What a consumer wrote is shown, hidden or answered: nothing is deleted, only what is unlawful is hidden.

E-commerce Law art. 39 (电子商务法第三十九条): consumers' reviews are not deleted. Hidden words keep their
place and their stars; the ground is told to the author and to everybody, and a colleague can show them again.
"""

from __future__ import annotations

from datetime import datetime

from kernel import events
from kernel.cases import settle_open
from kernel.errors import Conflict, Invalid
from kernel.tenancy import tenant
from reviews.models import LONGEST, Review, ReviewWords
from reviews.states import WORDS

HELD, REPLIED = "review.held", "review.replied"


class NotToAnswer(Conflict):
    """The brand answers a review once, while it is listed and its author is a customer."""

    code = "review_not_to_answer"
    title = "A review is answered once, while it is listed and its author's account is open."
    title_zh = "仅可对展示中且作者账号未注销的评价回复一次。"


class BadAnswer(Invalid):
    """An answer says something, in few words."""

    code = "invalid_review_answer"
    title = "Write an answer of at most 500 characters."
    title_zh = "请填写不超过 500 字的回复。"


class NoGround(Invalid):
    """Only what is unlawful is hidden: the ground is named, and said in words."""

    code = "review_ground_needed"
    title = "Name the lawful ground and say why."
    title_zh = "请选择依法屏蔽的理由并说明。"


def hold(review_id: int) -> Review:
    """The review, held until the transaction ends, before its words: what is told of it has one order."""
    return Review.objects.select_for_update(of=("self",), no_key=True).get(pk=review_id)


def show(*, words: ReviewWords, by: str, now: datetime) -> None:
    """Show words that were looked at, or hidden before. Raises WrongState."""
    with tenant(words.storefront_id):
        hold(words.review_id)
        done = {"decided_at": now, "decided_by": by, "ground": "", "note": ""}
        WORDS.move(words, "show", now=now, facts={"by": by, "kind": words.kind}, **done)
        _decided(words, by, now)


def hide(*, words: ReviewWords, ground: str, note: str, by: str, now: datetime) -> None:
    """Hide words as unlawful; the author reads the ground and the note. Raises NoGround, WrongState."""
    if ground not in ReviewWords.Ground.values or not note.strip():
        raise NoGround()
    with tenant(words.storefront_id):
        hold(words.review_id)
        done = {"decided_at": now, "decided_by": by, "ground": ground, "note": note.strip()}
        facts = {"by": by, "kind": words.kind, "ground": ground}
        WORDS.move(words, "hide", now=now, facts=facts, **done)
        _decided(words, by, now)


def reply(*, review: Review, text: str, by: str, now: datetime) -> None:
    """The brand's one answer, shown below the review. Raises BadAnswer, NotToAnswer."""
    text = text.strip()
    if not 0 < len(text) <= LONGEST:
        raise BadAnswer()
    with tenant(review.storefront_id):
        hold(review.pk)
        listed = Review.objects.filter(pk=review.pk, public_at__isnull=False, customer__isnull=False)
        free = listed.filter(reply="")
        if free.update(reply=text, replied_at=now, replied_by=by) != 1:
            raise NotToAnswer()
        events.record(
            storefront_id=review.storefront_id, name=REPLIED, key=review.event_key, facts={"by": by}, now=now
        )


def _decided(words: ReviewWords, by: str, now: datetime) -> None:
    """From the first decision on the stars count."""
    if words.kind == ReviewWords.Kind.FIRST:
        fresh = Review.objects.filter(pk=words.review_id, public_at=None, withdrawn_at=None)
        fresh.update(public_at=now)
    settle_open(kinds=[HELD], key=words.case_key, by=by, note=words.state, now=now)
