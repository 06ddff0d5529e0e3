"""Reviews against who would misuse them: another's order, hostile words, and two who act at one moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from backend import delivery
from compliance.models import Subject
from kernel.errors import Problem
from kernel.models import Event
from orders.models import Order
from reviews import personal
from reviews.models import Review, ReviewPicture, ReviewWords
from reviews.services.decide import hide, reply, show
from reviews.services.pictures import take_picture
from reviews.services.write import Opinion, add_words, withdraw, write_review
from tests import make
from tests.miniprogram_api.conftest import Phone, phone_of
from tests.miniprogram_api.test_return_pictures import telling
from tests.operators import rows
from tests.operators.test_verbs import enter
from tests.races.crowd import at_once, wait_for_a_waiter
from tests.reviews.test_reviews import (
    alice,
    anyone,
    give,
    listed,
    no_shared_token,
    order,
    picture,
    stars,
    wechat,
    world,
)

__all__ = ["alice", "no_shared_token", "order", "wechat", "world"]
pytestmark = pytest.mark.django_db(transaction=True)
SCRIPT = '</textarea><script>alert(1)</script><img src=x onerror="alert(1)">'


def test_another_s_order_review_and_picture_are_nobody_s(
    alice: Phone, order: Order, world: make.World, client: Any
) -> None:
    mine = picture(alice, order)
    bob = phone_of(client, make.customer(world.shop, "openid-of-bob"))
    far = phone_of(client, make.customer(make.storefront("swift"), "openid-of-far"))
    assert give(alice, order, pictures=[mine]).status_code == 201
    review = Review.objects.get()
    for phone in (bob, far, Phone(client, alice.appid)):
        assert give(phone, order, position=2).status_code in (401, 404)
        for path in (f"reviews/pictures/{mine}", f"me/reviews/{review.public_id}"):
            assert phone.get(path).status_code in (401, 404, 405)
        assert phone.delete(f"me/reviews/{review.public_id}").status_code in (401, 404)
        assert phone.post(f"me/reviews/{review.public_id}/more", {"text": "x"}).status_code in (401, 404)
    assert phone_of(client, world.alice).get(f"reviews/pictures/{mine}", X_Appid=far.appid).status_code == 404
    # the picture of another's order is none of this one
    other = make.order(world.alice, ("HD-1", 1), now=make.present())
    loose = take_picture(order=other, content=telling(), now=make.present())
    assert give(alice, order, "other-02", position=2, pictures=[str(loose.public_id)]).status_code == 422
    assert give(alice, order, "used-0003", position=2, pictures=[mine]).status_code == 422
    Order.objects.filter(pk=order.pk).update(state="cancelled")
    assert give(alice, order, "gone-0004", position=2).json()["code"] == "review_not_arrived"


def test_what_is_hidden_is_reached_by_no_address(alice: Phone, order: Order, client: Any) -> None:
    shown = picture(alice, order)
    give(alice, order, pictures=[shown])
    delivery.drain()
    words = ReviewWords.objects.select_related("review").get()
    show(words=words, by="fang", now=make.present())
    assert anyone(alice, f"reviews/pictures/{shown}").status_code == 200
    hide(words=words, ground="privacy", note="电话", by="fang", now=make.present())
    assert anyone(alice, f"reviews/pictures/{shown}").status_code == 404
    assert listed(alice, with_pictures="true") == [] and listed(alice)[0]["first"]["pictures"] == []
    assert stars(alice) == (1, "5.0")
    withdraw(review=words.review, now=make.present())
    assert alice.get(f"reviews/pictures/{shown}").status_code == 404 and stars(alice) == (0, None)


def test_words_are_words_wherever_they_are_read(
    alice: Phone, order: Order, client: Any, world: make.World
) -> None:
    assert give(alice, order, text=SCRIPT).status_code == 201
    for bad in ("\0", "x\0y"):
        assert give(alice, order, f"zero-{len(bad)}-0", position=2, text=bad).status_code == 422
    words = ReviewWords.objects.select_related("review").get()
    show(words=words, by="fang", now=make.present())
    reply(review=words.review, text=SCRIPT, by=SCRIPT[:40], now=make.present())
    assert listed(alice)[0]["first"]["text"] == SCRIPT
    enter(client, rows.operator("officer", world.shop, "compliance"))
    for model, row in (("reviewwords", words), ("review", words.review)):
        for page in (
            reverse(f"admin:reviews_{model}_changelist"),
            reverse(f"admin:reviews_{model}_change", args=[row.pk]),
        ):
            assert "<script>alert" not in client.get(page).content.decode()
    step = reverse("admin:reviews_reviewwords_step", args=[words.pk, "reveal"])
    told = client.post(step, {"purpose": SCRIPT}).content.decode()
    assert "alert(1)" in told and "<script>alert" not in told and "<img src=x" not in told


def test_who_takes_it_back_while_a_colleague_decides_leaves_nothing_half(
    order: Order, world: make.World
) -> None:
    """Whoever comes second is told; never are words shown whose review is gone, nor an answer below it."""
    for position in (1, 2):
        review = write_review(order=order, opinion=Opinion(position, 5, "很好用"), now=make.present())
        words = review.words.get()
        if position == 2:
            show(words=words, by="fang", now=make.present())

        def decide(words: ReviewWords = words, position: int = position) -> Any:
            again = ReviewWords.objects.get(pk=words.pk)
            hide(words=again, ground="privacy", note="电话", by="fang", now=make.present())

        done = at_once(
            [
                lambda review=review: withdraw(review=Review.objects.get(pk=review.pk), now=make.present()),
                decide,
                lambda review=review: reply(
                    review=Review.objects.get(pk=review.pk), text="谢谢", by="li", now=make.present()
                ),
                lambda review=review: add_words(
                    review=Review.objects.get(pk=review.pk), text="再说", now=make.present()
                ),
            ]
        )
        assert all(one is None or isinstance(one, (Problem, Review, ReviewWords)) for one in done), done
        withdraw(review=Review.objects.get(pk=review.pk), now=make.present())
        row = Review.objects.get(pk=review.pk)
        assert (row.public_at, row.reply, row.withdrawn_at is None) == (None, "", False)
        assert set(row.words.values_list("state", "text")) == {("withdrawn", "")}


def test_an_answer_waits_for_words_that_are_being_added_and_neither_fails(order: Order) -> None:
    review = write_review(order=order, opinion=Opinion(1, 5), now=make.present())
    written, waited = threading.Event(), threading.Event()

    def add() -> None:
        with transaction.atomic():
            add_words(review=review, text="再说", now=make.present())
            written.set()
            waited.wait(timeout=30)

    def answer() -> None:
        written.wait(timeout=30)
        reply(review=review, text="谢谢", by="li", now=make.present())

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(at_once, [add, answer])
        wait_for_a_waiter()
        waited.set()
        assert done.result(timeout=30) == [None, None]
    told = Event.objects.filter(key=review.event_key).order_by("seq").values_list("name", flat=True)
    assert list(told)[-2:] == ["review.written", "review.replied"]


def test_an_account_that_closes_while_others_act_leaves_the_stars_alone(
    order: Order, world: make.World
) -> None:
    first = write_review(order=order, opinion=Opinion(1, 5, "很好用"), now=make.present())
    show(words=first.words.get(), by="fang", now=make.present())

    def closing() -> None:
        with transaction.atomic():
            type(world.alice).objects.select_for_update().get(pk=world.alice.pk)
            type(world.alice).objects.filter(pk=world.alice.pk).update(closed_at=make.present())
            personal.erase(Subject.objects.get(pk=world.alice.subject_id), make.present())

    at_once(
        [
            closing,
            lambda: reply(review=first, text="谢谢张三", by="li", now=make.present()),
            lambda: write_review(order=order, opinion=Opinion(2, 1, "不好"), now=make.present()),
            lambda: take_picture(order=order, content=telling(), now=make.present()),
            lambda: add_words(review=first, text="再说", now=make.present()),
        ]
    )
    assert not ReviewWords.objects.exists() and not ReviewPicture.objects.exists()
    assert not Review.objects.exclude(customer=None, line=None, reply="", shown_name="").exists()
