"""The tables of payments: what came in, what went back, what customs is told, messages, bills, complaints."""

from payments.models.bill import Bill, BillDifference, BillLine, FundLine
from payments.models.complaint import Complaint, ComplaintAct
from payments.models.declaration import CustomsNumber, PaymentDeclaration
from payments.models.original import PaymentOriginal
from payments.models.payment import Notification, Payment
from payments.models.refund import Refund, RefundLine

__all__ = [
    "Bill",
    "BillDifference",
    "BillLine",
    "Complaint",
    "ComplaintAct",
    "CustomsNumber",
    "FundLine",
    "Notification",
    "Payment",
    "PaymentDeclaration",
    "PaymentOriginal",
    "Refund",
    "RefundLine",
]
