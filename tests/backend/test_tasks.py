"""Housekeeping removes what has had its day and nothing that someone still needs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend import tasks
from customers.models import Session
from orders.models import Quote
from payments.models import Notification
from tests import make

pytestmark = pytest.mark.django_db


def test_old_sessions_unused_quotes_and_noise_go_and_the_rest_stays():
    world, now = make.world(), make.present()
    long_ago = now - timedelta(days=40)
    make.token(world.alice, now=long_ago)
    make.token(world.alice)
    ordered = make.order(world.alice, ("HD-1", 1), now=long_ago)
    make.quote(world.alice, ("HD-1", 1), now=long_ago)
    fresh = make.quote(world.alice, ("HD-1", 1), now=now)
    for outcome in ("rejected", "taken", "unreadable"):
        Notification.objects.create(mchid="1", headers={}, body=b"x", outcome=outcome, received_at=long_ago)
    tasks.forget()
    assert Session.objects.count() == 1
    assert set(Quote.objects.values_list("pk", flat=True)) == {ordered.quote_id, fresh.pk}
    assert sorted(Notification.objects.values_list("outcome", flat=True)) == ["taken", "unreadable"]
