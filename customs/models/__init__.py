"""Where an order is declared, out of which book, what is told, what customs answers, levies and asks for."""

from customs.models.account import PortAccount
from customs.models.book import BookEntry, BookStock, ListedPieces
from customs.models.consignment import ConsignedParcel, Consignment, WarehouseEntry
from customs.models.data_request import DataRequest
from customs.models.declaration import Declaration, Filing
from customs.models.messages import PortMessage, PortReceipt
from customs.models.outbound import Outbound, OutboundPieces
from customs.models.tax import TaxSheet

__all__ = [
    "BookEntry",
    "BookStock",
    "ConsignedParcel",
    "Consignment",
    "DataRequest",
    "Declaration",
    "Filing",
    "ListedPieces",
    "Outbound",
    "OutboundPieces",
    "PortAccount",
    "PortMessage",
    "PortReceipt",
    "TaxSheet",
    "WarehouseEntry",
]
