"""What customs holds of an order beside what stands here: one list, the year used once, one release."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Sum
from django.db.models.functions import Coalesce

from backend.chaos.books import Finding
from compliance.models import VALUE, AllowanceEntry
from compliance.services.allowance_books import held_by
from customs.gateways.data_upload import TAKEN
from customs.models import DataRequest, Declaration, Filing, ListedPieces, PortMessage, TaxSheet
from customs.services import return_story
from customs.states import AT_CUSTOMS
from customs.steps import GRANTED, step_for
from customs.steps import Step as CustomsStep
from kernel.models import Event
from orders.models import Order

ENDS = ("closed", "cancelled", "turned_back", "ended")
TOLD_THERE = {"800": ("released", "closed"), "899": ("closed",)}  # and where we must stand by then


def compare(found: Finding, order: Order, books: dict[str, Any]) -> None:
    """Of the one order that the port has."""
    row = Declaration.objects.filter(order=order).first()
    if row is None:
        found.lost.append("a paid order that is not declared")
        return
    port = books["port"]
    _list(found, row, port)
    _undone(found, row, port)
    _allowance(found, row)
    _released(found, row)
    _taxes(found, row, port)
    _data(found, port)
    if row.state not in ENDS:
        found.open.append(f"declaration {row.state} {row.trouble or row.awaits}")
    waiting = PortMessage.objects.filter(filings__declaration=row, next_try_at__isnull=False)
    found.open += [f"{one.name} has not left: {one.error}" for one in waiting.distinct()]
    found.open += [f"{count} receipts lie in the box" for count in port["boxes"].values()]


def _count(found: Finding, what: str, here: int, wanted: int) -> None:
    if here != wanted:
        (found.doubled if here > wanted else found.lost).append(f"{what}: {here} for {wanted}")


def _alive(status: str) -> bool:
    return status not in ("100", "cancelled") and not status.startswith("-")


def _list(found: Finding, row: Declaration, port: dict[str, Any]) -> None:
    """One list at customs where one is here, the same, with its pieces taken of the book once."""
    there = [one for one in port["lists"] if _alive(one["status"])]
    _count(found, "lists at customs", len(there), int(row.state in AT_CUSTOMS))
    # What is handed over again the port knows: it says that it has it, and files nothing.
    known = (CustomsStep.DECLARED, CustomsStep.AS_CHANGED, CustomsStep.KEPT)
    found.doubled += [
        f"{one['document']} refused: {one['code']}"
        for one in port["refused"]
        if step_for(one["code"], "") not in known
    ]
    for one in there:
        if one["invtNo"] != row.list_no or row.state not in TOLD_THERE.get(one["status"], (row.state,)):
            found.open.append(f"list {one['invtNo']} {one['status']}, here {row.list_no} {row.state}")
    live = Counter(row.filings.filter(superseded=False).values_list("kind", flat=True))
    found.doubled += [f"{many} documents of kind {kind}" for kind, many in live.items() if many > 1]
    if row.state in AT_CUSTOMS:
        _count(found, "pieces listed", _listed(row)["pieces"], _pieces(row))


def _listed(row: Declaration) -> dict[str, int]:
    sums = {"pieces": Coalesce(Sum("quantity"), 0), "back": Coalesce(Sum("returned"), 0)}
    return ListedPieces.objects.filter(declaration=row).aggregate(**sums)


def _pieces(row: Declaration) -> int:
    return sum(row.order.lines.values_list("quantity", flat=True))


def _undone(found: Finding, row: Declaration, port: dict[str, Any]) -> None:
    for name, kind in (("cancels", Filing.Kind.CANCEL), ("returns", Filing.Kind.RETURN)):
        there = [one for one in port[name] if _alive(one["status"])]
        ours = list(row.filings.filter(kind=kind, superseded=False))
        _count(found, f"{name} at customs", len(there), len(ours))
        if any(one["status"] in GRANTED for one in there) and not any(one.status in GRANTED for one in ours):
            found.lost.append(f"customs granted one of {name}")
    if any(one["status"] in GRANTED for one in port["cancels"]) and row.state != "cancelled":
        found.lost.append(f"customs gave the list back, here {row.state}")
    granted_ = sum(one["status"] in GRANTED for one in port["returns"])
    told = Event.objects.filter(key=row.event_key)
    _count(found, "returns granted", told.filter(name=return_story.GRANTED).count(), granted_)
    if granted_:
        _count(found, "pieces come back", _listed(row)["back"], _pieces(row))


def _allowance(found: Finding, row: Declaration) -> None:
    """The order's value is used once while its list stands, and free once list or goods are back."""
    entries = AllowanceEntry.objects.filter(order_number=row.number, account__measure=VALUE)
    whole = entries.filter(kind="reserve").aggregate(sum=Sum("amount", default=0))["sum"]
    held = [one for one in held_by(row.number) if one.measure == VALUE]
    arrived = Event.objects.filter(key=row.event_key, name=return_story.ARRIVED).exists()
    stays = row.accepted_at is not None and row.state in AT_CUSTOMS
    stays = stays and not (arrived and _listed(row)["back"])
    _count(found, "fen used of the year", sum(one.used for one in held), whole if stays else 0)
    waits = row.state in ("waiting", "documents", "listed", "blocked", "rejected")
    _count(found, "fen reserved of the year", sum(one.reserved for one in held), whole if waits else 0)


def _released(found: Finding, row: Declaration) -> None:
    once = int(row.released_at is not None)
    told = Event.objects.filter(key=row.event_key, name="customs.released").count()
    _count(found, "releases", told, once)
    _count(found, "open gates", int(row.order.gate == Order.Gate.AFTER_RELEASE), once)


def _taxes(found: Finding, row: Declaration, port: dict[str, Any]) -> None:
    there = sorted((one["taxNo"], one["status"]) for one in port["taxes"])
    here = sorted(TaxSheet.objects.filter(declaration=row).values_list("tax_no", "status"))
    if there != here:
        (found.doubled if len(here) > len(there) else found.lost).append(f"tax sheets {there}, here {here}")


def _data(found: Finding, port: dict[str, Any]) -> None:
    taken = Counter(one["sessionID"] for one in port["uploads"] if one["code"] == TAKEN)
    for one in port["requests"]:
        rows = list(DataRequest.objects.filter(session=one["sessionID"]))
        _count(found, "requests for payment data", len(rows), 1)
        for row in rows:
            if row.state != "given":
                found.open.append(f"payment data {row.state} {row.trouble}")
            elif not taken[row.session]:
                found.doubled.append("payment data given that customs does not have")


def ends(order: Order) -> str:
    """The declaration, its tax sheets and what was asked of its payment, for the eye."""
    row = Declaration.objects.filter(order=order).first()
    if row is None:
        return "-"
    sheets = [
        f"tax {one}" for one in TaxSheet.objects.filter(declaration=row).values_list("status", flat=True)
    ]
    data = DataRequest.objects.filter(order=order).values_list("state", flat=True)
    return " ".join([row.state, *sheets, *(f"data {one}" for one in data)])
