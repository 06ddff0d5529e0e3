"""What this app shows to a person of what it holds about them: codes in words, rules with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml

from compliance import queries
from compliance.disclosures import named
from compliance.holdings import Category
from compliance.law import Law
from compliance.models import (
    AllowanceEntry,
    Consent,
    Disclosure,
    Judgement,
    NoticeSeen,
    PayerCheck,
    Subject,
)
from compliance.rules import RULES
from kernel.clock import shanghai_day

_WORDS = Path(__file__).parent / "data" / "copy_words.yaml"
_AT = {"zh": "时间", "en": "at"}
_VERSION = {"zh": "版本", "en": "version"}
_KIND = {"zh": "事项", "en": "kind"}


def see(subject: Subject, now: datetime) -> list[Category]:
    """Consents, notices, judgements and who opened them, what orders took of the year, payer checks and
    disclosures; codes are told in words."""
    judged = Judgement.objects.filter(subject=subject)
    numbers = judged.filter(order_number__isnull=False).values("order_number")
    return [
        Category(
            "consents",
            {"zh": "授权与同意", "en": "Consents"},
            {
                "kind": _KIND,
                "version": _VERSION,
                "given_at": {"zh": "同意时间", "en": "given"},
                "withdrawn_at": {"zh": "撤回时间", "en": "withdrawn"},
            },
            list(
                Consent.objects.filter(subject=subject)
                .order_by("id")
                .values("kind", "version", "given_at", "withdrawn_at")
            ),
        ),
        Category(
            "notices",
            {"zh": "已告知事项", "en": "Notices seen"},
            {"kind": _KIND, "version": _VERSION, "at": _AT},
            list(NoticeSeen.objects.filter(subject=subject).order_by("id").values("kind", "version", "at")),
        ),
        Category(
            "judgements",
            {"zh": "合规判定", "en": "Judgements of your purchases"},
            {
                "decided_at": _AT,
                "order_number": {"zh": "订单号", "en": "order"},
                "moment": {"zh": "判定时点", "en": "when"},
                "allowed": {"zh": "允许", "en": "allowed"},
                "reasons": {"zh": "拒绝理由", "en": "reasons of a refusal"},
                "rules": {"zh": "已核对的规则及依据", "en": "rules that were asked, and where they stand"},
            },
            [
                {
                    "decided_at": row.decided_at,
                    "order_number": row.order_number or "",
                    "moment": _word("moments", row.moment),
                    "allowed": row.allowed,
                    "reasons": [
                        f"{refusal['sentence_zh']} {refusal['sentence']}" for refusal in row.refusals
                    ],
                    "rules": _rules(row),
                }
                for row in judged.order_by("decided_at")
            ],
        ),
        Category(
            "judgement_accesses",
            {"zh": "他人查看判定事实记录", "en": "Who else opened the facts of a judgement"},
            {
                "at": _AT,
                "who": {"zh": "访问者", "en": "who"},
                "purpose": {"zh": "目的", "en": "purpose"},
            },
            [
                {"at": row.at, "who": row.who, "purpose": row.purpose}
                for row in queries.accesses(refs=[str(id) for id in judged.values_list("id", flat=True)])
            ],
        ),
        Category(
            "allowance",
            {"zh": "年度额度流水", "en": "What your orders took of the year"},
            {
                "order_number": {"zh": "订单号", "en": "order"},
                "year": {"zh": "年度", "en": "year"},
                "measure": {"zh": "计量项目", "en": "measure"},
                "kind": _KIND,
                "amount": {"zh": "数量（分或克）", "en": "amount (fen or grams)"},
                "at": _AT,
            },
            [
                {
                    "order_number": row.order_number,
                    "year": row.account.year,
                    "measure": _word("measures", row.account.measure),
                    "kind": _word("movements", row.kind),
                    "amount": row.amount,
                    "at": row.at,
                }
                for row in AllowanceEntry.objects.filter(order_number__in=numbers)
                .select_related("account")
                .order_by("id")
            ],
        ),
        Category(
            "payer_checks",
            {"zh": "支付人核对", "en": "Whether you paid yourself"},
            {"order_number": {"zh": "订单号", "en": "order"}, "state": {"zh": "状态", "en": "state"}},
            [
                {"order_number": row.order_number, "state": _word("payer", row.state)}
                for row in PayerCheck.objects.filter(order_number__in=numbers).order_by("id")
            ],
        ),
        Category(
            "disclosures",
            {"zh": "个人信息提供记录", "en": "To whom your data was given"},
            {
                "at": _AT,
                "recipient": {"zh": "接收方", "en": "recipient"},
                "country": {"zh": "国家", "en": "country"},
                "purpose": {"zh": "目的", "en": "purpose"},
                "basis": {"zh": "依据", "en": "basis"},
                "fields": {"zh": "信息种类", "en": "which data"},
                "order_number": {"zh": "订单号", "en": "order"},
            },
            [
                {
                    "at": row.at,
                    "recipient": row.recipient,
                    "country": row.country,
                    "purpose": _both(named("purposes", row.purpose)),
                    "basis": _word("bases", row.basis),
                    "fields": [_both(named("fields", name)) for name in row.fields],
                    "order_number": row.order_number,
                }
                for row in Disclosure.objects.filter(subject=subject).order_by("id")
            ],
        ),
    ]


def _rules(row: Judgement) -> list[str]:
    """The rules that were asked, each with the document in which it stood on that day."""
    known = {rule.id: rule for rule in RULES}
    law = Law(shanghai_day(row.decided_at))
    return [f"{id} {law.source(known[id].law).citation}" if id in known else id for id in row.judged]


@cache
def words() -> dict[str, dict[str, dict[str, str]]]:
    """Every word of a copy, by kind and code, with its names {"zh": …, "en": …}."""
    found: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return found


def _word(kind: str, code: str) -> str:
    """The word in both languages; a code of an older release that is gone stands for itself."""
    names = words()[kind].get(code)
    return _both(names) if names else code


def _both(names: Mapping[str, str]) -> str:
    return f"{names['zh']} {names['en']}"
