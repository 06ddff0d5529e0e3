"""The tables of payments: what came in, what went back, every message about both, and the bills of them."""

from payments.models.bill import Bill, BillDifference, BillLine, FundLine
from payments.models.payment import Notification, Payment
from payments.models.refund import Refund, RefundLine

__all__ = [
    "Bill",
    "BillDifference",
    "BillLine",
    "FundLine",
    "Notification",
    "Payment",
    "Refund",
    "RefundLine",
]
