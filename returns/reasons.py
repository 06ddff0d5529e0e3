"""What a consumer may ask for and why: one row a reason, which says whose fault it is and what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is asked for."""

    REFUND_ONLY = "refund_only"  # 仅退款: nothing comes back
    RETURN = "return"  # 退货退款
    EXCHANGE = "exchange"  # 换货: a return, and a new order with its own payment and declaration
    CLAIM = "claim"  # 售后索赔: damaged, wrong, missing


class Fault(StrEnum):
    """Whose matter it is, and so who pays the way back and the freight of the way there."""

    NONE = "none"  # a change of mind
    SELLER = "seller"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why; `pictures` are how many it takes at least, `sends` whether goods come back with it."""

    zh: str
    en: str
    kinds: frozenset[Kind]
    fault: Fault
    pictures: int = 0
    sends: bool = True


_BACK = frozenset({Kind.RETURN, Kind.EXCHANGE})
_ANY_BACK = frozenset({Kind.RETURN, Kind.EXCHANGE, Kind.CLAIM})
_ONLY = frozenset({Kind.REFUND_ONLY})
REASONS: dict[str, Reason] = {
    "changed_mind": Reason(
        "不想要了（七日无理由）", "I changed my mind (seven days, no reason)", _BACK, Fault.NONE
    ),
    "does_not_fit": Reason("尺码、颜色或规格不合适", "size, colour or kind does not fit", _BACK, Fault.NONE),
    "no_longer_wanted": Reason(
        "未发货，不想要了", "not sent yet, and no longer wanted", _ONLY, Fault.NONE, sends=False
    ),
    "not_received": Reason("未收到货", "it has not arrived", _ONLY, Fault.SELLER, sends=False),
    "damaged": Reason("收到时破损", "it arrived damaged", _ANY_BACK, Fault.SELLER, pictures=1),
    "defective": Reason("质量问题", "it does not work as it should", _ANY_BACK, Fault.SELLER, pictures=1),
    "wrong": Reason("发错商品", "it is not what was ordered", _ANY_BACK, Fault.SELLER, pictures=1),
    # Of no consumer: the house opens it, whatever was refused or could not be delivered.
    "undelivered": Reason(
        "拒收或无法投递，商品已退回", "refused or undeliverable: it came back", frozenset(), Fault.SELLER
    ),
    "missing": Reason(
        "少发、漏发", "pieces are missing", frozenset({Kind.CLAIM}), Fault.SELLER, pictures=1, sends=False
    ),
}
