"""What leads a new brand from nothing to its first order: what is done, what is next, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from catalog.models import Product
from customers.models import NewsTemplate
from customs.models import PortAccount
from inventory.models import BookItem, Stock, Warehouse
from inventory.models.places import BONDED
from logistics.models import CarrierAccount
from operators.bilingual import say
from operators.filters import StorefrontFilter
from operators.goods_import import may as may_import
from orders.models import Order
from payments.models import CustomsNumber
from returns.models import ReturnPolicy
from storefronts.models import LegalParty, MerchantAccount, Storefront

_OF = {"storefront": OuterRef("pk")}
# Without one of them no order, payment or list can be declared (law.md R0.1, R3).
PARTIES = ("ebc", "ebp", "pay", "logistics", "declarant")


@dataclass(frozen=True)
class Step:
    """What is to be done, why, on which page, and what there must be afterwards, all of it."""

    title: Any
    why: Any
    model: type[Model]
    done: tuple[QuerySet[Any], ...]
    page: str = ""
    may: Callable[[HttpRequest], bool] | None = None  # else who may see the model's list


def _filed() -> QuerySet[Any]:
    """The storefront where something is filed, or no warehouse is of a kind that asks for it."""
    filed, places = BookItem.objects.filter(**_OF), Warehouse.objects.filter(**_OF)
    bonded = places.filter(trade_mode__in=BONDED)
    here = Storefront.objects.filter(pk=OuterRef("pk"))
    return here.filter(Q(Exists(filed)) | (Q(Exists(places)) & ~Q(Exists(bonded))))


@cache
def steps() -> tuple[Step, ...]:
    """In the order in which they are best taken."""
    return (
        Step(
            say("登记跨境企业、平台、支付、物流与申报企业", "Name the parties who answer for an import"),
            say(
                "海关按此追究责任；缺一方则不能申报。",
                "Customs holds them to account; without one nothing is declared.",
            ),
            LegalParty,
            tuple(LegalParty.objects.filter(**_OF, role=role) for role in PARTIES),
        ),
        Step(
            say("录入微信支付商户号与密钥", "Enter the WeChat Pay merchant account and its keys"),
            say(
                "消费者以此付款，支付单也由此申报。",
                "Consumers pay by it, and customs hears of payments by it.",
            ),
            MerchantAccount,
            (MerchantAccount.objects.filter(**_OF),),
        ),
        Step(
            say("建立仓库并选定运费模板", "Set up a warehouse and its freight"),
            say(
                "仓库决定贸易方式；没有运费就没有报价。",
                "It decides the trade mode; without freight no quote.",
            ),
            Warehouse,
            (Warehouse.objects.filter(**_OF, freight__isnull=False),),
        ),
        Step(
            say("开通口岸申报账户", "Open the account at the port"),
            say("付款后的订单经此向海关申报。", "Paid orders are declared through it."),
            PortAccount,
            (PortAccount.objects.filter(**_OF),),
        ),
        Step(
            say("登记店铺在口岸的海关备案号", "Enter the storefront's customs number at the port"),
            say(
                "微信支付以此向海关申报支付单；缺少则订单付款后停在申报。",
                "WeChat Pay declares payments under it; without it a paid order gets no further.",
            ),
            CustomsNumber,
            (CustomsNumber.objects.filter(**_OF),),
        ),
        Step(
            say("录入承运商账户", "Enter the carrier's account"),
            say("运单号由承运商签发。", "Waybill numbers come from the carrier."),
            CarrierAccount,
            (CarrierAccount.objects.filter(**_OF),),
        ),
        Step(
            say("导入商品及其海关属性并上架", "Import products with what customs asks, and publish them"),
            say("SKU 页列出上架还缺什么。", "Each SKU's page says what it still lacks."),
            Product,
            (Product.objects.filter(**_OF, state="published"),),
            "goods_import",
            may_import,
        ),
        Step(
            say("为保税商品登记账册备案", "File bonded goods in customs' account book"),
            say(
                "没有账册项号的保税批次不予出售；无保税仓的店铺无须登记。",
                "A bonded lot without its item is not sold. None is needed without a bonded warehouse.",
            ),
            BookItem,
            (_filed(),),
        ),
        Step(
            say("登记首批入库", "Receive the first lots"),
            say(
                "只出售有库存、单证齐全且保质期足够的商品。",
                "Only what is there, with its papers, and fresh enough, is sold.",
            ),
            Stock,
            (Stock.objects.filter(**_OF, stopped=False, on_hand__gt=F("quarantined")),),
        ),
        Step(
            say("设置售后条款", "Set the terms of return"),
            say(
                "消费者下单前须能看到；未设置时按法律最低要求。",
                "Consumers read them; until set the law's minimum holds.",
            ),
            ReturnPolicy,
            (ReturnPolicy.objects.filter(**_OF),),
        ),
        Step(
            say("录入订阅消息模板", "Enter the templates of subscribe messages"),
            say(
                "发货、清关、签收与退款由此告知消费者。",
                "By them consumers hear of parcels, clearance and refunds.",
            ),
            NewsTemplate,
            (NewsTemplate.objects.filter(**_OF, active=True),),
        ),
    )


def shown(request: HttpRequest, shops: Iterable[int]) -> list[dict[str, Any]]:
    """The steps while nobody has ordered in these storefronts; two statements, one where somebody has.

    A step is done where it is in each of them, and has a link for those who may open its page.
    """
    wanted = sorted(shops)
    if not wanted or Order.objects.filter(storefront_id__in=wanted).exists():
        return []
    tests = {
        f"step_{n}_{m}": Exists(rows) for n, step in enumerate(steps()) for m, rows in enumerate(step.done)
    }
    found = list(Storefront.objects.filter(pk__in=wanted).annotate(**tests).values(*tests))
    narrowed = f"?{urlencode({StorefrontFilter.parameter_name: wanted[0]})}" if len(wanted) == 1 else ""
    told = []
    for n, step in enumerate(steps()):
        page = admin.site._registry[step.model]
        url = reverse(step.page) if step.page else _list_of(step.model) + narrowed
        told.append(
            {
                "title": step.title,
                "why": step.why,
                "done": all(row[name] for row in found for name in row if name.startswith(f"step_{n}_")),
                "url": url if (step.may or page.has_view_permission)(request) else "",
            }
        )
    next_one = next((one for one in told if not one["done"]), None)
    return [{**one, "next": one is next_one} for one in told]


def _list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
