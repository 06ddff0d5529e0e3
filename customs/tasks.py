"""What customs does by itself and what it hears: each a thin call of a service."""

from __future__ import annotations

from celery import shared_task

from customs.services import (
    abroad,
    book,
    came_back,
    data_given,
    declaring,
    entering,
    receiving,
    retaking,
    sending,
    taxes,
)
from customs.services import follow as following
from kernel.clock import now
from kernel.models import Event
from orders.models import Order
from payments.models import PaymentDeclaration


def open_declaration(event: Event) -> None:
    """Handler of `order.paid`."""
    declaring.open_declaration(order=_order(event), now=now())


def end_declaration(event: Event) -> None:
    """Handler of `order.cancelled`."""
    declaring.end_declaration(number=event.key.removeprefix("order:"), now=now())


def look_at_declaration(event: Event) -> None:
    """Handler of `payer.same` and `declaration.succeeded`."""
    of, _, key = event.key.partition(":")
    paid = PaymentDeclaration.objects.values_list("order__number", flat=True)
    declaring.wake(number=key if of == "payer" else paid.get(pk=key), now=now())


@shared_task
def declare() -> None:
    """Every declaration whose time has come, one step on; then what it files goes out. Sites are asked."""
    declaring.sweep(now=now())
    entering.sweep(now=now())
    sending.sweep(now=now())


@shared_task
def receive() -> None:
    """What the ports have to tell."""
    receiving.collect(now=now())


@shared_task
def give_data() -> None:
    """Payment data that customs asked for."""
    data_given.sweep(now=now())


@shared_task
def look_again() -> None:
    """Receipts that came before their document was known."""
    retaking.look_again(now=now())


@shared_task
def taxes_due() -> None:
    """Tax of released lists whose window to pay has opened, or ends; returns whose last day is near."""
    taxes.remind(now=now())
    came_back.remind(now=now())


@shared_task
def compare_books() -> None:
    """Every account book with the shelves of its warehouses; what waits to go abroad out of one."""
    book.compare(now=now())
    abroad.remind(now=now())


@shared_task
def follow() -> None:
    """Parcels handed over and lists released, where someone can be asked."""
    following.follow(now=now())


def _order(event: Event) -> Order:
    return Order.objects.get(number=event.key.removeprefix("order:"))
