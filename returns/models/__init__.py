"""What consumers send back, ask back or exchange, on which terms, and what was found of it."""

from returns.models.policy import ReturnPolicy
from returns.models.request import ReturnGrade, ReturnLine, ReturnPicture, ReturnRequest
from returns.models.stray import StrayParcel, StrayPiece

__all__ = [
    "ReturnGrade",
    "ReturnLine",
    "ReturnPicture",
    "ReturnPolicy",
    "ReturnRequest",
    "StrayParcel",
    "StrayPiece",
]
