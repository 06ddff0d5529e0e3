"""Reviews over HTTP: once a line, checked before they are shown, never deleted, gone with their author."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction

from backend import delivery
from compliance.models import Access, Disclosure, Subject
from kernel.models import Case, Event, File
from kernel.states import WrongState
from logistics.models import Shipment
from miniprogram_api import kept
from orders.models import Order
from reviews import personal
from reviews.models import Review, ReviewPicture, ReviewWords
from reviews.services import write
from reviews.services.decide import BadAnswer, NoGround, NotToAnswer, hide, reply, show
from reviews.services.reading import open_for
from reviews.services.write import Opinion, write_review
from tests import make, roles
from tests.customers.newsroom import no_shared_token, reader
from tests.miniprogram_api.conftest import Phone, phone_of
from tests.miniprogram_api.test_return_pictures import PLACE, telling
from tests.payments.conftest import wechat, world
from tests.payments.declaring import paid
from tests.races.crowd import at_once
from wechat import OPERATOR

__all__ = ["no_shared_token", "wechat", "world"]
pytestmark = pytest.mark.django_db(transaction=True)
TEXT = "很好用，吹得快，声音也小。"


@pytest.fixture
def order(wechat: Any, world: make.World) -> Order:
    """Two lines that Alice has."""
    now, made = make.present(), paid(wechat, world, ("HD-1", 1), ("IR-1", 2)).order
    shipment = Shipment.objects.filter(order=made)
    assert shipment.update(state="delivered", handed_over_at=now, delivered_at=now) == 1
    return Order.objects.get(pk=made.pk)


@pytest.fixture
def alice(client: Any, wechat: Any, world: make.World) -> Phone:
    kept.forget()
    reader(wechat, world.alice)
    return phone_of(client, world.alice)


def give(phone: Phone, order: Order, key: str = "review-0001", **opinion: Any) -> Any:
    body = {"position": 1, "rating": 5, "text": TEXT, **opinion}
    return phone.post(f"orders/{order.number}/reviews", body, Idempotency_Key=key)


def picture(phone: Phone, order: Order) -> str:
    answer = phone.client.post(
        f"/api/v1/orders/{order.number}/reviews/pictures",
        {"picture": SimpleUploadedFile("photo.jpg", telling())},
        headers={"X-Appid": phone.appid, "Authorization": f"Bearer {phone.token}"},
    )
    assert answer.status_code == 201
    return str(answer.json()["id"])


def anyone(phone: Phone, path: str) -> Any:
    kept.forget()
    return Phone(phone.client, phone.appid).get(path)


def listed(phone: Phone, **asked: Any) -> list[Any]:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return list(anyone(phone, f"products/p-hd-1/reviews?{query}").json()["items"])


def stars(phone: Phone) -> tuple[int, str | None]:
    found = anyone(phone, "products/p-hd-1").json()["reviews"]
    return found["count"], found["average"]


def test_what_has_arrived_is_reviewed_once_and_shown_when_wechat_lets_it_pass(
    alice: Phone, order: Order, world: make.World
) -> None:
    open_lines = alice.get("me/reviews/open?limit=1").json()
    assert [(one["order"], one["sku"]) for one in open_lines["items"]] == [(order.number, "HD-1")]
    rest = alice.get(f"me/reviews/open?cursor={open_lines['next_cursor']}").json()
    assert ([one["sku"] for one in rest["items"]], rest["next_cursor"]) == (["IR-1"], None)
    assert alice.get("me/summary").json()["to_review"] == 2
    assert "review" in {one["act"] for one in alice.get(f"orders/{order.number}").json()["may"]}

    first = give(alice, order)
    again = give(alice, order)
    assert (first.status_code, first.json(), again.json()) == (
        201,
        {"order": order.number, "position": 1, "state": "waiting"},
        first.json(),
    )
    assert (give(alice, order, "another-0002").json()["code"], Review.objects.count()) == (
        "review_written_before",
        1,
    )
    assert (listed(alice), stars(alice)) == ([], (0, None))
    delivery.drain()
    (one,) = listed(alice)
    assert (one["rating"], one["name"], one["first"]["text"]) == (5, None, TEXT)
    assert (one["more"], one["reply"], one["first"]["hidden"]) == (None, None, None)
    told = Disclosure.objects.get(purpose="check_content")
    assert (told.recipient, told.fields, told.basis) == (OPERATOR, ["openid", "review_text"], "law")
    assert not Event.objects.filter(facts__icontains=TEXT).exists()

    (mine,) = alice.get("me/reviews").json()["items"]
    assert (mine["first"]["state"], mine["may_add"], mine["product"]) == ("shown", True, "p-hd-1")
    added = alice.post(f"me/reviews/{mine['id']}/more", {"text": "用了一个月仍然好。"})
    assert (added.status_code, added.json()["more"]["state"]) == (201, "waiting")
    assert alice.post(f"me/reviews/{mine['id']}/more", {"text": "再加"}).json()["code"] == (
        "review_written_before"
    )
    delivery.drain()
    assert listed(alice)[0]["more"]["text"] == "用了一个月仍然好。"
    assert give(alice, order, "no-words-03", position=2, rating=4, text="").json()["state"] == "shown"
    assert anyone(alice, "products/p-ir-1").json()["reviews"]["by_rating"][1] == {"rating": 4, "count": 1}

    gone = alice.delete(f"me/reviews/{mine['id']}")
    assert (gone.status_code, gone.json()["first"]["state"], gone.json()["first"]["text"]) == (
        200,
        "withdrawn",
        "",
    )
    assert alice.delete(f"me/reviews/{mine['id']}").status_code == 200
    assert (listed(alice), stars(alice)) == ([], (0, None))
    assert give(alice, order, "once-more-04").json()["code"] == "review_written_before"


def test_what_is_not_there_yet_or_is_too_much_is_refused(alice: Phone, order: Order) -> None:
    Shipment.objects.update(state="in_transit")
    assert give(alice, order).json()["code"] == "review_not_arrived"
    Shipment.objects.update(state="delivered")
    assert give(alice, order, "nowhere-01", position=9).status_code == 404
    for bad in ({"rating": 6}, {"text": "长" * 501}, {"pictures": ["0192a20f-0000-7000-8000-000000000000"]}):
        assert give(alice, order, f"bad-{bad}"[:20], **bad).status_code == 422
    assert alice.get("products/p-hd-1/reviews?cursor=x").status_code == 422
    assert anyone(alice, "products/p-none/reviews").status_code == 404
    assert len(anyone(alice, "reviews/rules").json()["items"]) == 6
    assert not Review.objects.exists()


def test_what_wechat_does_not_pass_and_every_picture_waits_for_a_person(
    alice: Phone, order: Order, wechat: Any, world: make.World
) -> None:
    shown = picture(alice, order)
    assert give(alice, order, pictures=[shown], anonymous=False).status_code == 201
    give(alice, order, "risky-0002", position=2, text="这是违法内容")
    delivery.drain()
    assert {(one.why, one.state) for one in ReviewWords.objects.all()} == {
        ("pictures", "held"),
        ("risky", "held"),
    }
    assert Case.objects.filter(kind="review.held", state="open").count() == 2
    assert (listed(alice), alice.get(f"reviews/pictures/{shown}").status_code) == ([], 200)
    assert anyone(alice, f"reviews/pictures/{shown}").status_code == 404
    now = make.present()
    good, bad = (ReviewWords.objects.select_related("review").get(why=why) for why in ("pictures", "risky"))
    seen = open_for(words=bad, who="fang", purpose="审核评价", now=now)
    assert (seen.text, Access.objects.get(ref=str(bad.public_id)).who) == ("这是违法内容", "fang")
    show(words=good, by="fang", now=now)
    (one,) = listed(alice, with_pictures="true", rating=5)
    assert listed(alice, rating=4) == []
    found = anyone(alice, one["first"]["pictures"][0].removeprefix("/api/v1/"))
    assert (found.status_code, found["Content-Type"], PLACE in found.content) == (200, "image/jpeg", False)
    with pytest.raises(NoGround):
        hide(words=bad, ground="illegal", note=" ", by="fang", now=now)
    with pytest.raises(NoGround):
        hide(words=bad, ground="too_bad_for_us", note="差评", by="fang", now=now)
    hide(words=bad, ground="illegal", note="含违法信息", by="fang", now=now)
    assert not Case.objects.filter(kind="review.held", state="open").exists()
    (hidden,) = anyone(alice, "products/p-ir-1/reviews").json()["items"]
    assert (hidden["first"]["text"], hidden["first"]["hidden"]["ground"]) == ("", "illegal")
    assert anyone(alice, "products/p-ir-1").json()["reviews"]["count"] == 1  # its stars stay
    mine = next(one for one in alice.get("me/reviews").json()["items"] if one["sku"] == "IR-1")
    assert (mine["first"]["text"], mine["first"]["note"]) == ("这是违法内容", "含违法信息")
    bad.refresh_from_db()
    show(words=bad, by="li", now=now)
    with pytest.raises(WrongState):
        show(words=bad, by="li", now=now)
    with pytest.raises(BadAnswer):
        reply(review=good.review, text=" ", by="li", now=now)
    reply(review=good.review, text="谢谢", by="li", now=now)
    with pytest.raises(NotToAnswer):
        reply(review=good.review, text="再谢", by="li", now=now)
    assert listed(alice)[0]["reply"]["text"] == "谢谢"


def test_where_wechat_does_not_answer_it_is_asked_again_and_a_refusal_waits_for_a_person(
    alice: Phone, order: Order, wechat: Any
) -> None:
    wechat.control("switches", call="msg_sec_check", mode="error", code=-1)
    give(alice, order)
    delivery.drain()
    assert ReviewWords.objects.get().state == "waiting"
    wechat.control("switches", call="msg_sec_check", mode="error", code=61010)
    event = Event.objects.get(name="review.written")
    event.deliveries.update(next_try_at=make.present())
    delivery.drain()
    assert (ReviewWords.objects.get().state, ReviewWords.objects.get().why) == ("held", "unchecked")
    assert Disclosure.objects.filter(purpose="check_content").count() == 1


def test_the_same_line_reviewed_many_times_at_once_is_reviewed_once(
    order: Order, world: make.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one() -> Any:
        return write_review(order=order, opinion=Opinion(1, 5), now=make.present())

    everyone = threading.Barrier(6)

    def together(order: Order) -> bool:
        everyone.wait(timeout=20)
        return True

    with monkeypatch.context() as patch:  # without the lock nobody sees the others, and the key stops them
        patch.setattr(write, "held", lambda _: world.alice)
        patch.setattr(write, "arrived", together)
        done = at_once([one] * 6)
        assert IntegrityError in {type(each) for each in done}
        assert Review.objects.count() == 1
    ReviewWords.objects.all().delete()
    Review.objects.all().delete()
    done = at_once([one] * 6)
    assert sorted(type(each).__name__ for each in done) == ["Review", *["ReviewedBefore"] * 5]


def test_nobody_who_serves_deletes_a_review(order: Order) -> None:
    write_review(order=order, opinion=Opinion(1, 1), now=make.present())
    for role in ("web", "worker"):
        with roles.acting(role), pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute("DELETE FROM reviews_review")
    assert Review.objects.count() == 1


def test_with_the_account_go_words_pictures_and_name_and_the_stars_stay_tied_to_nobody(
    alice: Phone, order: Order, world: make.World
) -> None:
    used, unused = picture(alice, order), picture(alice, order)
    give(alice, order, pictures=[used])
    delivery.drain()
    words = ReviewWords.objects.select_related("review").get()
    show(words=words, by="fang", now=make.present())
    reply(review=words.review, text="谢谢", by="li", now=make.present())
    subject = Subject.objects.get(pk=world.alice.subject_id)
    (seen,) = personal.see(subject, make.present())[0].rows
    assert (seen["text"], seen["pictures"], seen["reply"]) == (TEXT, 1, "谢谢")
    with transaction.atomic():
        (kept_rows,) = personal.erase(subject, make.present())
    assert kept_rows.what == "review_history"
    review = Review.objects.get()
    assert (review.rating, review.customer_id, review.line_id, review.reply) == (5, None, None, "")
    assert not ReviewWords.objects.exists() and not ReviewPicture.objects.exists()
    assert not File.objects.filter(name="review-picture").exists() and unused
    with pytest.raises(NotToAnswer):  # nobody would find it when somebody asks what is held of them
        reply(review=review, text="谢谢张三", by="li", now=make.present())
    assert stars(alice) == (1, "5.0")
    (one,) = listed(alice)
    assert (one["first"], one["name"], one["rating"]) == (None, None, 5)


def test_a_picture_that_no_review_took_goes_after_a_day(alice: Phone, order: Order) -> None:
    used, unused = picture(alice, order), picture(alice, order)
    give(alice, order, pictures=[used])
    (keeping,) = personal.KEEPING
    now = make.present()
    assert not keeping.due(now + timedelta(hours=23)).exists()
    rows = list(keeping.due(now + timedelta(days=1, minutes=1)))
    assert [str(one.public_id) for one in rows] == [unused]
    ReviewPicture.objects.filter(pk=rows[0].pk).update(words=ReviewWords.objects.get())
    with transaction.atomic():
        keeping.let_go(rows, now)  # a review took it in this instant
    assert ReviewPicture.objects.count() == 2
    ReviewPicture.objects.filter(pk=rows[0].pk).update(words=None)
    with transaction.atomic():
        keeping.let_go(rows, now)
    assert str(ReviewPicture.objects.get().public_id) == used
    assert File.objects.filter(name="review-picture").count() == 1
