"""Each morning every bill of yesterday is asked for until it is there, and the days that were missed too."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, time, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Min

from kernel.cases import AlreadySettled, open_case, open_failing, settle_case
from kernel.clock import SHANGHAI, shanghai_day
from kernel.errors import Conflict, Invalid, Upstream
from kernel.models import Case
from kernel.tenancy import tenant
from payments.gateways.wechat_pay import client_of
from payments.models import Bill, Payment
from payments.services.bills.funds import kinds, match_funds
from payments.services.bills.matching import match
from payments.services.bills.take import take
from payments.states import BILL
from storefronts import queries as storefronts
from wechat.errors import NoStatement, StatementNotReady
from wechat.pay.bills import fund_bill, trade_bill

READY = time(10)  # of the next day, in Shanghai (wechat.md B7)
OLDEST = timedelta(days=90)
LATE_AFTER = timedelta(hours=12)
LEASE, LONGEST_WAIT = timedelta(minutes=10), timedelta(hours=1)
BATCH = 20

log = structlog.get_logger(__name__)


class DayNotOver(Invalid):
    """The bill of a day is there from ten o'clock of the next one, in Shanghai."""

    code = "bill_day_not_over"
    title = "The bill of a day is there from ten o'clock of the next day."
    title_zh = "账单于次日上午十点后可下载。"


def ready_at(day: date) -> datetime:
    """From when WeChat Pay has the bill of `day`."""
    return datetime.combine(day + timedelta(days=1), READY, SHANGHAI)


def due(*, now: datetime) -> int:
    """Fetch and match what is there to be fetched and matched; returns how many bills were tried.

    Each is claimed by moving its next try on before WeChat is asked: two workers share the work, and what
    a dead one began is taken up again. One that fails in a way that nobody foresaw stops no other: it is a
    case, and tried again later.
    """
    _expect(now)
    tried = 0
    for bill in _claim(now):
        try:
            _tried(bill, now)
        except Exception as failure:
            _failing(bill, failure, now)
        tried += 1
    return tried


def run_day(*, mchid: str, day: date, now: datetime) -> list[Bill]:
    """The bills of one merchant number and day, as far as they can be brought now, whatever was tried.

    A day that is matched stays as it is. Raises DayNotOver, and Missing for a number that is not ours.
    """
    if now < ready_at(day):
        raise DayNotOver()
    _make(storefronts.storefront_id_of_merchant(mchid), mchid, [day], now)
    bills = {bill.kind: bill for bill in Bill.objects.filter(mchid=mchid, day=day)}
    ordered = [bills[kind] for kind in (Bill.Kind.TRADE, *kinds()) if kind in bills]
    for bill in ordered:
        _tried(bill, now)
    return ordered


def ask_again(*, bill: Bill, by: str, now: datetime) -> None:
    """Have an unreadable bill fetched anew. Raises WrongState for any other."""
    with tenant(bill.storefront_id):
        BILL.move(bill, "again", now=now, facts={"by": by}, next_try_at=now, tries=0, trouble="")


def _tried(bill: Bill, now: datetime) -> None:
    try:
        _run(bill, now)
    except (Upstream, Conflict) as failure:
        trouble = str(failure)[:200]
        log.warning("bill_not_there", bill=str(bill), trouble=trouble)
        Bill.objects.filter(pk=bill.pk).update(trouble=trouble)
        bill.trouble = trouble
    _watch(bill, now)


def _run(bill: Bill, now: datetime) -> None:
    """One step after another; each looks at the state anew, so that it may have died anywhere before."""
    bill.refresh_from_db()
    if bill.state == "asked":
        _fetch(bill, now)
    if bill.state == "downloaded":
        (match if bill.kind == Bill.Kind.TRADE else match_funds)(bill=bill, now=now)


def _fetch(bill: Bill, now: datetime) -> None:
    client = client_of(bill.mchid)
    with tempfile.TemporaryFile() as file:
        try:
            if bill.kind == Bill.Kind.TRADE:
                sha1 = trade_bill(client, day=bill.day, into=file)
            else:
                account = bill.kind.removeprefix("fund_").upper()
                sha1 = fund_bill(client, day=bill.day, account=account, into=file)
        except NoStatement:
            if _money_came(bill) and now < ready_at(bill.day) + timedelta(days=1):
                raise StatementNotReady(call="bill", wechat_code="NO_STATEMENT_EXIST") from None
            take(bill=bill, file=None, sha1="", now=now)
        else:
            take(bill=bill, file=file, sha1=sha1, now=now)


