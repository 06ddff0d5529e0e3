"""What is missing before a SKU may be sold in each trade mode (上架检查), why, and where to mend it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode

from catalog.models import Product, Variant
from kernel.clock import now
from kernel.errors import Problem
from kernel.money import yuan
from operators import told
from operators.bilingual import chinese, say
from operators.names import state_name
from operators.tables import Table, cited, when
from orders.services.sellable import Need, needs

LAST = 20
MOST = 50  # SKUs on a product's page
_NAMES = {
    "LIST-1": say("列入正面清单", "on the positive list"),
    "LIST-2": say("清单备注允许该监管方式", "the list's remark allows the mode"),
    "LIST-4": say("已确认不属于清单除外情形", "confirmed not to be what the list excludes"),
    "QUARANTINE-1": say("检疫允许邮寄进境", "quarantine lets it come by mail"),
    "GATE-1": say("合规审批", "approved by compliance"),
    "RECALL-1": say("食品召回主体", "a food recall firm"),
    "PARTY-1": say("各方企业已登记备案", "every party is registered and on file"),
    "MODE-1": say("监管方式已获准", "the trade mode is open"),
    "MODE-2": say("1239 须经审批", "1239 needs an approval"),
    "FOREX-1": say("外汇限额与有效汇率", "within the forex ceiling, at a valid rate"),
    "label": say("中文电子标签", "Chinese e-label"),
    "classification": say("归类已确认", "its classification is confirmed"),
    "active": say("规格在售", "the SKU is active"),
    "published": say("商品已上架", "the product is published"),
    "tax": say("税率与计税所需净含量", "rates, and the net content they need"),
    "stock": say("该监管方式的仓库有可售库存", "a warehouse of the mode has pieces to sell"),
    "parcel": say("单件可装入一个包裹", "one piece fits a parcel"),
    "not_stopped": say("未停售", "its sale is not stopped"),
}
# Where each is mended: a page, with the row or the SKU it is about.
_CODE, _CUSTOMS, _PARTIES, _SHOP = "code", "customs", "parties", "shop"
_MEND = {
    "LIST-1": _CODE,
    "LIST-2": _CODE,
    "LIST-4": _CUSTOMS,
    "QUARANTINE-1": _CUSTOMS,
    "GATE-1": "gate",
    "RECALL-1": _PARTIES,
    "PARTY-1": _PARTIES,
    "MODE-1": _SHOP,
    "MODE-2": _SHOP,
    "FOREX-1": "rates",
    "label": _CUSTOMS,
    "classification": _CUSTOMS,
    "active": _CUSTOMS,
    "published": "product",
    "tax": _CODE,
    "stock": "stock",
    "parcel": "stock",
    "not_stopped": "stock",
}


def of_variant(v: Variant) -> list[Table]:
    """Every requirement of one SKU, a column for each trade mode; what is missing comes first."""
    try:
        modes = needs(storefront_id=v.storefront_id, skus=[v.sku], now=now())[v.sku]
    except Problem as problem:  # the storefront is closed
        return [_closed(problem)]
    rows = [*zip(*modes.values(), strict=True)]
    rows.sort(key=lambda row: all(need.met for need in row))
    return [
        {
            "title": say("上架检查：", "Publication checklist: ") + _verdict(modes),
            "headers": [
                say("要求", "requirement"),
                *modes,
                say("说明与依据", "why, and the text"),
                say("处理", "mend"),
            ],
            "rows": [_row(v, row) for row in rows],
        },
        {
            "title": say("归类", "Classification"),
            "headers": [
                say("商品编码", "commodity code"),
                say("归类", "classification"),
                say("说明", "remark"),
            ],
            "rows": [
                [
                    told.link(_mended_at(v, "LIST-1"), v.hs_code),
                    say("已确认", "confirmed") if v.customs_confirmed else say("待确认", "to be confirmed"),
                    v.customs_note or "-",
                ]
            ],
        },
    ]


def of_product(product: Product) -> list[Table]:
    """Each SKU of a product with what it lacks in each trade mode."""
    skus = {v.sku: v for v in product.variants.order_by("position", "pk")[:MOST]}
    if not skus:
        return []
    try:
        found = needs(storefront_id=product.storefront_id, skus=skus, now=now())
    except Problem as problem:
        return [_closed(problem)]
    modes = [*next(iter(found.values()))]
    return [
        {
            "title": say("上架检查", "Publication checklist"),
            "headers": ["SKU", *modes],
            "rows": [
                [told.link(told.page_of(v), sku), *(_lacks(found[sku][mode]) for mode in modes)]
                for sku, v in skus.items()
            ],
        }
    ]


def prices_of(v: Variant) -> Table:
    """What its price was told to be, and what it is to be: the last of each."""
    planned = v.price_changes.filter(state="planned").order_by("-starts_at")[:LAST]
    public = v.public_prices.order_by("-id")[:LAST]
    rows = [(row.starts_at, row.price_fen, "planned", "catalog.PriceChange") for row in planned]
    rows += [(row.starts_at, row.price_fen, row.kind, "catalog.PublicPrice") for row in public]
    return {
        "title": say("价格历史与计划", "Prices, told and planned"),
        "headers": [say("起", "from"), say("价格（元）", "price (CNY)"), say("类型", "kind")],
        "rows": [[when(at), yuan(fen), state_name(kind, kind, owner)] for at, fen, kind, owner in rows],
    }


def _verdict(modes: dict[str, list[Need]]) -> str:
    yes, no = say("可售", "may be sold"), say("不可售", "may not")
    return " · ".join(f"{mode} {yes if all(n.met for n in found) else no}" for mode, found in modes.items())


def _lacks(found: list[Need]) -> Any:
    lacking = [_name(need) for need in found if not need.met]
    if not lacking:
        return _mark(met=True)
    return format_html_join("", "<div>✗ {}</div>", ((name,) for name in lacking))


def _row(v: Variant, row: tuple[Need, ...]) -> list[Any]:
    bad = next((need for need in row if not need.met), None)
    return [
        _name(row[0]),
        *(_mark(met=need.met) for need in row),
        _why(bad or row[0]),
        told.link(_mended_at(v, row[0].name), say("前往", "go")) if bad else "-",
    ]


def _mark(*, met: bool) -> Any:
    word = say("✓ 是", "✓ yes") if met else say("✗ 否", "✗ no")
    colour = "text-green-700" if met else "text-red-600"
    return format_html('<span class="{} font-semibold whitespace-nowrap">{}</span>', colour, word)


def _name(need: Need) -> Any:
    """What is asked for, in the reader's language; of a rule of law its number in the rule book beside."""
    name = _NAMES.get(need.name, need.name)
    if need.rule is None:
        return name
    return format_html('{} <code class="text-xs whitespace-nowrap">{}</code>', name, need.rule.id)


