"""A compliance officer asks a list back, or declares its goods returned, on the declaration's page."""

from __future__ import annotations

import pytest
from django.urls import reverse

from customs.models import Filing
from tests.customs.port import declaration
from tests.customs.test_declaring import port, ready  # noqa: F401 -- fixtures
from tests.customs.test_undoing import accepted, released
from tests.operators import rows
from tests.operators.test_walk import enter

pytestmark = pytest.mark.django_db(transaction=True)


def step(order, name: str) -> str:
    return reverse("admin:customs_declaration_step", args=[declaration(order).pk, name])


def page(client, order) -> str:
    url = reverse("admin:customs_declaration_change", args=[declaration(order).pk])
    return client.get(url).content.decode()


def test_an_officer_asks_a_list_back_with_a_reason_and_the_button_is_gone(client, port, ready):  # noqa: F811
    order, at = ready
    accepted(port, order, at)
    enter(client, rows.operator("officer", order.storefront, "compliance"))
    assert ("申请撤单" in page(client, order), "申报退货" in page(client, order)) == (True, False)
    assert client.post(step(order, "ask-back"), {"reason": ""}).status_code == 200
    assert declaration(order).state == "accepted"
    assert client.post(step(order, "ask-back"), {"reason": "消费者取消订单"}).status_code == 302
    assert declaration(order).state == "cancelling"
    assert client.post(step(order, "ask-back"), {"reason": "消费者取消订单"}).status_code == 403
    assert Filing.objects.filter(kind="cancel").count() == 1


def test_an_officer_declares_so_many_pieces_returned_and_no_more_than_were_listed(client, port, ready):  # noqa: F811
    order, at = ready
    released(port, order, at)
    enter(client, rows.operator("officer", order.storefront, "compliance"))
    url = step(order, "return")
    assert "HD-1" in client.get(url).content.decode()
    assert (
        "请填写退回的商品及件数" in client.post(url, {"reason": "退货", "pieces:HD-1": "0"}).content.decode()
    )
    assert client.post(url, {"reason": "退货", "pieces:HD-1": "1"}).status_code == 302
    told = client.post(url, {"reason": "退货", "pieces:HD-1": "2"}).content.decode()
    assert "HD-1 最多可退 1 件" in told
    assert Filing.objects.filter(kind="return").count() == 1


@pytest.mark.parametrize("role", ["customer_service", "finance", "auditor", "warehouse"])
def test_others_do_not_ask_customs_for_anything(client, port, ready, role):  # noqa: F811
    order, at = ready
    accepted(port, order, at)
    enter(client, rows.operator("other", order.storefront, role))
    assert client.post(step(order, "ask-back"), {"reason": "x"}).status_code in {403, 404}
    assert declaration(order).state == "accepted"