def _money_came(bill: Bill) -> bool:
    """Whether we know of a payment of that day, so that "no bill" may only mean "not yet"."""
    begin = datetime.combine(bill.day, time(), SHANGHAI)
    return bill.kind in (Bill.Kind.TRADE, Bill.Kind.FUND_BASIC) and (
        Payment.objects.filter(
            mchid=bill.mchid,
            state__in=["succeeded", "stray"],
            succeeded_at__gte=begin,
            succeeded_at__lt=begin + timedelta(days=1),
        ).exists()
    )


def _watch(bill: Bill, now: datetime) -> None:
    """A bill that stays away is a case, and no longer one when it has come."""
    if bill.state == "asked" and now >= ready_at(bill.day) + LATE_AFTER:
        open_case(
            storefront_id=bill.storefront_id,
            kind="bill.late",
            key=bill.event_key,
            title="A bill of WeChat Pay is still not there",
            facts={
                "merchant": bill.mchid,
                "day": bill.day.isoformat(),
                "bill": bill.kind,
                "error": bill.trouble,
            },
            now=now,
        )
        return
    if bill.state == "asked":
        return
    come = ["bill.late"] + ([] if bill.state == "unreadable" else ["bill.unreadable"])
    come += ["bill.failing"] if bill.state in ("matched", "unreadable") else []
    for case in Case.objects.filter(kind__in=come, key=bill.event_key, state=Case.State.OPEN):
        try:
            settle_case(case=case, by="system", note="the bill has come and was read", now=now)
        except AlreadySettled:
            continue


def _failing(bill: Bill, failure: Exception, now: datetime) -> None:
    """What must be mended here, not at WeChat Pay; settled when the bill was read, or its own case tells."""
    open_failing(
        storefront_id=bill.storefront_id,
        kind="bill.failing",
        key=bill.event_key,
        title="A bill cannot be worked on: something that nobody foresaw",
        facts={
            "merchant": bill.mchid,
            "day": bill.day.isoformat(),
            "bill": bill.kind,
        },
        failure=failure,
        now=now,
    )


def _expect(now: datetime) -> None:
    """A row for each bill that should be there by now, from a merchant's first payment, or 90 days back."""
    last = shanghai_day(now) - timedelta(days=1)
    if now < ready_at(last):
        last -= timedelta(days=1)
    first = Payment.objects.values("mchid", "storefront_id").annotate(at=Min("created_at")).order_by("mchid")
    for merchant in first:
        since = max(shanghai_day(merchant["at"]), last - OLDEST)
        known = set(
            Bill.objects.filter(mchid=merchant["mchid"], kind=Bill.Kind.TRADE, day__gte=since).values_list(
                "day", flat=True
            )
        )
        days = [since + timedelta(days=n) for n in range((last - since).days + 1)]
        # Any day may be missing, not only the latest: a later one may have been asked for by hand.
        missing = [day for day in days if day not in known]
        _make(merchant["storefront_id"], merchant["mchid"], missing, now)


def _make(storefront_id: int, mchid: str, days: list[date], now: datetime) -> None:
    if not days:
        return
    with tenant(storefront_id):
        Bill.objects.bulk_create(
            [
                Bill(
                    storefront_id=storefront_id,
                    mchid=mchid,
                    day=day,
                    kind=kind,
                    asked_at=now,
                    next_try_at=now,
                )
                for day in days
                for kind in (Bill.Kind.TRADE, *kinds())
            ],
            ignore_conflicts=True,
        )


def _claim(now: datetime) -> list[Bill]:
    with transaction.atomic():
        found = list(
            Bill.objects.select_for_update(skip_locked=True)
            .filter(state__in=["asked", "downloaded"], next_try_at__lte=now)
            .order_by("day", "-kind")[:BATCH]  # the trades of a day before what moved on accounts
        )
        for bill in found:
            wait = min(LEASE * (bill.tries + 1), LONGEST_WAIT)
            Bill.objects.filter(pk=bill.pk).update(tries=F("tries") + 1, next_try_at=now + wait)
    return found
