"""Evidence is told once; what contradicts is kept as well, and holds the orders that it names."""

from __future__ import annotations

import io
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection

from backend import delivery
from customs.gateways.clearing import Release
from customs.services.release import record_release
from kernel.models import Case, Event
from logistics.gateways.carrying import Handover
from logistics.services.handover import record_handover
from orders.models import Order
from settlement.models import Evidence
from settlement.reasons import Reason
from settlement.services import evidence
from settlement.services.evidence import record_evidence
from settlement.tasks import keep_handed_over
from tests import make
from tests.races.crowd import at_once
from tests.settlement import trades
from tests.settlement.test_batches import made
from tests.settlement.test_unsettled import of

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LOGISTICS, CLEARANCE = Evidence.Kind.LOGISTICS, Evidence.Kind.CLEARANCE


@pytest.fixture
def world():
    return make.world()


def told(order: Order, kind: Evidence.Kind, reference: str) -> bool:
    return record_evidence(order=order, kind=kind, reference=reference, at=AT, now=make.NOW)


def facts_of_case() -> dict[str, str]:
    return Case.objects.get(kind="evidence.contradicts").facts


def test_the_events_of_parcel_and_release_are_kept_as_evidence_with_their_own_instant(world):
    order = trades.paid(world)
    handover, release = Handover("SF1", "顺丰速运", AT), Release("310520260000000001", AT)
    for fresh in (True, False):
        assert record_handover(order=order, handover=handover, now=make.NOW) is fresh
        assert record_release(order=order, release=release, now=make.NOW) is fresh
    assert dict(Event.objects.filter(key=order.event_key, name="shipment.handed_over").get().facts) == {
        "order": order.number,
        "waybill": "SF1",
        "carrier": "顺丰速运",
        "at": "2026-11-20T09:30:00+00:00",
    }
    delivery.drain()
    kept = Evidence.objects.order_by("kind").values_list("kind", "reference", "at")
    assert list(kept) == [("clearance", "310520260000000001", AT), ("logistics", "SF1", AT)]
    assert of(order).reasons == (Reason.PAYER, Reason.DECLARED)
    assert Case.objects.count() == 0


def test_an_event_delivered_twice_is_evidence_once(world):
    order = trades.paid(world)
    record_handover(order=order, handover=Handover("SF1", "顺丰速运", AT), now=make.NOW)
    delivery.drain()
    keep_handed_over(Event.objects.get(name="shipment.handed_over"))
    assert Evidence.objects.count() == 1
    assert Event.objects.filter(name="evidence.told").count() == 1


def test_a_second_number_for_one_order_is_kept_and_holds_it(world):
    order = trades.ready(world)
    record_handover(order=order, handover=Handover("SF2", "顺丰速运", AT), now=make.NOW)
    delivery.drain()
    assert facts_of_case() == {"kind": "logistics", "reference": "SF2", "before": f"logistics-{order.number}"}
    assert of(order).reasons == (Reason.CASE,)
    assert of(order).evidence["logistics"] == "SF2"


def test_one_number_for_two_orders_holds_both(world):
    first, second = trades.ready(world), trades.ready(world, ("IR-1", 1))
    third = trades.ready(world, ("HD-1", 1))
    told(second, CLEARANCE, f"clearance-{first.number}")
    assert facts_of_case() == {
        "kind": "clearance",
        "reference": f"clearance-{first.number}",
        "before": f"clearance-{second.number}",
        "order": first.number,
    }
    assert (of(first).reasons, of(second).reasons, of(third).reasons) == ((Reason.CASE,), (Reason.CASE,), ())


def test_the_same_number_of_two_kinds_contradicts_nothing(world):
    first, second = trades.paid(world), trades.paid(world, ("IR-1", 1))
    told(first, LOGISTICS, "1")
    told(second, CLEARANCE, "1")
    assert Case.objects.count() == 0


def test_a_parcel_of_an_order_that_is_not_paid_is_a_case(world):
    order = make.order(world.alice, ("HD-1", 1))
    told(order, LOGISTICS, "SF1")
    assert facts_of_case() == {"kind": "logistics", "reference": "SF1", "state": "placed"}


