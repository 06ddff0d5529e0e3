"""Which verb is legal in which state of an identity, and of a payer who was named."""

from __future__ import annotations

from kernel.states import Machine

IDENTITY = Machine(
    name="identity",
    start="stated",
    moves={
        "verify": {"stated": "verified"},
        "reject": {"stated": "rejected", "verified": "rejected"},
        "restate": {"stated": "stated", "verified": "stated", "rejected": "stated"},
        "reuse": {"stated": "verified", "verified": "verified", "rejected": "verified"},
    },
)

# Another person whom a consumer names as the one who paid an order: verified like any orderer, then judged.
NAMING = Machine(
    name="naming",
    start="asked",
    moves={
        "verify": {"asked": "verified"},
        "reject": {"asked": "rejected"},
        "take": {"verified": "taken"},
        "refuse": {"verified": "refused"},
        "drop": {"asked": "dropped", "verified": "dropped"},
    },
)

# A message about an order, by a consent that is good for one. sending: WeChat is asked, or was when somebody
# died; unknown: it may have been delivered, and is not sent again. Who was slow may still learn of it, and
# WeChat may tell of what was sent that it did not arrive.
NEWS = Machine(
    name="news",
    start="owed",
    moves={
        "try": {"owed": "sending"},
        "send": {"sending": "sent", "unknown": "sent"},
        "refuse": {"sending": "refused", "unknown": "refused", "sent": "refused"},
        "fail": {"sending": "failed", "unknown": "failed", "sent": "failed"},
        "wait": {"sending": "owed"},
        "lose": {"sending": "unknown"},
        "drop": {"owed": "dropped"},
    },
)
