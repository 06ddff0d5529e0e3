"""The tables of inventory, by what they tell of."""

from inventory.models.ledger import Movement
from inventory.models.places import Warehouse
from inventory.models.stock import Lot, Pick, Reservation, Stock
from inventory.models.stops import SaleStop, ShelfLife

__all__ = ["Lot", "Movement", "Pick", "Reservation", "SaleStop", "ShelfLife", "Stock", "Warehouse"]
