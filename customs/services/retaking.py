"""A receipt that came before its document was known is looked at again, for as long as one may still come.

A tax sheet told of before its list's number, a waybill's answer before its order is declared: nobody tells it
a second time. They take turns, so that none waits for ever behind those that stay unknown.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from compliance import vault
from customs import labels
from customs.ceb.read import document
from customs.ceb.tables import shapes
from customs.models import PortReceipt
from customs.services.keeping import Outcome, Told, settle_unknown
from customs.services.receiving import addressee, box_of
from customs.services.takers import TAKERS
from kernel.cases import open_failing

FOR, BATCH = timedelta(days=30), 200
FAILING = "customs.receipts_failing"


def look_again(*, now: datetime) -> int:
    """Take in what is about a document that has come since; how many. One that fails stops no other."""
    unknown = PortReceipt.objects.filter(looked_at__isnull=False).select_related("account__storefront__key")
    done, looked = 0, []
    for row in unknown.order_by("looked_at", "id")[:BATCH]:
        looked.append(row.pk)
        try:
            done += row.received_at >= now - FOR and _look(row, now)
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
    if looked:
        waiting = PortReceipt.objects.filter(pk__in=looked, looked_at__isnull=False)
        waiting.filter(received_at__lt=now - FOR).update(looked_at=None)
        waiting.filter(received_at__gte=now - FOR).update(looked_at=now)
    return done


def _look(row: PortReceipt, now: datetime) -> bool:
    key = vault.unwrap(row.account.storefront.key)
    raw = key.open(labels.RECEIPT_RAW, row.public_id, bytes(row.raw_sealed)).encode()
    said = document(row.name, raw)
    told = Told(row.name, said.head, raw, said.lines)
    whose = addressee(box_of(row.account), told)
    taken = TAKERS[shapes()[row.name].head].take(whose, told, now)
    there = PortReceipt.objects.filter(storefront_id=whose.storefront_id, digest=row.digest)
    if taken is None and not there.exclude(outcome=Outcome.UNKNOWN).exists():
        return False
    if whose.storefront_id != row.storefront_id:  # kept there too, and looked for here no more
        PortReceipt.objects.filter(pk=row.pk).update(looked_at=None)
        settle_unknown(row, now=now)
    return True
