"""The lives of payment, refund, bill and complaint; money that comes where none is expected is `stray`."""

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

# requested: agreed, and waiting where customs has the order; accepted: free to leave, and told to WeChat,
# which may have it already; processing: WeChat has it; abnormal: the money found no account; closed: none
# left. `out_refund_no` is the same all the way.
REFUND = Machine(
    name="refund",
    start="requested",
    moves={
        "accept": {"requested": "accepted"},
        "process": {"accepted": "processing", "abnormal": "processing"},
        "succeed": {"accepted": "succeeded", "processing": "succeeded", "abnormal": "succeeded"},
        "trouble": {"accepted": "abnormal", "processing": "abnormal"},
        "close": {"accepted": "closed", "processing": "closed", "abnormal": "closed"},
        "withdraw": {"requested": "closed"},
    },
)

# asked: not there yet; downloaded: its lines are in; matched: compared with our books, differences and all;
# unreadable: WeChat's, and not of the documented form.
BILL = Machine(
    name="bill",
    start="asked",
    moves={
        "take": {"asked": "downloaded"},
        "match": {"downloaded": "matched"},
        "refuse": {"asked": "unreadable"},
        "again": {"unreadable": "asked"},
    },
)

# As WeChat tells it: pending waits for our first reply, processing was answered, processed is over, until the
# consumer takes it up again.
COMPLAINT = Machine(
    name="complaint",
    start="pending",
    moves={
        "answer": {"pending": "processing", "processed": "processing"},
        "finish": {"pending": "processed", "processing": "processed"},
        "return": {"processing": "pending", "processed": "pending"},
    },
)

# What we say in it. asked: decided here; sent: told to WeChat, which may have it; done: WeChat has it;
# refused: WeChat took nothing of it.
ANSWER = Machine(
    name="answer",
    start="asked",
    moves={
        "send": {"asked": "sent", "sent": "sent"},
        "succeed": {"sent": "done"},
        "refuse": {"sent": "refused"},
    },
)
