"""The accounts of the ledger (记账科目): debits are positive, credits negative, an entry sums to zero."""

from __future__ import annotations

from django.db import models


class Account(models.TextChoices):
    """What a posting moves. Assets and expenses grow by debit; income and what is owed grow by credit."""

    WECHAT = "wechat"  # asset: what lies at WeChat Pay (微信支付账户)
    BANK = "bank"  # asset: what WeChat Pay has paid out (提现), less what was converted of it
    SALES = "sales"  # income: goods after coupons
    FREIGHT = "freight"  # income: freight charged
    TAX = "tax"  # owed: duty, VAT and consumption tax taken in for customs (代收税款)
    STRAY = "stray"  # owed: money that no order could take
    CONSUMER = "consumer"  # owed: refunds that came to our own bank, until paid by transfer (应付消费者)
    FEE = "fee"  # expense: WeChat Pay's commission (手续费)
    COUPON = "coupon"  # expense: WeChat Pay's free coupons, which the shop bears (免充值代金券)
    GOODWILL = "goodwill"  # expense: given back beside the order
    PASSED_ON = "passed_on"  # expense: what of the sales has gone abroad for the brand (结汇转出)
    ABROAD = "abroad"  # asset: converted by the institution, not yet credited to the brand
    BRAND = "brand"  # owed: what was promised to the brand, until its batch is closed; a debit is too much
    FOREX = "forex"  # the institution's rate against the promised one, until cleared (汇兑损益)
    OTHER = "other"  # income and expense beside the trade (其他损益)
    UNEXPLAINED = "unexplained"  # what a bill tells and nobody has explained yet: a case is open
