"""What this app holds about people: the evidence of an order under the order's own key, carts and coupons."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from compliance import masking, queries, vault
from compliance.copy_words import word
from compliance.holdings import Category, Holding, Keeping, Kept, Names, Waits, history, source, stays
from compliance.models import DataKey, Subject
from compliance.personal_fields import Class, PersonalField
from customers import divisions
from kernel.clock import shanghai_day
from orders import labels
from orders.models import CartLine, CouponClaim, FormerOrderer, Order, OrderLine, Quote
from orders.services.untie import untie

_FIVE_YEARS = "five years from the order (the longest of the duties), then the order's key is destroyed"
_BY_LAW = (
    "of a paid order kept sealed and restricted until its day: the law asks for it; else unreadable at once,"
    " and nothing leads from the order to the person"
)
_DELIVERY = ("customs", "carrier", "brand_abroad")


def _field(
    field: str, klass: Class, purpose: str, recipients: tuple[str, ...] = (), erase: str = _BY_LAW
) -> PersonalField:
    pseudonym = klass == "pseudonym"
    return PersonalField(
        model="orders.Order",
        field=field,
        klass=klass,
        purpose=purpose,
        basis="law",
        retention=_FIVE_YEARS,
        export="not exported: it says nothing without our key" if pseudonym else "in the copy of their data",
        erase=erase,
        recipients=recipients,
        shown="" if pseudonym else "orders",
    )


FIELDS = (
    _field("buyer_name_sealed", "sensitive", "to declare the orderer to customs", ("customs",)),
    _field("buyer_number_sealed", "sensitive", "to declare the orderer to customs", ("customs",)),
    _field("consignee_name_sealed", "ordinary", "to deliver and to declare the consignee", _DELIVERY),
    _field("consignee_phone_sealed", "ordinary", "to deliver and to declare the consignee", _DELIVERY),
    _field("consignee_street_sealed", "ordinary", "to deliver and to declare the consignee", _DELIVERY),
    _field("division_code", "ordinary", "to deliver and to declare the consignee", _DELIVERY),
    _field("person", "pseudonym", "to count the yearly allowance of one person"),
    _field("buyer_index", "pseudonym", "to see repeated orders of one person (personal use, 自用)"),
    _field(
        "payer_index",
        "pseudonym",
        "to see repeated orders that one WeChat user pays",
        erase="emptied at once",
    ),
    _field("phone_index", "pseudonym", "to see repeated orders to one telephone", erase="emptied at once"),
    _field("address_index", "pseudonym", "to see repeated orders to one address", erase="emptied at once"),
)

FORMER = tuple(
    PersonalField(
        model="orders.FormerOrderer",
        field=field,
        klass="sensitive",
        purpose="to prove whom an order was placed for before its payer was named as orderer",
        basis="law",
        retention=_FIVE_YEARS,
        export="in the copy of their data",
        erase=_BY_LAW,
        shown="former_orderers",
    )
    for field in ("name_sealed", "number_sealed")
)

_NUMBER: Names = {"zh": "订单号", "en": "order"}
_AT: Names = {"zh": "时间", "en": "at"}
_SKU: Names = {"zh": "商品编码", "en": "SKU"}
_QUANTITY: Names = {"zh": "数量", "en": "quantity"}
_ORDER: dict[str, Names] = {
    "number": _NUMBER,
    "state": {"zh": "状态", "en": "state"},
    "placed_at": {"zh": "下单时间", "en": "placed"},
    "paid_at": {"zh": "付款时间", "en": "paid"},
    "goods_fen": {"zh": "商品金额", "en": "goods"},
    "freight_fen": {"zh": "运费", "en": "freight"},
    "tax_fen": {"zh": "税款", "en": "tax"},
    "discount_fen": {"zh": "优惠", "en": "discount"},
    "total_fen": {"zh": "合计", "en": "total"},
    "buyer_name": {"zh": "订购人", "en": "orderer"},
    "buyer_number": {"zh": "订购人身份证号码", "en": "orderer's identity number"},
    "consignee_name": {"zh": "收货人", "en": "consignee"},
    "consignee_phone": {"zh": "收货人手机号", "en": "consignee's phone"},
    "region": {"zh": "收货地区", "en": "region"},
    "street": {"zh": "详细地址", "en": "street"},
}
_SEALED = {
    "buyer_name": (labels.BUYER_NAME, "buyer_name_sealed"),
    "buyer_number": (labels.BUYER_NUMBER, "buyer_number_sealed"),
    "consignee_name": (labels.CONSIGNEE_NAME, "consignee_name_sealed"),
    "consignee_phone": (labels.CONSIGNEE_PHONE, "consignee_phone_sealed"),
    "street": (labels.CONSIGNEE_STREET, "consignee_street_sealed"),
}


def see(subject: Subject, now: datetime) -> list[Category]:
    """Orders with lines and former orderers, the cart, coupons and open quotes, and who opened an order.

    An orderer whom the person named is somebody else: masked here too.
    """
    orders = list(Order.objects.filter(subject=subject).select_related("key").order_by("id"))
    lines = OrderLine.objects.filter(order__in=orders).order_by("order_id", "position")
    own = Q(customer__subject=subject)
    cart = CartLine.objects.filter(own).order_by("id")
    claims = CouponClaim.objects.filter(own).select_related("coupon").order_by("id")
    return [
        Category(
            "orders",
            {"zh": "订单", "en": "Orders"},
            _ORDER,
            [_opened(order) for order in orders],
            masks={
                "buyer_name": masking.name,
                "buyer_number": masking.id_number,
                "consignee_phone": masking.phone,
            },
        ),
        Category(
            "former_orderers",
            {"zh": "更换前的订购人", "en": "Orderers before another one was named"},
            {
                "number": _NUMBER,
                "buyer_name": _ORDER["buyer_name"],
                "buyer_number": _ORDER["buyer_number"],
                "replaced_at": {"zh": "更换时间", "en": "replaced"},
            },
            _former(orders),
            masks={"buyer_name": masking.name, "buyer_number": masking.id_number},
        ),
        Category(
            "order_lines",
            {"zh": "订单商品", "en": "What you ordered"},
            {
                "number": _NUMBER,
                "sku": _SKU,
                "name": {"zh": "商品", "en": "goods"},
                "quantity": _QUANTITY,
                "price_fen": {"zh": "单价", "en": "price"},
                "goods_fen": {"zh": "金额", "en": "amount"},
            },
            [
                {
                    "number": line.order.number,
                    "sku": line.sku,
                    "name": line.name_zh,
                    "quantity": line.quantity,
                    "price_fen": line.price_fen,
                    "goods_fen": line.goods_fen,
                }
                for line in lines.select_related("order")
            ],
        ),
        Category(
            "cart",
            {"zh": "购物车", "en": "Cart"},
            {"sku": _SKU, "quantity": _QUANTITY, "added_at": _AT},
            [
                {"sku": line.variant.sku, "quantity": line.quantity, "added_at": line.added_at}
                for line in cart.select_related("variant")
            ],
        ),
        Category(
            "coupons",
            {"zh": "优惠券", "en": "Coupons"},
            {"code": {"zh": "券码", "en": "code"}, "claimed_at": _AT, "number": _NUMBER},
            [
                {"code": one.coupon.code, "claimed_at": one.claimed_at, "number": one.order_number}
                for one in claims
            ],
        ),
        Category(
            "quotes",
            {"zh": "报价", "en": "Quotes"},
            {"made_at": _AT, "total_fen": {"zh": "合计", "en": "total"}},
            list(Quote.objects.filter(own, order=None).order_by("id").values("made_at", "total_fen")),
        ),
        Category(
            "order_accesses",
            {"zh": "他人访问订单记录", "en": "Who else opened your orders"},
            {
                "at": _AT,
                "who": {"zh": "访问者", "en": "who"},
                "number": _NUMBER,
                "purpose": {"zh": "目的", "en": "purpose"},
            },
            [
                {"at": row.at, "who": row.who, "number": row.ref, "purpose": row.purpose}
                for row in queries.accesses(refs=[order.number for order in orders])
            ],
        ),
    ]


def waits(subject: Subject, now: datetime) -> list[Waits]:
    """Orders that are not over: unpaid ones must end, paid ones count as in progress for some weeks.

    So does one that was paid and then cancelled: its money, its tax and its allowance are still on their way.
    """
    days: int = source("order_in_progress_days", shanghai_day(now)).value
    open_ones = Q(state__in=("placed", "closing")) | Q(paid_at__gt=now - timedelta(days=days))
    rows = Order.objects.filter(open_ones, subject=subject).order_by("id").values_list("number", "paid_at")
    return [
        Waits(
            "order",
            number,
            f"订单付款后 {days} 天内仍可能退换、退税，之后可注销"
            if paid_at
            else "订单待付款或关闭中，请先取消",
            f"a paid order may still be returned for {days} days after payment"
            if paid_at
            else "the order waits for payment or is closing; cancel it first",
        )
        for number, paid_at in rows
    ]


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Carts, quotes, coupons go; an order for which no money came is cut from its person, others are kept.

    Money that came too late for an order is evidence like any other. The rows are locked: of a closing and
    of money that comes at the same moment, the second sees the first.
    """
    mine = Order.objects.filter(subject=subject)
    list(mine.select_for_update().order_by("pk").values_list("pk"))
    untie(orders=mine.filter(paid_at=None).exclude(payments__transaction_id__isnull=False), now=now)
    own = Q(customer__subject=subject)
    CartLine.objects.filter(own).delete()
    Quote.objects.filter(own, order=None).delete()
    used = Quote.objects.filter(own, claim__isnull=False).values("claim_id")
    CouponClaim.objects.filter(own).exclude(pk__in=used).delete()
    paid = Order.objects.filter(subject=subject)
    paid.update(payer_index=None, phone_index=b"", address_index=b"")
    if not paid:
        return []
    found = source("order_years", shanghai_day(now))
    until = DataKey.objects.filter(pk__in=paid.values("key_id")).order_by("-destroy_on")[0].destroy_on
    looks = [row.at for row in queries.accesses(refs=[order.number for order in paid])]
    return [
        Kept("orders", _KEPT, len(paid), found.citation, until, _MODELS),
        *stays("order_accesses", _LOOKS, "log_years", looks, now, "compliance.Access"),
        *history("order_history", _HISTORY, "order_years", [order.event_key for order in paid], now),
    ]


