"""How it becomes known whether payer and orderer are one person (订购人与支付人一致), in one table.

What is not known stays asked. Two different people end in a new orderer, judged anew and asked about again,
or in a refund.
"""

from kernel.states import Machine

PAYER = Machine(
    name="payer",
    start="open",
    moves={
        "ask": {"open": "asked", "renamed": "asked"},
        "confirm": {"asked": "same"},
        "deny": {"asked": "different"},
        "rename": {"different": "renamed"},
        "refund": {"different": "refunding", "renamed": "refunding"},
    },
)
