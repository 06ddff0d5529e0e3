"""The life of one attempt to pay; money that comes where none is expected is `stray`, never lost."""

from kernel.states import Machine

PAYMENT = Machine(
    name="payment",
    start="created",
    moves={
        "prepare": {"created": "prepared", "prepared": "prepared"},
        "succeed": {"created": "succeeded", "prepared": "succeeded"},
        "close": {"created": "closed", "prepared": "closed"},
        "stray": {"created": "stray", "prepared": "stray", "closed": "stray"},
    },
)
