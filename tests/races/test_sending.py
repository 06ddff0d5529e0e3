"""Messages to customs while something else happens: each is sent once, and no word of customs is lost."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection, transaction

from customs.models import Filing, PortMessage
from customs.services import declaring, sending, takers
from orders.models import Order
from tests.customs.port import Port
from tests.customs.test_declaring import port, ready
from tests.payments.conftest import wechat, world
from tests.races.crowd import at_once
from tests.waiting import somebody_waits

__all__ = ["port", "ready", "wechat", "world"]
pytestmark = pytest.mark.django_db(transaction=True)
LATER = timedelta(minutes=5)


@pytest.fixture
def packed(ready) -> tuple[PortMessage, datetime]:
    """A message with the order's document, about to leave; and when."""
    _, at = ready
    declaring.sweep(now=at)
    sending.pack(now=at)
    return PortMessage.objects.get(), at


class Slow:
    """A port that takes 40 seconds for each message; while it has the second one, another worker begins."""

    def __init__(self, at: datetime):
        self.began, self.seconds, self.sent = at, 0, list[str]()

    def send(self, *, guid: str, **told: object) -> None:
        self.sent.append(guid)
        if self.seconds < 80:
            self.seconds += 40
            if self.seconds == 80:
                sending.sweep(now=self.began + timedelta(seconds=80))


@pytest.fixture
def slow(packed, monkeypatch) -> Slow:
    """Three messages for it, and the clock by which it is slow."""
    first, at = packed
    for n in range(2):
        of = {"storefront_id": first.storefront_id, "account": first.account, "name": first.name}
        PortMessage.objects.create(**of, guid=f"{n:036d}", made_at=at, next_try_at=at)
    made = Slow(at)
    monkeypatch.setattr(sending, "port_of", lambda account: made)
    monkeypatch.setattr(sending, "_signed", lambda message, now: b"")
    monkeypatch.setattr(sending, "time", SimpleNamespace(monotonic=lambda: made.seconds))
    return made


def test_with_the_guard_off_two_workers_send_a_message_twice_while_the_first_is_slow(slow, monkeypatch):
    monkeypatch.setattr(sending, "_renewed", lambda message, at: True)
    sending.sweep(now=slow.began)
    assert len(slow.sent) == 5


def test_with_the_guard_on_two_workers_send_each_message_once_however_slow_the_first_is(slow):
    sending.sweep(now=slow.began)
    assert len(slow.sent) == len(set(slow.sent)) == 3
    assert not PortMessage.objects.exclude(next_try_at=None).exists()


def test_a_refusal_of_today_that_is_taken_in_while_the_document_is_sent_waits_in_no_circle(
    port: Port, packed, monkeypatch
):
    """Who takes a receipt in holds the document, then sets when its message leaves once more."""
    message, at = packed
    filing = Filing.objects.get(kind="order")
    sent = threading.Event()
    really = port.send
    monkeypatch.setattr(port, "send", lambda **told: (really(**told), sent.set()))

    def told() -> str:
        with sending.tenant(message.storefront_id):
            held = takers._held(filing.pk, filing.declaration.order_id)
            assert sent.wait(20)
            while not somebody_waits():
                pass
            sending.tell_once_more(held, at=at + LATER, now=at)
        return "told"

    def send() -> int:
        return sending.sweep(now=at)

    assert at_once([told, send]) == ["told", 1]
    filing.refresh_from_db()
    assert filing.sent_at == at
    message.refresh_from_db()
    assert message.next_try_at == at + LATER
    assert [sending.sweep(now=at), sending.sweep(now=at + LATER)] == [0, 1]


def test_what_the_law_had_destroyed_is_left_out_under_the_lock_of_its_order(packed, monkeypatch):
    message, _ = packed

    def destroyed(key: object) -> None:
        raise sending.VaultClosed()

    def leave_out() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
            sending._leave_out_destroyed(message)

    monkeypatch.setattr(sending.vault, "unwrap", destroyed)
    with transaction.atomic():
        Order.objects.select_for_update().get()
        (waited,) = at_once([leave_out])
        assert isinstance(waited, OperationalError)
    assert not Filing.objects.get(kind="order").superseded
    leave_out()
    assert Filing.objects.get(kind="order").superseded
