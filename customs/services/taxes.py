"""What customs levies is taken in sheet by sheet, compared with what was declared, and paid in time.

The guarantee (担保) answers for a list from its sending until each of its tax sheets is paid or void. Nobody
is asked to pay before the window opens, in which nothing can come back untaxed any more (law.md R1.7).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from compliance.law import Law
from customs.ceb.message import Values
from customs.documents.declared import fen
from customs.models import Declaration, PortAccount, TaxSheet
from customs.states import AT_CUSTOMS
from kernel.cases import open_anew, open_case, settle_open, settle_over
from kernel.clock import SHANGHAI, shanghai_day

DIFFERS, DUE, ENDING, OVER = (f"customs.tax_{word}" for word in ("differs", "due", "ending", "over"))
TITLES = {
    DUE: "Tax of released lists is to be paid now",
    ENDING: "The window in which tax is paid ends",
    OVER: "The window in which tax is paid is over",
}
ALARM = timedelta(days=3)  # before the last day of the window
Status = TaxSheet.Status
# Our own name of each kind of tax, and customs' element.
KINDS = {"duty_fen": "customsTax", "vat_fen": "valueAddedTax", "excise_fen": "consumptionTax"}


def owing(account: PortAccount) -> QuerySet[Declaration]:
    """The declarations whose `tax_fen` the guarantee of an account answers for."""
    return owing_in(Declaration.objects.filter(account=account))


def owing_in(rows: QuerySet[Declaration]) -> QuerySet[Declaration]:
    """Of these declarations, those whose `tax_fen` a guarantee answers for."""
    sheets = TaxSheet.objects.filter(unpaid(), declaration=OuterRef("pk"))
    return rows.filter(tax_fen__gt=0, listed_at__isnull=False).filter(
        Q(state__in=AT_CUSTOMS) | Exists(sheets)
    )


def owed_fen(account: PortAccount, *, but: Declaration | None = None) -> int:
    """What the guarantee of an account answers for now, one declaration left out."""
    rows = owing(account) if but is None else owing(account).exclude(pk=but.pk)
    return rows.aggregate(sum=Sum("tax_fen"))["sum"] or 0


def take_sheet(*, declaration: Declaration, head: Values, now: datetime) -> bool:
    """Note what a receipt (816, 818) tells of a sheet; False where a later one is known.

    Called under the lock of the declaration. A state that is told of first makes the sheet, whose amounts
    follow.
    """
    amounts = {name: fen(head[element]) for name, element in KINDS.items() if element in head}
    told_at, status = _told_at(head, now), str(head["status"])
    sheet = TaxSheet.objects.filter(declaration=declaration, tax_no=str(head["taxNo"])).first()
    news = True
    if sheet is None:
        sheet = TaxSheet(
            storefront_id=declaration.storefront_id,
            declaration=declaration,
            tax_no=str(head["taxNo"]),
            list_no=declaration.list_no,
            status=status,
            duty_no=str(head.get("entDutyNo", "")),
            told_at=told_at,
            received_at=now,
            **amounts,
        )
    else:
        later = (told_at, status) > (sheet.told_at, sheet.status)
        news = later or bool(amounts and sheet.total_fen is None)
        if amounts and news:
            for name, amount in amounts.items():
                setattr(sheet, name, amount)
        if later:
            sheet.status, sheet.told_at = status, told_at
            sheet.duty_no = str(head.get("entDutyNo", "")) or sheet.duty_no
    if news:
        sheet.save(update_fields=None if sheet._state.adding else ("status", "duty_no", "told_at", *KINDS))
        _count(declaration)
        _compare(declaration, now)
    return news


def remind(*, now: datetime) -> int:
    """Put before a person what is to be paid, by day of release, once its window opens, before it ends and
    when it is over.

    Settles what no sheet waits for any more; returns how many days of release wait.
    """
    today = shanghai_day(now)
    window = Law(today).figure("import/tax_payment_days")
    first, last = timedelta(days=window["first"]), timedelta(days=window["last"])
    before = datetime.combine(today - first + timedelta(days=1), time(), SHANGHAI)
    waiting: dict[str, set[str]] = {kind: set() for kind in TITLES}
    for account in PortAccount.objects.order_by("pk"):
        days = (
            owing(account)
            .filter(released_at__lt=before)
            .annotate(day=TruncDate("released_at", tzinfo=SHANGHAI))
            .values("day")
            .annotate(lists=Count("pk"), fen=Sum("tax_fen"))
            .order_by("day")
        )
        for row in days:
            ends = row["day"] + last
            facts = {
                "account": str(account),
                "released": row["day"].isoformat(),
                "lists": row["lists"],
                "owing_fen": row["fen"],
                "until": ends.isoformat(),
            }
            key = f"port:{account.public_id}:{row['day']}"
            for kind in _kinds(today, ends):
                waiting[kind].add(key)
                open_anew(
                    storefront_id=account.storefront_id,
                    kind=kind,
                    key=key,
                    title=TITLES[kind],
                    facts=facts,
                    now=now,
                )
    for kind, keys in waiting.items():
        settle_over(kind=kind, waits=keys.__contains__, now=now)
    return len(waiting[DUE] | waiting[OVER])


def _kinds(today: date, ends: date) -> tuple[str, ...]:
    if today > ends:
        return (OVER,)
    return (DUE, ENDING) if today >= ends - ALARM else (DUE,)


def unpaid() -> Q:
    """Sheets that are still to be paid, as TaxSheet.stands_open."""
    return ~Q(status=Status.VOID) & ~(Q(status=Status.SUMMARISED) & ~Q(duty_no=""))


def _count(declaration: Declaration) -> None:
    """What the guarantee still answers for: the sheets that are open, and what was declared for want of one's
    amounts."""
    open_ones = [one for one in TaxSheet.objects.filter(declaration=declaration) if one.stands_open]
    declaration.tax_fen = sum(
        declaration.declared_tax_fen if one.total_fen is None else one.total_fen for one in open_ones
    )
    declaration.save(update_fields=["tax_fen"])


def _compare(declaration: Declaration, now: datetime) -> None:
    """What customs levies and what the consumer was told to pay is one sum, kind by kind, on every sheet."""
    ours = {name: getattr(declaration, name) for name in KINDS}
    standing = TaxSheet.objects.filter(declaration=declaration).exclude(status=Status.VOID).order_by("id")
    told = [
        (one.tax_no, {name: getattr(one, name) for name in KINDS})
        for one in standing
        if one.total_fen is not None
    ]
    differing = [(number, customs) for number, customs in told if customs != ours]
    key = declaration.event_key
    if not differing:
        settle_open(kinds=[DIFFERS], key=key, by="system", note="void, or no difference", now=now)
        return
    number, customs = differing[-1]
    open_case(
        storefront_id=declaration.storefront_id,
        kind=DIFFERS,
        key=key,
        title="Customs levies another tax than was declared",
        facts={"order": declaration.number, "tax_sheet": number, "levied": customs, "declared": ours},
        now=now,
    )


def _told_at(head: Values, now: datetime) -> datetime:
    told_at = head.get("returnTime")
    return told_at if isinstance(told_at, datetime) else now
