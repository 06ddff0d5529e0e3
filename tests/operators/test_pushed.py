"""Token and key of message push go in by an owner's form alone; what failed is read again by a button."""

from __future__ import annotations

import pytest
from django.urls import reverse

from kernel.models import Event
from storefronts.models import PushedMessage
from storefronts.queries import forget_kept, message_keys
from tests import make
from tests.operators import rows
from tests.operators.test_walk import enter
from tests.storefronts.pushing import AES_KEY, TOKEN, as_xml, push, sealed, told, with_keys

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return make.storefront()


def keys_page(shop):
    return reverse("admin:storefronts_storefront_messages", args=[shop.pk])


def test_an_owner_puts_the_keys_in_and_never_sees_them(client, shop):
    enter(client, rows.operator("owner", shop))
    assert f"/wechat/messages/{shop.appid}" in client.get(keys_page(shop)).content.decode()
    client.post(keys_page(shop), {"token": TOKEN, "aes_key": AES_KEY})
    forget_kept()
    storefront_id, keys = message_keys(shop.appid)
    assert (storefront_id, keys.token) == (shop.pk, TOKEN)
    shown = client.get(keys_page(shop)).content.decode()
    assert (TOKEN in shown, AES_KEY in shown) == (False, False)
    assert Event.objects.filter(name="storefront.messages_set").count() == 1


@pytest.mark.parametrize("role", ["customer_service", "finance", "auditor"])
def test_others_do_not_reach_the_keys(client, shop, role):
    enter(client, rows.operator("other", shop, role))
    assert client.post(keys_page(shop), {"token": TOKEN, "aes_key": AES_KEY}).status_code == 403
    shop.refresh_from_db()
    assert bytes(shop.message_key_sealed) == b""


def test_what_could_not_be_read_is_read_again_once_the_key_is_right(client, shop):
    with_keys(shop)
    push(client, shop, *sealed(shop, as_xml(told()), aes_key="z" * 43))
    row = PushedMessage.objects.get()
    enter(client, rows.operator("owner", shop))
    again = reverse("admin:storefronts_pushedmessage_step", args=[row.pk, "again"])
    assert "该消息仍无法解析" in client.post(again).content.decode()
    client.post(keys_page(shop), {"token": TOKEN, "aes_key": "z" * 43})
    forget_kept()
    assert client.post(again).status_code == 302
    row.refresh_from_db()
    assert row.outcome == "received"
    assert Event.objects.get(name="message.complaint").facts == {"message": row.pk, "by": "owner"}
