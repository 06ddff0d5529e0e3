"""10,000 variants that an ERP sends in one call: from the POST over HTTP until each row has its result.

What a worker does is done in this process. Then all prices change, and then nothing does.
"""

from __future__ import annotations

from datetime import datetime
from time import monotonic
from typing import Any

from backend import delivery
from bench import stage
from bench.report import Report
from catalog.models import Variant
from partner_client import Client
from partners.scopes import SCOPES
from partners.services import accounts
from storefronts.models import Storefront

ROWS, EACH = 10_000, 4  # variants, and of each product
SECONDS = "60"
_SHARED = {
    "category": "all",
    "brand": "aube",
    "weight_g": 300,
    "hs_code": "8516310000",
    "origin": "FR",
    "unit": "001",
    "legal_unit_1": "001",
    "legal_quantity_1": "1",
    "spec_zh": "电吹风",
    "e_label_zh": "产品名称：吹风机。原产国：法国。",
    "customs_confirmed": True,
}


def partners(report: Report, port: int, now: datetime) -> None:
    """Seconds until the job is done, for new variants, for other prices and for what is there already."""
    shop = Storefront.objects.get(appid=stage.APPID)
    partner = accounts.open_partner(storefront=shop, name="bench", kind="erp", by="bench", now=now)
    scopes = [name for name in SCOPES if name.startswith("catalogue")]
    accounts.connect(partner=partner, storefront=shop, scopes=scopes, by="bench", now=now)
    key = accounts.issue_credential(partner=partner, by="bench", now=now)
    erp = Client(f"http://127.0.0.1:{port}", key.client_id, key.client_secret, key.signing_key, shop.code)
    erp.token()
    prices = [{"sku": row["sku"], "price_fen": row["price_fen"] + 100} for row in map(_row, range(ROWS))]
    for name, rows, outcome in (
        ("new", [_row(n) for n in range(ROWS)], "created"),
        ("prices", prices, "changed"),
        ("unchanged", prices, "unchanged"),
    ):
        began = monotonic()
        job = erp.post_catalogue_upserts({"rows": rows})  # type: ignore[typeddict-item]
        while job["state"] != "done":
            delivery.drain()
            job = erp.get_job(job["id"])
        seconds = monotonic() - began
        assert job["summary"] is not None and job["summary"][outcome] == ROWS, job  # type: ignore[literal-required]
        report.figure(f"upsert_10k_{name}", seconds, "s", floor=None, target=SECONDS, at_most=True)
    kept = Variant.objects.filter(storefront=shop, sku__startswith="E-").count()
    report.figure("upsert_10k_kept", kept, "variants", floor=None, target=f"={ROWS}")


def _row(number: int) -> dict[str, Any]:
    product, place = divmod(number, EACH)
    return {
        **_SHARED,
        "sku": f"E-{number:05d}",
        "product_code": f"erp-{product}",
        "name_zh": f"吹风机 {product}",
        "name_en": f"Hair dryer {product}",
        "options": {"zh": {"色号": f"第{place}号"}, "en": {"Shade": f"No. {place}"}},
        "price_fen": 10_000 + number,
    }
