"""Where an order is declared, what is told, what customs answers and levies."""

from customs.models.account import PortAccount
from customs.models.consignment import ConsignedParcel, Consignment, WarehouseEntry
from customs.models.declaration import Declaration, Filing
from customs.models.messages import PortMessage, PortReceipt
from customs.models.tax import TaxSheet

__all__ = [
    "ConsignedParcel",
    "Consignment",
    "Declaration",
    "Filing",
    "PortAccount",
    "PortMessage",
    "PortReceipt",
    "TaxSheet",
    "WarehouseEntry",
]
