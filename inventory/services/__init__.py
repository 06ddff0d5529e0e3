"""What inventory does for the apps above it; each verb in the module of its subject."""

from inventory.services.boxing import NotInHand, empty_box, in_box, in_hand, put_in_box
from inventory.services.counting import (
    CountClosed,
    CountOpen,
    NotOfThisWarehouse,
    accept_variance,
    close_count,
    open_count,
    record_count,
)
from inventory.services.held import SaleStopped, SoldOut, release, release_expired, reserve
from inventory.services.holding import lacks_papers, missing
from inventory.services.lessening import left_beyond, lessen
from inventory.services.lots import (
    BadCount,
    CountedElse,
    LotDiffers,
    NoPieces,
    SeveralLists,
    TooFewPieces,
    adjust,
    keep_stock,
    named_lot,
    quarantine,
    receive,
    restore,
    set_on_hand,
    take_back,
)
from inventory.services.moving import OtherStorefront
from inventory.services.papers import (
    BadDays,
    ItemTaken,
    LotThere,
    NotBonded,
    PaperNeeded,
    correct_lot,
    file_item,
)
from inventory.services.picking import CannotPick, PickedEnded, pick, picked, ship, tell_missing
from inventory.services.shelf import set_shelf_life
from inventory.services.stopping import AlreadyStopped, NotStopped, OtherGoods, lift_stop, stop_sale
from inventory.services.swapping import swap
from inventory.services.sweeping import sweep
from inventory.services.transferring import (
    CannotTransfer,
    TransferEnded,
    call_back_transfer,
    receive_transfer,
    send_transfer,
)

__all__ = [
    "AlreadyStopped",
    "BadCount",
    "BadDays",
    "CannotPick",
    "CannotTransfer",
    "CountClosed",
    "CountOpen",
    "CountedElse",
    "ItemTaken",
    "LotDiffers",
    "LotThere",
    "NoPieces",
    "NotBonded",
    "NotInHand",
    "NotOfThisWarehouse",
    "NotStopped",
    "OtherGoods",
    "OtherStorefront",
    "PaperNeeded",
    "PickedEnded",
    "SaleStopped",
    "SeveralLists",
    "SoldOut",
    "TooFewPieces",
    "TransferEnded",
    "accept_variance",
    "adjust",
    "call_back_transfer",
    "close_count",
    "correct_lot",
    "empty_box",
    "file_item",
    "in_box",
    "in_hand",
    "keep_stock",
    "lacks_papers",
    "left_beyond",
    "lessen",
    "lift_stop",
    "missing",
    "named_lot",
    "open_count",
    "pick",
    "picked",
    "put_in_box",
    "quarantine",
    "receive",
    "receive_transfer",
    "record_count",
    "release",
    "release_expired",
    "reserve",
    "restore",
    "send_transfer",
    "set_on_hand",
    "set_shelf_life",
    "ship",
    "stop_sale",
    "swap",
    "sweep",
    "take_back",
    "tell_missing",
]
