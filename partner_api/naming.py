"""What a call is named, in the document and in the client: its method and the words of its address."""

from __future__ import annotations

from typing import Final

ROOT: Final = "/partner/v1/"
SHOP: Final = "storefronts/{storefront}/"


def operation_name(method: str, path: str) -> str:
    """`GET …/orders/{number}` is `get_order`, `POST …/stock/receipts` is `post_stock_receipts`."""
    parts = path.removeprefix(ROOT).removeprefix(SHOP).split("/")
    words = [method.lower()]
    for part, after in zip(parts, [*parts[1:], ""], strict=True):
        if not part.startswith("{"):
            words.append(_one_of(part) if after.startswith("{") else part)
    return "_".join(words).replace("-", "_")


def _one_of(many: str) -> str:
    """The word for one of them."""
    if many.endswith("ies"):
        return f"{many[:-3]}y"
    return many.removesuffix("es") if many.endswith("ches") else many.removesuffix("s")
