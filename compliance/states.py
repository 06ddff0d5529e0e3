"""The lives of what compliance keeps, one table each."""

from kernel.states import Machine

# How it becomes known whether payer and orderer are one person (订购人与支付人一致). What is not known stays
# asked; two different people end in a new orderer, judged anew and asked about again, or in a refund.
PAYER = Machine(
    name="payer",
    start="open",
    moves={
        "ask": {"open": "asked", "renamed": "asked"},
        "confirm": {"asked": "same"},
        "deny": {"asked": "different"},
        "rename": {"different": "renamed"},
        "refund": {"different": "refunding", "renamed": "refunding"},
        "end": {"open": "ended", "asked": "ended", "different": "ended", "renamed": "ended"},
    },
)

# Telling the authority and the persons is a dated deed of its own, possible from the first hour on; `report`
# says that all that was owed has been told.
INCIDENT = Machine(
    name="incident",
    start="detected",
    moves={
        "assess": {"detected": "assessed", "assessed": "assessed", "contained": "contained"},
        "contain": {"assessed": "contained"},
        "report": {"contained": "reported"},
        "close": {"reported": "closed"},
        "dismiss": {"detected": "dismissed", "assessed": "dismissed"},
    },
)
