"""The lives of a declaration, up to what customs decides, of a consignment and of a request for data."""

from kernel.states import Machine

# The list was sent and stands: the guarantee answers for its tax, and it has taken its pieces from the book.
AT_CUSTOMS = ("listed", "accepted", "review", "inspection", "detained", "cancelling", "released", "closed")

# waiting: hold, payment, payer or waybill are still awaited; documents: order and waybill are told, and
# customs has not both yet; listed: the list is sent and unanswered, and may be with customs already;
# accepted: customs has it (入库); review, inspection, detained: customs' own steps; blocked: what differs or
# is refused is to be mended by a person, and nothing is sent; rejected: customs refused (退单), and its
# next step is decided; cancelling: the list is asked back (撤单). What is released may be turned back (退运).
DECLARATION = Machine(
    name="customs_declaration",
    start="waiting",
    since="state_since",
    moves={
        "tell": {"waiting": "documents"},
        "list": {"documents": "listed"},
        "block": {
            "waiting": "blocked",
            "documents": "blocked",
            "rejected": "blocked",
        },
        "resume": {"blocked": "waiting", "rejected": "waiting", "documents": "waiting"},
        "accept": {"listed": "accepted"},
        "review": {
            "listed": "review",
            "accepted": "review",
            "inspection": "review",
            "detained": "review",
        },
        "inspect": {
            "listed": "inspection",
            "accepted": "inspection",
            "review": "inspection",
            "detained": "inspection",
        },
        "detain": {
            "listed": "detained",
            "accepted": "detained",
            "review": "detained",
            "inspection": "detained",
            "released": "detained",
        },
        "release": {
            "listed": "released",
            "accepted": "released",
            "review": "released",
            "inspection": "released",
            "detained": "released",
            "cancelling": "released",
        },
        "close": {"released": "closed"},
        "reject": {
            "documents": "rejected",
            "listed": "rejected",
            "accepted": "rejected",
            "review": "rejected",
            "inspection": "rejected",
            "detained": "rejected",
            "cancelling": "rejected",
        },
        "ask_back": {
            "accepted": "cancelling",
            "review": "cancelling",
            "inspection": "cancelling",
        },
        "keep": {"cancelling": "accepted"},
        "cancel": {"cancelling": "cancelled"},
        "turn_back": {
            "listed": "turned_back",
            "accepted": "turned_back",
            "review": "turned_back",
            "inspection": "turned_back",
            "detained": "turned_back",
            "cancelling": "turned_back",
            "released": "turned_back",
        },
        "end": {
            "waiting": "ended",
            "blocked": "ended",
            "documents": "ended",
            "rejected": "ended",
        },
    },
)

# open: parcels are put on it; closed: it is on its way, and the site enters what comes; dropped: a mistake.
CONSIGNMENT = Machine(
    name="consignment",
    start="open",
    moves={
        "close": {"open": "closed"},
        "reopen": {"closed": "open"},
        "drop": {"open": "dropped"},
    },
)

# prepared: its pieces are chosen; declared: the agent has its papers; left: out of stock and account book.
GOING = ("prepared", "declared")  # its pieces are nobody else's
OUTBOUND = Machine(
    name="outbound",
    start="prepared",
    moves={
        "declare": {"prepared": "declared", "declared": "declared"},
        "leave": {"declared": "left"},
        "drop": {"prepared": "dropped", "declared": "dropped"},
    },
)

# failing: not taken yet, tried again by itself; refused: it cannot be given before a person has mended it.
DATA_REQUEST = Machine(
    name="data_request",
    start="asked",
    moves={
        "give": {"asked": "given", "failing": "given"},
        "fail": {"asked": "failing"},
        "refuse": {"asked": "refused", "failing": "refused"},
        "again": {"asked": "asked", "refused": "asked", "failing": "asked"},
    },
)
