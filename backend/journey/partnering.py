"""Partners: an ERP and a warehouse work by their own API alone, with the client that developers are given."""

from __future__ import annotations

import secrets
from typing import Any

import requests

from backend.journey.client import wait
from backend.journey.report import Unexpected, expect, step
from backend.journey.stage import MAISON, SWIFT, Stage
from kernel.clock import now
from orders.models import Order
from partner_client import Client, PartnerError
from partners.scopes import USUAL
from partners.services import accounts
from partners.services.accounts import issue_credential, open_partner
from storefronts.models import Storefront

BY = "operator:journey"
NAMES = {"erp": "Paris ERP", "warehouse": "Ningbo WMS"}
SAMPLE = {
    "name_zh": "合作伙伴试用装",
    "name_en": "A partner's sample",
    "price_fen": 9_900,
    "weight_g": 80,
    "spec_zh": "试用装",
    "customs_confirmed": False,
    "customs_note": "added by a partner, nobody has looked at its classification",
}


def connect(stage: Stage, kind: str) -> Client:
    """A partner as the owner connects it; its system has the credential that is shown once."""
    shop = Storefront.objects.get(code=MAISON)
    name = f"{NAMES[kind]} {secrets.token_hex(3)}"
    partner = open_partner(storefront=shop, name=name, kind=kind, by=BY, now=now())
    if kind == "warehouse":  # a label names whom it goes to
        scopes = USUAL[kind] | {"personal:name", "personal:address"}
        accounts.connect(partner=partner, storefront=shop, scopes=scopes, by=BY, now=now())
    issued = issue_credential(partner=partner, by=BY, now=now())
    session = requests.Session()
    session.trust_env = False
    told = (issued.client_id, issued.client_secret, issued.signing_key)
    return Client(stage.alice.base, *told, MAISON, session=session)


def refused(status: int, act: Any, *names: Any, **more: Any) -> PartnerError:
    """The refusal of a call that must be refused so."""
    try:
        got = act(*names, **more)
    except PartnerError as error:
        expect(status, error.status)
        return error
    raise Unexpected(f"refused with {status}", got)


@step("合作伙伴接入", "an ERP and a warehouse; unsigned or next door: nothing")
def connected(stage: Stage) -> str:
    stage.erp, stage.wms = connect(stage, "erp"), connect(stage, "warehouse")
    (reach,) = stage.erp.get_me()["storefronts"]
    expect(MAISON, reach["code"])
    body = {"warehouse": "any", "lines": []}
    unsigned = refused(401, stage.wms.call, "POST", "stock/counts", body=body)
    refused(403, stage.wms.post_catalogue_upserts, {"rows": [SAMPLE]})
    stage.erp.storefront = SWIFT
    refused(404, stage.erp.get_orders)
    stage.erp.storefront = MAISON
    return f"{len(reach['scopes'])} scopes, {unsigned.code}"


@step("商品批量写入", "a job, each row told apart; tried first")
def goods_in(stage: Stage) -> str:
    known = next(stage.erp.each(stage.erp.get_products, limit=1))
    first = known["variants"][0]
    like = {name: first[name] for name in ("hs_code", "origin", "unit", "legal_unit_1", "legal_quantity_1")}
    mark = secrets.token_hex(3)
    sample = {**SAMPLE, **like, "sku": f"TRY-{mark}", "product_code": f"sample-{mark}"}
    sample |= {"category": known["category"], "brand": known["brand"]}
    tried = _outcomes(stage.erp, [sample, {"sku": "TRY-2", "price_fen": 0}], dry_run=True)
    expect(["created", "refused"], tried)
    same = {"sku": first["sku"], "weight_g": first["weight_g"]}
    expect(["unchanged"], _outcomes(stage.erp, [same], dry_run=False))
    refused(404, stage.erp.get_variant, sample["sku"])
    return f"{' and '.join(tried)}; what is so already: unchanged"


def _outcomes(erp: Client, rows: list[Any], *, dry_run: bool) -> list[str]:
    """What came of each row, once the job is done."""
    job = erp.post_catalogue_upserts({"rows": rows, "dry_run": dry_run})["id"]
    wait("the job", lambda: erp.get_job(job)["state"] == "done", seconds=30)
    return [one["outcome"] for one in erp.each(erp.get_job_results, job)]


@step("盘点", "the warehouse counts a lot: it is what the ledger says")
def counted(stage: Stage) -> str:
    lot = next(one for one in stage.wms.each(stage.wms.get_stock_lots) if one["on_hand"])
    line = {"sku": lot["sku"], "lot": lot["lot"], "inbound_list": lot["inbound_list"] or ""}
    body: Any = {"warehouse": lot["warehouse"], "lines": [{**line, "counted": lot["on_hand"]}]}
    (found,) = stage.wms.post_stock_counts(body)["lines"]
    expect(("matches", lot["on_hand"]), (found["state"], found["expected"]))
    return f"{lot['sku']}: {lot['on_hand']} pieces"


@step("订单交接", "the ERP reads the paid order to the fen and acknowledges")
def handed_on(stage: Stage) -> str:
    number = stage.order["number"]

    def there() -> Any:
        found = stage.erp.each(stage.erp.get_orders, acknowledged=False)
        return next((one for one in found if one["number"] == number), None)

    order = wait("the order in the list", there, seconds=20)
    expect(Order.objects.get(number=number).total_fen, order["total_fen"])
    reference = f"SO-{number[-6:]}"
    stage.erp.post_order_acknowledgement(number, {"reference": reference})
    expect(None, there())
    return f"{reference}, {len(order['lines'])} lines"


STEPS = (connected, goods_in, counted)
