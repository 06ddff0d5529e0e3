"""The tables of payments: what came in and went back, every message about both, bills and complaints."""

from payments.models.bill import Bill, BillDifference, BillLine, FundLine
from payments.models.complaint import Complaint, ComplaintAct
from payments.models.payment import Notification, Payment
from payments.models.refund import Refund, RefundLine

__all__ = [
    "Bill",
    "BillDifference",
    "BillLine",
    "Complaint",
    "ComplaintAct",
    "FundLine",
    "Notification",
    "Payment",
    "Refund",
    "RefundLine",
]
