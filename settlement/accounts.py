"""The accounts of the ledger (记账科目): debits are positive, credits negative, an entry sums to zero."""

from __future__ import annotations

from django.db import models


class Account(models.TextChoices):
    """What a posting moves. Assets and expenses grow by debit; income and what is owed grow by credit."""

    WECHAT = "wechat"  # asset: what lies at WeChat Pay (微信支付账户)
    BANK = "bank"  # asset: what WeChat Pay has paid out (提现)
    SALES = "sales"  # income: goods after coupons
    FREIGHT = "freight"  # income: freight charged
    TAX = "tax"  # owed: duty, VAT and consumption tax taken in for customs (代收税款)
    STRAY = "stray"  # owed: money that no order could take
    FEE = "fee"  # expense: WeChat Pay's commission (手续费)
    GOODWILL = "goodwill"  # expense: given back beside the order
    UNEXPLAINED = "unexplained"  # what a bill tells and nobody has explained yet: a case is open
