"""The work queue (待办工作台): what needs a human now, why, and the buttons that settle it, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from kernel import cases
from kernel.clock import now
from kernel.errors import Invalid, Problem
from kernel.models import Approval, Case
from operators import told
from operators.bilingual import chinese, say
from operators.customs_words import age
from operators.filters import is_number
from operators.names import state_name
from operators.scope import DECIDERS, READERS, WORKERS, scope_of, storefront_id_of
from operators.steps import Stepped
from operators.things import links_of, list_of, named_in, rows_of, worked_on

TITLE = say("待办工作台", "Work queue")
SHOWN = 30  # of an area at once; the oldest come first, and what is settled makes room
OLD = timedelta(days=3)
LONGEST_NOTE = 2000


class NoNote(Invalid):
    """A case is settled only with a word of what was done."""

    code = "note_missing"
    title = "Say what was done before the case is settled."
    title_zh = "请先写明已做了什么，再办结该事项。"


@dataclass(frozen=True)
class Area:
    """One kind of work: what it is called, and the first words of the kinds of its cases."""

    name: str
    title: Any
    icon: str
    words: tuple[str, ...]


AREAS = (
    Area(
        "money",
        say("资金", "Money"),
        "payments",
        ("payment", "refund", "bill", "payer", "order", "keys", "evidence", "forex"),
    ),
    Area("complaints", say("投诉", "Complaints"), "support_agent", ("complaint",)),
    Area("reviews", say("评价", "Reviews"), "rate_review", ("review",)),
    Area("returns", say("退换货", "Returns"), "assignment_return", ("return",)),
    Area(
        "customs",
        say("通关", "Clearance"),
        "gavel",
        ("customs", "customs_message", "declaration", "clearance", "data_request", "allowance"),
    ),
    Area(
        "parcels",
        say("包裹", "Parcels"),
        "local_shipping",
        ("shipment", "parcel", "waybill", "tracking", "receipt", "shipping_info", "trade_management"),
    ),
    Area(
        "stock",
        say("商品与库存", "Goods and stock"),
        "inventory",
        ("stock", "lot", "transfer", "reservation", "price"),
    ),
    Area(
        "persons",
        say("实名与安全", "Identity and incidents"),
        "badge",
        ("identity", "personal_use", "incident", "assessment"),
    ),
    Area(
        "platform",
        say("系统", "Platform"),
        "dns",
        ("event", "notification", "news", "summary", "webhook", "partner"),
    ),
)
APPROVALS = Area("approvals", say("待审批", "To approve"), "approval", ())
_AREA_OF = {word: area.name for area in AREAS for word in area.words}
_LAST = AREAS[-1].name  # where a kind lies that no area names
_BY_NAME = {area.name: area for area in (*AREAS, APPROVALS)}


def area_of(kind: str) -> str:
    """The area in which cases of this kind are worked on."""
    return _AREA_OF.get(kind.partition(".")[0], _LAST)


def may(request: HttpRequest) -> bool:
    """Whoever works or audits in any storefront."""
    return scope_of(request).may_anywhere(READERS)


def show(request: HttpRequest) -> HttpResponse:
    """The page; with POST one step of the case that is looked at: take, let go, settle."""
    if not may(request):
        raise PermissionDenied
    waiting = _mine(request, Case).filter(state=Case.State.OPEN)
    asked = _mine(request, Approval).filter(granted=None).exclude(expires_at__lte=now())
    if request.method == "POST":
        return _done(request, waiting)
    at = now()
    areas = _counted(waiting, asked, at)
    chosen = _BY_NAME.get(request.GET.get("area", "")) or _first(areas)
    mine = request.GET.get("mine") == "1"
    answer = TemplateResponse(
        request,
        "operators/work.html",
        {
            **admin.site.each_context(request),
            "title": TITLE,
            "content_title": TITLE,
            "areas": areas,
            "chosen": chosen,
            "mine": mine,
            "stale_days": OLD.days,
            **(
                _approvals(request, asked)
                if chosen is APPROVALS
                else _queue(request, waiting, chosen, mine=mine, at=at)
            ),
        },
    )
    answer["Cache-Control"] = "no-store"
    return answer


def _mine(request: HttpRequest, model: Any) -> QuerySet[Any]:
    page: Any = admin.site._registry[model]
    rows: QuerySet[Any] = page.narrow(request, model._default_manager.all())
    return rows


def _counted(waiting: QuerySet[Case], asked: QuerySet[Approval], at: datetime) -> list[dict[str, Any]]:
    """What waits in each area: how much, how much for long, and since when; two statements."""
    counted: dict[str, dict[str, Any]] = {}
    grouped = waiting.values("kind").annotate(
        n=Count("pk"), old=Count("pk", filter=Q(opened_at__lt=at - OLD)), since=Min("opened_at")
    )
    for row in grouped.order_by():
        into = counted.setdefault(area_of(row["kind"]), {"count": 0, "old": 0, "since": at})
        into["count"] += row["n"]
        into["old"] += row["old"]
        into["since"] = min(into["since"], row["since"])
    approvals = asked.aggregate(
        count=Count("pk"), old=Count("pk", filter=Q(asked_at__lt=at - OLD)), since=Min("asked_at")
    )
    counted[APPROVALS.name] = approvals
    return [
        {
            "area": area,
            "url": _address(area.name),
            **counted.get(area.name, {"count": 0, "old": 0, "since": None}),
            "age": age(counted.get(area.name, {}).get("since"), at),
        }
        for area in (*AREAS, APPROVALS)
    ]


def _first(areas: list[dict[str, Any]]) -> Area:
    """The area that is opened where none is named: the first in which something waits."""
    found: Area = next((one["area"] for one in areas if one["count"]), AREAS[0])
    return found


def _address(area: str, **more: Any) -> str:
    return f"{reverse('work')}?{urlencode({'area': area, **more})}"


def _queue(
    request: HttpRequest, waiting: QuerySet[Case], area: Area, *, mine: bool, at: datetime
) -> dict[str, Any]:
    """The oldest cases of the area, and the one that is looked at."""
    known = [f"{word}." for one in AREAS if one.name != _LAST for word in one.words]
    inside = Q()
    for word in known if area.name == _LAST else [f"{one}." for one in area.words]:
        inside |= Q(kind__startswith=word)
    rows = waiting.exclude(inside) if area.name == _LAST else waiting.filter(inside)
    if mine:
        rows = rows.filter(taken_by=request.user.get_username())
    oldest = list(rows.order_by("opened_at", "pk")[: SHOWN + 1])
    wanted = request.GET.get("case", "")
    case = next((one for one in oldest if str(one.pk) == wanted), None)
    if case is None and is_number(wanted):
        case = waiting.filter(pk=int(wanted)).first()
    case = case or next(iter(oldest), None)
    more = {"mine": 1} if mine else {}
    return {
        "items": [
            {
                "title": told.case_title(one.kind, one.title),
                "about": told.about(one.key),
                "age": age(one.opened_at, at),
                "old": one.opened_at < at - OLD,
                "taken_by": one.taken_by,
                "url": _address(area.name, case=one.pk, **more),
                "current": case is not None and one.pk == case.pk,
            }
            for one in oldest[:SHOWN]
        ],
        "more": len(oldest) > SHOWN,
        "all_url": f"{reverse('admin:kernel_case_changelist')}?state=open",
        "mine_url": _address(area.name, **({} if mine else {"mine": 1})),
        "found": _looked_at(request, case) if case is not None else None,
    }


def _looked_at(request: HttpRequest, case: Case) -> dict[str, Any]:
    """Why one case waits, what to do, and what can be done to what it is about."""
    main, named = worked_on(case.kind, case.key, case.facts), named_in(case.facts)
    rows = rows_of(request, dict.fromkeys([main, case.key, *named]), of=case.storefront_id)
    row, page_of_list = None, list_of(request, case.kind)
    if not page_of_list:
        row = next((rows[key] for key in (main, case.key, *reversed(named)) if key in rows), None)
    page: Any = admin.site._registry.get(type(row)) if row is not None else None
    links = links_of(rows)
    return {
        "case": case,
        "title": told.case_title(case.kind, case.title),
        "about": told.about(case.key, links),
        "why": told.facts(case.facts, links),
        "todo": told.case_todo(case.kind),
        "steps": page._buttons(request, row) if isinstance(page, Stepped) else [],
        "page": told.page_of(row) if row is not None else page_of_list,
        "stands": page.stands(row) if isinstance(page, Stepped) else "",
        "may": scope_of(request).may(case.storefront_id, WORKERS),
        "held_by_me": case.taken_by == request.user.get_username(),
        "case_page": told.page_of(case),
    }


def _approvals(request: HttpRequest, asked: QuerySet[Approval]) -> dict[str, Any]:
    """What colleagues wait for, oldest first; one's own wishes are decided by others."""
    at, who, scope = now(), request.user.get_username(), scope_of(request)
    rows = list(asked.order_by("asked_at", "pk")[: SHOWN + 1])
    return {
        "asked": [
            {
                "title": state_name(one.verb, one.verb, "kernel.Approval"),
                "about": told.about(one.key),
                "why": told.facts(one.facts),
                "by": one.asked_by,
                "age": age(one.asked_at, at),
                "url": told.page_of(one),
                "may": one.asked_by != who and scope.may(storefront_id_of(one, "storefront_id"), DECIDERS),
            }
            for one in rows[:SHOWN]
        ],
        "more": len(rows) > SHOWN,
        "all_url": f"{reverse('admin:kernel_approval_changelist')}?granted__isnull=True",
    }


