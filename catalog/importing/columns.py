"""The columns of the import: what each is called, what it may hold, and which field it fills."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from stdnum import ean
from stdnum.exceptions import InvalidFormat, ValidationError

from catalog import models, reference
from catalog.importing.faults import BadCell
from compliance.queries import goods_classes

_YES = {"yes", "true", "1", "是"}
_NO = {"no", "false", "0", "否", ""}
MAX_YUAN = 10_000_000
_CHAPTERS = {f"{n:02}" for n in range(1, 98) if n != 77}  # 77 is kept free by the Harmonized System


@dataclass(frozen=True)
class Column:
    """One column. `of` says whose field it fills; `parse` takes the stripped text or raises BadCell.

    A column that is not required may be empty or left out altogether.
    """

    name: str
    of: Literal["product", "variant"]
    parse: Callable[[str], Any]
    required: bool = False


def text(longest: int) -> Callable[[str], str]:
    """Text of at most `longest` characters, without control characters."""

    def parse(cell: str) -> str:
        if len(cell) > longest:
            raise BadCell(f"longer than {longest} characters", f"超过 {longest} 个字符")
        if any(ord(c) < 32 and c not in "\n\r\t" for c in cell):
            raise BadCell("holds control characters", "含有控制字符")
        return cell.replace("\r\n", "\n")

    return parse


def matching(pattern: str, message: str, message_zh: str) -> Callable[[str], str]:
    """Text of one form."""
    compiled = re.compile(pattern)

    def parse(cell: str) -> str:
        if compiled.fullmatch(cell) is None:
            raise BadCell(message, message_zh)
        return cell

    return parse


def yuan(cell: str) -> int:
    """Yuan with at most two decimals, as fen: "199.5" → 19950."""
    if re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,2})?", cell) is None:
        raise BadCell("not an amount in yuan like 199.00", "不是有效金额（元，最多两位小数）")
    fen = int(Decimal(cell) * 100)
    if not 0 < fen <= MAX_YUAN * 100:
        raise BadCell("not between 0.01 and 10,000,000 yuan", "金额须在 0.01 至 10,000,000 元之间")
    return fen


def optional(parse: Callable[[str], int]) -> Callable[[str], int | None]:
    """As `parse`, but an empty cell is None."""
    return lambda cell: parse(cell) if cell else None


def whole(most: int) -> Callable[[str], int]:
    """A whole number from 1 to `most`."""

    def parse(cell: str) -> int:
        if re.fullmatch(r"[0-9]{1,9}", cell) is None or not 0 < int(cell) <= most:
            raise BadCell(f"not a whole number from 1 to {most}", f"须为 1 至 {most} 的整数")
        return int(cell)

    return parse


def decimal(digits: int, places: int) -> Callable[[str], Decimal | None]:
    """A positive decimal of at most `digits` digits before and `places` after the point; empty is None."""

    def parse(cell: str) -> Decimal | None:
        if not cell:
            return None
        try:
            value = Decimal(cell) if re.fullmatch(r"[0-9.]+", cell) else Decimal(0)
        except InvalidOperation:
            value = Decimal(0)
        if value <= 0 or value >= 10**digits or -int(value.as_tuple().exponent) > places:
            raise BadCell(
                f"not a positive number with at most {places} decimals", f"须为正数，最多 {places} 位小数"
            )
        return value

    return parse


def yes_no(cell: str) -> bool:
    """yes or no, 是 or 否; empty is no."""
    lowered = cell.lower()
    if lowered not in _YES | _NO:
        raise BadCell("neither yes nor no", "须填 yes/no 或 是/否")
    return lowered in _YES


def yes_unless_no(cell: str) -> bool:
    """As yes_no, but empty is yes."""
    return yes_no(cell or "yes")


def hs_code(cell: str) -> str:
    """A commodity code 商品编码 of 10 digits in a chapter that exists."""
    if re.fullmatch(r"[0-9]{10}", cell) is None:
        raise BadCell(
            "not 10 digits; format the column as text to keep leading zeros",
            "商品编码须为 10 位数字（请将该列设为文本格式以保留前导零）",
        )
    if cell[:2] not in _CHAPTERS:
        raise BadCell(f"there is no chapter {cell[:2]}", f"税则没有第 {cell[:2]} 章")
    return cell


def country(cell: str) -> str:
    """A country by ISO 3166-1 alpha-2, of which customs has a code; goods cannot come from China itself."""
    if cell.upper() not in reference.countries():
        raise BadCell("not an ISO country code like FR", "不是有效的国家代码（ISO 两位字母，如 FR）")
    if cell.upper() == "CN":
        raise BadCell("imports do not originate in China", "进口商品原产国不能为中国")
    return cell.upper()


def unit(cell: str) -> str | None:
    """A customs unit by its 3-digit code or its Chinese name; empty is None."""
    if not cell:
        return None
    if cell in reference.units():
        return cell
    for code, name in reference.units().items():
        if name == cell:
            return code
    raise BadCell("not a customs unit like 142 or 瓶", "不是有效的计量单位代码（如 142 或 瓶）")


def content_unit(cell: str) -> str | None:
    """ml, g or piece; empty is None."""
    if cell not in {"", *models.Variant.ContentUnit.values}:
        raise BadCell("none of ml, g, piece", "须为 ml、g 或 piece")
    return cell or None


def return_exclusion(cell: str) -> str:
    """The ground on which the return within seven days may be given up; empty is none."""
    if cell not in {"", *models.Variant.ReturnExclusion.values}:
        grounds = models.Variant.ReturnExclusion.values
        raise BadCell(f"none of {', '.join(grounds)}", f"须为 {'、'.join(grounds)} 或留空")
    return cell


def bar_code(cell: str) -> str:
    """A GTIN with a right check digit, without its blanks and hyphens, or nothing."""
    if not cell:
        return ""
    try:
        if not cell.isascii():  # full width digits are digits to some and not to others
            raise InvalidFormat()
        return ean.validate(cell)
    except ValidationError as failure:
        raise BadCell(
            "not a bar code (GTIN): wrong length or check digit", "条形码长度或校验位错误"
        ) from failure


def options(cell: str) -> dict[str, str]:
    """Options as "色号=玫瑰红; 容量=30ml", in order."""
    found: dict[str, str] = {}
    for part in re.split("[;；]", cell) if cell else []:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value) or name in found or len(name) > 20 or len(value) > 60:
            raise BadCell("not of the form “Shade=Rose; Size=30 ml”", "格式应为“色号=玫瑰红;容量=30ml”")
        found[name] = value
    return found


def classes(cell: str) -> list[str]:
    """Classes of goods for which the law has rules, as "egg; meat", sorted."""
    found = sorted({part.strip() for part in re.split("[;；]", cell) if part.strip()})
    known = goods_classes()
    if not known.keys() >= set(found):
        raise BadCell(f"none of {', '.join(known)}", f"须为 {'、'.join(known)}")
    return found


_slug = matching(
    r"(?=.{1,60}$)[a-z0-9]+(-[a-z0-9]+)*", "not a code like rose-serum", "代码须为小写字母、数字与连字符"
)
_sku = matching(
    models.SKU.strip("^$"), "not an SKU of 1 to 30 letters, digits, . _ -", "SKU 须为 1–30 位字母数字"
)

COLUMNS = (
    Column("product_code", "product", _slug, required=True),
    Column("category", "product", _slug, required=True),
    Column("brand", "product", _slug, required=True),
    Column("name_zh", "product", text(120), required=True),
    Column("name_en", "product", text(160), required=True),
    Column("subtitle_zh", "product", text(120)),
    Column("subtitle_en", "product", text(160)),
    Column("description_zh", "product", text(5000)),
    Column("description_en", "product", text(5000)),
    Column("sku", "variant", _sku, required=True),
    Column("options_zh", "variant", options),
    Column("options_en", "variant", options),
    Column("price", "variant", optional(yuan)),  # one of the two, see plan.py
    Column("price_tax_included", "variant", optional(yuan)),
    Column("weight_g", "variant", whole(100_000), required=True),
    Column("bar_code", "variant", bar_code),
    Column("active", "variant", yes_unless_no),
    Column("hs_code", "variant", hs_code, required=True),
    Column("origin", "variant", country, required=True),
    Column("unit", "variant", unit, required=True),
    Column("legal_unit_1", "variant", unit, required=True),
    Column("legal_quantity_1", "variant", decimal(14, 5), required=True),
    Column("legal_unit_2", "variant", unit),
    Column("legal_quantity_2", "variant", decimal(14, 5)),
    Column("net_content", "variant", decimal(9, 3)),
    Column("net_content_unit", "variant", content_unit),
    Column("spec_zh", "variant", text(250), required=True),
    Column("e_label_zh", "variant", text(5000)),
    Column("is_food", "variant", yes_no),
    Column("adult_only", "variant", yes_no),
    Column("return_exclusion", "variant", return_exclusion),
    Column("classes", "variant", classes),
    Column("exclusion_ruled_out", "variant", yes_no),
    Column("customs_confirmed", "variant", yes_no),
    Column("customs_note", "variant", text(250)),
)
BY_NAME = {column.name: column for column in COLUMNS}
PRODUCT_COLUMNS = tuple(column for column in COLUMNS if column.of == "product")
VARIANT_COLUMNS = tuple(column for column in COLUMNS if column.of == "variant")
