"""Trials of a day's bills: fetched, taken over line by line, matched, entered into the ledger, each once."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Max, Q, Sum

from backend.chaos.books import Finding, Part
from backend.chaos.faults import Fault, Killed, KilledAfter, Point, Spoilt, Twice
from backend.chaos.stage import Stage
from backend.chaos.ways import BUSY, LATE, NOBODY, Step, killed, killed_writing, spoilt
from kernel.clock import SHANGHAI, shanghai_day
from kernel.models import Event
from orders.models import Order
from payments.models import Bill, BillDifference, BillLine, Payment
from payments.services import send_refund
from payments.services.bills.run import READY, ask_again, due, run_day
from settlement.models import Entry

NOON = time(12)
MORNING = timedelta(minutes=5)  # after the bills of yesterday are there
TWO_MINUTES = 120
# WeChat begins anew with each trial, and our books do not: what stood in the account before is another's.
OF_BALANCE = ("fund_balance", "ledger_balance")
LINES = {"taking_the_lines_of_trades": "payments_billline", "taking_the_movements": "payments_fundline"}
MATCHING = {"matching": "payments_billdifference"}
ENTERING = {"entering_the_commission": "settlement_entry"}


def sold(stage: Stage, *, heard: bool = True) -> Order:
    """An order paid at noon of a day that no bill has been asked for; the days before are done."""
    stage.play(BILLS)
    order = stage.order()
    client = stage.start(order)
    last = Bill.objects.filter(storefront=stage.shop).aggregate(last=Max("day"))["last"]
    today = shanghai_day(stage.now())
    day = max(last or today, today) + timedelta(days=1)
    stage.pass_time((datetime.combine(day, NOON, SHANGHAI) - stage.now()).total_seconds())
    while due(now=stage.now()):
        pass
    stage.sandbox.tell("switches", call="notify", mode="lost_notification")
    stage.sandbox.tell("pay", client=client, force=True)
    if heard:
        stage.hear_of(order)
        stage.deliver()
    return order


def next_morning(stage: Stage) -> None:
    """The bills of the day are there."""
    day = shanghai_day(stage.now()) + timedelta(days=1)
    ready = datetime.combine(day, READY, SHANGHAI) + MORNING
    stage.pass_time((ready - stage.now()).total_seconds())


def fetches(stage: Stage, fault: Fault) -> Order:
    """Fetching, taking or matching the bills of a day goes wrong; what cannot be read is asked for again."""
    order = sold(stage)
    next_morning(stage)
    fault.strike(stage, lambda: due(now=stage.now()))
    for bill in Bill.objects.filter(storefront=stage.shop, state="unreadable"):
        ask_again(bill=bill, by="chaos", now=stage.now())
    return order


def fetches_too_soon(stage: Stage, fault: Fault) -> Order:
    """The same, and before that it was asked for when it was not there yet."""
    order = sold(stage)
    next_morning(stage)
    stage.sandbox.tell("switches", call="tradebill", mode="late")
    stage.sandbox.tell("switches", call="fundflowbill", mode="late")
    due(now=stage.now())
    stage.pass_time(3600)
    fault.strike(stage, lambda: due(now=stage.now()))
    return order


def hears_of_payment(stage: Stage, fault: Fault) -> Order:
    """The bill is the first to tell of the payment, and taking that in goes wrong."""
    order = sold(stage, heard=False)
    next_morning(stage)
    fault.strike(stage, lambda: due(now=stage.now()))
    return order


def hears_of_refund(stage: Stage, fault: Fault) -> Order:
    """The bill is the first to tell that a refund arrived, and taking that in goes wrong."""
    order = sold(stage)
    stage.sandbox.tell("switches", call="notify", mode="lost_notification")
    stage.ask_back(order)
    send_refund.sweep(now=stage.now())
    next_morning(stage)
    fault.strike(stage, lambda: due(now=stage.now()))
    return order


def enters(stage: Stage, fault: Fault) -> Order:
    """Everything is matched, and entering what the bills alone tell goes wrong."""
    order = sold(stage)
    next_morning(stage)
    while due(now=stage.now()):
        pass
    fault.strike(stage, stage.deliver)
    return order


def asks_again(stage: Stage, fault: Fault) -> Order:
    """A day that is done is asked for once more, by hand."""
    order = sold(stage)
    day = shanghai_day(stage.now())
    next_morning(stage)
    while due(now=stage.now()):
        pass
    stage.deliver()
    mchid = Payment.objects.get(order=order).mchid
    fault.strike(stage, lambda: run_day(mchid=mchid, day=day, now=stage.now()))
    return order


def _compare(found: Finding, order: Order, books: dict[str, Any]) -> None:
    payments = Payment.objects.filter(order=order, transaction_id__isnull=False)
    lines = list(BillLine.objects.filter(payment__in=payments).select_related("bill"))
    here = Counter((line.kind, line.out_refund_no or line.out_trade_no) for line in lines)
    there = [("sale", one["out_trade_no"]) for one in books["orders"] if one["paid"]]
    there += [("refund", one["out_refund_no"]) for one in books["refunds"]]
    found.lost += [f"the line of {kind} {number}" for kind, number in there if not here[kind, number]]
    found.doubled += [
        f"{count} lines of {kind} {number}" for (kind, number), count in here.items() if count > 1
    ]
    for bill in Bill.objects.filter(pk__in={line.bill_id for line in lines}):
        for one in Bill.objects.filter(mchid=bill.mchid, day=bill.day):
            _whole(found, one, order)
    for line in lines:
        _commission(found, line)


def _whole(found: Finding, bill: Bill, order: Order) -> None:
    """A bill is matched, with each of its lines, told of once, and nothing of it differs; what it lacks of
    orders that WeChat has forgotten since is nothing of this one."""
    if bill.state != "matched":
        found.open.append(f"bill {bill.kind} {bill.state}")
        return
    rows = (bill.lines if bill.kind == Bill.Kind.TRADE else bill.movements).count()
    if rows != bill.rows:
        (found.lost if rows < bill.rows else found.doubled).append(f"{rows} of {bill.rows} lines of {bill}")
    told = Event.objects.filter(name="bill.matched", key=bill.event_key).count()
    if told != 1:
        (found.lost if told < 1 else found.doubled).append(f"{bill} matched {told} times")
    another = Q(payment__isnull=False) & ~Q(payment__order=order)
    wrong = BillDifference.objects.filter(bill=bill).exclude(another).exclude(kind__in=OF_BALANCE)
    found.lost += [f"{kind} {key}" for kind, key in wrong.order_by("id").values_list("kind", "key")]


def _commission(found: Finding, line: BillLine) -> None:
    if not line.fee_fen or line.bill.state != "matched":
        return
    entries = Entry.objects.filter(kind="fee", bill_line=line, postings__account="fee")
    fen = entries.aggregate(sum=Sum("postings__amount_fen", default=0))["sum"]
    if fen != line.fee_fen:
        side = found.doubled if abs(fen) > abs(line.fee_fen) else found.lost
        side.append(f"commission of line {line}: {fen} fen for {line.fee_fen}")


def _ends(order: Order) -> str:
    days = Bill.objects.filter(lines__payment__order=order).order_by("day").distinct()
    bills = Bill.objects.filter(day__in=days.values("day"), storefront=order.storefront).order_by(
        "day", "-kind"
    )
    return " ".join(f"{kind} {state}" for kind, state in bills.values_list("kind", "state")) or "-"


BILLS = Part(lambda at: due(now=at), _compare, _ends)


def _spoilt_bill(call: str) -> list[Fault]:
    modes = ("late", "wrong_hash", "truncated", "elsewhere")
    return [*spoilt(call, BUSY, NOBODY), *(Spoilt(call, mode) for mode in modes)]


def _spoilt_file() -> list[Fault]:
    late = {"seconds": LATE}
    gone = Spoilt("billdownload", "error", {"code": "NOT_FOUND", "status": 404})
    silent = [Spoilt("billdownload", mode, late) for mode in ("timeout_before", "timeout_after")]
    return [*silent, Spoilt("billdownload", "500_before"), Spoilt("billdownload", "500_after"), gone]


def _killed_fetching() -> list[Fault]:
    """At each of the four calls: the address and the file of the trades, and of the movements."""
    asked = [Killed(point, nth=nth) for nth in (1, 3) for point in (Point.BEFORE_CALL, Point.AFTER_CALL)]
    return [*asked, *killed(2), *killed(4), *killed_writing(**LINES)[2:]]


STEPS: tuple[Step, ...] = (
    ("bills: trades", fetches, lambda: [*_spoilt_bill("tradebill"), *_spoilt_file()]),
    ("bills: movements", fetches, lambda: _spoilt_bill("fundflowbill")),
    ("bills: fetched", fetches, lambda: [*_killed_fetching(), Twice()]),
    ("bills: fetched later", fetches_too_soon, lambda: [*killed(2), Twice()]),
    (
        "bills: first of payment",
        hears_of_payment,
        lambda: [
            *spoilt("query", BUSY)[3:],
            *killed(3),
            KilledAfter(r'UPDATE "payments_payment"', "settling"),
            *killed_writing(**MATCHING)[2:],
            Twice(),
        ],
    ),
    (
        "bills: first of refund",
        hears_of_refund,
        lambda: [
            KilledAfter(r'UPDATE "payments_refund"', "taking in the refund"),
            *killed_writing(**MATCHING)[2:],
            Twice(),
        ],
    ),
    ("bills: entered", enters, lambda: [*killed_writing(**ENTERING), Twice()]),
    ("bills: once more", asks_again, lambda: [Twice()]),
)
