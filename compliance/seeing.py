"""What this app shows to a person of what it holds about them: codes in words, rules with their sources."""

from __future__ import annotations

from datetime import datetime

from compliance import queries
from compliance.copy_words import both, word
from compliance.disclosures import named
from compliance.holdings import Category
from compliance.law import Law
from compliance.models import (
    VALUE,
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
from kernel.money import yuan

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
            [
                row | {"kind": word("consents", row["kind"])}
                for row in Consent.objects.filter(subject=subject)
                .order_by("id")
                .values("kind", "version", "given_at", "withdrawn_at")
            ],
        ),
        Category(
            "notices",
            {"zh": "已告知事项", "en": "Notices seen"},
            {"kind": _KIND, "version": _VERSION, "at": _AT},
            [
                row | {"kind": word("notices", row["kind"])}
                for row in NoticeSeen.objects.filter(subject=subject)
                .order_by("id")
                .values("kind", "version", "at")
            ],
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
                "rules": {"zh": "已核对的规则", "en": "rules that were asked"},
            },
            [
                {
                    "decided_at": row.decided_at,
                    "order_number": row.order_number or "",
                    "moment": word("moments", row.moment),
                    "allowed": row.allowed,
                    "reasons": [
                        f"{refusal['sentence_zh']} {refusal['sentence']}" for refusal in row.refusals
                    ],
                    "rules": list(row.judged),
                }
                for row in judged.order_by("decided_at")
            ],
        ),
        Category(
            "rules",
            {"zh": "规则及依据", "en": "The rules that were asked, and where they stand"},
            {
                "rule": {"zh": "规则", "en": "rule"},
                "sentence": {"zh": "内容", "en": "what it says"},
                "citation": {"zh": "依据", "en": "source"},
            },
            _rules(list(judged.order_by("decided_at"))),
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
                "amount": {"zh": "数量", "en": "amount"},
                "at": _AT,
            },
            [
                {
                    "order_number": row.order_number,
                    "year": row.account.year,
                    "measure": word("measures", row.account.measure),
                    "kind": word("movements", row.kind),
                    "amount": _amount(row),
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
                {"order_number": row.order_number, "state": word("payer", row.state)}
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
                    "country": word("countries", row.country),
                    "purpose": both(named("purposes", row.purpose)),
                    "basis": word("bases", row.basis),
                    "fields": [both(named("fields", name)) for name in row.fields],
                    "order_number": row.order_number,
                }
                for row in Disclosure.objects.filter(subject=subject).order_by("id")
            ],
        ),
    ]


def _rules(judgements: list[Judgement]) -> list[dict[str, str]]:
    """Each rule that any of them asked, once, with the document in which it stood when it was last asked."""
    asked = {id: row.decided_at for row in judgements for id in row.judged}
    known = {rule.id: rule for rule in RULES}
    found = []
    for id in sorted(asked):
        if id in known:
            rule, source = known[id], Law(shanghai_day(asked[id])).source(known[id].law)
            sentence = f"{rule.sentence_zh} {rule.sentence}"
            found.append({"rule": id, "sentence": sentence, "citation": source.citation})
    return found


def _amount(row: AllowanceEntry) -> str:
    return f"¥{yuan(row.amount)}" if row.account.measure == VALUE else f"{row.amount} g"
