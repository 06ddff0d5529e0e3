"""What this door says about a field: in the caller's language, in words that a consumer understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.utils.functional import lazy
from django.utils.translation import get_language
from rest_framework.exceptions import ErrorDetail

# Where the framework's own Chinese is missing, half English or says something else.
_ZH = {
    "null": "该字段不能为空值。",
    "null_characters_not_allowed": "不能包含空字符。",
    "not_a_list": "该字段应为列表。",
    "invalid_choice": "不是可选的值。",
}


def _english() -> bool:
    return (get_language() or "").startswith("en")


def said(zh: str, en: str) -> str:
    """A message that is Chinese or English by the language of the request in which it is shown."""
    return cast(str, _by_language(zh, en))


def _choose(zh: str, en: str) -> str:
    return en if _english() else zh


_by_language: Callable[[str, str], Any] = lazy(_choose, str)

AN_OBJECT = said("应为一个 JSON 对象。", "A JSON object is needed.")
AN_ID = said("编号格式不正确。", "This is not an id of ours.")
A_QUOTE = said("请提供报价编号。", "The token of a quote is needed.")
A_NOTICE = said(
    "请提供所确认的风险告知书的校验值，或留空。", "The sha256 of the risk notice, or null, is needed."
)
SOME_SKUS = said("请提供所确认商品的 SKU 列表。", "A list of SKUs is needed.")
A_MOBILE = said("请填写 11 位大陆手机号。", "A mainland mobile number of 11 digits is needed.")
A_DIVISION = said("请填写 6 位行政区划代码。", "A division code of 6 digits (GB/T 2260) is needed.")
ONE_OF_TWO = said("请在商品清单与购物车中选择其一。", "Send either lines or cart.")
A_LINE_ONCE = said("每行商品只能填写一次。", "Name each line of the order once.")
AN_ANSWER_EACH = said("每个模板只能有一个答复。", "One answer a template is needed.")


def retold(detail: Any) -> Any:
    """The details of a ValidationError, with our words where the framework's Chinese would not do."""
    if isinstance(detail, dict):
        return {field: retold(inner) for field, inner in detail.items()}
    if isinstance(detail, list):
        return [retold(inner) for inner in detail]
    if isinstance(detail, ErrorDetail) and not _english() and detail.code in _ZH:
        return ErrorDetail(_ZH[detail.code], detail.code)
    return detail
