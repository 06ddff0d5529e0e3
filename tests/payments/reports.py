"""What WeChat Pay would report about a payment, and its notification, signed by the test's platform key."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from payments.models import Payment, PaymentDeclaration, Refund
from payments.services.declarable import declarable
from payments.services.declare import open_declarations
from payments.services.refund_outcome import Outcome, take_in
from payments.services.settle import settle
from tests import make
from tests.stepping import step
from wechat.pay.refunds import RefundReport
from wechat.pay.types import Transaction


def report_of(payment: Payment, **changes: Any) -> Transaction:
    """A successful payment of the right amount, unless said otherwise."""
    facts = {
        "appid": payment.appid,
        "mchid": payment.mchid,
        "out_trade_no": payment.out_trade_no,
        "transaction_id": "4200001234202611200000000001",
        "trade_state": "SUCCESS",
        "success_time": make.NOW,
        "openid": "o-test",
        "total_fen": payment.amount_fen,
        "payer_total_fen": payment.amount_fen,
        "currency": "CNY",
        "raw": {},
        **changes,
    }
    return Transaction(**facts)


def delivery_of(
    payment: Payment, *, id: str | None = None, age: int = 0, **changes: Any
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a notification to a storefront of tests.make (platform key "platform")."""
    report = report_of(payment, **changes)
    plain = {
        "appid": report.appid,
        "mchid": report.mchid,
        "out_trade_no": report.out_trade_no,
        "transaction_id": report.transaction_id,
        "trade_state": report.trade_state,
        "success_time": "2026-11-20T12:00:00+08:00",
        "payer": {"openid": report.openid},
        "amount": {"total": report.total_fen, "payer_total": report.total_fen, "currency": report.currency},
    }
    return sealed_delivery("TRANSACTION.SUCCESS", plain, id=id, age=age)


def sealed_delivery(
    event_type: str, plain: dict[str, Any], *, id: str | None = None, age: int = 0
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of any notification to a storefront of tests.make."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(b"k" * 32).encrypt(nonce.encode(), json.dumps(plain).encode(), b"transaction")
    body = json.dumps(
        {
            "id": id or secrets.token_hex(16),
            "create_time": "2026-11-20T12:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "通知",
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "transaction",
                "nonce": nonce,
            },
        }
    ).encode()
    return body, signed(body, age=age)


@step
def paid(order: Any, **changes: Any) -> Payment:
    """The order's one payment, settled; not before it was made."""
    payment = make.payment(order)
    report = report_of(payment, transaction_id=f"4200{order.pk:024}", **changes)
    now = max(make.NOW, report.success_time or make.NOW)
    settle(storefront_id=payment.storefront_id, mchid=payment.mchid, report=report, now=now)
    payment.refresh_from_db()
    return payment


@step
def declared(payment: Payment) -> None:
    """Customs has the payment at every port, with what is left of it now."""
    open_declarations(order=payment.order, now=make.NOW)
    PaymentDeclaration.objects.filter(payment=payment).update(
        state="succeeded",
        customs_number="3105961A12",
        succeeded_at=make.NOW,
        **declarable(payment, payment.order).columns,
    )


def refund_report_of(refund: Refund, **changes: Any) -> RefundReport:
    """That the refund succeeded, unless said otherwise."""
    payment = refund.payment
    facts = {
        "out_refund_no": refund.out_refund_no,
        "refund_id": f"5030{refund.pk:024}",
        "out_trade_no": payment.out_trade_no,
        "transaction_id": payment.transaction_id,
        "status": "SUCCESS",
        "refund_fen": refund.amount_fen,
        "total_fen": payment.received_fen,
        "currency": "CNY",
        "channel": "ORIGINAL",
        "success_time": make.NOW,
        **changes,
    }
    return RefundReport(**facts)


def told(refund: Refund, *, source: str = "notification", **changes: Any) -> Outcome:
    """Take in such a report."""
    return take_in(
        storefront_id=refund.storefront_id,
        mchid=refund.payment.mchid,
        report=refund_report_of(refund, **changes),
        source=source,
        now=make.NOW,
    )


def signed(body: bytes, *, age: int = 0) -> dict[str, str]:
    """The headers with which the platform key signs `body`, `age` seconds ago."""
    stamp, nonce = str(int(time.time()) - age), secrets.token_hex(16)
    message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    signature = make.rsa_key("platform").sign(message, padding.PKCS1v15(), SHA256())
    return {
        "Wechatpay-Serial": "PUB_KEY_ID_0000000000",
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
    }
