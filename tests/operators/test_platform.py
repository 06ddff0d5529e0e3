"""The platform's page tells its keeper what fails, who is real, what ends soon and what was not done."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.urls import reverse

from kernel.clock import now
from kernel.models import Delivery, Event
from operators import platform
from storefronts.models import MerchantAccount
from tests import make
from tests.operators import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make.world()


def look(client, operator=None):
    if operator is not None:
        client.force_login(operator, backend=rows.BACKEND)
    return client.get(reverse("platform"), headers={"accept-language": "en"})


def keeper():
    return rows.operator("keeper", is_superuser=True)


def table(answer, title):
    return next(one for one in answer.context["story"] if str(one["title"]) == title)["rows"]


def test_only_who_runs_the_whole_platform_sees_it(client, world):
    assert look(client, rows.operator("owner", world.shop)).status_code == 403
    assert look(client, keeper()).status_code == 200


def test_events_that_keep_failing_are_counted_by_handler_with_the_error(client, world):
    event = Event.objects.create(
        storefront_id=world.shop.pk, name="order.paid", key="order:1", seq=1, at=now()
    )
    for tries, handler in ((5, "a.b"), (9, "c.d"), (1, "e.f")):
        Delivery.objects.create(
            event=event, handler=handler, key=event.key, attempts=tries, error="KeyError", next_try_at=now()
        )
    shown = table(look(client, keeper()), "Deliveries of events that keep failing")
    assert [(row[2], row[4]) for row in shown] == [(5, "KeyError"), (9, "KeyError")]


@pytest.mark.parametrize(
    ("setting", "base", "word"),
    [
        ("WECHAT_PAY_BASE", "https://api.mch.weixin.qq.com", "live"),
        ("WECHAT_PAY_BASE", "http://127.0.0.1:9", "sandbox"),
        ("WECHAT_PAY_BASE", "https://api.mch.weixin.qq.com.evil.test", "sandbox"),
        ("PORT_BASE", "http://10.1.2.3", "own network"),
        ("SIGN_BASE", "http://localhost:1", "sandbox"),
        ("PORT_BASE", "", "not set"),
    ],
)
def test_a_party_is_live_only_at_its_own_host(setting, base, word):
    assert word in str(platform.which(setting, base))


def test_the_certificate_that_ends_first_stands_first_and_one_that_is_over_is_told(client, world):
    MerchantAccount.objects.filter(storefront=world.shop).update(expires_at=now() - timedelta(days=1))
    shown = table(look(client, keeper()), "Certificates and keys")
    assert "over" in str(shown[0][4])
    MerchantAccount.objects.filter(storefront=world.shop).update(
        expires_at=now() + timedelta(days=3, hours=1)
    )
    shown = table(look(client), "Certificates and keys")
    assert "3 days" in str(shown[0][4]) and "text-red-600" in str(shown[0][4])


def test_a_certificate_that_cannot_be_read_has_no_end(client):
    assert platform.ends("no certificate") is None
    assert platform.ends("") is None


def test_a_backup_is_as_old_as_its_stamp(client, world, settings, tmp_path):
    stamp = tmp_path / "stamp"
    settings.BACKUP_STAMP = str(stamp)
    assert "no backup" in str(table(look(client, keeper()), "When it was last done")[2][2])
    stamp.touch()
    assert "in time" in str(table(look(client), "When it was last done")[2][2])
    long_ago = (now() - timedelta(hours=27)).timestamp()
    os.utime(stamp, (long_ago, long_ago))
    assert "no backup" in str(table(look(client), "When it was last done")[2][2])


def test_a_broker_that_does_not_answer_is_told_and_fails_nothing(client, world, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert "Redis does not answer" in str(table(look(client, keeper()), "Queues")[2])
