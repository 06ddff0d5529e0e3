"""What this app holds about people: keys, consents, what was told, who looked, and how each is let go."""

from __future__ import annotations

from datetime import datetime

from compliance import vault
from compliance.holdings import Holding, Keeping
from compliance.leaving import erase
from compliance.models import (
    Access,
    Consent,
    DataKey,
    Disclosure,
    ImpactAssessment,
    Judgement,
    NoticeSeen,
    PayerCheck,
)
from compliance.personal_fields import PersonalField
from compliance.seeing import see
from kernel.clock import shanghai_day

ORDER_YEARS = "5 years after the order, as its retention key"

FIELDS = (
    PersonalField(
        model="compliance.Person",
        field="number_index",
        klass="pseudonym",
        purpose="one annual allowance for one human being over all storefronts",
        basis="law",
        retention="as long as an allowance of the person is kept",
        export="not given: it cannot be read back into a number",
        erase="kept until retention ends; no name or number can be found from it",
    ),
    PersonalField(
        model="compliance.Judgement",
        field="order_number",
        klass="pseudonym",
        purpose="which purchase was judged",
        basis="law",
        retention=ORDER_YEARS,
        export="with the judgement",
        erase="kept until retention ends",
        shown="judgements",
    ),
    PersonalField(
        model="compliance.Subject",
        field="person",
        klass="pseudonym",
        purpose="links a customer to the allowance of the verified person",
        basis="law",
        retention="until the account is closed",
        export="as the state of verification",
        erase="set to nothing",
        shown="identity",
    ),
    PersonalField(
        model="compliance.Judgement",
        field="facts_sealed",
        klass="sensitive",
        purpose="evidence of why a purchase was allowed or refused",
        basis="law",
        retention=ORDER_YEARS + "; of a quote, as long as the subject's key",
        export="as the verdict, with the rules asked, their sources, and the sentences that refused",
        erase="a quote's with the subject's key, an order's when its retention key is destroyed",
        shown="judgements",
    ),
    PersonalField(
        model="compliance.PayerCheck",
        field="order_number",
        klass="pseudonym",
        purpose="proof that the payer of an order is its orderer",
        basis="law",
        retention=ORDER_YEARS,
        export="as the state of the check of each order",
        erase="kept until retention ends",
        shown="payer_checks",
    ),
    PersonalField(
        model="compliance.Consent",
        field="subject",
        klass="pseudonym",
        purpose="proof of what the person agreed to, and when it ended",
        basis="law",
        retention="3 years after it ended",
        export="kind, version, given and withdrawn",
        erase="withdrawn at once, the record kept until retention ends",
        shown="consents",
    ),
    PersonalField(
        model="compliance.AllowanceEntry",
        field="order_number",
        klass="pseudonym",
        purpose="how the annual allowance was used",
        basis="law",
        retention="at least 5 years after the order: a balance is proved by all of its entries",
        export="as the movements of the yearly allowance by one's orders",
        erase="of an order never paid removed at once; else kept until retention ends",
        shown="allowance",
    ),
    PersonalField(
        model="compliance.NoticeSeen",
        field="subject",
        klass="pseudonym",
        purpose="proof of what the person was told",
        basis="law",
        retention="3 years",
        export="kind, version and when",
        erase="kept until retention ends",
        shown="notices",
    ),
    PersonalField(
        model="compliance.Disclosure",
        field="subject",
        klass="pseudonym",
        purpose="to whom personal data was given, what for and on which basis",
        basis="law",
        retention="3 years",
        export="as the list of disclosures",
        erase="kept until retention ends; it names fields, never what they say",
        shown="disclosures",
    ),
    PersonalField(
        model="compliance.Access",
        field="ref",
        klass="pseudonym",
        purpose="who opened personal data, and what for",
        basis="law",
        retention="3 years",
        export="as the list of who looked at the person's data",
        erase="kept until retention ends",
        shown="accesses",
    ),
    PersonalField(
        model="compliance.ImpactAssessment",
        field="assessed_by",
        klass="ordinary",
        purpose="who answers for an impact assessment",
        basis="law",
        retention="3 years after the day on which the assessment was due anew",
        export="by the platform, on request",
        erase="kept: it names who answers for the assessment",
    ),
    PersonalField(
        model="compliance.Incident",
        field="contact",
        klass="ordinary",
        purpose="whom the authority may ask about an incident",
        basis="law",
        retention="as long as the incident is kept",
        export="by the platform, on request",
        erase="kept: it names who answers for the incident",
    ),
    PersonalField(
        model="compliance.IncidentAffected",
        field="people_sealed",
        klass="pseudonym",
        purpose="whom an incident concerned, so that they can be told",
        basis="law",
        retention="as long as the incident is kept",
        export="as the notice of the incident",
        erase="kept until retention ends; holds numbers of rows, no names",
    ),
)


def _destroy(rows: list[DataKey], now: datetime) -> None:
    for row in rows:
        vault.destroy_key(key_id=row.pk, now=now)


HOLDING = Holding(
    app="compliance",
    gives=(
        "consents",
        "notices",
        "judgements",
        "judgement_accesses",
        "allowance",
        "payer_checks",
        "disclosures",
    ),
    fields=FIELDS,
    see=see,
    erase=erase,
    keeping=(
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
    ),
)
