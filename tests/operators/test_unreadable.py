"""A message that could not be read is taken in again by a button, for those of the platform alone."""

from __future__ import annotations

import pytest
from django.urls import reverse

from payments.models import Notification
from tests import make
from tests.operators import rows
from tests.operators.test_walk import enter
from tests.payments.reports import delivery_of
from wechat.errors import Malformed

pytestmark = pytest.mark.django_db


@pytest.fixture
def raw(client, monkeypatch):
    def cannot(raw):
        raise Malformed(where="success_time")

    payment = make.payment(make.order(make.world().alice, ("HD-1", 1)))
    body, headers = delivery_of(payment)
    with monkeypatch.context() as broken:
        broken.setattr("wechat.pay.notifications.Transaction.from_dict", cannot)
        address = f"/pay/wechat/{payment.mchid}"
        client.post(address, body, content_type="application/json", headers=headers)
    return Notification.objects.get()


def again(raw):
    return reverse("admin:payments_notification_step", args=[raw.pk, "again"])


def test_after_a_mend_a_button_takes_it_in(client, raw):
    enter(client, rows.operator("root", is_superuser=True))
    assert client.post(again(raw)).status_code == 302
    assert sorted(Notification.objects.values_list("outcome", flat=True)) == ["duplicate", "taken"]
    assert client.post(again(raw)).status_code == 403


def test_a_storefronts_owner_does_not_reach_the_platforms_messages(client, raw):
    enter(client, rows.operator("owner", make.storefront("maison")))
    assert client.post(again(raw)).status_code in (302, 404)
    assert Notification.objects.get().outcome == "unreadable"
