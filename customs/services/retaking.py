"""A receipt that came before its document was known is looked at again, for as long as one may still come.

A tax sheet told of before its list's number, a waybill's answer before its order is declared: nobody tells it
a second time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from compliance import vault
from customs import labels
from customs.ceb.read import document
from customs.ceb.tables import shapes
from customs.models import PortReceipt
from customs.services.receiving import TAKERS, Told
from kernel.cases import open_failing

FOR, BATCH = timedelta(days=30), 200
FAILING = "customs.receipts_failing"


def look_again(*, now: datetime) -> int:
    """Take in what is about a document that has come since; how many. One that fails stops no other."""
    unknown = PortReceipt.objects.filter(outcome=PortReceipt.Outcome.UNKNOWN, received_at__gte=now - FOR)
    done = 0
    for row in unknown.select_related("account__storefront__key").order_by("-id")[:BATCH]:
        take = TAKERS[shapes()[row.name].head]
        try:
            key = vault.unwrap(row.account.storefront.key)
            raw = key.open(labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed)).encode()
            told = document(row.name, raw)
            done += take(row.account, Told(row.name, told.head, raw, told.lines), now) is not None
        except Exception as failure:
            open_failing(
                storefront_id=row.storefront_id,
                kind=FAILING,
                key=f"receipt:{row.digest}",
                title="A receipt of the port cannot be looked at again",
                facts={"message": row.name},
                failure=failure,
                now=now,
            )
    return done
