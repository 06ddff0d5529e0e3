"""The life of an order in one table: an unpaid order ends only after WeChat has closed its payments."""

from kernel.states import Machine

ORDER = Machine(
    name="order",
    start="placed",
    moves={
        "pay": {"placed": "paid", "closing": "paid"},
        "close": {"placed": "closing"},
        "expire": {"closing": "expired"},
        "cancel": {"closing": "cancelled"},
    },
)
