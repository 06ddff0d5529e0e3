"""A Chinese sentence names states and fields in Chinese; the codes stay what machines read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIELDS = {
    "name": "姓名",
    "phone": "手机号",
    "number": "身份证号码",
    "division_code": "所在地区",
    "street": "详细地址",
}
_STATES = {
    # orders
    "placed": "待付款",
    "closing": "关闭中",
    "paid": "已付款",
    "expired": "已超时关闭",
    "cancelled": "已取消",
    # payments
    "created": "已创建",
    "prepared": "待支付",
    "succeeded": "支付成功",
    "closed": "已关闭",
    "stray": "异常到账",
    # payer and orderer
    "open": "待查询",
    "asked": "已查询",
    "same": "同一人",
    "different": "非同一人",
    "renamed": "已更正订购人",
    "ended": "已结束",
    "refunding": "待退款",
    # products
    "draft": "草稿",
    "published": "已上架",
    "withdrawn": "已下架",
}
_CONSENTS = {
    "privacy_policy": "隐私政策",
    "sensitive_identity": "身份信息单独同意",
    "transfer_abroad": "向境外品牌方提供个人信息",
    "marketing": "营销信息",
    "personalisation": "个性化推荐",
    "identity_reuse": "在其他店铺使用已核验的身份",
}
# Where one word says different things of different rows.
_OF_MACHINE: Mapping[str, Mapping[str, str]] = {
    "return": {
        "requested": "待审核",
        "refused": "已拒绝",
        "appealed": "申诉中",
        "to_send": "待寄回",
        "on_the_way": "寄回途中",
        "received": "已收货待验",
        "inspected": "已验货",
        "disputed": "异议处理中",
        "refunding": "退款中",
        "settled": "已退款",
        "ended": "已结束",
        "lapsed": "逾期未寄回",
        "withdrawn": "已撤销",
    }
}
ZH: Mapping[str, Mapping[str, str]] = {"field": _FIELDS, "state": _STATES, "consent": _CONSENTS}


def in_chinese(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an error as a Chinese title shows them: field, state and consent by name, the rest as it
    is."""
    own = _OF_MACHINE.get(str(facts.get("machine")), {})
    return {
        key: own.get(value) or ZH[key].get(value, value) if key in ZH and isinstance(value, str) else value
        for key, value in facts.items()
    }
