"""What becomes of an order reaches its consumer through events, once however often these are delivered."""

from __future__ import annotations

import pytest

from backend.delivery import drain
from customers.models import News, NewsConsent
from customs.gateways.clearing import Release
from customs.services.release import record_release
from kernel.models import Delivery
from logistics.gateways.carrying import Handover
from logistics.models import Shipment
from logistics.services.handover import record_handover
from logistics.states import SHIPMENT
from tests import make
from tests.customers.newsroom import agreed, delivered, no_shared_token, reader, template
from tests.logistics import shipping
from tests.payments.conftest import wechat, world

__all__ = ["no_shared_token", "wechat", "world"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shipment(wechat, world) -> Shipment:
    """An order whose consumer wants to be told everything."""
    reader(wechat, world.alice)
    wanted = [template(wechat, world.shop, one) for one in ("shipped", "cleared", "delivered")]
    agreed(wechat, world.alice, *wanted)
    made = shipping.shipment(world)
    drain()
    Shipment.objects.filter(pk=made.pk).update(state="labelled")
    made.refresh_from_db()
    return made


def again() -> None:
    """Every delivery once more, as when a worker died before it said that it was done."""
    drain()
    Delivery.objects.filter(handler="logistics.tasks.tell_consumer").update(
        done_at=None, next_try_at=make.present()
    )
    drain()


def test_shipped_cleared_and_delivered_are_told_once_each(wechat, world, shipment):
    now, order = make.present(), shipment.order
    facts = {"order": order.number, "waybill": "SF1", "carrier": "顺丰速运", "at": now.isoformat()}
    SHIPMENT.move(shipment, "hand_over", now=now, facts=facts, handed_over_at=now)
    again()
    record_release(order=order, release=Release("I1", now), now=now)
    again()
    SHIPMENT.move(shipment, "deliver", now=now, facts=facts, delivered_at=now)
    again()
    assert [one["data"]["phrase3"] for one in delivered(wechat)] == ["已发货", "已清关", "已签收"]
    assert {one["data"]["character_string1"] for one in delivered(wechat)} == {order.number}
    assert NewsConsent.objects.filter(spent_at=None).count() == 0


def test_a_second_parcel_of_the_order_is_no_news(wechat, world, shipment):
    now = make.present()
    for waybill in ("SF1", "SF2"):
        record_handover(order=shipment.order, handover=Handover(waybill, "顺丰速运", now), now=now)
    again()
    assert [one["template_id"] for one in delivered(wechat)] == ["TPL-shipped"]


def test_of_an_order_that_was_cancelled_nothing_is_told(wechat, world, shipment):
    now = make.present()
    record_handover(order=shipment.order, handover=Handover("SF1", "顺丰速运", now), now=now)
    type(shipment.order).objects.filter(pk=shipment.order_id).update(state="cancelled")
    again()
    assert (delivered(wechat), News.objects.count()) == ([], 0)


def test_while_wechat_is_busy_the_event_waits_and_is_told_in_the_end(wechat, world, shipment):
    now = make.present()
    wechat.control("switches", call="subscribe_send", mode="error", code=-1)
    record_handover(order=shipment.order, handover=Handover("SF1", "顺丰速运", now), now=now)
    drain()
    assert (delivered(wechat), News.objects.get().state) == ([], "owed")
    Delivery.objects.filter(done_at=None).update(next_try_at=now)
    drain()
    assert (len(delivered(wechat)), News.objects.get().state) == (1, "sent")
