"""What is held of the calls that prepared a payment: sealed under the order's key, and gone with it."""

from __future__ import annotations

from datetime import datetime

from compliance.holdings import Keeping, Names
from compliance.personal_fields import PersonalField
from payments.models import PaymentOriginal

NAMES: Names = {
    "zh": "支付原始请求与应答（加密保存，海关依法调取）",
    "en": "what WeChat Pay was asked and answered for a payment, sealed, for customs to ask for",
}

FIELDS = tuple(
    PersonalField(
        model="payments.PaymentOriginal",
        field=field,
        klass="pseudonym",
        purpose=purpose,
        basis="law",
        retention="five years from the order: sealed under the order's key, which is destroyed then",
        export="what it says of the person is in the copy of their data, with the payment",
        erase="kept sealed and restricted until its day: customs may ask for it",
        recipients=("customs",),
        shown="payments",
    )
    for field, purpose in (
        (
            "request_sealed",
            "to give customs the original data of a payment (GACC 2018 No. 179): openid, and name and"
            " number as WeChat alone can read them, where the orderer alone may pay",
        ),
        ("response_sealed", "to give customs the payment's original data: WeChat's number for it"),
    )
)


def _empty(rows: list[PaymentOriginal], now: datetime) -> None:
    PaymentOriginal.objects.filter(pk__in=[row.pk for row in rows]).update(
        request_sealed=b"", response_sealed=b""
    )


KEEPING = Keeping(
    "payments.originals",
    NAMES,
    lambda before: PaymentOriginal.objects.filter(payment__order__key__destroyed_at__isnull=False).exclude(
        request_sealed=b""
    ),
    ends={
        "zh": "订单密钥到期销毁时（自下单起五年）",
        "en": "once the order's key is destroyed, five years from the order",
    },
    let_go=_empty,
)
