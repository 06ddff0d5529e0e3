"""The tables of payments: what came in, what went back, and every message about both."""

from payments.models.payment import Notification, Payment
from payments.models.refund import Refund, RefundLine

__all__ = ["Notification", "Payment", "Refund", "RefundLine"]