_KEPT: Names = {
    "zh": "订单与申报凭证：订购人、收货人信息加密封存并限制访问",
    "en": "orders and what is declared of them, with orderer and consignee, sealed and restricted",
}
_LOOKS: Names = {"zh": "他人访问订单的记录", "en": "who else opened your orders"}
_HISTORY: Names = {"zh": "订单的状态记录（仅编号）", "en": "what happened to orders, by number alone"}
_MODELS = (
    "compliance.DataKey",
    "inventory.Movement",
    "inventory.Reservation",
    "orders.CouponClaim",
    "orders.FormerOrderer",
    "orders.Order",
    "orders.OrderLine",
    "orders.Quote",
)


def _opened(order: Order) -> dict[str, Any]:
    """The order in plain for its own person; empty where the key was destroyed."""
    try:
        key = vault.unwrap(order.key)
    except vault.VaultClosed:
        plain = dict.fromkeys(_SEALED, "")
    else:
        plain = {
            code: key.open(label, order.number, bytes(getattr(order, column)))
            for code, (label, column) in _SEALED.items()
        }
        if order.former_orderers.exists():
            plain["buyer_name"] = masking.name(plain["buyer_name"])
            plain["buyer_number"] = masking.id_number(plain["buyer_number"])
    row = {code: getattr(order, code) for code in _ORDER if hasattr(order, code)}
    row["state"] = word("orders", order.state)
    return row | plain | {"region": " ".join(divisions.path(order.division_code))}


