"""What each receipt leads to: a table of statuses, and one of the specification's error codes.

A code that no table has leads to a person, as does a reason in words that none of the words below is in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).parent / "data"
_CODE = re.compile(r"-\d{5,6}(?!\d)")


class Step(StrEnum):
    """What is done next about a document that was refused, or that failed on its way."""

    AS_NEW = "as_new"  # told again as a new document (appType 1)
    AS_CHANGED = "as_changed"  # told again as a change of what is there (appType 2)
    LATER = "later"  # the same, again, later: the port failed, or could not reach customs
    DECLARED = "declared"  # it is there already: its receipts are waited for
    KEPT = "kept"  # the list stays as it is: it can no longer be cancelled
    OLD = "old"  # an older version: nothing
    PAYMENT = "payment"  # WeChat Pay declares the payment again
    CARRIER = "carrier"  # the carrier declares the waybill again
    SITE = "site"  # the supervised site enters the goods again
    SIGN = "sign"  # the signature: a person looks at key and card, then it is signed and told again
    LIMIT_SINGLE = "limit_single"  # cancelled and refunded
    LIMIT_YEAR = "limit_year"  # customs' figure is taken over; cancelled and refunded
    DATA = "data"  # a value is wrong: a person mends it, then it is told again
    PERSON = "person"  # none of these: a person decides


class Meaning(NamedTuple):
    """An error's next step, and what it says."""

    step: Step
    zh: str
    en: str


class Verdict(StrEnum):
    """What a returnStatus says of a list: the verb of its declaration's state table."""

    NOTHING = ""
    ACCEPT = "accept"
    REVIEW = "review"
    INSPECT = "inspect"
    DETAIN = "detain"
    RELEASE = "release"
    CLOSE = "close"
    TURN_BACK = "turn_back"
    REJECT = "reject"


# Section 4 of the specification: the statuses of 622, in the order in which they follow each other.
STATUSES: Mapping[str, Verdict] = {
    "1": Verdict.NOTHING,  # kept at the E-Port
    "2": Verdict.NOTHING,  # being declared there
    "4": Verdict.NOTHING,  # not delivered to customs: told again if it stays so
    "3": Verdict.NOTHING,  # delivered to customs
    "100": Verdict.REJECT,
    "120": Verdict.ACCEPT,
    "300": Verdict.REVIEW,
    "500": Verdict.INSPECT,
    "501": Verdict.DETAIN,
    "502": Verdict.DETAIN,
    "503": Verdict.DETAIN,
    "599": Verdict.DETAIN,
    "399": Verdict.ACCEPT,
    "700": Verdict.TURN_BACK,
    "800": Verdict.RELEASE,
    "899": Verdict.CLOSE,
}
# An order, payment or waybill stands at customs, and a cancellation or return is granted.
STANDS, GRANTED, REFUSED = ("120", "399"), ("399",), "100"
RANK = {status: place for place, status in enumerate(STATUSES)}
NOT_DELIVERED = "4"

# Customs' reasons for a 退单 are words: the first that is found decides. An order ends by itself only where
# they say that it is the person's limit: of guarantees and account books they use the same words.
_PERSONS = r"(?=.*(个人|购买人|订购人|消费者))"
REASONS: tuple[tuple[str, Step], ...] = (
    (r"担保|保函|保证金|账册|备案|库存|余量|料号|年度报告", Step.PERSON),
    (rf"年度(交易|购买)?(限值|限额)|^{_PERSONS}.*(年度|累计).*(限值|限额|额度)", Step.LIMIT_YEAR),
    (r"(单次|单笔).*(限值|限额)", Step.LIMIT_SINGLE),
    (r"验签|签名|证书", Step.SIGN),
    (r"支付人|付款人|不一致.*(身份|姓名|证件)|(身份|姓名|证件).*不一致", Step.DATA),
    (r"支付", Step.PAYMENT),
    (r"入库|进境|提运单", Step.SITE),
    (r"运单|物流", Step.CARRIER),
    (r"订单", Step.AS_CHANGED),
)


@lru_cache(maxsize=1)
def errors() -> Mapping[str, Meaning]:
    """Every error code of the specification that concerns imports."""
    with (_DATA / "errors.csv").open(encoding="utf-8", newline="") as lines:
        return {
            row["code"]: Meaning(Step(row["step"]), row["zh"], row["en"]) for row in csv.DictReader(lines)
        }


@lru_cache(maxsize=1)
def statuses() -> Mapping[str, tuple[str, str]]:
    """What each returnStatus that is no error says, in Chinese and English."""
    with (_DATA / "statuses.csv").open(encoding="utf-8", newline="") as lines:
        return {row["code"]: (row["zh"], row["en"]) for row in csv.DictReader(lines)}


def says(code: str) -> tuple[str, str]:
    """What a returnStatus or an error code says, in Chinese and English; twice "" where no table has it."""
    known = errors().get(code)
    return (known.zh, known.en) if known else statuses().get(code, ("", ""))


def rank(status: str) -> int:
    """How far a status is; one below zero, an error, ends what came before it."""
    return RANK.get(status, len(RANK) if is_error(status) else -1)


def is_error(status: str) -> bool:
    """Whether a returnStatus is an error code."""
    return status.startswith("-")


def code_in(status: str, info: str) -> str:
    """The error code that a receipt names, in its status or its words; empty where it names none."""
    if is_error(status):
        return status
    found = _CODE.search(info)
    return found[0] if found else ""


def step_for(status: str, info: str) -> Step:
    """What a refusal (100) or an error leads to."""
    code = code_in(status, info)
    if code:
        known = errors().get(code)
        return known.step if known else Step.PERSON
    return next((step for words, step in REASONS if re.search(words, info, re.DOTALL)), Step.PERSON)
