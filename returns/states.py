"""The lives of a return, of each of its lines, and what moves them on by themselves."""

from kernel.states import Machine

# requested: a decision is due; refused: the consumer may still appeal; appealed: a second person decides;
# to_send, on_the_way, received, inspected: the goods; disputed: the consumer does not accept what is kept
# back; refunding: the money is asked for and on its way; settled, ended, lapsed, withdrawn: over.
RETURN = Machine(
    name="return",
    start="requested",
    moves={
        "approve": {"requested": "to_send", "appealed": "to_send"},
        "grant": {"requested": "refunding", "appealed": "refunding", "on_the_way": "refunding"},
        "refuse": {"requested": "refused"},
        "appeal": {"refused": "appealed"},
        "send": {"to_send": "on_the_way"},
        "receive": {"to_send": "received", "on_the_way": "received", "lapsed": "received"},
        "inspect": {"received": "inspected"},
        "dispute": {"inspected": "disputed"},
        "settle": {"received": "refunding", "inspected": "refunding", "disputed": "refunding"},
        "finish": {"refunding": "settled"},
        "end": {
            "refused": "ended",
            "appealed": "ended",
            "on_the_way": "ended",  # lost there, and refunded otherwise
            "received": "ended",
            "inspected": "ended",
            "disputed": "ended",
        },
        "lapse": {"to_send": "lapsed"},
        "withdraw": {
            "requested": "withdrawn",
            "refused": "withdrawn",
            "appealed": "withdrawn",
            "to_send": "withdrawn",
        },
    },
)
OVER = ("settled", "ended", "lapsed", "withdrawn")

# asked and approved hold their pieces: nobody asks for the same ones twice; inspected ones have their
# grades; paid: their money was asked for, and payments counts them; dropped: they are free again.
RETURN_LINE = Machine(
    name="return_line",
    start="asked",
    moves={
        "approve": {"asked": "approved", "refused": "approved"},
        "refuse": {"asked": "refused"},
        "inspect": {"approved": "inspected"},
        "pay": {"asked": "paid", "approved": "paid", "inspected": "paid"},
        "drop": {"asked": "dropped", "approved": "dropped", "refused": "dropped", "inspected": "dropped"},
    },
)
HOLDING = ("asked", "approved", "inspected")

# kept: it lies apart, a person decides; sent_back: the consumer's, on its way to them; refunded: taken as a
# return after all; ours: its pieces were refunded before; closed: of what we did not sell, what became of it.
STRAY = Machine(
    name="stray_parcel",
    start="kept",
    moves={
        "send_back": {"kept": "sent_back"},
        "refund": {"kept": "refunded"},
        "keep": {"kept": "ours"},
        "close": {"kept": "closed"},
    },
)
