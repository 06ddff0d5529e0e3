"""What this app lets go of when an account is closed, and what it tells that it keeps, why and until when."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from compliance import queries, vault
from compliance.holdings import Kept, source, stays
from compliance.models import (
    AllowanceAccount,
    AllowanceEntry,
    Consent,
    Disclosure,
    Judgement,
    NoticeSeen,
    PayerCheck,
    Subject,
)
from compliance.services.incident_affected import lists_that_name
from kernel.clock import shanghai_day


def erase(subject: Subject, now: datetime) -> list[Kept]:
    """Destroy the key, end every consent, cut the link to the person; tell what the law keeps.

    What tells of a judgement, a check or a movement counts from the day of its row, not from the closing.
    """
    person_id = subject.person_id
    vault.destroy_key(key_id=subject.key_id, now=now)
    Consent.objects.filter(subject=subject, withdrawn_at=None).update(withdrawn_at=now)
    Subject.objects.filter(pk=subject.pk).update(person=None)
    judged = Judgement.objects.filter(subject=subject)
    looks = queries.accesses(refs=[str(id) for id in judged.values_list("id", flat=True)])
    numbers = [number for number in judged.values_list("order_number", flat=True) if number]
    checks = PayerCheck.objects.filter(order_number__in=numbers)
    consents = Consent.objects.filter(subject=subject, withdrawn_at__isnull=False)
    found: dict[str, tuple[str, list[datetime]]] = {
        "judgements": ("order_years", list(judged.values_list("decided_at", flat=True))),
        "judgement_accesses": ("log_years", [row.at for row in looks]),
        "payer_checks": ("order_years", list(checks.values_list("opened_at", flat=True))),
        "consents": ("consent_years", [row.withdrawn_at for row in consents if row.withdrawn_at]),
        "notices": (
            "consent_years",
            list(NoticeSeen.objects.filter(subject=subject).values_list("at", flat=True)),
        ),
        "disclosures": (
            "log_years",
            list(Disclosure.objects.filter(subject=subject).values_list("at", flat=True)),
        ),
    }
    return [
        *(
            one
            for what, (figure, rows) in found.items()
            for one in stays(what, _KEPT[what], figure, rows, now, *_MODELS[what])
        ),
        *_year(person_id, numbers, now),
        *_incidents(subject, now),
    ]


def _incidents(subject: Subject, now: datetime) -> list[Kept]:
    """Lists of those whom an incident concerned, sealed under a key of their own with its day."""
    lists = lists_that_name(subject=subject)
    days = [frozen.key.destroy_on for frozen in lists]
    if not days:
        return []
    found = source("assessment_years", shanghai_day(now))
    until = None if None in days else max(day for day in days if day)
    rows = len(lists)
    return [Kept("incidents", _KEPT["incidents"], rows, found.citation, until, _MODELS["incidents"])]


def _year(person_id: UUID | None, numbers: list[str], now: datetime) -> list[Kept]:
    """The yearly allowance: a year goes as a whole with its movements, counted from its end."""
    law = source("order_years", shanghai_day(now))
    told = []
    entries = AllowanceEntry.objects.filter(order_number__in=numbers)
    years = list(entries.values_list("account__year", flat=True))
    if years:
        last = date(max(years) + 1 + law.value, 1, 1)
        told.append(
            Kept("allowance", _KEPT["allowance"], len(years), law.citation, last, _MODELS["allowance"])
        )
    if person_id is not None:
        years = list(AllowanceAccount.objects.filter(person_id=person_id).values_list("year", flat=True))
        last = date(max(years) + 1 + law.value, 1, 1) if years else shanghai_day(now)
        rows = 1 + len(years)
        told.append(
            Kept(
                "allowance_account",
                _KEPT["allowance_account"],
                rows,
                law.citation,
                last,
                _MODELS["allowance_account"],
            )
        )
    return told


_KEPT = {
    "judgements": {
        "zh": "合规判定（事实加密封存；未付款订单的判定不再指向您）",
        "en": "judgements of purchases, their facts sealed; those of orders never paid lead to you no more",
    },
    "judgement_accesses": {"zh": "他人查看判定事实的记录", "en": "who else opened the facts of a judgement"},
    "allowance": {
        "zh": "已付款订单的年度额度流水（仅订单号，不含姓名与号码；自该年度终了起算）",
        "en": "movements of the yearly allowance by paid orders, no name and no number; from that year's end",
    },
    "allowance_account": {
        "zh": "年度额度账户与证件号码的加密索引（注销后额度继续计算；在其他店铺仍有账号或订单的，随之保存）",
        "en": "accounts of the yearly allowance under an index of the identity number, so that a year is"
        " counted on after closing; longer where you have an account or an order in another shop",
    },
    "payer_checks": {"zh": "支付人核对结果", "en": "results of the check who paid"},
    "incidents": {
        "zh": "安全事件受影响人员名单（加密封存，仅编号与被查看的信息种类）",
        "en": "sealed lists of those whom an incident concerned: numbers, and which kinds of data",
    },
    "consents": {"zh": "同意记录（不含个人信息内容）", "en": "records of consents, without personal content"},
    "notices": {"zh": "告知记录", "en": "records of notices seen"},
    "disclosures": {
        "zh": "个人信息提供记录（仅信息种类及订单号）",
        "en": "records of disclosures, naming kinds of data and the order's number only",
    },
}
_MODELS = {
    "judgements": ("compliance.Judgement",),
    "judgement_accesses": ("compliance.Access",),
    "allowance": ("compliance.AllowanceEntry",),
    "allowance_account": ("compliance.AllowanceAccount", "compliance.Person"),
    "payer_checks": ("compliance.PayerCheck",),
    "consents": ("compliance.Consent",),
    "notices": ("compliance.NoticeSeen",),
    "disclosures": ("compliance.Disclosure",),
    "incidents": ("compliance.DataKey", "compliance.IncidentAffected"),
}
