"""`manage.py load_positive_list [FILE.csv] [--dry-run]`: the positive list, all of a file or nothing."""

from __future__ import annotations

from compliance.management.loader import DATA, LoadCommand
from compliance.services.positive_list import load_positive_list


class Command(LoadCommand):
    help = "Load lines of the positive list (正面清单); without a file, those that come with the product."
    shipped = DATA / "positive_list.csv"
    official = "财政部等《跨境电子商务零售进口商品清单》, https://gss.mof.gov.cn/"
    load = staticmethod(load_positive_list)
