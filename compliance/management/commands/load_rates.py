"""`manage.py load_rates [FILE.csv] [--dry-run]`: reference rates of currencies, all of a file or nothing."""

from __future__ import annotations

from compliance.management.loader import DATA, LoadCommand
from compliance.services.rates import load_rates


class Command(LoadCommand):
    help = "Load reference rates; without a file, the examples that come with the product."
    shipped = DATA / "rates.csv"
    official = "中国外汇交易中心 人民币汇率中间价, https://www.chinamoney.com.cn/chinese/bkccpr/"
    examples = True
    load = staticmethod(load_rates)
