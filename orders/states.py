"""The life of an order in one table: unpaid it ends once WeChat has closed its payments, paid by a refund."""

from kernel.states import Machine

ORDER = Machine(
    name="order",
    start="placed",
    moves={
        "pay": {"placed": "paid", "closing": "paid"},
        "close": {"placed": "closing"},
        "expire": {"closing": "expired"},
        "cancel": {"closing": "cancelled", "paid": "cancelled"},
    },
)