def _former(orders: list[Order]) -> list[dict[str, Any]]:
    """Whom the orders were placed for: the first one is the person themself, later ones are somebody else."""
    told: list[dict[str, Any]] = []
    seen: set[int] = set()
    rows = FormerOrderer.objects.filter(order__in=orders).select_related("order__key").order_by("id")
    for row in rows:
        try:
            key = vault.unwrap(row.order.key)
        except vault.VaultClosed:
            name = number = ""
        else:
            name = key.open(labels.FORMER_NAME, row.public_id, bytes(row.name_sealed))
            number = key.open(labels.FORMER_NUMBER, row.public_id, bytes(row.number_sealed))
        if row.order_id in seen:
            name, number = masking.name(name), masking.id_number(number)
        seen.add(row.order_id)
        told.append(
            {
                "number": row.order.number,
                "buyer_name": name,
                "buyer_number": number,
                "replaced_at": row.replaced_at,
            }
        )
    return told


def _empty(orders: Any) -> None:
    """What would still find the person of orders that nobody can read any more."""
    orders.update(
        person=None, buyer_index=b"", payer_index=None, phone_index=b"", address_index=b"", division_code=""
    )


HOLDING = Holding(
    app="orders",
    gives=("orders", "former_orderers", "order_lines", "cart", "coupons", "quotes", "order_accesses"),
    fields=(*FIELDS, *FORMER),
    see=see,
    waits=waits,
    erase=erase,
    keeping=(
        Keeping(
            "orders.quotes",
            {"zh": "未下单的报价", "en": "quotes on which nobody ordered"},
            lambda before: Quote.objects.filter(order=None, expires_at__lt=before),
            "quote_days",
        ),
        Keeping(
            "orders.former_orderers",
            {"zh": "更换前的订购人", "en": "orderers before another one was named"},
            lambda before: FormerOrderer.objects.filter(replaced_at__lt=before),
            "order_years",
            append_only=True,
        ),
        Keeping(
            "orders.traces",
            {
                "zh": "已销毁密钥的订单中的索引与地区",
                "en": "indexes and regions of orders whose key was destroyed",
            },
            lambda before: Order.objects.filter(key__destroyed_at__isnull=False, person__isnull=False),
            let_go=lambda rows, now: _empty(Order.objects.filter(pk__in=[row.pk for row in rows])),
        ),
    ),
)
