"""What WeChat Pay would say of a complaint, without WeChat."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from payments.models import Complaint, Payment
from payments.services import complaints
from tests import make
from wechat.complaint_messages import MiniProgramComplaint
from wechat.pay.complaints import ComplaintReport

DETAIL = "外包装破损，请退款，联系我爱丽"


def report_of(payment: Payment, **changes: Any) -> ComplaintReport:
    """A consumer asks for all their money back, and no one has answered yet."""
    facts = {
        "complaint_id": "200201820200101080076610000",
        "state": "PENDING",
        "complained_at": make.NOW,
        "mchid": payment.mchid,
        "out_trade_no": payment.out_trade_no,
        "transaction_id": payment.transaction_id or "",
        "amount_fen": payment.amount_fen,
        "wished_fen": payment.amount_fen,
        "problem_type": "REFUND",
        "detail": DETAIL,
        "sealed_phone": "",
        "full_refunded": False,
        "waits_for_answer": False,
        "times": 1,
        **changes,
    }
    return ComplaintReport(**facts)


def heard(payment: Payment, *, asked: int = 0, now: datetime = make.NOW, **changes: Any) -> Complaint:
    """Take it in, as asked for `asked` seconds after the complaint."""
    return complaints.take_in(
        mchid=payment.mchid,
        report=report_of(payment, **changes),
        asked_at=make.NOW + timedelta(seconds=asked),
        now=now,
    )


def mini_told(*, status: str = "201", at: datetime = make.NOW, **changes: Any) -> MiniProgramComplaint:
    """What the mini-program's event tells at `at`."""
    facts = {
        "complaint_id": "MP-1",
        "status": status,
        "told_at": at,
        "complained_at": at,
        "expires_at": None,
        "transaction_id": "",
        "out_trade_no": "",
        "detail": DETAIL,
        "phone": "",
        **changes,
    }
    return MiniProgramComplaint(**facts)
