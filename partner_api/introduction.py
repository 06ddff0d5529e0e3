"""What the document says of the whole, and of the two addresses that answer without a token."""

from __future__ import annotations

from typing import Any, Final

from catalog.states import PRODUCT
from customs.models import Filing, PortReceipt, TaxSheet
from customs.states import DECLARATION
from inventory.models import CountLine
from kernel.documents import PROBLEM, WHAT
from kernel.models import Job
from logistics.states import SHIPMENT, WAYBILL
from logistics.vocabulary import Code
from orders.states import ORDER
from partner_api.results import OUTCOMES
from partner_api.work import KINDS
from partners.models import Endpoint, Message, Partner
from returns.models import ReturnGrade, StrayPiece
from returns.reasons import Kind
from returns.states import RETURN, RETURN_LINE, STRAY
from settlement.states import BATCH

DESCRIPTION: Final = """Warehouses, carriers, customs brokers and ERPs connect here.
仓库、承运商、报关行与 ERP 系统由此接入。

- **Token** · `POST /partner/v1/token` with your client id and secret · 取令牌
- **First call** · `GET /partner/v1/me` says what you may do in which storefront · 查询权限
- **Signature** on whatever changes something, **Idempotency-Key** on each POST · 签名与幂等键
- **Errors** are `application/problem+json`; `type` is the page that explains it · 错误格式

Guides: `/partner/docs/` · 指南见 `/partner/docs/`
"""
TAGS: Final = {
    "status": "服务状态 · Whether the API is there",
    "token": "令牌 · Tokens (OAuth 2.0 client credentials)",
    "me": "自身信息 · Who you are and what you may do",
    "catalogue": "批量商品 · Goods in bulk: products, variants, prices, customs attributes",
    "products": "商品 · Products with their variants, prices and customs attributes",
    "variants": "规格 · One SKU",
    "files": "文件 · Sheets (CSV, XLSX) instead of calls",
    "jobs": "任务 · How far long work is, and what came of each row",
    "orders": "订单 · Orders, acknowledgement, receiver",
    "declarations": "申报 · Declarations to customs, their messages",
    "customs": "海关信箱 · Brokers: messages out, receipts in",
    "settlement": "结算 · Statement for the brand, forex batches, ledger",
    "lots": "批次追溯 · Which orders a lot went to",
    "warehouses": "仓库 · Warehouses",
    "stock": "库存 · Levels, lots, receipts, adjustments, counts",
    "shipments": "发货 · What is to be picked, packed and let go",
    "parcels": "包裹 · Label, scales, leaving, tracking",
    "returns": "退货 · What is expected, received, inspected, and what nobody expects",
    "events": "事件 · What happened, in order",
    "webhooks": "回调 · Endpoints, their messages and replay",
}
# One name for each set of values, however many fields have it.
ENUMS: Final[dict[str, Any]] = {
    "OrderStateEnum": ORDER.choices,
    "ProductStateEnum": PRODUCT.choices,
    "ShipmentStateEnum": SHIPMENT.choices,
    "WaybillStateEnum": WAYBILL.choices,
    "TrackingCodeEnum": Code.choices,
    "DeclarationStateEnum": DECLARATION.choices,
    "ReturnStateEnum": RETURN.choices,
    "ReturnLineStateEnum": RETURN_LINE.choices,
    "StrayStateEnum": STRAY.choices,
    "ReturnKindEnum": [(one.value, one.value) for one in Kind],
    "ReturnGradeEnum": ReturnGrade.Grade.choices,
    "PieceGradeEnum": StrayPiece._meta.get_field("grade").choices,
    "CountStateEnum": CountLine.State.choices,
    "JobStateEnum": Job.State.choices,
    "JobKindEnum": [(kind, kind) for kind in KINDS],
    "OutcomeEnum": [(outcome, outcome) for outcome in OUTCOMES],
    "DocumentKindEnum": Filing.Kind.choices,
    "ReceiptOutcomeEnum": PortReceipt.Outcome.choices,
    "BatchStateEnum": BATCH.choices,
    "TaxSheetStatusEnum": TaxSheet.Status.choices,
    "PartnerKindEnum": Partner.Kind.choices,
    "EndpointStateEnum": Endpoint.State.choices,
    "MessageStateEnum": Message.State.choices,
}
# What is answered here for reasons of this door's own.
SAID: Final = {
    "400": "The body cannot be read.",
    "401": "Token, signature, timestamp or nonce is not good: `code` says which; fetch a token, sign anew.",
    "403": "A scope or a network is missing, or the law refuses, with every reason.",
    "409": "Not in the present state, or the same key is at work: `code` says which.",
    "415": "The body is not of a media type that this address takes.",
}
_TEXT: Final = {"type": "string"}


def _object(required: list[str], **members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": required}


def _said(status: int, what: str) -> dict[str, Any]:
    return {str(status): {"description": what, "content": {"application/json": {"schema": _REFUSED}}}}


_REFUSED: Final = _object(
    ["type", "title", "status", "code", "error"],
    type=_TEXT,
    title=_TEXT,
    status={"type": "integer"},
    code=_TEXT,
    error={**_TEXT, "description": "in the words of RFC 6749 §5.2"},
)
_GRANT: Final = _object(
    ["grant_type"],
    grant_type={"type": "string", "enum": ["client_credentials"]},
    scope={**_TEXT, "description": "scopes, parted by blanks; none: all that the credential may have"},
    client_id={**_TEXT, "description": "where it is not sent as HTTP Basic"},
    client_secret=_TEXT,
)
_GIVEN: Final = _object(
    ["access_token", "token_type", "expires_in", "scope"],
    access_token=_TEXT,
    token_type=_TEXT,
    expires_in={"type": "integer", "description": "seconds"},
    scope=_TEXT,
)
PLAIN: Final[dict[str, Any]] = {
    "/partner/v1/status": {
        "get": {
            "operationId": "get_status",
            "summary": "Status · Whether the API is there, and which version of it",
            "description": "Public.",
            "tags": ["status"],
            "security": [],
            "parameters": [],
            "responses": {
                "200": {
                    "description": "It is.",
                    "content": {
                        "application/json": {"schema": _object(["api", "version"], api=_TEXT, version=_TEXT)}
                    },
                }
            },
        }
    },
    "/partner/v1/token": {
        "post": {
            "operationId": "post_token",
            "summary": "Token · Exchange client id and secret for a token that lives an hour",
            "description": "RFC 6749 §4.4. Not signed, without a key. Sixty calls a minute from one place.",
            "tags": ["token"],
            "security": [],
            "parameters": [],
            "requestBody": {
                "required": True,
                "content": {"application/x-www-form-urlencoded": {"schema": _GRANT}},
            },
            "responses": {
                "200": {"description": "A token.", "content": {"application/json": {"schema": _GIVEN}}},
                **_said(400, "Not a request for a token."),
                **_said(401, "The client id or the secret is wrong."),
                "429": {
                    "description": WHAT[429],
                    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            },
        }
    },
}
