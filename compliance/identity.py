"""An identity number (公民身份号码, GB 11643-1999) is checked before use; every fault is named."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from stdnum.iso7064 import mod_11_2

from compliance.facts import BuyerFacts

# GB/T 2260: the first two digits are the province-level division. 81, 82, 83: residence permits of people of
# Hong Kong, Macao and Taiwan (港澳台居民居住证).
PROVINCES = {
    "11": "北京市", "12": "天津市", "13": "河北省", "14": "山西省", "15": "内蒙古自治区",
    "21": "辽宁省", "22": "吉林省", "23": "黑龙江省",
    "31": "上海市", "32": "江苏省", "33": "浙江省", "34": "安徽省", "35": "福建省", "36": "江西省",
    "37": "山东省",
    "41": "河南省", "42": "湖北省", "43": "湖南省", "44": "广东省", "45": "广西壮族自治区", "46": "海南省",
    "50": "重庆市", "51": "四川省", "52": "贵州省", "53": "云南省", "54": "西藏自治区",
    "61": "陕西省", "62": "甘肃省", "63": "青海省", "64": "宁夏回族自治区", "65": "新疆维吾尔自治区",
}  # fmt: skip
PERMITS = {"810000": "香港", "820000": "澳门", "830000": "台湾"}
EARLIEST = date(1900, 1, 1)


class Kind(StrEnum):
    """Which document carries the number; customs takes 18-digit numbers only."""

    RESIDENT = "resident_identity_card"
    PERMIT = "residence_permit"
    FOREIGNER = "permanent_resident_card"


class Fault(StrEnum):
    """What is wrong with a number."""

    LENGTH = "length"
    CHARACTERS = "characters"
    REGION = "region"
    BIRTH_DATE = "birth_date"
    CHECKSUM = "checksum"


TEXTS = {
    Fault.LENGTH: ("An identity number has 18 characters.", "身份证号码应为18位。"),
    Fault.CHARACTERS: (
        "Only digits, and X at the end, are allowed.",
        "身份证号码只能由数字组成，末位可以是X。",
    ),
    Fault.REGION: ("The first digits are no known region.", "身份证号码的地区代码不存在。"),
    Fault.BIRTH_DATE: ("The date of birth is not possible.", "身份证号码中的出生日期有误。"),
    Fault.CHECKSUM: (
        "The last character does not match; please check for a typing error.",
        "校验码不符，请核对。",
    ),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A number in its standard spelling with everything that is wrong with it; well-formed when nothing is.

    Well-formed is not verified: only an authorised provider knows whether number and name belong together.
    """

    number: str
    faults: tuple[Fault, ...]
    kind: Kind | None = None
    birth_date: date | None = None

    @property
    def well_formed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def __repr__(self) -> str:
        return f"<Checked {', '.join(self.faults) or 'well-formed'}>"


def check(number: str, today: date) -> Checked:
    """Check form, region, date of birth (not after `today`) and check character (ISO 7064 MOD 11-2)."""
    number = "".join(unicodedata.normalize("NFKC", number).split()).upper()
    if len(number) != 18:
        return Checked(number, (Fault.LENGTH,))
    body = number[:17]
    if not (number.isascii() and body.isdigit() and (number[17].isdigit() or number[17] == "X")):
        return Checked(number, (Fault.CHARACTERS,))
    kind = _kind(number)
    born = _birth_date(number)
    faults = []
    if kind is None:
        faults.append(Fault.REGION)
    if born is None or not EARLIEST <= born <= today:
        faults.append(Fault.BIRTH_DATE)
    if not mod_11_2.is_valid(number):
        faults.append(Fault.CHECKSUM)
    return Checked(number, tuple(faults), kind, born)


def age(born: date, day: date) -> int:
    """Full years on `day`; who was born on 29 February turns a year older on 1 March in a common year."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def buyer_facts(number: str | None, *, verified: bool, day: date) -> BuyerFacts:
    """What the rules may know of the orderer with this number; None where none was given."""
    if number is None:
        return BuyerFacts(number_present=False)
    checked = check(number, day)
    return BuyerFacts(
        number_present=True,
        number_well_formed=checked.well_formed,
        verified=verified,
        document=checked.kind.value if checked.kind else None,
        age=age(checked.birth_date, day) if checked.birth_date else None,
    )


def _kind(number: str) -> Kind | None:
    if number[:2] in PROVINCES:
        return Kind.RESIDENT
    if number[:6] in PERMITS:
        return Kind.PERMIT
    # Since 2023-12-01: 9, province of issue, country of birth, date of birth as in the other numbers' place.
    if number[0] == "9" and number[1:3] in PROVINCES:
        return Kind.FOREIGNER
    return None


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
