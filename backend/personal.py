"""Every app's holdings: what it holds about people, how it is shown, erased, and how long it is kept.

The uppermost app stands first: its rows are let go before those that they point to.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from compliance import personal as compliance
from compliance.holdings import Holding, Keeping, Kept, Names, Staying, stays
from compliance.models import Subject
from compliance.personal_fields import Passing, PersonalField
from customers import personal as customers
from customers.models import Customer
from customs import personal as customs
from kernel import files
from kernel.models import File, Job, Receipt
from logistics import personal as logistics
from orders import personal as orders
from payments import personal as payments
from returns import personal as returns
from reviews import personal as reviews
from settlement import personal as settlement
from storefronts import personal as storefronts

_ANSWERS: Names = {
    "zh": "幂等应答（订单号、状态与金额）",
    "en": "answers to requests: number, state and amount",
}
_JOBS: Names = {"zh": "副本制作任务记录（仅编号）", "en": "records of the making of copies, by number alone"}


def _erase(subject: Subject, now: datetime) -> list[Kept]:
    """Answers and jobs have their days; they name no one."""
    pk, public_id = Customer.objects.values_list("pk", "public_id").get(subject=subject)
    answers = Receipt.objects.filter(source__startswith=f"api:{pk}:").values_list("at", flat=True)
    jobs = Job.objects.filter(asked_by=f"customer:{public_id}").values_list("ended_at", flat=True)
    ended = [at or now for at in jobs]
    return [
        *stays("receipts", _ANSWERS, "receipt_days", list(answers), now, "kernel.Receipt"),
        *stays("jobs", _JOBS, "job_days", ended, now, "kernel.Job"),
    ]


def _forget_receipts(rows: list[Receipt], now: datetime) -> None:
    """Through the owner's door, which lets go of none younger than its floor."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_receipts_forget(%s::bigint[])", [[row.pk for row in rows]])


# The ground knows nothing of the law; how long its records are kept is told here.
KERNEL = Holding(
    app="kernel",
    fields=(
        PersonalField(
            model="kernel.Receipt",
            field="body",
            klass="pseudonym",
            purpose="to give the same answer again to the same request: an order's number, state and amount",
            basis="contract",
            retention="30 days",
            export="as the order itself",
            erase="kept for its 30 days: it names no one",
        ),
    ),
    erase=_erase,
    keeping=(
        Keeping(
            "kernel.receipts",
            {"zh": "幂等应答", "en": "answers kept to be given again"},
            lambda before: Receipt.objects.filter(at__lt=before),
            "receipt_days",
            let_go=_forget_receipts,
        ),
        Keeping(
            "kernel.files",
            {"zh": "到期文件", "en": "files whose day has come"},
            lambda before: File.objects.filter(expires_at__lte=before),
            let_go=lambda rows, now: files.remove(rows),
        ),
        Keeping(
            "kernel.jobs",
            {"zh": "后台任务记录", "en": "records of background jobs"},
            lambda before: Job.objects.filter(ended_at__lt=before),
            "job_days",
        ),
    ),
)
HOLDINGS: tuple[Holding, ...] = (
    returns.HOLDING,
    reviews.HOLDING,
    settlement.HOLDING,
    customs.HOLDING,
    payments.HOLDING,
    logistics.HOLDING,
    orders.HOLDING,
    customers.HOLDING,
    storefronts.HOLDING,
    compliance.HOLDING,
    KERNEL,
)
FIELDS: tuple[PersonalField, ...] = tuple(field for holding in reversed(HOLDINGS) for field in holding.fields)
# Keys are destroyed before their traces are looked for, copies dropped before their files, and a person goes
# when all that pointed to it has gone.
_keys, *_others = compliance.HOLDING.keeping
KEEPINGS: tuple[Keeping, ...] = (
    _keys,
    *customers.HOLDING.keeping,
    *orders.HOLDING.keeping,
    *returns.HOLDING.keeping,
    *reviews.HOLDING.keeping,
    *payments.HOLDING.keeping,
    *settlement.HOLDING.keeping,
    *customs.HOLDING.keeping,
    *logistics.HOLDING.keeping,
    *storefronts.HOLDING.keeping,
    *_others,
    *KERNEL.keeping,
)
STAYING: tuple[Staying, ...] = tuple(one for holding in HOLDINGS for one in holding.staying)
PASSING: tuple[Passing, ...] = tuple(one for holding in HOLDINGS for one in holding.passing)
