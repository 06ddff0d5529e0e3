"""How long what this app holds is kept, and how it goes: keys on their day, the rest by dated figures.

The keys stand first and the persons last: what points to a person goes, or forgets them, before.
"""

from __future__ import annotations

from datetime import datetime

from compliance import vault
from compliance.holdings import Keeping, Staying, alone, delete
from compliance.models import (
    Access,
    AllowanceAccount,
    Consent,
    DataKey,
    Disclosure,
    ImpactAssessment,
    Incident,
    IncidentAffected,
    Judgement,
    NoticeSeen,
    PayerCheck,
    Person,
)
from kernel.clock import shanghai_day


def _destroy(rows: list[DataKey], now: datetime) -> None:
    for row in rows:
        vault.destroy_key(key_id=row.pk, now=now)


def _nobody(rows: list[Person], now: datetime) -> None:
    """The rows are locked by now: who was linked in the meantime is seen, and stays."""
    delete(list(alone(Person).filter(pk__in=[row.pk for row in rows])))


KEEPING = (
    Keeping(
        "compliance.keys",
        {
            "zh": "订单密钥（销毁后凭证不可读）",
            "en": "keys of orders; without it the evidence is unreadable",
        },
        lambda before: DataKey.objects.filter(destroy_on__lte=shanghai_day(before), destroyed_at=None),
        let_go=_destroy,
    ),
    Keeping(
        "compliance.judgements",
        {"zh": "合规判定", "en": "judgements"},
        lambda before: Judgement.objects.filter(decided_at__lt=before),
        "order_years",
        append_only=True,
    ),
    Keeping(
        "compliance.payer_checks",
        {"zh": "支付人核对结果", "en": "results of the check who paid"},
        lambda before: PayerCheck.objects.filter(opened_at__lt=before),
        "order_years",
        append_only=True,
    ),
    Keeping(
        "compliance.consents",
        {"zh": "已失效的同意记录", "en": "consents that ended"},
        lambda before: Consent.objects.filter(withdrawn_at__lt=before),
        "consent_years",
        append_only=True,
    ),
    Keeping(
        "compliance.notices",
        {"zh": "告知记录", "en": "notices seen"},
        lambda before: NoticeSeen.objects.filter(at__lt=before),
        "consent_years",
        append_only=True,
    ),
    Keeping(
        "compliance.disclosures",
        {"zh": "个人信息提供记录", "en": "disclosures"},
        lambda before: Disclosure.objects.filter(at__lt=before),
        "log_years",
        append_only=True,
    ),
    Keeping(
        "compliance.accesses",
        {"zh": "个人信息访问记录", "en": "accesses"},
        lambda before: Access.objects.filter(at__lt=before),
        "log_years",
        append_only=True,
    ),
    Keeping(
        "compliance.assessments",
        {
            "zh": "个人信息保护影响评估（自下次评估日期起算）",
            "en": "impact assessments, counted from the day on which they were due anew",
        },
        lambda before: ImpactAssessment.objects.filter(review_on__lt=shanghai_day(before)),
        "assessment_years",
        append_only=True,
    ),
    Keeping(
        "compliance.allowances",
        {
            "zh": "年度额度账户及其全部流水（自该年度终了起算）",
            "en": "a year of an allowance with all of its movements, counted from the end of that year",
        },
        lambda before: AllowanceAccount.objects.filter(year__lt=shanghai_day(before).year, reserved=0),
        "order_years",
        append_only=True,
        along=("compliance.AllowanceEntry",),
    ),
    Keeping(
        "compliance.affected",
        {
            "zh": "安全事件受影响人员名单（自结案起算）",
            "en": "lists of those whom an incident concerned, counted from its closing",
        },
        lambda before: IncidentAffected.objects.filter(incident__closed_at__lt=before),
        "assessment_years",
        append_only=True,
    ),
    Keeping(
        "compliance.incidents",
        {
            "zh": "安全事件登记及告知文本（自结案起算）",
            "en": "the register of incidents with their notices, counted from the closing",
        },
        lambda before: Incident.objects.filter(closed_at__lt=before),
        "incident_years",
        append_only=True,
        along=("compliance.IncidentNotice",),
    ),
    Keeping(
        "compliance.persons",
        {
            "zh": "已无任何记录指向的自然人索引",
            "en": "indexes of persons to whom nothing points any more",
        },
        lambda before: alone(Person),
        ends={
            "zh": "不再有任何账号、订单或年度额度指向",
            "en": "until no account, order or allowance points to it",
        },
        let_go=_nobody,
        follows=True,
    ),
)
STAYING = (
    Staying(
        "compliance.ChainLink",
        {
            "zh": "日志链（仅记录编号、时间与哈希）",
            "en": "links of the logs: numbers of rows, instants and hashes",
        },
        {
            "zh": "原记录到期删除后仍须保留，否则审计无法区分到期删除与擅自删除，其后记录的链亦无从验证；"
            "哈希不能还原任何内容，已知全部内容者方可比对",
            "en": "A link outlives its row: without it `manage.py audit verify` could not tell a row that had"
            " its day from one that was taken away, and the links behind it would hang on nothing. A hash"
            " cannot be read back into what the row said; who knows every word of it could confirm it.",
        },
    ),
)
