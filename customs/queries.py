"""What is asked of all declarations at once, in one statement each however many there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any, Literal, NamedTuple

from django.db.models import (
    Aggregate,
    Case,
    Count,
    DateTimeField,
    F,
    FloatField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Extract, TruncDate

from compliance.law import Law
from customs.models import Declaration, PortAccount, PortReceipt, TaxSheet
from customs.services.taxes import ALARM, owing_in, unpaid
from customs.services.waiting import LATE_AFTER, WATCHED
from customs.states import DECLARATION
from kernel.clock import SHANGHAI

# Since when a declaration stands where it stands, and after how long a colleague should look: of ours what
# the sweep itself takes for late, of customs what it usually needs.
SINCE: Mapping[str, tuple[Any, timedelta]] = {
    "waiting": (F("opened_at"), LATE_AFTER),
    "documents": (F("opened_at"), LATE_AFTER),
    "blocked": (F("state_since"), timedelta(hours=24)),
    "rejected": (F("state_since"), timedelta(hours=24)),
    "listed": (F("listed_at"), timedelta(hours=2)),
    "accepted": (F("accepted_at"), WATCHED["accepted"]),
    **{state: (F("told_at"), WATCHED[state]) for state in ("review", "inspection", "detained")},
    "cancelling": (F("state_since"), timedelta(hours=24)),
}
TO_MEND = ("blocked", "rejected")
STOPPED = ("review", "inspection", "detained")
DONE = tuple(state for state in DECLARATION.states if state not in SINCE)
Start = Literal["paid", "listed"]
STARTS: Mapping[Start, str] = {"paid": "order__paid_at", "listed": "listed_at"}


class Percentile(Aggregate):
    """What so large a share of the values does not exceed."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


class Standing(NamedTuple):
    """How many declarations stand in one state for one reason, since when, and how many for too long."""

    state: str
    awaits: str
    trouble: str
    many: int
    oldest: datetime | None
    late: int


class Day(NamedTuple):
    """How long the lists released on one day had taken, in hours: half of them, and nine of ten."""

    day: date
    lists: int
    median: float
    slow: float


class Owed(NamedTuple):
    """The tax of one account's lists that were released on one day; without a day, that are not released."""

    account_id: int
    day: date | None
    lists: int
    sheets: int
    fen: int


def since() -> Case:
    """Since when a declaration stands in its state."""
    whens = [When(state=state, then=at) for state, (at, _) in SINCE.items()]
    return Case(*whens, default=Value(None), output_field=DateTimeField())


def late(now: datetime) -> Q:
    """Which declarations, annotated with `since`, have stood in their state for too long."""
    return reduce(or_, (Q(state=state, since__lt=now - most) for state, (_, most) in SINCE.items()))


def standing(rows: QuerySet[Declaration], now: datetime) -> list[Standing]:
    """The declarations under way, by state and reason; the oldest reason of a state first."""
    found = (
        rows.filter(state__in=SINCE)
        .annotate(since=since())
        .values("state", "awaits", "trouble")
        .annotate(many=Count("pk"), oldest=Min("since"), late=Count("pk", filter=late(now)))
        .order_by("oldest")
    )
    return [Standing(**row) for row in found]


def done(rows: QuerySet[Declaration]) -> dict[str, int]:
    """How many declarations have come to each state in which nothing is awaited any more."""
    counted = rows.filter(state__in=DONE).order_by().values_list("state").annotate(Count("pk"))
    return dict(counted)


def to_mend(rows: QuerySet[Declaration], most: int) -> QuerySet[Any]:
    """What a person must look at, the longest first, with `since`, and `code` and `document` of the last
    receipt that names an error."""
    refusals = (
        PortReceipt.objects.filter(filing__declaration=OuterRef("pk"), outcome="taken")
        .exclude(code="")
        .order_by("-id")
    )
    return (
        rows.filter(state__in=TO_MEND)
        .annotate(
            since=since(),
            code=Subquery(refusals.values("code")[:1]),
            document=Subquery(refusals.values("filing__kind")[:1]),
        )
        .order_by("since", "id")[:most]
    )


def stopped(rows: QuerySet[Declaration], most: int) -> QuerySet[Any]:
    """What customs has stopped to look at, the longest first, with `since`."""
    return rows.filter(state__in=STOPPED).annotate(since=since()).order_by("since", "id")[:most]


def unanswered(rows: QuerySet[Declaration], most: int, now: datetime) -> QuerySet[Any]:
    """Lists that are asked back and that customs has not answered in its time, the longest first."""
    asked = rows.filter(state="cancelling").annotate(since=since())
    return asked.filter(late(now)).order_by("since", "id")[:most]


def clearance(rows: QuerySet[Declaration], *, start: Start, first: date) -> list[Day]:
    """How long it took from the payment, or the list's sending, until customs released, by day of release."""
    took = Extract(F("released_at") - F(STARTS[start]), "epoch") / Value(3600.0)
    found = (
        rows.filter(released_at__gte=datetime.combine(first, time(), SHANGHAI))
        .filter(**{f"{STARTS[start]}__isnull": False})
        .annotate(day=TruncDate("released_at", tzinfo=SHANGHAI))
        .values("day")
        .annotate(
            lists=Count("pk"),
            median=Percentile(took, fraction=0.5),
            slow=Percentile(took, fraction=0.9),
        )
        .order_by("day")
    )
    return [Day(**row) for row in found]


def owed(accounts: QuerySet[PortAccount]) -> list[Owed]:
    """What the guarantees of these accounts answer for, by account and day of release, oldest first."""
    rows = owing_in(Declaration.objects.filter(account__in=accounts)).annotate(
        day=_released_on("released_at")
    )
    sheets = (
        TaxSheet.objects.filter(unpaid(), declaration__account__in=accounts)
        .annotate(day=_released_on("declaration__released_at"))
        .order_by()
        .values_list("declaration__account", "day")
        .annotate(Count("pk"))
    )
    told = {(account, day): count for account, day, count in sheets}
    found = rows.values("account_id", "day").annotate(lists=Count("pk"), fen=Sum("tax_fen")).order_by("day")
    return [Owed(sheets=told.get((row["account_id"], row["day"]), 0), **row) for row in found]


def window_of(day: date | None, today: date) -> tuple[str, date | None, date | None]:
    """Where a day of release stands in the window in which its tax is paid, and the window's two days."""
    if day is None:
        return "unreleased", None, None
    figure = Law(today).figure("import/tax_payment_days")
    opens, ends = (day + timedelta(days=figure[name]) for name in ("first", "last"))
    if today < opens:
        return "not_yet", opens, ends
    if today > ends:
        return "over", opens, ends
    return ("ending" if today >= ends - ALARM else "open"), opens, ends


def _released_on(field: str) -> TruncDate:
    return TruncDate(field, tzinfo=SHANGHAI)
