"""A day of bills as WeChat Pay tells it, matched; what it leaves in the books is up to a test."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Sum

from payments.models import Payment
from payments.services.bills.funds import match_funds
from payments.services.bills.matching import match
from settlement.models import Posting
from settlement.services.bill_balance import close_day
from tests import make
from tests.payments.bill_files import DAY, asked, fund_file, taken, trade_file


def matched(
    payment: Payment,
    trades: Iterable[dict[str, Any]],
    moved: Iterable[tuple[str, int]],
    *,
    day: date = DAY,
    opening: int = 0,
) -> None:
    """The trade bill and the basic account's of one day, both compared; its balance walks with what moved."""
    rows = list(moved)
    balances = itertools.accumulate((amount for _, amount in rows), initial=opening)
    walked = [(kind, amount, after) for (kind, amount), after in zip(rows, [*balances][1:], strict=True)]
    trade = taken(asked(payment, day), trade_file(trades))
    fund = taken(asked(payment, day, "fund_basic"), fund_file(walked))
    match(bill=trade, now=make.NOW)
    match_funds(bill=fund, now=make.NOW)


def closed(payment: Payment, day: date = DAY) -> None:
    """All that the day's bills tell is in the books, and compared."""
    assert close_day(mchid=payment.mchid, day=day, now=make.NOW)


def balances(**which: Any) -> dict[str, int]:
    """What stands on each account, without those at zero."""
    sums = Posting.objects.filter(**which).values_list("account").annotate(Sum("amount_fen"))
    return {account: fen for account, fen in sums.order_by("account") if fen}
