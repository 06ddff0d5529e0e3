"""The tables of inventory, by what they tell of."""

from inventory.models.counts import Count, CountLine
from inventory.models.freight import FreightTemplate, FreightZone
from inventory.models.ledger import Movement
from inventory.models.places import BookItem, Warehouse, WarehouseDay
from inventory.models.stock import Lot, Pick, Reservation, Stock
from inventory.models.stops import SaleStop, ShelfLife
from inventory.models.transfers import Transfer, TransferLine

__all__ = [
    "BookItem",
    "Count",
    "CountLine",
    "FreightTemplate",
    "FreightZone",
    "Lot",
    "Movement",
    "Pick",
    "Reservation",
    "SaleStop",
    "ShelfLife",
    "Stock",
    "Transfer",
    "TransferLine",
    "Warehouse",
    "WarehouseDay",
]
