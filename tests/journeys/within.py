"""A house inside the test's own process: its doors over real HTTP, the sandbox's parties, one clock to move.

The clock is the house's and the sandbox's alike; signatures alone carry true time, as the sandbox's do.
Beat's tasks run when a test says so, so that nobody waits for anything.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Sum
from django.urls import reverse
from PIL import Image

from backend.journey.account import enter, settle_in
from backend.journey.client import Consumer, Sandbox
from backend.journey.ordering import fresh_key, place, quote
from backend.journey.paying import start
from backend.journey.stage import MAISON, Stage, set_stage
from backend.tasks import deliver
from compliance.models import AllowanceAccount
from customs.models import Filing
from customs.tasks import declare as declare_orders
from customs.tasks import receive as hear_customs
from inventory.models import Stock
from kernel.models import Case, Delivery
from logistics.models import Parcel, Shipment
from logistics.services import leaving, packing
from logistics.tasks import go_on as go_on_with_waybills
from orders.models import Order
from payments.models import Refund
from payments.tasks import declare as declare_payments
from payments.tasks import sweep as ask_payments
from payments.tasks import sweep_refunds
from returns.tasks import follow as follow_returns
from returns.tasks import sweep as move_returns_on
from settlement.models import Posting
from tests import keeping, make
from tests.journeys.around import Operator, made_world, served, true_now
from tests.stand_in import StandIn

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
BEAT = (
    deliver,
    ask_payments,
    sweep_refunds,
    declare_payments,
    declare_orders,
    hear_customs,
    go_on_with_waybills,
    move_returns_on,
    follow_returns,
    deliver,
)
ROUNDS = 15


@dataclass
class House:
    """All that a story plays with: the consumer, the staff, the parties outside, the clock, and the books."""

    world: make.World
    stage: Stage
    sandbox: Sandbox
    base: str
    ahead: timedelta = timedelta()
    staff: dict[str, Operator] = field(default_factory=dict)

    # Time.

    def now(self, zone: Any = UTC) -> datetime:
        return true_now().astimezone(zone) + self.ahead

    def later(self, by: timedelta) -> None:
        """Time passes, and nobody does anything."""
        self.ahead += by
        self.sandbox.tell("advance", seconds=by.total_seconds())

    def days(self, number: int) -> None:
        """So many days of the house's, at both ends of which beat runs; then she opens the mini-program."""
        self.beat(2)
        self.later(number * DAY)
        self.beat(2)
        self.back()

    def beat(self, rounds: int = 1, by: timedelta = MINUTE + timedelta(seconds=1)) -> None:
        """So many rounds of what beat wakes, a minute apart, which is what WeChat asks between refunds."""
        for _ in range(rounds):
            for task in BEAT:
                task()
            self.later(by)

    def until(self, holds: Callable[[], Any]) -> Any:
        """Beat goes on until this holds."""
        for _ in range(ROUNDS):
            if found := holds():
                return found
            self.beat()
        found = holds()
        assert found, (list(self.cases()), list(Delivery.objects.filter(done_at=None).values_list("error")))
        return found

    # The consumer.

    @property
    def alice(self) -> Consumer:
        return self.stage.alice

    def back(self) -> None:
        """She opens the mini-program anew: her token has not lived that long."""
        self.alice.token = ""
        enter(self.stage, self.alice)

    def buys(self, *wanted: tuple[str, int]) -> Order:
        """Quoted, ordered and paid."""
        lines = [{"sku": sku, "quantity": pieces} for sku, pieces in wanted]
        return self.pays_for(quote(self.alice, lines))

    def pays_for(self, quoted: dict[str, Any]) -> Order:
        """An order on a quote, paid."""
        number = place(self.alice, quoted, self.alice.get("risk-notice")["sha256"])["number"]
        self.sandbox.tell("pay", client=start(self.stage, self.alice, number, MAISON))
        self.until(lambda: self.alice.call("POST", f"orders/{number}/payment/sync")["state"] == "paid")
        return Order.objects.get(number=number)

    def asks(self, order: Order, body: dict[str, Any], status: int = 201) -> Any:
        path = f"orders/{order.number}/returns"
        return self.alice.call("POST", path, body, status=status, headers=fresh_key())

    def quoted(self, order: Order, body: dict[str, Any]) -> Any:
        return self.alice.call("POST", f"orders/{order.number}/returns/quote", body)

    def gives_picture(self, order: Order) -> str:
        """The id of a picture for a claim."""
        drawn = io.BytesIO()
        Image.new("RGB", (64, 48), "red").save(drawn, format="JPEG")
        answer = self.alice.http.post(
            f"{self.base}/api/v1/orders/{order.number}/returns/pictures",
            files={"picture": ("photo.jpg", drawn.getvalue(), "image/jpeg")},
            headers={"Authorization": f"Bearer {self.alice.token}"},
            timeout=15,
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def sends(self, number: str, waybill: str = "") -> Any:
        way = {"carrier": "SF", "waybill": waybill or f"SF9{secrets.randbelow(10**12):012}"}
        return self.alice.call("POST", f"returns/{number}/way", way)

    def shown(self, number: str, *states: str) -> Any:
        """Her page of a return, which must be in one of these states."""
        page = self.alice.get(f"returns/{number}")
        assert not states or page["state"] in states, (page["state"], page["next"], list(self.cases()))
        return page

    def says(self, number: str) -> str:
        return str(self.shown(number)["next"]["says"]["zh"])

    # The shop.

    def as_(self, name: str) -> Operator:
        if name not in self.staff:
            self.staff[name] = Operator(self.base, name)
        return self.staff[name]

    def step(self, who: str, row: Any, name: str, **typed: Any) -> str:
        """A button of the return's page."""
        return self.as_(who).post(reverse("admin:returns_returnrequest_step", args=[row.pk, name]), **typed)

    def receives(self, number: str, *found: tuple[int, int, str], why: str = "", deducted: str = "") -> None:
        """The return centre: scanned, received, graded; of each line (position, pieces, grade)."""
        page, worker = reverse("admin:return_centre"), self.as_("wu")
        said = {"q": number, "number": number}
        worker.post(page, **said, act="receive", once=secrets.token_hex(8))
        typed: dict[str, Any] = {"deducted": deducted, "why": why} if deducted else {}
        for position, pieces, grade in found:
            typed |= {f"n-{position}-0": pieces, f"grade-{position}-0": grade}
        worker.post(page, **said, **typed, act="inspect", once=secrets.token_hex(8))

    def packs(self, order: Order) -> Parcel:
        """Packed after the hold, with a waybill of SF's."""
        self.later(HOUR)
        self.beat()
        shipment = Shipment.objects.get(order=order)
        grams = sum(one.quantity * one.variant.weight_g for one in order.lines.select_related("variant"))
        packing.pack(shipment=shipment, carrier="SF", by="wu", now=self.now(), weight_g=grams + 200)
        self.until(lambda: Parcel.objects.filter(shipment=shipment, state="issued").exists())
        return Parcel.objects.get(shipment=shipment)

    def clears(self, order: Order) -> None:
        """The port compares three documents and releases the list."""
        self.until(lambda: Order.objects.filter(pk=order.pk, gate="after_release").exists())

    def leaves(self, order: Order) -> None:
        leaving.dispatch(shipment=Shipment.objects.get(order=order), by="wu", now=self.now())

    def moves(self, parcel: Parcel, *steps: str) -> None:
        """What happens to a parcel out there; the tracker pushes it."""
        self.until(lambda: Parcel.objects.filter(pk=parcel.pk).exclude(subscribed_at=None).exists())
        for step in steps:
            self.later(HOUR)
            self.sandbox.tell("parcel", waybill=parcel.waybill, step=step)
        self.until(lambda: Parcel.objects.filter(pk=parcel.pk, latest=steps[-1]).exists())

    def delivers(self, *wanted: tuple[str, int]) -> Order:
        """Bought, cleared and with her since three days after."""
        order = self.buys(*wanted)
        parcel = self.packs(order)
        self.clears(order)
        self.leaves(order)
        self.moves(parcel, "picked_up")
        self.later(3 * DAY)
        self.moves(parcel, "delivered")
        self.until(lambda: Shipment.objects.filter(order=order, state="delivered").exists())
        self.back()
        return Order.objects.get(pk=order.pk)

    # The books.

    def refunds(self, order: Order) -> list[int]:
        """Fen of each refund that arrived, the same at WeChat Pay as here."""
        there = {one["out_refund_no"]: one for one in self.sandbox.read("books")["refunds"]}
        own = list(Refund.objects.filter(order=order).exclude(state="closed").order_by("id"))
        assert {one.state for one in own} <= {"succeeded"}, [one.state for one in own]
        for one in own:
            told = there[one.out_refund_no]
            assert (told["amount"], told["status"]) == (one.amount_fen, "SUCCESS")
        return [one.amount_fen for one in own]

    def books(self) -> dict[str, int]:
        """What each account holds, in fen; zeros apart."""
        held = Posting.objects.values_list("account").annotate(sum=Sum("amount_fen")).order_by("account")
        assert sum(fen for _, fen in held) == 0
        return {account: fen for account, fen in held if fen}

    def year(self) -> tuple[int, int]:
        """Used and reserved of her allowance, whatever years it is of."""
        sums = AllowanceAccount.objects.filter(measure="value").aggregate(
            used=Sum("used"), held=Sum("reserved")
        )
        return sums["used"] or 0, sums["held"] or 0

    def stock(self) -> dict[str, tuple[int, int, int]]:
        """SKU → on hand, reserved, quarantined."""
        found = Stock.objects.values_list("variant__sku", "on_hand", "reserved", "quarantined")
        return {sku: (there, held, apart) for sku, there, held, apart in found}

    def documents(self, order: Order) -> list[tuple[str, str]]:
        """What customs was told of an order's cancellation and returns, and how each stands."""
        told = Filing.objects.filter(declaration__order=order, kind__in=["cancel", "return"])
        return list(told.order_by("id").values_list("kind", "status"))

    def cases(self) -> list[str]:
        return sorted(Case.objects.filter(state="open").values_list("kind", flat=True))

    def nothing_open(self, *kinds: str) -> None:
        """Neither a case, but for these, nor an event that nobody could take in."""
        self.beat(2)
        assert self.cases() == sorted(kinds), list(Case.objects.filter(state="open").values("kind", "facts"))
        assert list(Delivery.objects.filter(done_at=None).values_list("handler", "error")) == []


@contextmanager
def house_at(wechat: StandIn, settings: Any, patch: pytest.MonkeyPatch) -> Iterator[House]:
    """The house, opened, with Alice logged in, agreed and verified."""
    wechat.control("reset")
    wechat.control("switches", call="notify", mode="lost_notification", times=999)  # the house asks by itself
    with served() as base:
        for name in (
            "WECHAT_API",
            "WECHAT_PAY",
            "WECHAT_CUSTOMS",
            "SF",
            "KUAIDI100",
            "PORT",
            "SIGN",
            "FACEID",
        ):
            setattr(settings, f"{name}_BASE", wechat.url)
        settings.PORT_DATA_BASE, settings.PUBLIC_BASE_URL, settings.CUSTOMS_SENDERS = (
            wechat.url,
            base,
            "stand_in",
        )
        settings.FACEID_SECRET_ID = wechat.world["tencent"]["secret_id"]
        settings.FACEID_SECRET_KEY = wechat.world["tencent"]["secret_key"]
        settings.ALLOWED_HOSTS, settings.THROTTLE_FACTOR = ["*"], 1_000
        world = keeping.again(f"journeys {wechat.url}", lambda: made_world(wechat))
        stage = set_stage(base=base, sandbox=wechat.url, world=wechat.world)
        made = House(world, stage, stage.sandbox, base)
        _one_clock(made, patch)
        settle_in(stage, stage.alice)
        yield made


def _one_clock(house: House, patch: pytest.MonkeyPatch) -> None:
    """The house asks the time of the test; who signs what goes out asks the true one."""
    from logistics.gateways import providers
    from wechat.pay.client import PayClient

    patch.setattr("kernel.clock.datetime", SimpleNamespace(now=house.now))
    patch.setattr(providers, "now", true_now)
    patch.setitem(PayClient.__init__.__kwdefaults__, "clock", true_now)
