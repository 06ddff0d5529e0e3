"""Commodity codes (商品编码) by words or digits: rates, units, positive list; one click uses it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import Variant
from catalog.reference import unit_name
from compliance.code_search import MOST, Code, find
from compliance.law import Law
from kernel.clock import now, shanghai_day
from kernel.money import priced
from operators.bilingual import chinese, say
from operators.filters import is_number
from operators.names import state_name
from operators.scope import READERS, SELLERS, scope_of
from operators.tables import cited

TITLE = say("商品编码查询", "Commodity codes")


def show(request: HttpRequest) -> HttpResponse:
    """The page; `q` is what is looked for, `variant` the SKU it is looked up for."""
    scope = scope_of(request)
    if not scope.may_anywhere(READERS):
        raise PermissionDenied
    today = shanghai_day(now())
    asked = request.GET.get("q", "").replace("\0", "").strip()[:60]
    found, more = find(asked=asked, day=today)
    variant = _variant(request)
    mine = scope.narrow(Variant.objects.all(), "storefront_id")
    used = _used(mine, [code.hs_code for code in found])
    law = Law(today)
    use = "" if variant is None else reverse("admin:catalog_variant_step", args=[variant.pk, "customs"])
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": TITLE,
        "content_title": TITLE,
        "q": asked,
        "variant": variant,
        "day": today,
        "most": MOST if more else 0,
        "codes": [_shown(code, used, law, use) for code in found],
    }
    answer = TemplateResponse(request, "operators/code_search.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def _variant(request: HttpRequest) -> Variant | None:
    """The SKU for which a code is looked up, where it is one that the operator may change."""
    asked = request.GET.get("variant", "")
    if not is_number(asked):
        return None
    rows = scope_of(request).narrow(Variant.objects.select_related("product"), "storefront_id", SELLERS)
    return rows.defer("product__search").filter(pk=asked).first()


def _used(mine: Any, codes: list[str]) -> dict[str, list[tuple[str, str]]]:
    """By the first 8 digits: what confirmed SKUs of one's own declare: the whole code and its legal units."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    eight = {code[:8] for code in codes}
    rows = mine.annotate(eight=Left("hs_code", 8)).filter(eight__in=eight, customs_confirmed=True)
    for code, one, two in rows.values_list("hs_code", "legal_unit_1", "legal_unit_2").distinct()[:200]:
        units = " / ".join(f"{unit_name(unit)} ({unit})" for unit in (one, two) if unit)
        found[code[:8]].append((code, units))
    return found


def _shown(code: Code, used: Any, law: Law, use: str) -> dict[str, Any]:
    line, listing = code.line, code.listing
    whole = code.hs_code.ljust(10, "0")
    own = used.get(code.hs_code[:8], [])
    return {
        "code": code.hs_code,
        "names": (code.name_zh, code.name_en) if chinese() else (code.name_en or code.name_zh, code.name_zh),
        "units": sorted({units for _, units in own}),
        "own": sorted({one for one, _ in own}),
        "rates": _rates(code),
        "composite": _percent(code.composite),
        "above": _percent(code.above),
        "listed": listing is not None,
        "modes": _modes(code, law),
        "remark": listing.remark if listing else "",
        "exclusion": listing.exclusion if listing else "",
        "sources": [
            (cited(one.source, one.link), state_name(one.confidence, one.get_confidence_display()))
            for one in (line, listing)
            if one is not None
        ],
        "use": f"{use}?{urlencode({'hs_code': whole})}" if use else "",
        "skus": f"{reverse('admin:catalog_variant_changelist')}?{urlencode({'q': code.hs_code[:8]})}",
    }


def _modes(code: Code, law: Law) -> list[tuple[str, bool]]:
    """Whether the list lets goods of this code in, by each trade mode of the policy."""
    allowed = code.listing.only_modes if code.listing else []
    return [
        (mode, code.listing is not None and (not allowed or mode in allowed))
        for mode in law.figure("import/trade_modes")
    ]


def _rates(code: Code) -> list[tuple[Any, str]]:
    rate = code.rate
    if rate is None:
        return []
    told = [(say("最惠国税率", "MFN duty"), _percent(rate.mfn_rate))]
    if rate.provisional_rate is not None:
        told.append((say("暂定税率", "provisional duty"), _percent(rate.provisional_rate)))
    told.append((say("增值税", "VAT"), _percent(rate.vat_rate)))
    told.append((say("消费税", "Consumption tax"), _excise(code)))
    return told


def _excise(code: Code) -> str:
    rate = code.rate
    assert rate is not None
    if rate.excise_kind == "none":
        return "-"
    parts = [_percent(rate.excise_rate)] if rate.excise_rate is not None else []
    if rate.excise_per_unit_fen is not None:
        parts.append(f"{priced(rate.excise_per_unit_fen)} / {rate.excise_unit}")
    bounds = [
        f"{priced(fen)} / {unit}"
        for fen, unit in (
            (rate.threshold_fen_per_ml_or_g, say("毫升或克", "ml or g")),
            (rate.threshold_fen_per_piece, say("片", "piece")),
        )
        if fen
    ]
    if bounds:
        parts.append(str(say("完税价格不低于 ", "from a value of ")) + str(say("或", " or ")).join(bounds))
    return " · ".join(parts)


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{(share * 100).normalize():f}%"
