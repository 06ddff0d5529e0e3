"""Goods on their way back are asked about some times a day; what the tracker says last is kept and shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from compliance.models import Disclosure
from kernel.gateways import Unreachable
from kernel.models import Case, Event
from logistics.gateways.tracking import Report, Told
from logistics.vocabulary import Code
from returns.services import following
from returns.services.arrive import receive
from returns.services.way import MendedOften, send
from tests import make
from tests.logistics import shipping
from tests.returns.parts import DELIVERED, asked, delivered

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
WAYBILL = "SF2000000000001"


class Tracker:
    """What is told of every waybill, and which were asked about."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.asked: list[tuple[str, str, str]] = []
        self.down = False

    def says(self, hours: int, code: Code, text: str = "运输中") -> None:
        self.told.append(Told(DELIVERED + hours * HOUR, code, "0", text))

    def ask(self, *, carrier: str, waybill: str, phone: str) -> Report:
        self.asked.append((carrier, waybill, phone))
        if self.down:
            raise Unreachable(party="kuaidi100", reason="down")
        return Report("kuaidi100", carrier, waybill, tuple(self.told))


@pytest.fixture
def tracker(monkeypatch):
    made = Tracker()
    monkeypatch.setattr(following, "kuaidi100", lambda account: made)
    return made


@pytest.fixture
def row(customs, tracker):
    world = make.world()
    shipping.kuaidi100(world.shop)
    return send(request=asked(delivered(world)), carrier="SF", waybill=WAYBILL, by="consumer", now=DELIVERED)


def kinds():
    return {case.kind: case.state for case in Case.objects.filter(kind__startswith="return.")}


def test_what_was_told_last_is_kept_with_no_telephone_in_it_and_asked_again_after_hours(row, tracker):
    tracker.says(2, Code.OUT_FOR_DELIVERY, "派件员 13911112222 派送中")
    tracker.says(1, Code.PICKED_UP)
    tracker.says(99, Code.DELIVERED, "tomorrow's")
    assert following.sweep(now=DELIVERED + 3 * HOUR) == 1
    row.refresh_from_db()
    assert (row.way_code, row.way_at) == ("out_for_delivery", DELIVERED + 2 * HOUR)
    assert "13911112222" not in row.way_text
    assert tracker.asked == [("SF", WAYBILL, "057488880000")]
    assert following.sweep(now=DELIVERED + 4 * HOUR) == 0
    assert following.sweep(now=DELIVERED + 9 * HOUR) == 0  # nothing new
    assert len(tracker.asked) == 2
    assert list(Disclosure.objects.filter(purpose="track").values_list("fields", flat=True)) == [
        ["waybill", "carrier_name"]
    ]


def test_what_was_delivered_and_nobody_received_is_a_case_until_somebody_does(row, tracker):
    tracker.says(5, Code.DELIVERED, "已签收")
    following.sweep(now=DELIVERED + 6 * HOUR)
    assert Case.objects.get(kind="return.delivered").facts["on"] == "2026-11-24"
    receive(request=row, by="op", now=DELIVERED + 7 * HOUR)
    assert kinds() == {"return.delivered": "settled"}
    assert following.sweep(now=DELIVERED + 30 * HOUR) == 0
    assert len(tracker.asked) == 1


def test_what_was_lost_is_a_case(row, tracker):
    tracker.says(5, Code.LOST, "快件遗失")
    following.sweep(now=DELIVERED + 6 * HOUR)
    assert kinds() == {"return.lost_on_way": "open"}


def test_a_tracker_that_does_not_answer_is_asked_later_and_a_fault_is_a_case_that_settles(
    row, tracker, monkeypatch
):
    tracker.down = True
    assert following.sweep(now=DELIVERED + HOUR) == 0
    assert kinds() == {}
    tracker.down = False
    monkeypatch.setattr(following, "_keep", lambda *_: 1 // 0)
    assert following.sweep(now=DELIVERED + 8 * HOUR) == 0
    assert kinds() == {"return.tracking_failing": "open"}
    monkeypatch.undo()
    monkeypatch.setattr(following, "kuaidi100", lambda account: tracker)
    tracker.says(1, Code.PICKED_UP)
    assert following.sweep(now=DELIVERED + 15 * HOUR) == 1
    assert kinds() == {"return.tracking_failing": "settled"}


def test_what_is_told_of_a_waybill_that_was_mended_meanwhile_is_not_kept(row, tracker, monkeypatch):
    tracker.says(1, Code.DELIVERED)
    ask = tracker.ask

    def mended(**asked):
        report = ask(**asked)
        send(request=row, carrier="SF", waybill="SF2000000000002", by="consumer", now=DELIVERED + HOUR)
        return report

    monkeypatch.setattr(tracker, "ask", mended)
    assert following.sweep(now=DELIVERED + 2 * HOUR) == 0
    row.refresh_from_db()
    assert (row.way_code, kinds()) == ("", {})


def test_without_a_tracker_nobody_is_asked(customs, tracker):
    send(request=asked(delivered(make.world())), carrier="SF", waybill=WAYBILL, by="consumer", now=DELIVERED)
    assert following.sweep(now=DELIVERED + HOUR) == 0
    assert (tracker.asked, Disclosure.objects.filter(purpose="track").count()) == ([], 0)


def test_a_waybill_is_mended_five_times_each_time_told_and_the_same_one_is_no_mending(row):
    for nth in range(7, 12):
        send(request=row, carrier="SF", waybill=f"SF20000000000{nth:02}", by="consumer", now=DELIVERED)
    send(request=row, carrier="SF", waybill="SF2000000000011", by="consumer", now=DELIVERED)
    with pytest.raises(MendedOften):
        send(request=row, carrier="SF", waybill="SF2000000000099", by="consumer", now=DELIVERED)
    row.refresh_from_db()
    told = list(
        Event.objects.filter(name="return.way_mended").order_by("seq").values_list("facts", flat=True)
    )
    assert (row.waybill, len(told)) == ("SF2000000000011", 5)
    assert (told[0]["before"], told[0]["waybill"]) == (f"SF {WAYBILL}", "SF2000000000007")
    send(request=row, carrier="ZTO", waybill="ZTO20000000001", by="mei", now=DELIVERED)
    row.refresh_from_db()
    assert row.carrier == "ZTO"
