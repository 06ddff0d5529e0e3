"""Every app's holdings: what it holds about people, how it is shown, erased, and how long it is kept.

The uppermost app stands first: its rows are let go before those that they point to.
"""

from __future__ import annotations

from compliance import personal as compliance
from compliance.holdings import Holding, Keeping
from compliance.personal_fields import PersonalField
from customers import personal as customers
from kernel import files
from kernel.models import File, Job, Receipt
from orders import personal as orders
from payments import personal as payments
from storefronts import personal as storefronts

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
    keeping=(
        Keeping(
            "kernel.receipts",
            {"zh": "幂等应答", "en": "answers kept to be given again"},
            lambda before: Receipt.objects.filter(at__lt=before),
            "receipt_days",
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
    payments.HOLDING,
    orders.HOLDING,
    customers.HOLDING,
    storefronts.HOLDING,
    compliance.HOLDING,
    KERNEL,
)
FIELDS: tuple[PersonalField, ...] = tuple(field for holding in reversed(HOLDINGS) for field in holding.fields)
# Keys are destroyed before their traces are looked for, copies dropped before their files.
KEEPINGS: tuple[Keeping, ...] = (
    *compliance.HOLDING.keeping,
    *customers.HOLDING.keeping,
    *orders.HOLDING.keeping,
    *payments.HOLDING.keeping,
    *KERNEL.keeping,
)
