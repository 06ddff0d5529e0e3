"""Before words are shown WeChat is asked whether they may be; what it does not pass a person looks at.

Three steps: the attempt is committed with what it discloses; WeChat is asked with no transaction open; the
outcome is committed. Asking again tells WeChat the same words again, which is harmless. Pictures are looked
at by a person in any case: WeChat's check of pictures fetches them from an address that anyone could open.
"""

from __future__ import annotations

from datetime import datetime

from compliance import services as compliance
from customers import queries as customers
from kernel.cases import open_case
from kernel.tenancy import tenant
from reviews.gateways.content import check_text
from reviews.models import ReviewWords
from reviews.services.decide import HELD, hold, show
from reviews.states import WORDS
from wechat import OPERATOR
from wechat.content import Suggestion
from wechat.errors import Rejected

WRITTEN = "review.written"
PURPOSE, FIELDS = "check_content", ("openid", "review_text")
Why = ReviewWords.Why
_WHY = {Suggestion.RISKY: Why.RISKY, Suggestion.REVIEW: Why.DOUBTFUL}


def check(*, key: str, kind: str, now: datetime) -> None:
    """Ask about the words of this kind of a review (its event key), and show or hold them.

    Raises wechat.errors where WeChat may answer later: call again. Must be called with no transaction open.
    """
    asked = _attempt(key, kind, now)
    if asked is None:
        return
    words, openid = asked
    if not words.text:
        _hold(words, Why.PICTURES, now)
        return
    if not openid:
        _hold(words, Why.UNCHECKED, now)
        return
    try:
        found = check_text(storefront_id=words.storefront_id, openid=openid, text=words.text)
    except Rejected:  # as of a reader who was not in the mini-program within two hours (61010)
        _hold(words, Why.UNCHECKED, now)
        return
    why = _WHY.get(found)
    if why is None and words.pictures.exists():
        why = Why.PICTURES
    if why is None:
        _pass(words, now)
    else:
        _hold(words, why, now)


def _attempt(key: str, kind: str, now: datetime) -> tuple[ReviewWords, str] | None:
    """Commit that WeChat is about to be asked; None where nothing waits for it any more. Of a person who has
    limited the processing of their data nothing is told, and no identifier is given back."""
    rows = ReviewWords.objects.filter(review__public_id=key.removeprefix("review:"), kind=kind)
    found = rows.values_list("storefront_id", flat=True).first()
    if found is None:
        return None
    with tenant(found):
        words = rows.select_for_update(of=("self",)).select_related("review").filter(state="waiting").first()
        customer_id = words.review.customer_id if words else None
        if words is None or customer_id is None:
            return None
        customer = customers.customer(customer_id)
        if customer.subject.limited_at is not None:
            return words, ""
        if words.text and words.asked_at is None:
            compliance.disclose(
                storefront_id=words.storefront_id,
                subject_id=customer.subject_id,
                recipient_kind="partner",
                recipient=OPERATOR,
                country="CN",
                purpose=PURPOSE,
                basis="law",
                fields=FIELDS,
                now=now,
            )
            words.asked_at = now
            words.save(update_fields=["asked_at"])
        return words, customers.openid(customer)


def _pass(words: ReviewWords, now: datetime) -> None:
    with tenant(words.storefront_id):
        if _waits(words):
            show(words=words, by="system", now=now)


def _hold(words: ReviewWords, why: str, now: datetime) -> None:
    with tenant(words.storefront_id):
        if not _waits(words):
            return
        WORDS.move(words, "hold", now=now, facts={"why": why, "kind": words.kind}, why=why)
        open_case(
            storefront_id=words.storefront_id,
            kind=HELD,
            key=words.case_key,
            title="A review waits to be looked at",
            facts={"review": str(words.review.public_id), "why": why},
            now=now,
        )


def _waits(words: ReviewWords) -> bool:
    """Held until the transaction ends: the author may have taken it back meanwhile."""
    hold(words.review_id)
    rows = ReviewWords.objects.select_for_update(of=("self",)).filter(pk=words.pk, state="waiting")
    return rows.exists()
