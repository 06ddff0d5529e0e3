"""The tax of what was refunded of a released list: what of it customs gives up, and what stays owed.

Customs levies none of what was declared as a return, was back in time and is not refused; that it grants it
is not awaited. Of all else that was refunded, by a return or by hand, the tax stays owed. Whatever is told
later, the ledger is put right by the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from django.db.models import F, Q, Sum

from customs.models import Declaration
from customs.services import return_story
from kernel.clock import shanghai_day
from kernel.models import Event
from orders.models import Order, OrderLine
from payments.models import Refund, RefundLine
from returns.models import ReturnGrade, ReturnLine, ReturnRequest
from settlement.services.entries import enter_tax_owed


def given_up(row: ReturnRequest, pieces: Mapping[int, int]) -> Counter[int]:
    """Of these pieces of a request (line id → how many), those whose tax customs gives up.

    Where several requests brought what one return named, what the others brought is theirs.
    """
    declaration = Declaration.objects.filter(order_id=row.order_id).first() if row.return_no else None
    if declaration is None:
        return Counter()
    free = return_story.given_up(declaration, row.return_no)
    if free and row.received_at and shanghai_day(row.received_at) > return_story.last_day(declaration):
        return Counter()
    sharing = Q(line__request__return_no=row.return_no, line__request__order=row.order_id)
    theirs = ReturnGrade.objects.filter(sharing).exclude(line__request=row.pk).exclude(place="nowhere")
    for sku, many, at in theirs.values_list("line__line__sku", "quantity", "line__request__received_at"):
        if at is None or shanghai_day(at) <= return_story.last_day(declaration):
            free[sku] -= many
    given = Counter[int]()
    lines = OrderLine.objects.filter(order=row.order_id).order_by("position")
    for line, sku in lines.values_list("pk", "sku"):
        given[line] = max(0, min(pieces.get(line, 0), free[sku]))
        free[sku] -= given[line]
    return +given


def share(row: ReturnRequest) -> None:
    """Keep with a held, settled return what customs gives up of its tax, and what it does not."""
    if row.state != "settled" or row.refund is None or row.declare_by is None:
        return
    own = _own(row, row.refund)
    given = given_up(row, {line: last - first for line, (first, last) in own.items()})
    owed = spared = 0
    for line in RefundLine.objects.filter(refund=row.refund, line__in=own):
        tax = line.duty_fen + line.vat_fen + line.excise_fen
        first, last = own[line.line_id]
        begin, middle, end = (tax * n // line.quantity for n in (first, first + given[line.line_id], last))
        spared, owed = spared + middle - begin, owed + end - middle
    row.restorable = all(given[line] == last - first for line, (first, last) in own.items())
    row.tax_spared_fen, row.tax_owed_fen = spared, owed
    row.save(update_fields=["restorable", "tax_spared_fen", "tax_owed_fen"])


def owe_order(order: Order, *, now: datetime) -> None:
    """The ledger owes customs, at the brand's expense, the tax of what was refunded of a held order, is on
    its list and is not given up; nothing before its release. What the consumer bore stays owed."""
    declaration = Declaration.objects.filter(order=order).exclude(released_at=None).first()
    if declaration is None or declaration.listed_at is None:
        return
    refunds = _of_the_list(order, declaration.listed_at)
    if not refunds:
        return
    free = Counter[str]()
    for story in return_story.stories(declaration).values():
        if not story.refused:
            free += story.in_time(return_story.last_day(declaration))
    lines = RefundLine.objects.filter(refund__in=refunds).values("line__position", "line__sku")
    sums = lines.annotate(pieces=Sum("quantity"), tax=Sum(F("duty_fen") + F("vat_fen") + F("excise_fen")))
    tax = given = 0
    for line in sums.order_by("line__position"):
        part = min(max(0, line["pieces"]), max(0, free[line["line__sku"]]))
        free[line["line__sku"]] -= part
        tax += line["tax"]
        given += line["tax"] * part // line["pieces"] if part else 0
    lost, kept = (sum(getattr(one, name) for one in refunds) for name in ("tax_lost_fen", "tax_kept_fen"))
    enter_tax_owed(refund=refunds[-1], expense_fen=tax - min(given, tax - kept) - lost, at=now, now=now)


def _of_the_list(order: Order, listed_at: datetime) -> list[Refund]:
    """The refunds whose pieces are on the list: asked for after it went, or closed by then and paid later."""
    gone = Refund.objects.filter(order=order, state="succeeded").exclude(kind=Refund.Kind.STRAY)
    refunds = list(gone.select_related("order").order_by("pk"))
    ends = Event.objects.filter(key__in=[one.event_key for one in refunds], at__lt=listed_at)
    told = ends.filter(name__in=["refund.closed", "refund.succeeded"]).order_by("seq")
    last = dict(told.values_list("key", "name"))
    return [
        one for one in refunds if one.requested_at >= listed_at or last.get(one.event_key) == "refund.closed"
    ]


def _own(row: ReturnRequest, refund: Refund) -> dict[int, tuple[int, int]]:
    """Line id → which of the pieces of a refund (from, to) are of this return; it may be of others too, which
    have theirs in the order in which they were asked for."""
    before, own = Counter[int](), Counter[int]()
    paid = ReturnLine.objects.filter(request__refund=refund, request__lte=row.pk, state="paid")
    for request_id, line, quantity in paid.values_list("request_id", "line_id", "quantity"):
        (own if request_id == row.pk else before)[line] += quantity
    lines = RefundLine.objects.filter(refund=refund, line__in=own, quantity__gt=0)
    spans = {
        line: (min(before[line], many), min(before[line] + own[line], many))
        for line, many in lines.values_list("line_id", "quantity")
    }
    return {line: span for line, span in spans.items() if span[0] < span[1]}
