"""What a partner may be allowed: one word for each verb, and one for each kind of personal data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from partners.models import Partner

PROFILE: Final = "profile"
SCOPES: Final[dict[str, tuple[str, str]]] = {
    PROFILE: ("read who one is oneself", "读取自身信息"),
    "catalogue:read": ("read products, variants and prices", "读取商品、规格与价格"),
    "catalogue:write": ("add and change products, variants and prices", "新增、修改商品、规格与价格"),
    "catalogue:classify": ("confirm classifications for customs", "确认商品归类"),
    "stock:read": ("read stock levels, lots and movements", "读取库存、批次与流水"),
    "stock:write": ("receive, adjust and count stock", "收货、调整与盘点"),
    "orders:read": ("read orders, without personal data", "读取订单（不含个人信息）"),
    "orders:write": ("acknowledge orders", "确认接收订单"),
    "fulfilment:read": ("read shipments and parcels", "读取发货单与包裹"),
    "fulfilment:write": ("pick, pack and hand over parcels", "拣货、打包与交运"),
    "tracking:write": ("tell where parcels are", "回传物流轨迹"),
    "customs:read": ("read declarations and their messages", "读取申报与报文"),
    "customs:write": ("bring in customs' receipts", "录入海关回执"),
    "returns:read": ("read returns that are on their way", "读取退货"),
    "returns:write": ("receive and inspect returned goods", "签收与检验退货"),
    "trace:read": ("read which orders a lot went to", "追溯批次所发往的订单"),
    "recalls:write": ("stop the sale of goods, and lift one's own stop", "停售商品或批次，及解除本方停售"),
    "settlement:read": ("read settlement statements", "读取结算单"),
    "webhooks": ("subscribe to events", "订阅事件"),
    "personal:name": ("be given the recipient's name; labels need it", "获取收件人姓名（打印面单须有）"),
    "personal:phone": ("be given the recipient's telephone", "获取收件人电话"),
    "personal:address": (
        "be given the recipient's address; labels need it",
        "获取收件人地址（打印面单须有）",
    ),
    "personal:declaration": (
        "be given what a message to customs or from it says, identity number and all",
        "获取报关报文与回执原文（含身份证号码）",
    ),
}
PERSONAL: Final = frozenset(name for name in SCOPES if name.startswith("personal:"))
_WAREHOUSE = {"catalogue:read", "stock:read", "stock:write", "orders:read", "orders:write"}
_WAREHOUSE |= {"fulfilment:read", "fulfilment:write", "returns:read", "returns:write", "webhooks"}
_BROKER = {"catalogue:read", "catalogue:write", "catalogue:classify", "orders:read"}
_BROKER |= {"customs:read", "customs:write", "webhooks"}
# What each kind of partner has use for: where a connection begins, before anyone has thought about it.
USUAL: Final[dict[str, frozenset[str]]] = {
    Partner.Kind.WAREHOUSE: frozenset(_WAREHOUSE),
    Partner.Kind.CARRIER: frozenset({"fulfilment:read", "tracking:write", "webhooks"}),
    Partner.Kind.BROKER: frozenset(_BROKER),
    Partner.Kind.ERP: frozenset(SCOPES)
    - PERSONAL
    - {"catalogue:classify", "customs:write", "tracking:write", PROFILE},
}


def known(names: Iterable[str]) -> list[str]:
    """Of these names those that are scopes, each once, in their order here."""
    wanted = set(names)
    return [name for name in SCOPES if name in wanted]
