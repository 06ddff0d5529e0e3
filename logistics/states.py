"""The lives of a shipment and of a waybill: what left is told by the carrier, and a number is issued once."""

from kernel.states import Machine

# to_pick to dispatched is ours: what is leaving has left in part, what is dispatched has left our house, and
# the ledger with it. All that follows is what the carrier tells, whose scan may come before anyone has said
# that it left, and of one parcel while others are still being packed. customs_hold, lost and damaged may yet
# come right; what was delivered, in a locker say, may be refused there and turn back. returned is an end.
SHIPMENT = Machine(
    name="shipment",
    start="to_pick",
    moves={
        "pick": {"to_pick": "packing"},
        "label": {"packing": "labelled"},
        "unlabel": {"labelled": "packing"},
        "leave": {"packing": "leaving", "labelled": "leaving"},
        "dispatch": {"labelled": "dispatched", "leaving": "dispatched"},
        "hand_over": {
            "packing": "handed_over",
            "labelled": "handed_over",
            "leaving": "handed_over",
            "dispatched": "handed_over",
            "lost": "handed_over",
        },
        "move": {
            "handed_over": "in_transit",
            "customs_hold": "in_transit",
            "lost": "in_transit",
            "damaged": "in_transit",
        },
        "turn": {
            "handed_over": "in_transit",
            "customs_hold": "in_transit",
            "lost": "in_transit",
            "damaged": "in_transit",
            "delivered": "in_transit",
        },
        "hold": {"handed_over": "customs_hold", "in_transit": "customs_hold"},
        "deliver": {
            "handed_over": "delivered",
            "in_transit": "delivered",
            "customs_hold": "delivered",
            "lost": "delivered",
            "damaged": "delivered",
        },
        "return": {
            "dispatched": "returned",
            "handed_over": "returned",
            "in_transit": "returned",
            "customs_hold": "returned",
            "lost": "returned",
            "damaged": "returned",
            "delivered": "returned",
        },
        "lose": {
            "dispatched": "lost",
            "handed_over": "lost",
            "in_transit": "lost",
            "customs_hold": "lost",
            "delivered": "lost",
        },
        "damage": {
            "handed_over": "damaged",
            "in_transit": "damaged",
            "customs_hold": "damaged",
            "delivered": "damaged",
        },
        "cancel": {"to_pick": "cancelled", "packing": "cancelled", "labelled": "cancelled"},
    },
)

# asked: wanted, and the carrier may have issued it already; withdrawing: to be taken back, which the carrier
# may have done already; refused: a person must look; nothing is issued, unless a call before had no answer.
WAYBILL = Machine(
    name="waybill",
    start="asked",
    moves={
        "issue": {"asked": "issued"},
        "refuse": {"asked": "refused"},
        "again": {"refused": "asked"},
        "withdraw": {"asked": "withdrawing", "issued": "withdrawing", "refused": "withdrawing"},
        "keep": {"withdrawing": "issued"},
        "cancel": {"withdrawing": "cancelled"},
    },
)

# waiting: paid, and no carrier has it yet; owed: WeChat is to be told, and may have been already, of a first
# parcel or of one more; amending: the one change that WeChat allows is being made; outdated: WeChat shows
# another waybill and takes no more changes; exempt: the mini-program's trades are not managed; ended: nothing
# is to be told any more.
SHIPPING_INFO = Machine(
    name="shipping_info",
    start="waiting",
    moves={
        "owe": {"waiting": "owed", "exempt": "owed"},
        "exempt": {"owed": "exempt"},
        "tell": {"owed": "told", "amending": "retold"},
        "add": {"told": "owed"},
        "refuse": {"owed": "refused"},
        "again": {"refused": "owed", "told": "owed", "retold": "owed"},
        "amend": {"told": "amending", "refused": "amending"},
        "outdate": {"amending": "outdated", "retold": "outdated"},
        "receive": {
            "owed": "received",
            "told": "received",
            "amending": "received",
            "retold": "received",
            "outdated": "received",
            "refused": "received",
        },
        "settle": {
            "owed": "settled",
            "told": "settled",
            "amending": "settled",
            "retold": "settled",
            "outdated": "settled",
            "refused": "settled",
            "received": "settled",
        },
        "end": {
            "waiting": "ended",
            "owed": "ended",
            "told": "ended",
            "amending": "ended",
            "retold": "ended",
            "outdated": "ended",
            "refused": "ended",
            "exempt": "ended",
        },
    },
)
