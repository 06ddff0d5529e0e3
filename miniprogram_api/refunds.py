"""A refund as the consumer sees it: it has arrived when they have the money, whichever way it went."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.documents import Text
from payments.models import Refund
from payments.states import REFUND

ON_ITS_WAY_BY_TRANSFER = {"zh": "退款将通过银行转账支付，正在办理", "en": "on its way by bank transfer"}

NOTHING_LEFT = {
    "zh": "应退金额已由此前补偿或扣款抵减，无需退款",
    "en": "goodwill given before, or what is kept back, has all of it",
}


class RefundOut(serializers.Serializer[Any]):
    """Money of this order on its way back, or returned; `says` is shown beside it."""

    state = serializers.ChoiceField(REFUND.states)
    amount_fen = serializers.IntegerField()
    reason = serializers.CharField()
    requested_at = serializers.DateTimeField()
    succeeded_at = serializers.DateTimeField(allow_null=True)
    by_transfer = serializers.BooleanField(help_text="paid by bank transfer, not by WeChat Pay")
    says = Text(allow_null=True)


def refund_told(row: Refund) -> dict[str, Any]:
    """One refund; what came back to the merchant is on its way until it is paid by transfer."""
    return {
        "state": row.consumer_state,
        "amount_fen": row.amount_fen,
        "reason": row.reason,
        "requested_at": row.requested_at,
        "succeeded_at": row.arrived_at,
        "by_transfer": row.owed or row.transferred_at is not None,
        "says": ON_ITS_WAY_BY_TRANSFER if row.owed else None if row.amount_fen else NOTHING_LEFT,
    }
