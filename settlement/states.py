"""The life of a settlement batch (结汇批次): what was promised, what was asked for, what came."""

from kernel.states import Machine

# draft: made of whole evidence, and still ours alone; exported: the institution has the file; answered: it
# has said at which rate; received: the bank has credited all of it; refused: it took none of the items.
BATCH = Machine(
    name="batch",
    start="draft",
    moves={
        "export": {"draft": "exported"},
        "discard": {"draft": "discarded"},
        "answer": {"exported": "answered"},
        "refuse": {"exported": "refused"},
        "receive": {"answered": "received"},
        "close": {"received": "closed"},
    },
)
OPEN = ("draft", "exported", "answered", "received")
