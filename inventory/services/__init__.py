"""What inventory does for the apps above it; each verb in the module of its subject."""

from inventory.services.held import SaleStopped, SoldOut, release, release_expired, reserve
from inventory.services.lots import (
    BadCount,
    LotDiffers,
    TooFewPieces,
    adjust,
    quarantine,
    receive,
    restore,
    set_on_hand,
    take_back,
)
from inventory.services.picking import CannotPick, pick, picked, ship
from inventory.services.shelf import set_shelf_life, sweep
from inventory.services.stopping import AlreadyStopped, NotStopped, lift_stop, stop_sale

__all__ = [
    "AlreadyStopped",
    "BadCount",
    "CannotPick",
    "LotDiffers",
    "NotStopped",
    "SaleStopped",
    "SoldOut",
    "TooFewPieces",
    "adjust",
    "lift_stop",
    "pick",
    "picked",
    "quarantine",
    "receive",
    "release",
    "release_expired",
    "reserve",
    "restore",
    "set_on_hand",
    "set_shelf_life",
    "ship",
    "stop_sale",
    "sweep",
    "take_back",
]
