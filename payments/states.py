"""The lives of payment, refund, bill, declaration and complaint; money that no one expects is `stray`."""

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
# left, unless WeChat tells afterwards that it did (overturn) or has it after all (revive, find);
# transfer: our bank paid it, and WeChat never had it; nothing: goodwill or what is kept back has all of it,
# and no money leaves. `out_refund_no` is the same all the way.
REFUND = Machine(
    name="refund",
    start="requested",
    moves={
        "accept": {"requested": "accepted"},
        "process": {"accepted": "processing", "abnormal": "processing"},
        "succeed": {"accepted": "succeeded", "processing": "succeeded", "abnormal": "succeeded"},
        "trouble": {"accepted": "abnormal", "processing": "abnormal"},
        "close": {"accepted": "closed", "processing": "closed", "abnormal": "closed"},
        "withdraw": {"requested": "closed", "accepted": "closed"},
        "overturn": {"closed": "succeeded"},
        "revive": {"closed": "processing"},
        "find": {"closed": "abnormal"},
        "transfer": {"requested": "succeeded"},
        "nothing": {"requested": "succeeded"},
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

# to_declare: owed, and not yet known to WeChat, which may have it already; amending: to be made void and new,
# which WeChat may have done already; held: a person must look first (`trouble` says why); submitted to
# succeeded as WeChat says; excepted: customs' interface failed, it is sent again; withdrawn: nothing is left
# to declare.
DECLARATION = Machine(
    name="declaration",
    start="to_declare",
    moves={
        "hold": {
            "to_declare": "held",
            "amending": "held",
            "submitted": "held",
            "processing": "held",
            "excepted": "held",
        },
        "release": {"held": "to_declare"},
        "restart": {"submitted": "to_declare", "processing": "to_declare", "amending": "to_declare"},
        "submit": {"to_declare": "submitted", "amending": "submitted", "excepted": "submitted"},
        "process": {
            "to_declare": "processing",
            "amending": "processing",
            "submitted": "processing",
            "excepted": "processing",
        },
        "succeed": {
            "to_declare": "succeeded",
            "amending": "succeeded",
            "submitted": "succeeded",
            "processing": "succeeded",
            "excepted": "succeeded",
        },
        "fail": {
            "to_declare": "failed",
            "amending": "failed",
            "submitted": "failed",
            "processing": "failed",
            "excepted": "failed",
        },
        "except": {
            "to_declare": "excepted",
            "amending": "excepted",
            "submitted": "excepted",
            "processing": "excepted",
        },
        "amend": {
            "to_declare": "amending",
            "held": "amending",
            "submitted": "amending",
            "processing": "amending",
            "succeeded": "amending",
            "failed": "amending",
            "excepted": "amending",
        },
        "withdraw": {
            "to_declare": "withdrawn",
            "amending": "withdrawn",
            "held": "withdrawn",
            "submitted": "withdrawn",
            "processing": "withdrawn",
            "succeeded": "withdrawn",
            "failed": "withdrawn",
            "excepted": "withdrawn",
        },
    },
)
