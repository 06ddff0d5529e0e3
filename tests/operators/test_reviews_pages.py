"""What was written of goods: service reads for a purpose and answers, an officer alone shows and hides."""

from __future__ import annotations

import pytest
from django.urls import reverse

from compliance.models import Access
from kernel.cases import open_case
from kernel.models import Case
from reviews.models import Review
from tests import make
from tests.operators import rows
from tests.operators.review_rows import REVIEW, review_rows
from tests.operators.test_verbs import enter

pytestmark = pytest.mark.django_db(transaction=True)


def step(row, name):
    return reverse(f"admin:reviews_{row._meta.model_name}_step", args=[row.pk, name])


def test_service_reads_for_a_purpose_and_answers_and_an_officer_alone_shows_and_hides(client):
    world = make.world()
    words = review_rows(make.order(world.alice, ("HD-1", 1)))
    open_case(
        storefront_id=world.shop.pk,
        kind="review.held",
        key=words.case_key,
        title="held",
        facts={"review": str(words.review.public_id), "why": "doubtful"},
        now=make.present(),
    )
    page = reverse("admin:reviews_reviewwords_change", args=[words.pk])
    enter(client, rows.operator("lin", world.shop, "customer_service"))
    assert REVIEW not in client.get(page).content.decode()
    shown = client.post(step(words, "reveal"), {"purpose": "to look at a review"})
    assert REVIEW in shown.content.decode() and 'src="data:image/jpeg;base64,' in shown.content.decode()
    assert Access.objects.get(ref=str(words.public_id)).who == "lin"
    for name in ("show", "hide"):
        assert client.post(step(words, name), {"ground": "illegal", "note": "x"}).status_code == 403
    assert client.post(step(words.review, "reply"), {"text": "谢谢"}).status_code == 403  # not public yet

    enter(client, rows.operator("far", make.storefront("swift"), "compliance"))
    assert client.post(step(words, "hide"), {"ground": "illegal", "note": "x"}).status_code == 404
    enter(client, rows.operator("officer", world.shop, "compliance"))
    client.post(step(words, "hide"), {"ground": "bad_marks", "note": "差评"})
    client.post(step(words, "hide"), {"ground": "illegal", "note": ""})
    words.refresh_from_db()
    assert words.state == "held"
    client.post(step(words, "hide"), {"ground": "privacy", "note": "写有他人电话"})
    words.refresh_from_db()
    assert (words.state, words.ground, words.note) == ("hidden", "privacy", "写有他人电话")
    assert Case.objects.get(kind="review.held").state == "settled"
    client.post(step(words, "show"))
    words.refresh_from_db()
    assert (words.state, words.decided_by) == ("shown", "officer")
    client.post(step(words.review, "reply"), {"text": "谢谢"})
    assert (Review.objects.get().reply, Review.objects.get().replied_by) == ("谢谢", "officer")
    assert client.post(step(words.review, "reply"), {"text": "再谢"}).status_code == 403
