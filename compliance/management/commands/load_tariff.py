"""`manage.py load_tariff [FILE.csv] [--dry-run]`: rates from a file, all of it or nothing."""

from __future__ import annotations

from compliance.management.loader import DATA, LoadCommand
from compliance.services.tariff import load_tariff


class Command(LoadCommand):
    help = "Load tariff lines from a CSV file; without a file, the lines that come with the product."
    shipped = DATA / "tariff.csv"
    official = "国务院关税税则委员会《中华人民共和国进出口税则》, https://gss.mof.gov.cn/"
    load = staticmethod(load_tariff)
