"""A storefront with stock, WeChat's stand-in, a clock that can be moved on, and a buyer for each order."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from backend import delivery
from backend.chaos.books import Finding, Part, compare
from backend.journey.client import Sandbox
from backend.journey.stage import NAME, identity_number
from catalog.naming import names_of
from compliance import services as compliance
from compliance import vault
from compliance.consent_texts import current_text, required_kinds
from compliance.law import Law
from compliance.notice import risk_notice
from customers import labels
from customers import queries as customers
from customers.gateways.verifying import Finding as Verified
from customers.gateways.verifying import Verdict
from customers.models import Customer
from customers.services.addresses import AddressText, add_address
from customers.services.identity import state_identity
from customers.services.verification import conclude
from kernel import ids
from kernel.clock import now as present
from kernel.clock import shanghai_day
from kernel.errors import Problem
from orders.models import Order
from orders.services.closing import begin_closing, expire_due
from orders.services.place import Confirmation, place_order
from orders.services.quote import Wanted, make_quote
from payments.models import Payment, PaymentDeclaration, Refund
from payments.services import query, send_refund
from payments.services.refunds import Wish, request_refund
from payments.services.start import start_payment
from storefronts import queries as storefronts
from storefronts.models import Storefront

# How long after the fault the house looks again, in seconds, until nothing is open.
LOOKS = (0, 35, 120, 300, 900, 2100, 7200, 21_600, 86_400, 4 * 86_400)
FORGOTTEN = timedelta(days=3650)
LATER = 86_400  # once more when all is settled: what is done twice is often done late
OPENID = "o-chaos"
TRIES, BETWEEN = 4, 60


@dataclass
class Stage:
    """The house as its worker sees it, with what the payer does; one order at a time."""

    shop: Storefront
    sku: str
    sandbox: Sandbox
    served: bool  # whether a web takes WeChat's notifications in
    ahead: timedelta = field(default=timedelta())
    parts: list[Part] = field(default_factory=list)
    credentials: dict[str, str] = field(default_factory=dict)  # of the storefront at carriers

    def begin(self) -> None:
        """A WeChat that knows nothing, and the present; of what was before nobody is asked any more."""
        self.sandbox.tell("reset")
        self.ahead = timedelta()
        self.parts = []
        PaymentDeclaration.objects.update(next_try_at=present() + FORGOTTEN)

    def play(self, part: Part) -> None:
        """From here on the house does its work on `part` too, and it is compared."""
        if part not in self.parts:
            self.parts.append(part)

    def now(self) -> datetime:
        """The present, as far as it was moved on."""
        return present() + self.ahead

    def pass_time(self, seconds: float) -> None:
        """Move on our clock and WeChat's."""
        self.sandbox.tell("advance", seconds=seconds)
        self.ahead += timedelta(seconds=seconds)

    def books(self) -> dict[str, Any]:
        """WeChat's books as they stand."""
        told: dict[str, Any] = self.sandbox.http.get(f"{self.sandbox.base}/sandbox/books", timeout=15).json()
        return told

    def order(self, pieces: int = 2) -> Order:
        """An order that waits for its payment, by a buyer of its own."""
        return place(buyer(self.shop), (self.sku, pieces))

    def start(self, order: Order) -> dict[str, str]:
        """The payer taps the button: the parameters for the client, or a Problem."""
        return start_payment(order=order, openid=openid_of(order), now=self.now())

    def pay(self, order: Order) -> None:
        """The payer taps until there are parameters, a minute between the tries, and pays with them."""
        for _ in range(TRIES):
            with suppress(Problem):
                self.sandbox.tell("pay", client=self.start(order))
                return
            self.pass_time(BETWEEN)
        raise RuntimeError("the payer could not pay")

    def pay_unseen(self, order: Order) -> None:
        """As `pay`, and the notification is lost."""
        self.sandbox.tell("switches", call="notify", mode="lost_notification")
        self.pay(order)

    def paid(self, pieces: int = 2) -> Order:
        """An order that is paid; WeChat was asked."""
        order = self.order(pieces)
        self.pay_unseen(order)
        self.hear_of(order)
        return order

    def hear_of(self, order: Order) -> None:
        """Ask WeChat about the order's one payment, whatever became of it here."""
        query.query(payment=Payment.objects.get(order=order), now=self.now())

    def cancel(self, order: Order) -> None:
        """The consumer cancels what is not paid."""
        order.refresh_from_db()
        begin_closing(order=order, reason="cancelled", now=self.now())

    def ask_back(self, order: Order, key: str = "chaos", pieces: int = 0) -> Refund:
        """Ask for a refund of so many pieces, or of all that is left."""
        line = order.lines.get()
        return request_refund(
            number=order.number,
            wish=Wish(pieces={line.pk: pieces}) if pieces else Wish(),
            key=key,
            reason="退款",
            asked_by="system",
            now=self.now(),
        )

    def deliver(self) -> None:
        """What a worker does when it is woken, again and again: an event may lead to the next one."""
        while delivery.drain(self.now()):
            pass

    def work(self) -> None:
        """What beat has the house do."""
        self.calm()
        self.deliver()
        expire_due(now=self.now())
        query.sweep(now=self.now())
        send_refund.sweep(now=self.now())
        for part in self.parts:
            part.work(self.now())
        self.deliver()

    def calm(self) -> None:
        """Give notifications the moment that they need."""
        until = time.monotonic() + (0.5 if self.served else 0.02)
        while self.books()["arriving"] and time.monotonic() < until:
            time.sleep(0.02)

    def settle(self, order: Order) -> Finding:
        """Let the house work on, time passing, until nothing is open; then once more, and compare."""
        for wait in (*LOOKS, LATER):
            self.pass_time(wait)
            self.work()
            if self.found(order).clean:
                break
        self.pass_time(LATER)
        self.work()
        return self.found(order)

    def found(self, order: Order) -> Finding:
        """Both sides' books on the order, as they stand."""
        return compare(order=order, books=self.books(), parts=self.parts)


