"""A message that was kept to be mended ends with the copy that is taken in, whichever came first."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from kernel.cases import open_case
from kernel.models import Case
from payments import tasks
from payments.models import Notification, Payment
from payments.services import messages, taking
from payments.services.taking import StillUnreadable, again
from storefronts.models import PlatformKey
from storefronts.queries import forget_kept
from storefronts.services import platform_keys
from tests import make
from tests.payments.reports import delivery_of, signed
from tests.stepping import step
from wechat.errors import Malformed
from wechat.pay import notifications
from wechat.pay.notifications import Notification as Notice

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
@step
def payment() -> Payment:
    return make.payment(make.order(make.world().alice, ("HD-1", 1)))


def deliver(client: Any, payment: Payment, body: bytes, headers: dict[str, str]) -> int:
    url = f"/pay/wechat/{payment.mchid}"
    answer = client.post(url, body, content_type="application/json", headers=headers)
    return int(answer.status_code)


def kept() -> list[tuple[str, bool]]:
    rows = Notification.objects.order_by("pk").values_list("outcome", "body")
    return [(outcome, bool(body)) for outcome, body in rows]


def cases() -> list[tuple[str, str]]:
    return list(Case.objects.order_by("id").values_list("kind", "state"))


def cannot(*_: object, **__: object) -> None:
    raise Malformed(where="x")


def test_what_a_twin_took_in_while_this_copy_failed_leaves_no_case(client, payment, monkeypatch):
    body, headers = delivery_of(payment, id="n-1")
    really = taking.take_in

    def late(*, raw: Notification, notice: Notice, now: Any) -> None:
        twin = messages.read(mchid=raw.mchid, headers=headers, body=body, notice=notice, now=now)
        really(raw=twin, notice=notice, now=now)
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(taking, "take_in", late)
        assert deliver(client, payment, body, headers) == 500
    assert cases() == [("payment.untakeable", "settled")]
    assert kept() == [("taken", False), ("failed", True)]
    tasks.sweep()
    assert kept() == [("taken", False), ("failed", False)]


def test_what_another_process_can_read_and_has_taken_in_leaves_no_case_here(client, payment, monkeypatch):
    body, headers = delivery_of(payment, id="n-1")
    assert deliver(client, payment, body, headers) == 204
    with monkeypatch.context() as broken:
        broken.setattr("payments.webhooks.copies.seen", lambda *_: None)
        broken.setattr("payments.webhooks.read", cannot)
        assert deliver(client, payment, body, headers) == 401
    assert cases() == [("notification.unreadable", "settled")]


@pytest.mark.parametrize("kind", ["payment.untakeable", "notification.unreadable"])
def test_a_case_that_was_opened_in_the_moment_of_another_s_commit_is_settled_by_the_sweep(
    client, payment, kind
):
    told = {"storefront_id": payment.storefront_id, "title": "t", "facts": {}, "now": make.NOW}
    keys = [f"notification:{payment.mchid}:{name}" for name in ("n-1", "n-2")]
    keys += ["notification:1700000000:n-1", "message:n-1"]
    assert deliver(client, payment, *delivery_of(payment, id="n-1")) == 204
    for key in keys:
        open_case(kind=kind, key=key, **told)
    tasks.sweep()
    waiting = Case.objects.filter(kind=kind, state="open").order_by("id")
    assert list(waiting.values_list("key", flat=True)) == keys[1:]


@pytest.fixture
def unread(client, payment, monkeypatch):
    """A genuine message that this house could not read when it came."""
    body, headers = delivery_of(payment, id="n-1")
    with monkeypatch.context() as broken:
        broken.setattr(notifications.Transaction, "from_dict", cannot)
        assert deliver(client, payment, body, headers) == 401
    return Notification.objects.get()


def retire(payment: Payment, at: Any) -> None:
    """The key that signed it, once there is another."""
    old = PlatformKey.objects.get(merchant__mchid=payment.mchid)
    PlatformKey.objects.create(
        merchant=old.merchant,
        storefront_id=old.storefront_id,
        serial="PUB_KEY_ID_0000000001",
        public_key_pem=make.public_pem(make.rsa_key("successor")),
    )
    platform_keys.retire(key=old, by="ann", now=at)
    forget_kept()


def test_what_was_verified_is_taken_in_though_its_key_was_retired_after_it_came(payment, unread):
    retire(payment, make.present())
    again(raw=unread, by="ann", now=make.present())
    payment.refresh_from_db()
    assert (payment.state, kept()) == ("succeeded", [("duplicate", False), ("taken", False)])
    assert cases() == [("notification.unreadable", "settled")]


def test_a_key_that_was_retired_before_believes_nothing(payment, unread):
    retire(payment, unread.received_at)
    with pytest.raises(StillUnreadable), transaction.atomic():
        again(raw=unread, by="ann", now=make.present())
    assert kept() == [("unreadable", True)]


def test_what_was_rejected_is_not_believed_by_a_key_that_was_retired_since(payment, unread):
    Notification.objects.filter(pk=unread.pk).delete()
    unread.pk, unread.outcome = None, "rejected"
    unread.save(force_insert=True)
    retire(payment, make.present())
    with pytest.raises(StillUnreadable), transaction.atomic():
        again(raw=unread, by="ann", now=make.present())
    assert kept() == [("rejected", True)]


def test_every_delivery_of_bytes_that_told_no_number_ends_with_the_one_that_is_mended(
    client, payment, monkeypatch
):
    body, _ = delivery_of(payment)
    with monkeypatch.context() as broken:
        broken.setattr("payments.webhooks.read", cannot)
        broken.setattr(messages, "number_of", lambda body: "")
        for _ in range(3):
            assert deliver(client, payment, body, signed(body)) == 401
    assert (Case.objects.get().seen, kept()) == (3, [("unreadable", True)] * 3)
    again(raw=Notification.objects.order_by("pk")[1], by="ann", now=make.present())
    payment.refresh_from_db()
    assert payment.state == "succeeded"
    assert kept() == [("duplicate", False)] * 3 + [("taken", False)] + [("duplicate", False)] * 2
    assert cases() == [("notification.unreadable", "settled")]
