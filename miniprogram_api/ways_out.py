"""What a consumer can do about a refusal, rule by rule: never a way round the law.

Nothing here is judged: the rule has said no, and whoever follows a way asks for a quote again. That an order
is split to stay below the limit is no way (SPLIT-1), nor is another person's name or allowance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from rest_framework import serializers

from kernel.documents import RefusalDocument, Text

VERIFY, CORRECT, FEWER, REMOVE = "verify_identity", "correct_identity", "reduce_quantity", "remove_goods"
NEXT_YEAR, CONFIRM, AGAIN, ASK = "wait_for_next_year", "confirm_notice", "quote_again", "ask_shop"
KINDS = (VERIFY, CORRECT, FEWER, REMOVE, NEXT_YEAR, CONFIRM, AGAIN, ASK)


@dataclass(frozen=True, slots=True)
class Way:
    """One thing to do; the client has a button for its kind."""

    kind: str
    zh: str
    en: str


_REMOVE = Way(REMOVE, "移除该商品后重新结算。", "Take these goods out and check out again.")
_FEWER = Way(FEWER, "减少件数或移除部分商品。", "Order fewer pieces, or take some goods out.")
_NEXT_YEAR = Way(
    NEXT_YEAR,
    "年度额度于次年 1 月 1 日重新计算，届时可购买。",
    "The allowance of the year begins anew on 1 January: buy then.",
)
_AGAIN = Way(AGAIN, "重新结算并确认最新内容。", "Check out again and confirm what is shown then.")
_ASK = Way(ASK, "请联系店铺客服。", "Please ask the shop.")
_CORRECT = Way(
    CORRECT,
    "核对并更正订购人的姓名与居民身份证号码。",
    "Look at the orderer's name and resident identity number again, and correct them.",
)

WAYS: Mapping[str, tuple[Way, ...]] = {
    "ADULT-1": (_REMOVE,),
    "MINOR-1": (_ASK,),
    "FOREX-1": (_FEWER, _ASK),
    "FOREX-2": (_ASK,),
    "PARTY-1": (_ASK,),
    "QUARANTINE-1": (_REMOVE,),
    "GATE-1": (_REMOVE,),
    "RECALL-1": (_REMOVE,),
    "IDENTITY-1": (
        Way(VERIFY, "填写订购人身份信息并完成核验。", "Give the orderer's identity and have it verified."),
    ),
    "IDENTITY-2": (_CORRECT,),
    "IDENTITY-3": (Way(VERIFY, "完成订购人身份核验。", "Have the orderer's identity verified."),),
    "IDENTITY-4": (_CORRECT,),
    "LIMIT-1": (_FEWER,),
    "LIMIT-2": (_FEWER, _NEXT_YEAR),
    "LIST-1": (_REMOVE,),
    "LIST-2": (_REMOVE,),
    "LIST-3": (_FEWER, _NEXT_YEAR),
    "LIST-4": (_REMOVE,),
    "NOTICE-1": (Way(CONFIRM, "阅读并确认风险告知书。", "Read and confirm the risk notice."),),
    "PRICE-1": (_AGAIN,),
    "RETURN-1": (_AGAIN,),
    "MODE-1": (_ASK,),
    "MODE-2": (_ASK,),
}


class RemedyOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS)
    text = Text()
    day = serializers.DateField(allow_null=True, help_text="from which on, where it is one to wait for")


class RefusalOut(RefusalDocument):
    """A refusal, and what the consumer can do about it, the likeliest first."""

    next = RemedyOut(many=True)


def with_ways(refusals: Iterable[Mapping[str, Any]], day: date) -> list[dict[str, Any]]:
    """The refusals of a judgement of `day`, each with its ways."""
    return [{**one, "next": [_told(way, day) for way in WAYS.get(one["rule"], (_ASK,))]} for one in refusals]


def _told(way: Way, day: date) -> dict[str, Any]:
    starts = date(day.year + 1, 1, 1) if way is _NEXT_YEAR else None
    return {"kind": way.kind, "text": {"zh": way.zh, "en": way.en}, "day": starts}