def test_without_its_turn_one_number_is_told_of_two_orders_unseen(world, monkeypatch):
    _two_at_once(world, monkeypatch, turn="SELECT %s::text")
    assert Case.objects.count() == 0


def test_one_number_told_of_two_orders_at_once_is_seen(world, monkeypatch):
    _two_at_once(world, monkeypatch, turn=evidence._TURN)
    assert facts_of_case()["reference"] == "SF1"
    assert Case.objects.count() == 1


def _two_at_once(world, monkeypatch, turn: str) -> None:
    """Tell one waybill of two orders; who has written waits for the other, before and after looking."""
    orders = [trades.paid(world), trades.paid(world, ("IR-1", 1))]
    both, compare = threading.Barrier(2), evidence._compare

    def meet() -> None:
        with suppress(threading.BrokenBarrierError):  # the other waits for its turn
            both.wait(timeout=1)

    def late(*args: object) -> None:
        meet()
        compare(*args)
        meet()

    monkeypatch.setattr(evidence, "_TURN", turn)
    monkeypatch.setattr(evidence, "_compare", late)
    results = at_once([lambda one=order: told(one, LOGISTICS, "SF1") for order in orders])
    assert results == [True, True]
    assert Evidence.objects.filter(reference="SF1").count() == 2


def said(number: str) -> list[str]:
    out = io.StringIO()
    call_command("settle", "evidence", number, stdout=out)
    return out.getvalue().splitlines()


def test_the_command_names_what_is_there_and_what_is_missing_of_an_order(world):
    order = trades.paid(world)
    told(order, LOGISTICS, "SF1")
    assert said(order.number) == [
        "order,evidence,stands,reference,at",
        f"{order.number},order,there,{order.number},2026-11-20T12:00:00+08:00",
        f"{order.number},payment,missing,,",
        f"{order.number},logistics,there,SF1,2026-11-20T17:30:00+08:00",
        f"{order.number},clearance,missing,,",
    ]
    told(order, LOGISTICS, "SF2")
    assert said(order.number)[3:5] == [
        f"{order.number},logistics,older,SF1,2026-11-20T17:30:00+08:00",
        f"{order.number},logistics,there,SF2,2026-11-20T17:30:00+08:00",
    ]


def test_the_command_tells_every_order_of_a_batch_and_of_an_unpaid_one_that_nothing_is_there(world):
    ready = [trades.ready(world), trades.ready(world, ("IR-1", 1))]
    batch = made(world)
    rows = [line.split(",") for line in said(batch.number)[1:]]
    kinds = ("order", "payment", "logistics", "clearance")
    assert [row[:3] for row in rows] == [[o.number, kind, "there"] for o in ready for kind in kinds]
    unpaid = make.order(world.alice, ("HD-1", 1))
    assert [line.split(",")[2] for line in said(unpaid.number)[1:]] == ["missing"] * 4
    with pytest.raises(CommandError, match="there is no order and no batch “nothing”"):
        said("nothing")


@pytest.mark.parametrize("table", ["settlement_evidence", "settlement_ratepublication"])
def test_nobody_lets_go_of_evidence_or_rates_before_five_years_are_over(world, table):
    told(trades.paid(world), LOGISTICS, "SF1")
    young = make.present() - timedelta(days=5 * 365)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="is kept for 5 years"):
        cursor.execute(f"SELECT {table}_forget(%s::timestamptz)", [young])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {table}_forget(%s::timestamptz)", [make.present() - timedelta(days=5 * 366)])
        assert cursor.fetchone() == (0,)
    assert Evidence.objects.count() == 1


def test_the_worker_alone_keeps_evidence(world):
    order = trades.paid(world)
    with connection.cursor() as cursor:
        for role in ("web", "worker"):
            cursor.execute(f"SET ROLE {role}")
            try:
                if role == "worker":
                    assert told(order, LOGISTICS, "SF1") is True
                else:
                    with pytest.raises(ProgrammingError, match="permission denied for table settlement_evid"):
                        told(order, LOGISTICS, "SF2")
            finally:
                cursor.execute("RESET ROLE")
    assert list(Evidence.objects.values_list("kind", "reference")) == [("logistics", "SF1")]