def openid_of(order: Order) -> str:
    """Who pays: the WeChat user who ordered."""
    assert order.customer is not None  # none of these orders is untied
    return customers.openid(order.customer)


def buyer(shop: Storefront) -> Customer:
    """A consumer who may buy at once: consented, with an address and a verified identity."""
    now = present()
    subject, key = compliance.create_subject(storefront_id=shop.pk, now=now)
    public_id = ids.uuid7()
    openid = f"{OPENID}-{public_id.hex}"
    customer = Customer.objects.create(
        public_id=public_id,
        storefront=shop,
        subject=subject,
        openid_index=vault.blind("openid", openid),
        openid_sealed=key.seal(labels.OPENID, public_id, openid),
        created_at=now,
    )
    # Many consumers of one phone or one door would look like one who buys to sell.
    mark = secrets.randbelow(10**8)
    where = AddressText(NAME, f"139{mark:08}", "310115", f"示例路 {mark} 号")
    add_address(customer=customer, text=where, is_default=True, now=now)
    names = names_of(storefronts.shop(shop.pk))
    for kind in required_kinds():
        text = current_text(kind, shanghai_day(now), names)
        assert text is not None
        compliance.give_consent(subject=subject, kind=kind, version=text.version, names=names, now=now)
    number = identity_number()
    attempt = state_identity(customer=customer, name=NAME, number=number, now=now)
    assert attempt is not None
    verified = Verified(Verdict.MATCHES, "0", "chaos")
    conclude(attempt=attempt, found=verified, number=number, provider="chaos", kept=False, now=now)
    return customer


def place(customer: Customer, *wanted: tuple[str, int]) -> Order:
    """An order of these SKUs, so many pieces of each, at the customer's address."""
    now = present()
    quote = make_quote(
        customer=customer,
        wanted=[Wanted(sku, pieces) for sku, pieces in wanted],
        address_id=None,
        coupon_claim_id=None,
        now=now,
    )
    with transaction.atomic():
        placed = place_order(
            shop=storefronts.shop(customer.storefront_id),
            customer_id=customer.pk,
            quote_token=quote.token,
            confirmation=Confirmation(risk_notice(Law(shanghai_day(now))).sha256),
            now=now,
        )
    return Order.objects.get(number=placed.number)