def _why(need: Need) -> Any:
    if need.rule is None:
        return need.problem.text("zh" if chinese() else "en") if need.problem else "-"
    sentence = need.rule.sentence_zh if chinese() else need.rule.sentence
    source = cited(need.source.citation, need.source.link) if need.source else ""
    if need.refusal is None:
        return format_html("{}<br>{}", sentence, source)
    return format_html("{}<br>{}<br>{}", sentence, told.facts(need.refusal.facts), source)


def _mended_at(v: Variant, name: str) -> str:
    where = _MEND.get(name, "product")
    if where == _CODE:
        return f"{reverse('code_search')}?{urlencode([('variant', v.pk), ('q', v.hs_code[:4])])}"
    if where == _CUSTOMS:
        return reverse("admin:catalog_variant_step", args=[v.pk, "customs"])
    if where == _SHOP:
        return reverse("admin:storefronts_storefront_change", args=[v.storefront_id])
    if where == "product":
        return reverse("admin:catalog_product_change", args=[v.product_id])
    lists = {
        _PARTIES: "storefronts_legalparty",
        "gate": "catalog_variant",
        "rates": "compliance_referencerate",
        "stock": "inventory_stock",
    }
    asked = f"?{urlencode({'q': v.sku})}" if where in ("gate", "stock") else ""
    return reverse(f"admin:{lists[where]}_changelist") + asked


def _closed(problem: Problem) -> Table:
    return {
        "title": say("上架检查", "Publication checklist"),
        "headers": [say("店铺", "storefront")],
        "rows": [[problem.text("zh" if chinese() else "en")]],
    }
