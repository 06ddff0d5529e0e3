"""What a screen may show of a message: every element with its meaning, and whatever tells of a person masked.

`data/elements.csv` says how each element is masked; one that it masks in a way unknown here is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from compliance import masking
from customs.ceb.message import Document, Values
from customs.ceb.read import Unreadable, parse, understand
from customs.ceb.tables import NAMESPACE, entities, meanings, shapes
from customs.ceb.write import written
from customs.steps import errors

HIDDEN = "***"
# Of words in free text those alone are shown that the specification itself uses; a name is none of them.
_WORDS = """
Code Desc 处理成功 处理失败 新增申报成功 变更申报成功 新增 变更 申报 成功 失败 逻辑校验 校验 通过
不通过 不符 一致 不一致 超过 限额 额度 年度 单次 单笔 累计 已用 可用 本次 清单 订单 支付单 运单 报文
回执 退单 放行 入库 结关 挂起 扣留 查验 人工审核 人工 审核 撤单 退货 海关 电子口岸 口岸 系统 异常
重复 已存在 不存在 状态 编号 商品编码 商品 数量 金额 价格 税款 税单 企业 备案 备案信息 申报单位
购买人 订购人 收货人 支付人 姓名 证件号码 身份证号 电话 地址 验签 签名 证书 发送 接收 原因 错误 重试
"""
# An error code, or the number that follows “Code:”; no number of a person is as short.
_CODE = r"(?<=Code:)-?\d{1,6}(?!\d)|-\d{5,6}(?!\d)"
_MARKS = r"[\s\[\]【】()（）<>《》:：;；,，.。、!！?？/|\"'“”]+|-"


class Line(NamedTuple):
    """One element: its name, what it says in Chinese and English, and its value, masked."""

    element: str
    zh: str
    en: str
    value: str


class Part(NamedTuple):
    """The head of a document or one of its lines; `number` 0 is the head."""

    entity: str
    number: int
    lines: tuple[Line, ...]


def shown(name: str, raw: bytes) -> list[Part]:
    """The parts of one document of a message of this name. Raises Unreadable."""
    return [part for document in _documents(name, raw) for part in _parts(name, document)]


def words(text: str) -> str:
    """Free text with everything starred that is no word, code or mark of the specification."""
    found: list[str] = []
    at = 0
    for known in _known().finditer(text):
        found += ["*"] * (known.start() > at) + [known[0]]
        at = known.end()
    return "".join([*found, "*" * (at < len(text))])


def hidden(element: str, text: str) -> str:
    """A value as a screen may show it."""
    return _HIDE.get(meanings()[element].personal, _nothing)(text)


def _nothing(_: str) -> str:
    return HIDDEN


_HIDE: Mapping[str, Callable[[str], str]] = {
    "": str,
    "name": masking.name,
    "number": masking.id_number,
    "phone": masking.phone,
    "text": words,
}


def _documents(name: str, raw: bytes) -> Sequence[Document]:
    if name not in shapes():
        raise Unreadable("no message of the specification")
    opened = f'<ceb:{name} xmlns:ceb="{NAMESPACE}" version="1.0">'.encode()
    found = understand(parse(b"".join([opened, raw, f"</ceb:{name}>".encode()]))).documents
    if not found:
        raise Unreadable("no document of this message")
    return found


def _parts(name: str, document: Document) -> Iterator[Part]:
    shape = shapes()[name]
    yield Part(shape.head, 0, tuple(_lines(shape.head, document.head)))
    for number, values in enumerate(document.lines, 1):
        yield Part(shape.lines, number, tuple(_lines(shape.lines, values)))


def _lines(entity: str, values: Values) -> Iterator[Line]:
    for field in entities()[entity]:
        if field.name in values:
            meaning = meanings()[field.name]
            text = written(field, values[field.name])
            yield Line(field.name, meaning.zh, meaning.en, hidden(field.name, text))


@lru_cache(maxsize=1)
def _known() -> re.Pattern[str]:
    elements = {re.sub(r"（.*?）", "", meaning.zh) for meaning in meanings().values()}
    longest = sorted(
        {*elements, *(one.zh for one in errors().values()), *_WORDS.split()}, key=len, reverse=True
    )
    return re.compile("|".join([_CODE, *map(re.escape, longest), _MARKS]))
