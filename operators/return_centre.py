"""The return centre (退货中心): scan, receive, grade, put away, and the field waits for the next parcel.

All of it goes with the keyboard alone, and a form that is sent twice is one wish. The field has the focus on
every page: the number that opened a parcel, scanned again, receives it; any other opens its own parcel.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sized
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Media
from kernel.clock import now, shanghai_day
from kernel.errors import Problem
from kernel.money import yuan
from kernel.tenancy import tenant
from logistics.models import Parcel
from operators import once, return_strays, told
from operators.amounts import YuanField
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.return_steps import RECEIVERS
from operators.return_story import lot_name, named_grade, named_place
from operators.scope import scope_of
from orders.models import Order
from returns.models import ReturnGrade, ReturnLine, ReturnRequest
from returns.reasons import REASONS, Fault
from returns.services import arrive
from returns.services.arrive import Found
from returns.services.arrive_refusals import BadDay
from returns.states import RETURN

TITLE = say("退货中心", "Return centre")
Grade, Place = ReturnGrade.Grade, ReturnGrade.Place
EXPECTED = (*RETURN.moves["receive"], "received")
_FIRST = {"damaged": Grade.DAMAGED, "defective": Grade.OPENED, "wrong": Grade.WRONG}


def may(request: HttpRequest) -> bool:
    """Whoever receives goods in any storefront."""
    return scope_of(request).may_anywhere(RECEIVERS)


def page(
    request: HttpRequest,
    context: dict[str, Any],
    rows: QuerySet[ReturnRequest],
    orders: QuerySet[Order],
) -> HttpResponse:
    """The page over `rows` and `orders`, of the storefronts in which the operator receives goods."""
    if any("\0" in text for text in (*request.GET.values(), *request.POST.values())):
        raise BadRequest("a character that no number and no word has")
    asked, act = read(request.POST.get("q") or request.GET.get("q") or ""), request.POST.get("act", "")
    if "open" in request.POST:  # a parcel is shown that waits to be received
        opened = read(request.POST["open"])
        if not act and asked != opened:
            return HttpResponseRedirect(f"{reverse('admin:return_centre')}?{urlencode({'q': asked})}")
        asked, act = opened, "receive"
    matches = find(rows, asked) if asked else []
    expected = [one for one in matches if one.state in EXPECTED]
    row = next(iter(expected if len(expected) == 1 else matches if len(matches) == 1 else ()), None)
    if request.method == "POST":
        chosen = next((one for one in matches if one.number == request.POST.get("number")), None)
        if chosen is not None and _taken(request, chosen, act):
            return HttpResponseRedirect(_next(chosen, act))
        row = chosen or row
    order = None if matches or not asked else return_strays.find(orders, asked)
    if act == "stray" and return_strays.taken(request, asked, row, order):
        return HttpResponseRedirect(reverse("admin:return_centre"))
    stray = return_strays.shown(request, asked, row, order) if asked and not (matches and not row) else None
    answer = TemplateResponse(
        request,
        "operators/return_centre.html",
        {
            **context,
            "title": TITLE,
            "content_title": TITLE,
            "asked": asked,
            "unknown": bool(asked) and not matches,
            "stray": stray,
            "several": [_brief(one) for one in matches] if row is None else [],
            "found": _shown(request, row) if row is not None else None,
            "once": once.number(request),
            "today": shanghai_day(now()).isoformat(),
        },
    )
    answer["Cache-Control"] = "no-store"
    return answer


def read(scanned: str) -> str:
    """A number as a scanner, an input method or a person gives it: without prefix and spaces."""
    text = "".join(unicodedata.normalize("NFKC", scanned).split()).upper()
    return re.sub(r"^\][A-Z][0-9A-Z]", "", text)[:64]


def find(rows: QuerySet[ReturnRequest], asked: str) -> list[ReturnRequest]:
    """By what stands on a parcel: the waybill back or there, the number of the return or of the order."""
    there = Parcel.objects.filter(waybill=asked).values("shipment__order_id")
    known = Q(number=asked) | Q(order__number=asked) | Q(waybill=asked) | Q(order_id__in=there)
    return list(rows.filter(known).select_related("order", "policy", "storefront").order_by("-id")[:20])


def _next(row: ReturnRequest, act: str) -> str:
    """Received, it is graded at once; graded, the field waits for the next parcel."""
    here = reverse("admin:return_centre")
    return f"{here}?q={row.number}" if act == "receive" else here


def _taken(request: HttpRequest, row: ReturnRequest, act: str) -> bool:
    """Whether what was asked for is done, or was done before; a refusal is told."""
    who, at = request.user.get_username(), now()
    try:
        with transaction.atomic(), tenant(row.storefront_id):
            if act == "receive":
                day = _day(request.POST.get("day"), row)
                once.once(request, lambda: told.page_of(arrive.receive(request=row, by=who, on=day, now=at)))
            elif act == "inspect":
                once.once(request, lambda: _inspect(row, request.POST, who))
            else:
                return False  # act "stray" is taken by return_strays
    except Problem as problem:
        messages.error(request, once.words(problem))
        return False
    row.refresh_from_db()
    state = state_name(row.state, row.state, "returns.ReturnRequest")
    messages.success(request, f"{row.number}: {state}")
    return True


def _inspect(row: ReturnRequest, typed: Mapping[str, str], who: str) -> str:
    arrive.inspect(
        request=row,
        found=graded(row, typed),
        by=who,
        now=now(),
        deducted_fen=_fen(typed.get("deducted", "")),
        why=typed.get("why", ""),
    )
    return told.page_of(row)


def graded(row: ReturnRequest, typed: Mapping[str, str]) -> list[Found]:
    """What was typed row by row; rows without pieces say nothing."""
    found = []
    lots = arrive.lots_of(row)
    for line in arrive.to_grade(row):
        position = line.line.position
        for nth in range(_rows(line, lots.get(position, ()))):
            pieces = _whole(typed.get(f"n-{position}-{nth}", ""))
            if not pieces:
                continue
            grade = typed.get(f"grade-{position}-{nth}", "")
            nowhere = grade in (Grade.WRONG, Grade.SHORT)
            place = typed.get(f"place-{position}-{nth}") or ReturnGrade.USUALLY.get(grade, "")
            lot = _whole(typed.get(f"lot-{position}-{nth}", "")) or next(
                (one.pk for one in lots.get(position, ())), None
            )
            found.append(
                Found(
                    position,
                    grade,
                    Place.NOWHERE if nowhere else place,
                    pieces,
                    None if nowhere else lot,
                )
            )
    return found


def _rows(line: ReturnLine, lots: Sized) -> int:
    """So many kinds its pieces may be told apart into: each grade of each lot."""
    return min(line.quantity, len(Grade) * max(len(lots), 1))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _fen(text: str) -> int:
    """Yuan as typed; what is no amount is more than can be kept back, and is refused as that."""
    try:
        return YuanField(required=False).clean(text.strip()) or 0
    except forms.ValidationError:
        return -1


def _day(text: str | None, row: ReturnRequest) -> date:
    """The day as typed; one that cannot be read is refused, for the refund and customs are clocked by it."""
    today = shanghai_day(now())
    try:
        return today if text is None else date.fromisoformat(text)
    except ValueError:
        raise BadDay(shanghai_day(row.requested_at).isoformat(), today.isoformat()) from None


def _brief(row: ReturnRequest) -> dict[str, Any]:
    return {
        "number": row.number,
        "url": f"{reverse('admin:return_centre')}?q={row.number}",
        "state": state_name(row.state, row.state, "returns.ReturnRequest"),
        "order": row.order.number,
        "goods": ", ".join(f"{one.line.sku} × {one.quantity}" for one in row.lines.select_related("line")),
    }


def _shown(request: HttpRequest, row: ReturnRequest) -> dict[str, Any]:
    """The return as its worker needs it: what should be in the parcel, and what comes next."""
    typed = request.POST if request.method == "POST" else {}
    seller = REASONS[row.reason].fault is Fault.SELLER
    inspects = row.state == "received" or arrive.not_graded(row)
    lots = arrive.lots_of(row) if inspects else {}
    coming = inspects or row.state in EXPECTED
    lines = list(arrive.to_grade(row) if coming else row.lines.select_related("line__variant"))
    pictures = _pictures([one.line.variant.product_id for one in lines])
    return {
        "number": row.number,
        "page": told.page_of(row),
        "order": row.order.number,
        "state": state_name(row.state, row.state, "returns.ReturnRequest"),
        "reason": state_name(row.reason, row.reason, "returns.ReturnRequest"),
        "arrive_by": row.arrive_by,
        "late": row.arrive_by is not None and row.arrive_by < shanghai_day(now()),
        "waybill": f"{row.carrier} {row.waybill}".strip(),
        "receives": row.state in RETURN.moves["receive"],
        "inspects": inspects,
        "lines": [_line(one, row, lots.get(one.line.position, []), pictures, typed) for one in lines],
        "seller": seller,
        "opened_percent": row.terms.opened_percent,
        "deducted": typed.get("deducted", ""),
        "why": typed.get("why", ""),
        "quoted": yuan(row.quoted_fen),
    }


def _line(
    one: ReturnLine,
    row: ReturnRequest,
    lots: list[Any],
    pictures: Mapping[int, str],
    typed: Mapping[str, str],
) -> dict[str, Any]:
    position = one.line.position
    rows = []
    for nth in range(_rows(one, lots)):
        name = f"{position}-{nth}"
        first = _FIRST.get(row.reason, Grade.AS_NEW)
        rows.append(
            {
                "name": name,
                "pieces": typed.get(f"n-{name}", one.quantity if nth == 0 else 0),
                "grade": typed.get(f"grade-{name}", first),
                "place": typed.get(f"place-{name}", ""),
                "lot": typed.get(f"lot-{name}", str(lots[0].pk) if lots else ""),
            }
        )
    return {
        "sku": one.line.sku,
        "name": one.line.name_zh if chinese() else one.line.name,
        "quantity": one.quantity,
        "picture": pictures.get(one.line.variant.product_id, ""),
        "rows": rows,
        "lots": [(str(lot.pk), lot_name(lot), lot.expires_on) for lot in lots],
        "grades": [(value, named_grade(value)) for value in Grade.values],
        "places": [(value, named_place(value)) for value in Place.values if value != Place.NOWHERE],
    }


def _pictures(products: list[int]) -> dict[int, str]:
    """The first picture of each product."""
    found: dict[int, str] = {}
    for one in Media.objects.filter(product_id__in=products).order_by("position", "id"):
        found.setdefault(one.product_id, f"{settings.MEDIA_URL}{one.thumbnail_path}")
    return found
