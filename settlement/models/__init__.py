"""The tables of settlement: the books, and what goes abroad to the brand."""

from settlement.models.batch import Evidence, ForexReceipt, SettlementBatch, SettlementItem
from settlement.models.ledger import Entry, Posting
from settlement.models.open import OpenOrder
from settlement.models.rates import RatePublication

__all__ = [
    "Entry",
    "Evidence",
    "ForexReceipt",
    "OpenOrder",
    "Posting",
    "RatePublication",
    "SettlementBatch",
    "SettlementItem",
]
