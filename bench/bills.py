"""A day of 200,000 lines, from the file into the books: how long it takes and what it holds.

All of it happens in one transaction that is taken back, so that no order need stand behind the payments.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import IO, Any

from django.db import connection, transaction

from bench.report import Report
from kernel.clock import SHANGHAI, shanghai_day
from kernel.money import yuan
from payments.models import Bill
from payments.services.bills.matching import match
from payments.services.bills.take import take
from settlement.services.bill_entries import enter_bill
from storefronts.models import Storefront
from wechat.pay.bills import unpack
from wechat.pay.statements import TRADE_COLUMNS, TRADE_SUMMARY

MCHID = "1900000000"
SALES, REFUNDS = 190_000, 10_000
WRONG = 30  # sales that are not ours, and as many refunds of such
TOTAL, BACK, FEE, FEE_BACK = 16_365, 1_000, 98, -6

_PAYMENTS = """
INSERT INTO payments_payment (storefront_id, order_id, out_trade_no, mchid, appid, amount_fen, currency,
    state, description, notify_url, time_expire, prepay_id, transaction_id, received_fen, payer_fen,
    succeeded_at, stray_reason, created_at, next_query_at, queries, names_payer)
SELECT %(storefront)s, -n, 'BENCH' || n, %(mchid)s, 'wxbench', %(total)s, 'CNY', 'succeeded', 'Bench', '',
       %(at)s, '', 'T' || n, %(total)s, %(total)s, %(at)s, '', %(at)s, %(at)s, 0, false
FROM generate_series(1, %(sales)s) n
"""
_REFUNDS = """
INSERT INTO payments_refund (storefront_id, payment_id, order_id, out_refund_no, kind, key, amount_fen,
    goods_fen, discount_fen, freight_fen, tax_fen, other_fen, reason, state, asked_by, notify_url,
    refund_id, channel, trouble, note, requested_at, accepted_at, tries)
SELECT storefront_id, id, order_id, 'R' || transaction_id, 'goodwill', 'bench', %(back)s, 0, 0, 0, 0,
       %(back)s, '', 'processing', 'system', '', 'B' || transaction_id, '', '', '', %(at)s, %(at)s, 0
FROM payments_payment WHERE mchid = %(mchid)s AND out_trade_no LIKE 'BENCH%%'
ORDER BY id LIMIT %(refunds)s
"""


def bills(report: Report, now: datetime) -> None:
    """Seconds and megabytes of one day; the differences that were put into the file are all found."""
    shop = Storefront.objects.latest("id")
    day = shanghai_day(now) - timedelta(days=1)
    names: dict[str, Any] = {
        "storefront": shop.pk,
        "mchid": MCHID,
        "at": datetime.combine(day, time(12), SHANGHAI),
        "total": TOTAL,
        "back": BACK,
        "sales": SALES,
        "refunds": REFUNDS,
    }
    with tempfile.TemporaryFile() as packed, transaction.atomic():
        with gzip.open(packed, "wb", compresslevel=1) as file:
            for line in _lines(day):
                file.write(line.encode() + b"\r\n")
        packed.seek(0)
        with connection.cursor() as cursor:
            cursor.execute(_PAYMENTS, names)
            cursor.execute(_REFUNDS, names)
            cursor.execute("ANALYZE payments_payment, payments_refund")
        bill = Bill.objects.create(storefront_id=shop.pk, mchid=MCHID, day=day, kind="trade", asked_at=now)
        seconds, held = _measured(bill, packed, now)
        differences = bill.differences
        began = monotonic()
        written = enter_bill(bill=bill, now=now)
        entered = monotonic() - began
        assert written == 2 * (SALES + REFUNDS + 2 * WRONG), written  # commission, and what is unexplained
        transaction.set_rollback(True)
    report.figure("bill_seconds", seconds, "s", floor=None, target="60", at_most=True)
    report.figure("bill_entry_seconds", entered, "s", floor=None, target="60", at_most=True)
    report.figure("bill_memory", held, "MB", floor=None, target="300", at_most=True)
    report.figure("bill_differences", differences, "", floor=None, target=f"={2 * WRONG}")


def _measured(bill: Bill, packed: IO[bytes], now: datetime) -> tuple[float, float]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    began = monotonic()
    with tempfile.TemporaryFile() as file:
        sha1 = unpack(packed, file)
        file.seek(0)
        take(bill=bill, file=file, sha1=sha1, now=now)
    match(bill=bill, now=now)
    seconds = monotonic() - began
    assert (bill.state, bill.rows) == ("matched", SALES + REFUNDS), (bill.state, bill.rows, bill.trouble)
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return seconds, int(found[1]) / 1024


def _lines(day: date) -> Iterator[str]:
    """The file, line by line: the last sales and the last refunds are nobody's."""
    yield "\ufeff" + TRADE_COLUMNS
    for n in range(1, SALES + 1):
        yield _row(day, n, "BENCH" if n <= SALES - WRONG else "STRANGER", refunded=False)
    for n in range(1, REFUNDS + 1):
        yield _row(day, n, "BENCH" if n <= REFUNDS - WRONG else "STRANGER", refunded=True)
    yield TRADE_SUMMARY
    sales, fees = SALES * TOTAL, SALES * FEE + REFUNDS * FEE_BACK
    amounts = (sales, REFUNDS * BACK, 0, fees, sales, REFUNDS * BACK)
    yield ",".join(f"`{value}" for value in (SALES + REFUNDS, *map(yuan, amounts)))


def _row(day: date, n: int, whose: str, *, refunded: bool) -> str:
    total, back, fee = (0, BACK, FEE_BACK) if refunded else (TOTAL, 0, FEE)
    values = (
        f"{day} 12:00:00",
        "wxbench",
        MCHID,
        "0",
        "",
        f"T{n}",
        f"{whose}{n}",
        "o6dXa5EDMBIaaaaaaaaaaaaaaaaa",
        "JSAPI",
        "REFUND" if refunded else "SUCCESS",
        "OTHERS",
        "CNY",
        yuan(total),
        "0.00",
        f"BT{n}" if refunded else "0",
        f"RT{n}" if refunded else "0",
        yuan(back),
        "0.00",
        "ORIGINAL" if refunded else "",
        "PROCESSING" if refunded else "",
        "旗舰店, 订单 2026112612345678",
        "",
        yuan(fee),
        "0.60%",
        yuan(total),
        yuan(back),
        "",
    )
    return ",".join(f"`{value}" for value in values)