def _done(request: HttpRequest, waiting: QuerySet[Case]) -> HttpResponse:
    """Take one step of a case, and go on: to the same one, or to the next after it is settled."""
    number = request.POST.get("case", "")
    case = waiting.filter(pk=int(number)).first() if is_number(number) else None
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    if case is None:  # settled meanwhile, or never the operator's
        messages.error(request, say("该事项已处理，或不属于您的店铺。", "Settled already, or not yours."))
        return HttpResponseRedirect(reverse("work"))
    if not scope_of(request).may(case.storefront_id, WORKERS):
        raise PermissionDenied
    settled = False
    try:
        settled = act(case, request.user.get_username(), request.POST)
    except Problem as problem:
        messages.error(request, problem.text("zh" if chinese() else "en"))
    if settled:
        messages.success(request, say("已完成，这是下一件。", "Done. Here is the next one."))
        return HttpResponseRedirect(_address(area_of(case.kind)))
    return HttpResponseRedirect(_address(area_of(case.kind), case=case.pk))


def _take(case: Case, who: str, typed: Mapping[str, str]) -> bool:
    cases.take_case(case=case, by=who, held_by=typed.get("held_by", "").replace("\0", "")[:80], now=now())
    return False


def _let_go(case: Case, who: str, typed: Mapping[str, str]) -> bool:
    cases.take_case(case=case, by="", held_by=who, now=now())
    return False


def _settle(case: Case, who: str, typed: Mapping[str, str]) -> bool:
    note = typed.get("note", "").replace("\0", "").strip()
    if not note:
        raise NoNote()
    cases.settle_case(case=case, by=who, note=note[:LONGEST_NOTE], now=now())
    return True


_ACTS: Mapping[str, Callable[[Case, str, Mapping[str, str]], bool]] = {
    "take": _take,
    "let_go": _let_go,
    "settle": _settle,
}
